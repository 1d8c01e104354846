"""Prefix search over an indexed `KeyField`, which `startswith` cannot serve on SQLite.

SQLite's LIKE with ESCAPE never uses an index; a range in the column's binary order does, and the
same range is right for the "C" collation of PostgreSQL.
"""

from typing import Any

from django.db.models import Lookup

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
