"""Brings the rows of an order together, wherever they stand in the file.

Orders come out in the order of their first rows. What was read goes to a temporary file that has no
name, so memory does not grow with the sheet; rows that stand together already are not sorted.
"""

import pickle
import sqlite3
from collections.abc import Iterable, Iterator
from itertools import groupby

from orbita.gateways.files.source import Row

_AS_READ = "SELECT place, row FROM line WHERE place > ? ORDER BY seq"
_SORTED = "SELECT place, row FROM line WHERE place > ? ORDER BY place, seq"


class Spool:
    def __init__(self) -> None:
        self._base = sqlite3.connect("")
        self._base.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-8192;"
            "CREATE TABLE known (name TEXT PRIMARY KEY, place INTEGER) WITHOUT ROWID;"
            "CREATE TABLE line (seq INTEGER PRIMARY KEY, place INTEGER, row BLOB);"
        )
        self._places = 0
        self._scattered = False

    def fill(self, rows: Iterable[tuple[str, Row]]) -> int:
        """Takes all rows with the name of the order each belongs to; returns how many there were."""
        cursor = self._base.executemany(
            "INSERT INTO line (place, row) VALUES (?, ?)",
            (
                (place, pickle.dumps(row, pickle.HIGHEST_PROTOCOL))
                for place, row in self._placed(rows)
            ),
        )
        return int(cursor.rowcount)

    def _placed(self, rows: Iterable[tuple[str, Row]]) -> Iterator[tuple[int, Row]]:
        previous, place = None, 0
        for name, row in rows:
            if name != previous:
                previous, place = name, self._place(name)
            yield place, row

    def _place(self, name: str) -> int:
        known = self._base.execute("SELECT place FROM known WHERE name = ?", [name]).fetchone()
        if known:
            self._scattered = True
            return int(known[0])
        self._places += 1
        self._base.execute("INSERT INTO known VALUES (?, ?)", [name, self._places])
        return self._places

    def groups(self, start: int = 0) -> Iterator[list[Row]]:
        """The rows of each order but the first `start`; orders and rows in the order of the file."""
        found = self._base.execute(_SORTED if self._scattered else _AS_READ, [start])
        for _place, lines in groupby(found, key=lambda line: line[0]):
            yield [pickle.loads(row) for _same, row in lines]  # noqa: S301 – written above


class Counter:
    """How many times each text was met, without holding them in memory."""

    def __init__(self) -> None:
        self._base = sqlite3.connect("")
        self._base.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-8192;"
            "CREATE TABLE met (name TEXT PRIMARY KEY, times INTEGER) WITHOUT ROWID;"
        )

    def met(self, name: str) -> int:
        """The number of this meeting, from 1."""
        row = self._base.execute(
            "INSERT INTO met VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET times = times + 1 "
            "RETURNING times",
            [name],
        ).fetchone()
        return int(row[0])
