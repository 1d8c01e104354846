"""Excel and OpenDocument workbooks, by calamine.

calamine holds a sheet in memory as a rectangle from its first cell to its last, so two far cells
cost as much as all between them: the rectangle is measured before it is read.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from orbita.gateways.files import limits
from orbita.gateways.files.errors import FileError
from orbita.gateways.files.isolation import DAMAGED
from orbita.gateways.files.source import Row, Sheet, Source, check_size

_PROTECTED = _("The workbook is protected by a password. Remove the password and bring it again.")
_BOMB = _("The file unpacks into an absurd size, as hostile files do. It was not read.")
_TOO_MANY = _(
    "The sheet has more than {most} million cells. Delete what is empty beyond the table, save it as CSV, or split it into parts."
)
# As every program writes them; whoever writes otherwise meets the limit of the reading process.
_COLUMNS = re.compile(rb' r="([A-Z]{1,3})[0-9]')
_ROWS = re.compile(rb'<(?:\w+:)?row [^<>]*?\br="([0-9]{1,7})"')
# A cell that holds something: empty ones, styled to the end of the sheet, take no memory.
_FILLED = re.compile(rb'<(?:\w+:)?c [^<>]*?\br="([A-Z]{1,3})([0-9]{1,7})"[^<>]*(?<!/)>')


def open_workbook(path: Path, size: int, head: bytes) -> Source:
    """The sheets of an XLSX, XLSM, XLSB, XLS or ODS file."""
    check_size(size, limits.MAX_WORKBOOK)
    kind = _inspect_zip(path) if head.startswith(b"PK") else _inspect_compound(path)
    book = _load(path, kind)
    metadata = list(book.sheets_metadata)[: limits.MAX_SHEETS]
    contents = _Contents(book)
    sheets = [
        _sheet(contents, index, item)
        for index, item in enumerate(metadata)
        if "WorkSheet" in str(item.typ)
    ]
    if not sheets:
        raise FileError(_("The workbook has no sheets with tables."))
    return Source(path, kind, sheets)


def _load(path: Path, kind: str) -> Any:
    import python_calamine as calamine

    try:
        if path.suffix.lower() in {f".{kind}", ".xlsm" if kind == "xlsx" else ""}:
            return calamine.CalamineWorkbook.from_path(path)
        # By its content: the name lies.
        return calamine.CalamineWorkbook.from_filelike(path.open("rb"))
    except calamine.PasswordError:
        raise FileError(_PROTECTED) from None
    except (calamine.CalamineError, OSError, ValueError):
        raise FileError(DAMAGED) from None


class _Contents:
    """The sheets of one book as they are asked for; only the last one stays in memory."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._last: tuple[int, Any] = (-1, None)

    def sheet(self, index: int) -> Any:
        import python_calamine as calamine

        if self._last[0] != index:
            self._last = (-1, None)
            try:
                self._last = (index, self._book.get_sheet_by_index(index))
            except calamine.PasswordError:
                raise FileError(_PROTECTED) from None
            except (calamine.CalamineError, OSError, ValueError):
                raise FileError(DAMAGED) from None
        return self._last[1]


