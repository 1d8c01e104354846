"""Rows into a text table, a workbook or JSON, one after another: memory does not grow with them."""

import csv
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import xlsxwriter

from orbita.gateways.exports.guard import guarded

Row = Sequence[Any]
BOM = "\ufeff"
# What Excel keeps in a cell and on a sheet.
LONGEST_CELL = 32_767
MOST_ROWS = 1_048_576
_PORTION = 64 * 1024


class Out(Protocol):
    """Whatever text can be written to."""

    def write(self, text: str, /) -> object: ...


def csv_text(
    columns: Row, rows: Iterable[Row], *, delimiter: str = ",", comma: bool = False, end: str = "\n"
) -> Iterator[str]:
    """A text table in portions, after RFC 4180. `comma` writes 1,5 where the reader's locale does."""
    portion: list[str] = []
    size = 0

    class _Sink:
        def write(self, text: str, /) -> None:
            nonlocal size
            portion.append(text)
            size += len(text)

    writer = csv.writer(_Sink(), delimiter=delimiter, lineterminator=end)
    writer.writerow([guarded(str(column)) for column in columns])
    for row in rows:
        writer.writerow([_as_text(value, comma) for value in row])
        if size >= _PORTION:
            yield "".join(portion)
            portion.clear()
            size = 0
    yield "".join(portion)


def _as_text(value: Any, comma: bool) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int | float | Decimal):
        return plain(value).replace(".", ",") if comma else plain(value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date | time):
        return value.isoformat()
    return guarded(str(value))


def plain(value: float | Decimal) -> str:
    """A number without exponent and without idle zeros: 12.50 → 12.5."""
    if isinstance(value, int):
        return str(value)
    text = f"{value:f}" if isinstance(value, Decimal) else f"{Decimal(repr(value)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def json_text(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """An array of objects, one a line; what is not known is null."""
    yield "["
    for place, row in enumerate(rows):
        pairs = ", ".join(
            f"{json.dumps(column)}: {_as_json(value)}"
            for column, value in zip(columns, row, strict=True)
        )
        yield f"{',' if place else ''}\n{{{pairs}}}"
    yield "\n]\n"


def _as_json(value: Any) -> str:
    if value is None or value == "":
        return "null"
    if isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int | float | Decimal):
        return plain(value)
    if isinstance(value, date | time):
        return json.dumps(value.isoformat())
    return json.dumps(str(value), ensure_ascii=False)


class Workbook:
    """A workbook of one table. Past the last row of a sheet it goes on on another one."""

    def __init__(self, path: Path, title: str, columns: Row, *, made: datetime, note: str = "", author: str = "") -> None:  # fmt: skip
        self._book = xlsxwriter.Workbook(
            str(path),
            {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "nan_inf_to_errors": True,
                "tmpdir": str(path.parent),
            },
        )
        # Who took it and what is in it travels with the file.
        self._book.set_properties(
            {"created": made, "title": title, "author": author, "comments": note}
        )
        self._head = self._book.add_format({"bold": True, "bottom": 1})
        self._day = self._book.add_format({"num_format": "dd.mm.yyyy"})
        self._moment = self._book.add_format({"num_format": "dd.mm.yyyy hh:mm"})
        self._title, self._note = _sheet_name(title), note
        self._columns = [guarded(str(column)) for column in columns]
        self._sheets = 0
        self.rows = 0
        self._open_sheet()

    def _open_sheet(self) -> None:
        self._sheets += 1
        name = self._title if self._sheets == 1 else f"{self._title[:26]} {self._sheets}"
        sheet = self._sheet = self._book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        for index, column in enumerate(self._columns):
            sheet.set_column(index, index, min(max(len(column) + 2, 12), 40))
        if self._note:
            sheet.set_footer("&L" + self._note.replace("&", "&&")[:200])
        for index, column in enumerate(self._columns):
            sheet.write_string(0, index, column, self._head)
        self._at = 1

    def write(self, row: Row) -> None:
        if self._at >= MOST_ROWS:
            self._open_sheet()
        for index, value in enumerate(row):
            self._cell(index, value)
        self._at += 1
        self.rows += 1

    def _cell(self, index: int, value: Any) -> None:
        if value is None or value == "":
            return
        if isinstance(value, bool):
            self._sheet.write_boolean(self._at, index, value)
        elif isinstance(value, int | float | Decimal):
            # A sheet keeps fifteen digits: longer numbers are names, not quantities.
            if -(10**15) < value < 10**15:
                self._sheet.write_number(self._at, index, value)
            else:
                self._sheet.write_string(self._at, index, plain(value))
        elif isinstance(value, datetime):
            naive = value.replace(tzinfo=None)
            if naive.year >= 1900:
                self._sheet.write_datetime(self._at, index, naive, self._moment)
            else:
                self._sheet.write_string(self._at, index, naive.isoformat(" "))
        elif isinstance(value, date):
            # Days before 1900 do not exist for Excel.
            if value.year >= 1900:
                self._sheet.write_datetime(self._at, index, datetime(value.year, value.month, value.day, tzinfo=UTC).replace(tzinfo=None), self._day)  # fmt: skip
            else:
                self._sheet.write_string(self._at, index, value.isoformat())
        else:
            self._sheet.write_string(self._at, index, guarded(str(value))[:LONGEST_CELL])

    def close(self) -> None:
        self._book.close()


def write_workbook(path: Path, title: str, columns: Row, rows: Iterable[Row], **marks: Any) -> int:
    """Writes a workbook to a file and returns how many rows it has."""
    book = Workbook(path, title, columns, **marks)
    try:
        for row in rows:
            book.write(row)
    finally:
        book.close()
    return book.rows


def _sheet_name(title: str) -> str:
    """A title as Excel allows it for a sheet."""
    text = "".join(" " if char in "[]:*?/\\" else char for char in title).strip(" '")
    return text[:31] or "1"


def temporary_file(folder: Path) -> Path:
    """A new empty file that only this server's user can read."""
    descriptor, name = tempfile.mkstemp(dir=folder)
    os.close(descriptor)
    return Path(name)
