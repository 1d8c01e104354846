"""Many rows at once, past the ORM's per-object work: executemany on SQLite, COPY on PostgreSQL.

For loaders that insert hundreds of thousands of rows of one table. Keys are taken beforehand, so
rows of several tables can refer to one another before any of them is written.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from django.db import connection, models


def reserve_ids(model: type[models.Model], count: int) -> Sequence[int]:
    """`count` primary keys that no other row of the table will get, in rising order."""
    if not connection.in_atomic_block:
        raise RuntimeError("keys are taken in the transaction that uses them")
    table, key = model._meta.db_table, model._meta.pk.column
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            # The write lock is ours since BEGIN IMMEDIATE: nobody else can take these numbers.
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
            row = cursor.fetchone()
            first = (row[0] if row else 0) + 1
            return range(first, first + count)
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [table, key, count],
        )
        return sorted(row[0] for row in cursor.fetchall())


def insert_rows(
    model: type[models.Model], fields: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Inserts rows of values given in the order of `fields`; every column must be named.

    Database defaults, `default=` of the model and signals play no part here.
    """
    opts = model._meta
    columns: list[Any] = [opts.get_field(name) for name in fields]
    missing = {field.name for field in opts.concrete_fields} - {field.name for field in columns}
    if missing:
        raise ValueError(f"{model.__name__}: no value given for {', '.join(sorted(missing))}")
    quote = connection.ops.quote_name
    names = ", ".join(quote(field.column) for field in columns)
    table = quote(opts.db_table)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(columns))
            # A generator will do, whatever the stubs say: the rows are never all in memory.
            adapted: Any = _adapted(rows, columns)
            cursor.executemany(
                f"INSERT INTO {table} ({names}) VALUES ({marks})",  # noqa: S608 – names of models
                adapted,
            )


def insert_objects(objects: Sequence[models.Model]) -> None:
    """Inserts new objects of one model as they are, and gives keys to those without.

    Quicker than `bulk_create` by the ORM's work per value, so values must be as the database takes
    them: no JSON fields. Signals play no part here either.
    """
    if not objects:
        return
    model = type(objects[0])
    columns = model._meta.concrete_fields
    keyless = [each for each in objects if each.pk is None]
    if keyless:
        for each, key in zip(keyless, reserve_ids(model, len(keyless)), strict=True):
            each.pk = key
    insert_rows(
        model,
        [column.name for column in columns],
        ([getattr(each, column.attname) for column in columns] for each in objects),
    )


def _adapted(rows: Iterable[Sequence[Any]], columns: Sequence[Any]) -> Iterable[Sequence[Any]]:
    """Dates and moments as the text that the SQLite backend keeps them in."""
    dated: list[tuple[int, Callable[[Any], str]]] = [
        (position, _moment if isinstance(field, models.DateTimeField) else str)
        for position, field in enumerate(columns)
        if isinstance(field, models.DateField)
    ]
    for row in rows:
        values = list(row)
        for position, adapt in dated:
            if isinstance(values[position], date):
                values[position] = adapt(values[position])
        yield values


def _moment(value: datetime) -> str:
    return str(value.astimezone(UTC).replace(tzinfo=None))
