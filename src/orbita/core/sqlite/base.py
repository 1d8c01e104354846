"""Django's backend for SQLite, with the waiting of this package instead of SQLite's own."""

import sqlite3
from functools import partial
from typing import Any

from django.db.backends.sqlite3 import base

from orbita.core.sqlite import patiently


class DatabaseWrapper(base.DatabaseWrapper):
    """`patience` is for how many seconds a statement waits for the lock, `timeout` of the settings."""

    patience = 5.0

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        self.patience = params.get("timeout", self.patience)
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        # Up to here SQLite waits by itself: another process may be making or mending the log.
        connection.execute("PRAGMA busy_timeout = 0")
        return connection

    def create_cursor(self, name: str | None = None) -> Any:
        # Unnamed or not, SQLite's cursors are of the client's side.
        return self.connection.cursor(
            factory=partial(
                Cursor, database=str(self.settings_dict["NAME"]), patience=self.patience
            )
        )


class Cursor(base.SQLiteCursorWrapper):
    """Only the first statement of a transaction has to wait: afterwards the lock is its own."""

    def __init__(self, connection: sqlite3.Connection, database: str, patience: float) -> None:
        super().__init__(connection)
        self._database, self._patience = database, patience

    def execute(self, query: str, params: Any = None) -> Any:
        if self.connection.in_transaction:
            return super().execute(query, params)
        return patiently(partial(super().execute, query, params), self._database, self._patience)

    def executemany(self, query: str, param_list: Any) -> Any:
        if self.connection.in_transaction:
            return super().executemany(query, param_list)
        rows = list(param_list)
        return patiently(partial(super().executemany, query, rows), self._database, self._patience)
