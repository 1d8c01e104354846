from typing import Any

from django.db import models


class RowKeyField(models.BigIntegerField[int, int]):
    """A primary key of one's own numbers that on SQLite is the row's place itself.

    Only a column declared "integer" is; a "bigint" gets a second B-tree to find the row by.
    """

    def db_type(self, connection: Any) -> str | None:
        return "integer" if connection.vendor == "sqlite" else super().db_type(connection)


class OneRowField(models.OneToOneField[Any, Any]):
    """The primary key of a row that goes with another, kept like `RowKeyField`."""

    def db_type(self, connection: Any) -> str | None:
        return "integer" if connection.vendor == "sqlite" else super().db_type(connection)


class KeyField(models.CharField[str, str]):
    """A normalised text to compare, sort and search by prefix, in the same order on both databases.

    PostgreSQL gets the "C" collation: code point order like SQLite's, and an ordinary index then
    serves prefixes. Casefolded Russian with ё→е sorts right in it.
    """

    def db_parameters(self, connection: Any) -> dict[str, Any]:
        parameters: dict[str, Any] = super().db_parameters(connection)
        if connection.vendor == "postgresql":
            parameters["collation"] = "C"
        return parameters
