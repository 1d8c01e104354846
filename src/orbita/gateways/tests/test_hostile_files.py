"""Each hostile file must end in one clear error or in rows, with memory bounded and no crash."""

import random
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from django.utils.translation import override

from orbita.gateways.files import limits
from orbita.gateways.files.errors import FileError
from orbita.gateways.files.isolation import isolated
from orbita.gateways.files.source import open_source, read_batches, sample

NAMESPACE = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.xlsx"
    workbook = openpyxl.Workbook()
    workbook.active.append(["ФИО", "Телефон"])
    workbook.save(path)
    return path


def with_part(book: Path, part: str, chunks: Iterator[bytes] | list[bytes]) -> Path:
    """A copy of the workbook with one part put in place of its own."""
    path = book.with_name("hostile.xlsx")
    with (
        zipfile.ZipFile(book) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target,
    ):
        for name in source.namelist():
            if name != part:
                target.writestr(name, source.read(name))
        with target.open(part, "w", force_zip64=True) as stream:
            for chunk in chunks:
                stream.write(chunk)
    return path


def with_sheet(book: Path, data: Iterator[bytes] | list[bytes]) -> Path:
    def chunks() -> Iterator[bytes]:
        yield b"<worksheet " + NAMESPACE + b"><sheetData>"
        yield from data
        yield b"</sheetData></worksheet>"

    return with_part(book, "xl/worksheets/sheet1.xml", chunks())


def error_of(path: Path) -> str:
    """What the owner of the file is told; in Russian too."""
    with pytest.raises(FileError) as caught:
        sample(path)
    with override("ru"):
        russian = str(caught.value)
    with override("en"):
        english = str(caught.value)
    assert russian != english
    assert "Traceback" not in english
    return english


def test_a_zip_bomb_is_not_unpacked(book: Path) -> None:
    zeros = b"\0" * limits.MB
    path = with_part(book, "xl/sharedStrings.xml", (zeros for _ in range(100)))
    assert path.stat().st_size < limits.MB
    assert "absurd size" in error_of(path)


def test_a_bomb_that_lies_about_its_size_is_found_out(book: Path) -> None:
    path = with_part(book, "xl/sharedStrings.xml", [b"<sst>" + b" " * (2 * limits.MB)])
    content = bytearray(path.read_bytes())
    real = struct.pack("<L", 5 + 2 * limits.MB)
    content = content.replace(real, struct.pack("<L", 100))
    path.write_bytes(content)
    assert "damaged" in error_of(path)


def test_ten_million_cells_are_refused_before_they_are_read(book: Path) -> None:
    def rows() -> Iterator[bytes]:
        for block in range(100):
            numbers = range(block * 1000 + 1, block * 1000 + 1001)
            yield b"".join(
                b'<row r="%d">' % n + b"<c><v>1</v></c>" * 100 + b"</row>" for n in numbers
            )

    assert "8 million cells" in error_of(with_sheet(book, rows()))


def test_two_cells_at_the_ends_of_a_sheet_do_not_cost_all_between(book: Path) -> None:
    data = [
        b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    ]
    assert "million cells" in error_of(with_sheet(book, data))


def test_far_cells_hidden_from_the_measure_meet_the_memory_limit(book: Path) -> None:
    data = [
        b"<row r='1'><c r='A1'><v>1</v></c></row><row r='1048576'><c r='XFD1048576'><v>1</v></c></row>"
    ]
    assert "too much memory" in error_of(with_sheet(book, data))


def test_empty_cells_styled_to_the_end_of_a_sheet_do_no_harm(book: Path) -> None:
    def rows() -> Iterator[bytes]:
        yield b'<row r="1"><c r="A1" t="inlineStr"><is><t>x</t></is></c></row>'
        for number in range(2, 1_048_577, 1000):
            yield b'<row r="%d">' % number + b'<c r="Z%d" s="1"/>' % number + b"</row>"

    found = sample(with_sheet(book, rows()))
    assert found.sheets[0].rows[0][1][0] == "x"


def test_too_many_columns_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "wide.xlsx"
    with xlsxwriter.Workbook(str(path)) as workbook:
        workbook.add_worksheet().write_row(0, 0, ["x"] * (limits.MAX_COLUMNS + 1))
    assert "columns" in error_of(path)
    text = tmp_path / "wide.csv"
    text.write_text(";".join(["x"] * (limits.MAX_COLUMNS + 1)) + "\n1;2\n")
    assert "columns" in error_of(text)


