"""CSV, TSV and the like: any usual encoding and delimiter, read as a stream."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from math import sqrt
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from orbita.gateways.files import encoding as encodings
from orbita.gateways.files import limits
from orbita.gateways.files.errors import FileError
from orbita.gateways.files.source import Cell, Row, Sheet, Source, check_size

_DELIMITERS = ";\t,|"
_SAMPLE_LINES = 400


def open_text(path: Path, size: int) -> Source:
    """One sheet named after the file; FileError when the file is no text."""
    check_size(size, limits.MAX_TEXT)
    encoding = encodings.detect(path)
    with path.open("rb") as stream:
        lines = list(islice(text_lines(stream, encoding), _SAMPLE_LINES))
    if not any(line.strip() for line in lines):
        raise FileError(_("The file is empty."))
    announced = _announced_delimiter(lines[0])
    delimiter = announced or _detect_delimiter(lines, path.suffix.lower() == ".tsv")

    def read() -> Iterator[Row]:
        with path.open("rb") as stream:
            rows = text_lines(stream, encoding)
            if announced:
                next(rows)
            yield from read_rows(rows, delimiter)

    sheet = Sheet(path.stem, read, lambda: encoding.lines)
    return Source(path, "csv", [sheet], encoding.name, delimiter)


def read_rows(lines: Iterator[str], delimiter: str) -> Iterator[Row]:
    """Numbered rows of delimited text; a quoted line break does not start a new row."""
    csv.field_size_limit(limits.MAX_CELL)
    number = 0
    try:
        for number, cells in enumerate(csv.reader(lines, delimiter=delimiter), 1):
            if len(cells) > limits.MAX_COLUMNS:
                raise FileError(
                    _("Row {row} has {width} columns; up to {most} can be read."),
                    row=number,
                    width=len(cells),
                    most=limits.MAX_COLUMNS,
                )
            row: list[Cell] = list(cells)
            yield number, row
    except csv.Error:
        raise FileError(
            _(
                "Row {row} has a cell of more than a million characters: a quotation mark in it is probably not closed."
            ),
            row=number + 1,
        ) from None


def text_lines(stream: io.BufferedReader, encoding: encodings.Encoding) -> Iterator[str]:
    """The lines of an open text file with their ends; FileError at one too long for a table."""
    text = io.TextIOWrapper(stream, encoding=encoding.name, errors="replace", newline="")
    number = 0
    while line := text.readline(limits.MAX_LINE):
        number += 1
        if len(line) >= limits.MAX_LINE:
            raise FileError(_("Line {line} is too long for a table."), line=number)
        yield line.replace("\0", "") if encoding.has_nuls else line
    text.detach()


def _announced_delimiter(line: str) -> str:
    """Excel's own first line, `sep=;`."""
    text = line.strip().strip('"').lower()
    return text[4] if len(text) == 5 and text.startswith("sep=") else ""


def _detect_delimiter(lines: list[str], tabs: bool) -> str:
    """The delimiter that cuts the most rows into the same, largest number of cells."""
    best, best_score = "\t" if tabs else ",", 0.0
    for delimiter in _DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if any(row)]
        except csv.Error:
            continue
        counts = Counter(width for width in widths if width > 1)
        if not counts:
            continue
        width, times = counts.most_common(1)[0]
        score = times / len(widths) * sqrt(width)
        if score > best_score:
            best, best_score = delimiter, score
    return best
