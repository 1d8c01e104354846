"""Indexes of own fields, made beside the work.

An index holds only the rows that have a value, so a field costs nothing to the cards without it.
PostgreSQL makes it without stopping anybody; SQLite holds writers up for as long as one pass over
the table takes.
"""

from datetime import time

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import F, Model
from django.db.models.sql import Query
from django.utils.translation import gettext_lazy
from django_tasks import task

from orbita.clients.fields import kinds
from orbita.clients.fields.column import BARE, KEY, LONG, OwnValue, path
from orbita.clients.fields.subjects import model_of
from orbita.clients.models.fields import FieldDefinition
from orbita.core.jobs import checkpoint, current_job, enqueue_many, is_cancelled

State = FieldDefinition.IndexState
# Why a unique index was not made: some values stand on several records.
REPEATED = "repeated"


def wants_index(field: FieldDefinition) -> bool:
    """Whether filters or the promise of uniqueness ask for an index over the field's values."""
    asked = field.is_filterable or field.is_unique
    return field.is_active and asked and kinds.TYPES[field.kind].how not in ("", LONG)


def index_name(field: FieldDefinition) -> str:
    return f"own_field_{field.pk}{'_once' if field.is_unique else ''}"


def indexes_of(field: FieldDefinition) -> dict[str, str]:
    """The indexes that the field asks for, by name: how each of them reads the value."""
    if not wants_index(field):
        return {}
    how = kinds.TYPES[field.kind].how
    found = {index_name(field): how}
    if field.is_compared and how == KEY:
        found[f"own_field_{field.pk}_bare"] = BARE
    return found


def lacks_index(field: FieldDefinition) -> bool:
    return bool(indexes_of(field).keys() - known_indexes(field))


def ask_for_index(field: FieldDefinition) -> None:
    """Queues what brings the indexes in line with the definition, inside its transaction."""
    if lacks_index(field):
        FieldDefinition.objects.filter(pk=field.pk).update(index_state=State.WAITING, index_note="")
        enqueue_many(build_index, [[field.pk]])
    elif known_indexes(field) - indexes_of(field).keys() or (
        field.index_state and not wants_index(field)
    ):
        enqueue_many(build_index, [[field.pk]])


def known_indexes(field: FieldDefinition) -> set[str]:
    """The indexes that the field has in the database, by name; broken ones of PostgreSQL apart."""
    names = _possible(field)
    if connection.vendor == "sqlite":
        sql = "SELECT name FROM sqlite_master WHERE type = 'index' AND name IN (%s, %s, %s)"
    else:
        sql = (
            "SELECT c.relname FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid "
            "WHERE i.indisvalid AND c.relname IN (%s, %s, %s)"
        )
    with connection.cursor() as cursor:
        cursor.execute(sql, names)
        return {row[0] for row in cursor.fetchall()}


def _possible(field: FieldDefinition) -> list[str]:
    return [f"own_field_{field.pk}{suffix}" for suffix in ("", "_once", "_bare")]


@task(queue_name="long", max_attempts=3, atomic=False, label=gettext_lazy("Index of an own field"))
def build_index(field_id: int) -> str:
    """Makes the indexes of a field as its definition asks now, and drops what it had before."""
    field = FieldDefinition.objects.filter(pk=field_id).first()
    if field is None:
        return ""
    wanted = indexes_of(field)
    present = known_indexes(field)
    for name in _possible(field):
        if name not in wanted:
            _drop(name)
    if not wanted:
        return _settle(field, State.NONE)
    for name, how in wanted.items():
        if name in present:
            continue
        try:
            # What an interrupted CREATE INDEX CONCURRENTLY has left is there and not valid.
            _drop(name)
            _run(create_sql(field, name, how))
        except IntegrityError:
            _drop(name)
            return _settle(field, State.FAILED, REPEATED)
        except DatabaseError as error:
            _settle(field, State.FAILED, str(error)[:300])
            raise
    return _settle(field, State.READY)


def _drop(name: str) -> None:
    _run(f"DROP INDEX {_concurrently()} IF EXISTS {connection.ops.quote_name(name)}")


def create_sql(field: FieldDefinition, name: str, how: str) -> str:
    """The statement that makes an index of the field: over the very expression that filters use."""
    model, quote = model_of(field.subject), connection.ops.quote_name
    value = _compiled(model, field, how)
    is_unique = field.is_unique and how != BARE
    once = "UNIQUE " if is_unique else ""
    # Equal values are told apart by the record's number, as pages by key ask.
    more = "" if is_unique else f", {quote(str(model._meta.pk.column))}"
    return (
        f"CREATE {once}INDEX {_concurrently()} {quote(name)} "
        f"ON {quote(model._meta.db_table)} (({value}){more}) WHERE {value} IS NOT NULL"
    )


def _compiled(model: type[Model], field: FieldDefinition, how: str) -> str:
    value = OwnValue(F("own"), how=how, key=field.key)
    query = Query(model, alias_cols=False)
    sql, params = query.get_compiler(connection=connection).compile(value.resolve_expression(query))
    assert not params  # noqa: S101
    return str(sql)


def _concurrently() -> str:
    # Inside a transaction, as in tests, PostgreSQL makes indexes the ordinary way only.
    beside = connection.vendor == "postgresql" and not connection.in_atomic_block
    return "CONCURRENTLY" if beside else ""


def _run(sql: str) -> None:
    if connection.in_atomic_block:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    else:
        with connection.cursor() as cursor:
            cursor.execute(sql)


def _settle(field: FieldDefinition, state: str, note: str = "") -> str:
    from orbita.clients.fields.actions import stamp

    with transaction.atomic():
        FieldDefinition.objects.filter(pk=field.pk).update(index_state=state, index_note=note)
        stamp()
    return state


@task(label=gettext_lazy("Look after the indexes of own fields"))
def mend_indexes() -> int:
    """Queues the indexes that are missing, as a change of a table on SQLite drops them."""
    missing = [
        [field.pk]
        for field in FieldDefinition.objects.filter(archived_at=None)
        if field.index_state != State.FAILED and lacks_index(field)
    ]
    enqueue_many(build_index, missing)
    return len(missing)


AT = time(4, 20)


CHUNK = 1000


@task(
    queue_name="long",
    max_attempts=5,
    atomic=False,
    label=gettext_lazy("Search by an own field"),
)
def index_for_search(field_id: int) -> int:
    """Brings the search in line with a field of clients that has become searchable, or ceased to be.

    Returns how many clients have a value of it.
    """
    from orbita.clients.models import Client
    from orbita.clients.search import index_clients

    field = FieldDefinition.objects.get(pk=field_id)
    filled = Client.objects.filter(
        **{f"{path(kinds.TYPES[field.kind].how, field.key)}__isnull": False}
    )
    job = current_job()
    last, done = (job.state if job and job.state else None) or (0, 0)
    while ids := list(
        filled.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:CHUNK]
    ):
        with transaction.atomic():
            index_clients(ids)
            last, done = ids[-1], done + len(ids)
            checkpoint([last, done], done=done)
        if is_cancelled():
            break
    return done


def ask_for_search(field: FieldDefinition) -> None:
    """Queues the above, inside the transaction of the change."""
    if field.subject == "client" and field.kind in kinds.SEARCHED:
        enqueue_many(index_for_search, [[field.pk]])
