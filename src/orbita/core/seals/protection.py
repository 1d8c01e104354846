"""Triggers by which PostgreSQL itself refuses to change the log, installed by `./orbita audit protect`.

They stop slips and whoever has got hold of a role that may write rows. The owner of the tables can
take them off again: what he does then, the seals show.
"""

from django.db import connection, transaction

FORBIDDEN = {
    "core_event": ("UPDATE", "DELETE", "TRUNCATE"),
    "core_eventseal": ("UPDATE", "DELETE", "TRUNCATE"),
    # What an event says may be erased for privacy, and never be rewritten.
    "core_eventpayload": ("UPDATE",),
}
FUNCTION = "orbita_refuse_change"
TRIGGER = "orbita_append_only"


class UnsupportedError(Exception):
    """SQLite: whoever can write to the file can take any trigger out of it."""


def protect() -> None:
    _require_postgresql()
    with transaction.atomic(), connection.cursor() as cursor:
        _remove(cursor)
        cursor.execute(
            f"CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $$"
            " BEGIN RAISE EXCEPTION 'the event log is append-only: % on % is refused',"
            " TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege'; END $$"
        )
        for table, operations in FORBIDDEN.items():
            cursor.execute(
                f"CREATE TRIGGER {TRIGGER} BEFORE {' OR '.join(operations)} ON {table}"
                f" FOR EACH STATEMENT EXECUTE FUNCTION {FUNCTION}()"
            )


def unprotect() -> None:
    _require_postgresql()
    with transaction.atomic(), connection.cursor() as cursor:
        _remove(cursor)
        cursor.execute(f"DROP FUNCTION IF EXISTS {FUNCTION}()")


def is_protected() -> bool:
    """Whether all the triggers are there and in force."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_trigger WHERE tgname = %s AND tgenabled <> 'D'"
            " AND tgrelid = ANY(ARRAY['core_event', 'core_eventseal', 'core_eventpayload']::regclass[])",
            [TRIGGER],
        )
        [(count,)] = cursor.fetchall()
    return bool(count == len(FORBIDDEN))


def _require_postgresql() -> None:
    if connection.vendor != "postgresql":
        raise UnsupportedError(
            "only PostgreSQL can refuse changes: on SQLite whoever writes to the file can do anything"
        )


def _remove(cursor: object) -> None:
    for table in FORBIDDEN:
        cursor.execute(f"DROP TRIGGER IF EXISTS {TRIGGER} ON {table}")  # type: ignore[attr-defined]