def test_an_endless_cell_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "cell.csv"
    path.write_text('ФИО;Телефон\nАнна;1\n"Пётр;2\n' + "Иван;3\n" * 400_000, encoding="utf-8")
    with pytest.raises(FileError, match="3"):
        list(read_batches(path, "cell"))


def test_an_endless_line_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "line.csv"
    path.write_bytes(b"a;b\n" + b"x" * (6 * limits.MB))
    assert error_of(path)


def test_a_cell_of_a_megabyte_in_a_workbook_is_read_or_refused(book: Path) -> None:
    data = [
        b'<row r="1"><c r="A1" t="inlineStr"><is><t>' + b"x" * limits.MB + b"</t></is></c></row>"
    ]
    found = sample(with_sheet(book, data))
    assert len(str(found.sheets[0].rows[0][1][0])) == limits.MB


def test_nul_bytes_in_text_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "nul.csv"
    path.write_bytes("ФИО;Телефон\nАн\0на;89161234567\n".encode("cp1251") * 3)
    rows = [row for _number, row in open_source(path).sheets[0].rows()]
    assert rows[1] == ["Анна", "89161234567"]


def test_a_program_under_the_name_of_a_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "program.csv"
    path.write_bytes(b"\x7fELF" + random.Random(1).randbytes(100_000))
    assert "not a table" in error_of(path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b"\n\n  \r\n", "empty"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"\x89PNG\r\n\x1a\n....", "picture"),
        (b"\x1f\x8b\x08\0....", "archive"),
        (b"Rar!\x1a\x07\0", "archive"),
        (b"SQLite format 3\0" + b"\0" * 100, "SQLite"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "web page"),
        (b'<?xml version="1.0"?><Workbook/>', "web page"),
        (b"PK\x03\x04 broken", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "another program"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le") * 90, "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
    ],
)
def test_what_is_no_table_is_named_for_what_it_is(
    tmp_path: Path, content: bytes, told: str
) -> None:
    path = tmp_path / "table.xlsx"
    path.write_bytes(content)
    assert told in error_of(path)


def test_an_archive_that_is_no_workbook_is_named(tmp_path: Path) -> None:
    for part, told in (("word/document.xml", "text document"), ("clients.csv", "archive")):
        path = tmp_path / "table.xlsx"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(part, "x")
        assert told in error_of(path)


def test_a_workbook_cut_short_is_damaged(book: Path) -> None:
    content = book.read_bytes()
    for share in (0.3, 0.6, 0.95):
        book.write_bytes(content[: int(len(content) * share)])
        assert "damaged" in error_of(book)


def test_broken_xml_inside_is_damaged(book: Path) -> None:
    path = with_part(book, "xl/worksheets/sheet1.xml", [b"<worksheet><sheetData><row><c"])
    found = "empty"
    try:
        found = str(sample(path).sheets[0].rows)
    except FileError as error:
        found = str(error)
    assert found


def test_an_entity_bomb_does_not_unfold(book: Path) -> None:
    entities = b"".join(b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10) for n in range(1, 12))
    sheet = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "ha">' + entities + b"]>"
    sheet += b"<worksheet " + NAMESPACE + b'><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>&e11;</t></is></c></row></sheetData></worksheet>'  # fmt: skip
    path = with_part(book, "xl/worksheets/sheet1.xml", [sheet])
    try:
        rows = sample(path).sheets[0].rows
    except FileError:
        return
    assert len(str(rows)) < 10_000


def test_a_repeated_row_of_opendocument_does_not_fill_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.ods"
    content = (
        b'<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        b'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
        b'<office:body><office:spreadsheet><table:table table:name="S">'
        b'<table:table-row table:number-rows-repeated="1048576"><table:table-cell table:number-columns-repeated="16384" office:value-type="string">'
        b"<text:p>x</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
    assert error_of(path)


def _eat_memory() -> Iterator[int]:
    block = []
    while True:
        block.append(bytearray(64 * limits.MB))
        yield len(block)


def _die() -> Iterator[int]:
    yield 1
    raise RuntimeError("a fault of ours")


def test_a_reader_out_of_memory_is_one_clear_error() -> None:
    with pytest.raises(FileError, match=r"памяти|memory"):
        list(isolated(_eat_memory))


def test_a_reader_that_dies_is_one_clear_error() -> None:
    rows = isolated(_die)
    assert next(rows) == 1
    with pytest.raises(FileError):
        next(rows)


def test_a_phone_book_with_an_endless_card_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "book.vcf"
    path.write_text("BEGIN:VCARD\n" + "NOTE:xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n" * 60_000)
    assert "card" in error_of(path)