def _sheet(contents: _Contents, index: int, metadata: Any) -> Sheet:
    def read() -> Iterator[Row]:
        content = contents.sheet(index)
        if content.start is None:
            return
        if content.width > limits.MAX_COLUMNS:
            raise FileError(
                _("The sheet “{name}” has {width} columns; up to {most} can be read."),
                name=metadata.name,
                width=content.width,
                most=limits.MAX_COLUMNS,
            )
        if content.width * content.height > limits.MAX_CELLS:
            raise FileError(_TOO_MANY, most=limits.MAX_CELLS // 1_000_000)
        # Rows above the first cell are given as blank ones, columns before it are not.
        before: list[Any] = [""] * content.start[1]
        for number, cells in enumerate(content.iter_rows(), 1):
            yield number, before + cells if before else cells

    def height() -> int:
        end = contents.sheet(index).end
        return end[0] + 1 if end else 0

    hidden = not str(metadata.visible).endswith(".Visible")
    return Sheet(metadata.name, read, height, hidden)


def _inspect_compound(path: Path) -> str:
    """An old compound file: XLS, or the envelope of an encrypted workbook."""
    with path.open("rb") as stream:
        content = stream.read()
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise FileError(_PROTECTED)
    if not any(name.encode("utf-16-le") in content for name in ("Workbook", "Book")):
        raise FileError(
            _("This is a document of another program, not a workbook. Save the table as XLSX.")
        )
    return "xls"


def _inspect_zip(path: Path) -> str:
    """Measures the archive before anything is read from it, and tells what it is."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            _check_parts(parts)
            if any(part.flag_bits & 1 for part in parts):
                raise FileError(_PROTECTED)
            kind = _kind(names)
            for part in parts:
                _measure(archive, part, kind)
            return kind
    except FileError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError):
        raise FileError(DAMAGED) from None


def _check_parts(parts: list[zipfile.ZipInfo]) -> None:
    if len(parts) > limits.MAX_PARTS or sum(p.file_size for p in parts) > limits.MAX_UNPACKED:
        raise FileError(_BOMB)
    for part in parts:
        large = part.file_size > limits.LARGE_PART
        if large and part.file_size > limits.MAX_RATIO * max(part.compress_size, 1):
            raise FileError(_BOMB)


def _kind(names: set[str]) -> str:
    lowered = {name.lower().lstrip("/").replace("\\", "/") for name in names}
    if "xl/workbook.bin" in lowered:
        return "xlsb"
    if any(name.startswith("xl/") and name.endswith(".xml") for name in lowered):
        return "xlsx"
    if "content.xml" in lowered:
        return "ods"
    if any(name.startswith(("word/", "ppt/")) for name in lowered):
        raise FileError(_("This is a text document. Save the table as XLSX or CSV and bring that."))
    raise FileError(_("This is a packed archive. Unpack it and bring the file inside."))


def _measure(archive: zipfile.ZipFile, part: zipfile.ZipInfo, kind: str) -> None:
    """Unpacks one part piece by piece: its real size, and the rectangle of cells if it is a sheet.

    Sizes in the directory may lie; zipfile stops at them and then misses the checksum.
    """
    name = part.filename.lower()
    if not name.endswith((".xml", ".bin", ".rels")):
        return
    with archive.open(part) as stream:
        if kind == "xlsx" and "/worksheets/" in f"/{name}":
            if _rectangle(stream, filled=False) <= limits.MAX_CELLS:
                return
            with archive.open(part) as again:
                if _rectangle(again, filled=True) > limits.MAX_CELLS:
                    raise FileError(_TOO_MANY, most=limits.MAX_CELLS // 1_000_000)
        elif kind == "ods" and name == "content.xml":
            _measure_opendocument(stream)
        elif kind == "ods" and name == "meta-inf/manifest.xml":
            if b"encryption-data" in stream.read(limits.MB):
                raise FileError(_PROTECTED)
        else:
            while stream.read(limits.MB):
                pass


def _pieces(stream: Any) -> Iterator[bytes]:
    """The content in pieces that end between tags, so that no tag is cut in two."""
    rest = b""
    while chunk := stream.read(limits.MB):
        chunk = rest + chunk
        cut = chunk.rfind(b"<")
        if cut <= 0:
            if len(chunk) > limits.MAX_LINE:
                raise FileError(DAMAGED)
            rest = chunk
            continue
        rest = chunk[cut:]
        yield chunk[:cut]
    yield rest


def _rectangle(stream: Any, *, filled: bool) -> int:
    """The cells between the first and the last one of a sheet, or of those that hold something."""
    values = 0
    columns: set[bytes] = set()
    rows: set[int] = set()
    for piece in _pieces(stream):
        values += piece.count(b"<v>") + piece.count(b"<is>")
        if filled:
            found = _FILLED.findall(piece)
            columns.update([column for column, _row in found])
            rows.update([int(row) for _column, row in found])
        else:
            columns.update(_COLUMNS.findall(piece))
            rows.update(map(int, _ROWS.findall(piece)))
        if rows:
            rows = {min(rows), max(rows)}
        if values > limits.MAX_CELLS:
            return values
    places = [_column_number(column) for column in columns]
    if not places or not rows:
        return values
    return (max(places) - min(places) + 1) * (max(rows) - min(rows) + 1)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _measure_opendocument(stream: Any) -> None:
    cells = 0
    for piece in _pieces(stream):
        cells += piece.count(b"<table:table-cell")
        if cells > limits.MAX_CELLS:
            raise FileError(_TOO_MANY, most=limits.MAX_CELLS // 1_000_000)
