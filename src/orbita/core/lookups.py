"""Lookups that Django lacks.

`prefix` searches an indexed `KeyField`, which `startswith` cannot do on SQLite: its LIKE with ESCAPE
never uses an index; a range in the column's binary order does, and the same range is right for the
"C" collation of PostgreSQL.

`has` finds a word in a free text whatever its case, with ё as е: SQLite folds Latin letters only.
"""

from typing import Any

from django.db.backends.signals import connection_created
from django.db.models import CharField, Lookup, TextField

from orbita.core.fields import KeyField

LAST_CHARACTER = "\U0010ffff"


@KeyField.register_lookup
class Prefix(Lookup[Any]):
    lookup_name = "prefix"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[str | int, ...]]:
        column, params = compiler.compile(self.lhs)
        prefix = str(self.rhs)
        return (
            f"({column} >= %s AND {column} < %s)",
            (*params, prefix, *params, prefix + LAST_CHARACTER),
        )


def fold(text: str | None) -> str | None:
    return None if text is None else text.casefold().replace("ё", "е")


@CharField.register_lookup
@TextField.register_lookup
class Has(Lookup[Any]):
    lookup_name = "has"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[str | int, ...]]:
        column, params = compiler.compile(self.lhs)
        wanted = fold(str(self.rhs)) or ""
        if connection.vendor == "sqlite":
            return f"INSTR(ORBITA_FOLD({column}), %s) > 0", (*params, wanted)
        return f"STRPOS(REPLACE(LOWER({column}), 'ё', 'е'), %s) > 0", (*params, wanted)


def _teach_sqlite(connection: Any, **kwargs: Any) -> None:
    # For queries only: no index, trigger or CHECK may use it, plain sqlite3 could not open them.
    if connection.vendor == "sqlite":
        connection.connection.create_function("ORBITA_FOLD", 1, fold, deterministic=True)


connection_created.connect(_teach_sqlite, dispatch_uid="sqlite fold")
