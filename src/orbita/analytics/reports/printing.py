"""Rows of a report as CSV, JSON or a table for the eyes, written as they come."""

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Protocol

from orbita.analytics.reports import Number, Value

Rows = Iterable[Sequence[Value]]


class Out(Protocol):
    """Whatever text can be written to."""

    def write(self, text: str, /) -> object: ...


def as_csv(columns: Sequence[str], rows: Rows, out: Out) -> None:
    """RFC 4180 with a heading; an unknown value is empty."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)


def as_json(columns: Sequence[str], rows: Rows, out: Out) -> None:
    """An array of objects, one a line; an unknown value is null."""
    out.write("[")
    for place, row in enumerate(rows):
        pairs = ", ".join(
            f'"{column}": {_literal(value)}' for column, value in zip(columns, row, strict=True)
        )
        out.write(f"{',' if place else ''}\n{{{pairs}}}")
    out.write("\n]\n")


def _literal(value: Value) -> str:
    return str(value) if isinstance(value, Number) else json.dumps(value, ensure_ascii=False)


def as_table(columns: Sequence[str], rows: Rows, out: Out) -> None:
    """Columns under one another; widths are those of the first thousand rows."""
    iterator = iter(rows)
    first = [_texts(row) for row in islice(iterator, 1000)]
    widths = [max(map(len, column)) for column in zip(columns, *first, strict=True)]
    for texts in (list(columns), *first):
        out.write(_line(texts, widths))
    for row in iterator:
        out.write(_line(_texts(row), widths))


def _texts(row: Sequence[Value]) -> list[str]:
    return ["" if value is None else str(value) for value in row]


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (text.ljust(width) for text, width in zip(row, widths, strict=True))
    return "  ".join(cells).rstrip() + "\n"


FORMATS: dict[str, Callable[[Sequence[str], Rows, Out], None]] = {
    "csv": as_csv,
    "json": as_json,
    "table": as_table,
}
