"""Many rows at once, past the ORM's per-object work: executemany on SQLite, COPY on PostgreSQL.

For loaders that insert hundreds of thousands of rows of one table. Keys are taken beforehand, so
rows of several tables can refer to one another before any of them is written.
"""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
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
        # The seals of the log rely on it that a transaction has its own number before its keys.
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)"
            " WHERE pg_current_xact_id() IS NOT NULL",
            [table, key, count],
        )
        return sorted(row[0] for row in cursor.fetchall())


def insert_rows(
    model: type[models.Model], fields: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Inserts rows of values given in the order of `fields`; every column must be named, but for an
    automatic key that nothing refers to.

    Database defaults, `default=` of the model and signals play no part here.
    """
    columns = _all_columns(model, fields)
    table, names = connection.ops.quote_name(model._meta.db_table), _named(columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            _copy(cursor, table, names, rows)
        else:
            _execute_many(cursor, f"INSERT INTO {table} ({names})", "", rows, columns)


def upsert_rows(
    model: type[models.Model],
    fields: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    key: str,
    update: Sequence[str],
) -> None:
    """Like `insert_rows`, but a row whose `key` exists gets the `update` fields instead."""
    opts, quote = model._meta, connection.ops.quote_name
    columns = _all_columns(model, fields)
    table, names = quote(opts.db_table), _named(columns)
    put = ", ".join(
        f"{column} = EXCLUDED.{column}" for column in (quote(_column(model, n)) for n in update)
    )
    tail = f"ON CONFLICT ({quote(_column(model, key))}) DO UPDATE SET {put}"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"CREATE TEMPORARY TABLE incoming (LIKE {table} INCLUDING DEFAULTS) ON COMMIT DROP"
            )
            _copy(cursor, "incoming", names, rows)
            cursor.execute(
                f"INSERT INTO {table} ({names}) SELECT {names} FROM incoming {tail}"  # noqa: S608
            )
            cursor.execute("DROP TABLE incoming")
        else:
            _execute_many(cursor, f"INSERT INTO {table} ({names})", tail, rows, columns)


def update_rows(
    model: type[models.Model], fields: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Sets the `fields` of rows that are there: each is (key, values…), as the columns hold them.

    `bulk_update` spends most of its time on the conditions that it makes of every row.
    """
    quote, key = connection.ops.quote_name, _column(model, model._meta.pk.name)
    put = ", ".join(f"{quote(_column(model, name))} = %s" for name in fields)
    table = quote(model._meta.db_table)
    given = [(*values, pk) for pk, *values in rows]
    if given:
        with connection.cursor() as cursor:
            cursor.executemany(f"UPDATE {table} SET {put} WHERE {quote(key)} = %s", given)  # noqa: S608


def holding(
    model: type[models.Model],
    field: str,
    values: Collection[str],
    fields: Sequence[str],
    condition: str = "",
    parameters: Sequence[Any] = (),
) -> list[tuple[Any, ...]]:
    """The `fields` of rows whose text `field` is one of thousands of values, by its index.

    The ORM spends more time on such a list than the database. `condition` narrows the rows further.
    """
    if not values:
        return []
    quote = connection.ops.quote_name
    names = ", ".join(quote(_column(model, name)) for name in fields)
    column, table = quote(_column(model, field)), quote(model._meta.db_table)
    extra = f" AND {condition}" if condition else ""
    if connection.vendor == "sqlite":
        given: Any = json.dumps(list(values), ensure_ascii=False)
        one_of = f"{column} IN (SELECT value FROM json_each(%s))"  # noqa: S608
    else:
        given, one_of = list(values), f"{column} = ANY(%s)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {names} FROM {table} WHERE {one_of}{extra}",  # noqa: S608
            [given, *parameters],
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _all_columns(model: type[models.Model], fields: Sequence[str]) -> list[Any]:
    columns = [model._meta.get_field(name) for name in fields]
    missing = {
        f.name for f in model._meta.concrete_fields if not isinstance(f, models.AutoField)
    } - {f.name for f in columns}
    if missing:
        raise ValueError(f"{model.__name__}: no value given for {', '.join(sorted(missing))}")
    return columns


def _column(model: type[models.Model], name: str) -> str:
    return str(model._meta.get_field(name).column)  # type: ignore[union-attr]


def _named(columns: Sequence[Any]) -> str:
    return ", ".join(connection.ops.quote_name(field.column) for field in columns)


def _copy(cursor: Any, table: str, names: str, rows: Iterable[Sequence[Any]]) -> None:
    with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _execute_many(
    cursor: Any, head: str, tail: str, rows: Iterable[Sequence[Any]], columns: Sequence[Any]
) -> None:
    marks = ", ".join(["%s"] * len(columns))
    cursor.executemany(f"{head} VALUES ({marks}) {tail}", _adapted(rows, columns))


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
    return _with_texts(rows, dated) if dated else rows


def _with_texts(
    rows: Iterable[Sequence[Any]], dated: Sequence[tuple[int, Callable[[Any], str]]]
) -> Iterable[Sequence[Any]]:
    # The same few moments stand in all rows of a chunk.
    texts: dict[Any, str] = {}
    for row in rows:
        values = list(row)
        for position, adapt in dated:
            value = values[position]
            if isinstance(value, date):
                text = texts.get(value)
                if text is None:
                    text = texts[value] = adapt(value)
                values[position] = text
        yield values


def _moment(value: datetime) -> str:
    moment = value if value.tzinfo is UTC else value.astimezone(UTC)
    return moment.isoformat(" ")[:-6]  # without "+00:00"
