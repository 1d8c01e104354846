from typing import Any

from django.db import models


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
