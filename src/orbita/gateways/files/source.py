"""Opens a file by what is in it, whatever its name says."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from orbita.gateways.files import limits
from orbita.gateways.files.errors import FileError
from orbita.gateways.files.isolation import isolated

Cell = str | int | float | bool | date | datetime | time | timedelta
# The number of the row as its owner sees it, from 1, and its cells; an empty cell is "".
Row = tuple[int, list[Cell]]


@dataclass(frozen=True)
class Sheet:
    name: str
    read: Callable[[], Iterator[Row]] = field(repr=False)
    # Rows in all, for showing progress: about right, and never a reason to stop.
    height: Callable[[], int] = field(repr=False)
    hidden: bool = False

    def rows(self) -> Iterator[Row]:
        """Every row in its order, blank ones included."""
        return self.read()


@dataclass(frozen=True)
class Source:
    path: Path
    # xlsx, xlsb, xls, ods, csv, vcard, access
    format: str
    sheets: list[Sheet]
    # For text: the encoding and delimiter that were found.
    encoding: str = ""
    delimiter: str = ""

    def sheet(self, name: str) -> Sheet:
        """The sheet of this name; FileError when it has gone."""
        for sheet in self.sheets:
            if sheet.name == name:
                return sheet
        raise FileError(_("The file has no sheet “{name}”."), name=name)


@dataclass(frozen=True)
class SheetSample:
    name: str
    hidden: bool
    height: int
    rows: list[Row]


@dataclass(frozen=True)
class Sample:
    """The beginning of every sheet: what a guess and a preview are made from."""

    format: str
    sheets: list[SheetSample]
    encoding: str = ""
    delimiter: str = ""


_FOREIGN = (
    (b"%PDF", _("This is a PDF document. Save the table as XLSX or CSV and bring that.")),
    (b"\x89PNG", _("This is a picture, not a table.")),
    (b"\xff\xd8\xff", _("This is a picture, not a table.")),
    (b"GIF8", _("This is a picture, not a table.")),
    (b"\x1f\x8b", _("This is a packed archive. Unpack it and bring the file inside.")),
    (b"Rar!", _("This is a packed archive. Unpack it and bring the file inside.")),
    (b"7z\xbc\xaf", _("This is a packed archive. Unpack it and bring the file inside.")),
    (b"SQLite format 3\0", _("This is an SQLite database. Save the table as CSV and bring that.")),
)


def open_source(path: str | Path) -> Source:
    """The sheets of a file; FileError with a clear sentence when it cannot be read.

    Reads in this process: use `sample` and `read_batches` for files of strangers.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(4096)
    except OSError:
        raise FileError(_("The file cannot be opened.")) from None
    if not size:
        raise FileError(_("The file is empty."))
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
        from orbita.gateways.files import workbook

        return workbook.open_workbook(path, size, head)
    if head[4:19] in (b"Standard Jet DB", b"Standard ACE DB"):
        from orbita.gateways.files import access

        return access.open_database(path)
    for magic, message in _FOREIGN:
        if head.startswith(magic):
            raise FileError(message)
    return _open_text(path, size, head)


def _open_text(path: Path, size: int, head: bytes) -> Source:
    from orbita.gateways.files import delimited, vcard

    start = head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").replace(b"\0", b"")[:64].lower()
    if start.startswith(b"begin:vcard"):
        return vcard.open_vcards(path, size)
    if start.startswith(
        (b"<!doctype", b"<html", b"<svg", b"<table", b"<?xml", b"<meta", b"mime-version:")
    ):
        raise FileError(
            _(
                "This is a web page or XML under the name of a table. Open it in Excel and save it as XLSX."
            )
        )
    if start.startswith(b"{\\rtf"):
        raise FileError(_("This is a text document. Save the table as XLSX or CSV and bring that."))
    return delimited.open_text(path, size)


def sample(path: str | Path, rows: int = 300) -> Sample:
    """The first rows of every sheet, read in a process of its own."""
    return next(isolated(_sample, str(path), rows))


def read_batches(path: str | Path, sheet: str, size: int = 2000) -> Iterator[list[Row]]:
    """The rows of one sheet in batches, read in a process of its own."""
    return isolated(_batches, str(path), sheet, size)


def _sample(path: str, rows: int) -> Iterator[Sample]:
    source = open_source(path)
    sheets = []
    for sheet in source.sheets:
        head = []
        for row in sheet.rows():
            head.append(row)
            if len(head) >= rows:
                break
        sheets.append(SheetSample(sheet.name, sheet.hidden, sheet.height(), head))
    yield Sample(source.format, sheets, source.encoding, source.delimiter)


def _batches(path: str, sheet: str, size: int) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in open_source(path).sheet(sheet).rows():
        batch.append(row)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch


def check_size(size: int, most: int) -> None:
    """Refuses a file of more bytes than are read."""
    if size > most:
        raise FileError(
            _("The file is {size} MB; up to {most} MB can be read. Split it into parts."),
            size=size // limits.MB,
            most=most // limits.MB,
        )
