"""A mark in the order of rows that tells which export a leaked file came from.

Of some neighbouring rows, chosen by what is in them, a secret of the export says which comes first.
Nothing is added to the file: the mark outlives lost columns, lost rows and another format, until
somebody sorts it anew. The first column, which every list has, is what rows are told apart by.
"""

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from typing import Any

# One pair of neighbours of so many bears the mark: a sorted list still looks sorted.
SPARSE = 5
# A chance of one in three million for a file that is not from the export.
SURE = 5.0


def new_mark() -> str:
    """The secret of an export."""
    return secrets.token_hex(8)


def marked(rows: Iterable[list[Any]], mark: str) -> Iterator[list[Any]]:
    """The rows with some neighbours in the order that the mark says."""
    held: list[Any] | None = None
    for row in rows:
        if held is None:
            held = row
            continue
        one, other = _key(held), _key(row)
        if not _bears(one, other):
            yield held
            held = row
            continue
        in_order = (one < other) == _ascends(mark, one, other)
        yield from (held, row) if in_order else (row, held)
        held = None
    if held is not None:
        yield held


@dataclass(frozen=True, slots=True)
class Found:
    """How surely a file is from an export: deviations from chance, `SURE` and more is sure."""

    mark: str
    score: float


def likeliest(columns: Iterable[Sequence[str]], marks: Iterable[str]) -> Found | None:
    """The mark that the file with these columns bears; None when none surely."""
    readings = [reading for column in columns for reading in _readings(column)]
    found = [
        Found(mark, _score(mark, reading)) for mark in marks for reading in readings if reading
    ]
    best = max(found, key=lambda one: one.score, default=None)
    return best if best and best.score >= SURE else None


Pairs = list[tuple[str, str]]


def _readings(column: Sequence[str]) -> Iterator[Pairs]:
    """Neighbours as the writer went over them, and all there are: where rows were lost, he went
    otherwise.
    """
    keys = [_key([cell]) for cell in column]
    yield list(_passed(keys))
    yield [pair for pair in pairwise(keys) if _bears(*pair)]


def _passed(keys: Sequence[str]) -> Iterator[tuple[str, str]]:
    place = 0
    while place + 1 < len(keys):
        pair = keys[place], keys[place + 1]
        if _bears(*pair):
            yield pair
            place += 1
        place += 1


def _score(mark: str, pairs: Pairs) -> float:
    agreeing = sum((one < other) == _ascends(mark, one, other) for one, other in pairs)
    return (2 * agreeing - len(pairs)) / sqrt(len(pairs))


def _key(row: Sequence[Any]) -> str:
    return "".join(str(row[0]).split()).casefold() if row else ""


def _bears(one: str, other: str) -> bool:
    return bool(one and other and one != other) and _drawn("", one, other) % SPARSE == 0


def _ascends(mark: str, one: str, other: str) -> bool:
    return bool(_drawn(mark, one, other) & 1)


def _drawn(mark: str, one: str, other: str) -> int:
    first, second = sorted((one, other))
    return hashlib.blake2b(f"{mark}\0{first}\0{second}".encode(), digest_size=4).digest()[0]


def columns_of(rows: Iterable[Sequence[Any]], most: int) -> list[list[str]]:
    """The first columns of a table, as texts."""
    found: list[list[str]] = [[] for _number in range(most)]
    for row in rows:
        for column, cell in zip(found, row, strict=False):
            column.append(str(cell))
    return [column for column in found if column]
