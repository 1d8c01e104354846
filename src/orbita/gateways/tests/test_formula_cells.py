"""What a stranger typed never becomes a formula in the spreadsheet of whoever opens an export."""

import csv
import io
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from orbita.gateways.exports.guard import guarded
from orbita.gateways.exports.writers import csv_text, json_text, write_workbook

MADE = datetime(2024, 1, 1)
HOSTILE = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1:A9)",
    '=HYPERLINK("http://evil.example";"click")',
    "=cmd|' /C calc'!A0",
    " =1+1",
    "\u00a0=1+1",
    "\u3000=1+1",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\r\n@x",
    "\tplain",
    "\rplain",
    "\u200b=1+1",
    "\ufeff=1+1",
    "\u00ad=1+1",
    "\u2060\u202e=1+1",
    "\x00=1+1",
    "\x1b=1+1",
    "＝1+1",
    "＋1",
    "－1",
    "＠x",
    " ＝1+1",
    "﹦1+1",
    "-5",
    "- item of a list",
    "+7-900-000-14-27",
    "+7 900 000-14-27;=1+1",
    "+7(900)000+cmd|'x'!A1",
    "+cmd|' /C calc'!A0",
    "+A1 (7)",
    "+79000001427; =1+1",
    "+79000001427+1; 5 (6)",
]
HARMLESS = [
    "Иванов",
    "a=b",
    "5-3",
    "it's",
    "+79000001427",
    "+7 900 000-14-27",
    "+7 (900) 000-14-27",
    "+49 30 123456",
    "+79000001427; +7 (900) 000-14-28",
    "8 900 000-14-27",
    "user@example.org",
    "−5",
    "#REF",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_risky_cell_gets_an_apostrophe_before_it(text: str) -> None:
    assert guarded(text).startswith("'")


@pytest.mark.parametrize("text", HARMLESS)
def test_a_harmless_cell_and_a_phone_stay_as_they_are(text: str) -> None:
    assert guarded(text) == text


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_no_cell_of_a_text_table_begins_with_a_formula(text: str, delimiter: str) -> None:
    written = "".join(csv_text([text], [[text, "end"]], delimiter=delimiter, end="\r\n"))
    for row in csv.reader(io.StringIO(written, newline=""), delimiter=delimiter):
        assert row[0].startswith("'")
        assert len(row) < 3


@pytest.mark.parametrize("text", HOSTILE)
def test_a_cell_of_a_workbook_is_text_whatever_it_holds(text: str, tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    write_workbook(path, text, [text], [[text]], made=MADE)
    import zipfile

    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet
        assert "<f " not in sheet
        assert "hyperlink" not in sheet
    rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    assert str(rows[1][0]).startswith("'")


def test_numbers_and_dates_of_a_workbook_are_numbers_and_dates(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    row = [5, Decimal("12.50"), date(2024, 2, 29), date(1890, 1, 1), 10**17, None, True]
    assert write_workbook(path, "T", ["a"] * 7, [row], made=MADE) == 1
    found = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()[1]
    assert found[:5] == [5, 12.5, date(2024, 2, 29), "1890-01-01", "100000000000000000"]
    assert found[5:] == ["", True]


def test_a_text_table_keeps_numbers_whole_and_writes_a_comma_where_it_is_asked() -> None:
    row = [Decimal("12.50"), Decimal("1E+3"), -3, 0.1, None]
    assert "".join(csv_text("abcde", [row])) == "a,b,c,d,e\n12.5,1000,-3,0.1,\n"
    russian = "".join(csv_text("abcde", [row], delimiter=";", comma=True, end="\r\n"))
    assert russian == "a;b;c;d;e\r\n12,5;1000;-3;0,1;\r\n"


def test_json_is_one_object_a_line_with_null_for_the_unknown() -> None:
    rows = [['Ёж "x"', Decimal("1.10"), None], ["=1", date(2024, 1, 2), True]]
    assert "".join(json_text(["a", "b", "c"], rows)) == (
        '[\n{"a": "Ёж \\"x\\"", "b": 1.1, "c": null},\n'
        '{"a": "=1", "b": "2024-01-02", "c": true}\n]\n'
    )


def test_writing_takes_no_more_memory_for_more_rows(tmp_path: Path) -> None:
    import tracemalloc

    def peak(rows: int) -> int:
        tracemalloc.start()
        lines = (["x" * 40, number, None] for number in range(rows))
        write_workbook(tmp_path / "book.xlsx", "T", ["a", "b", "c"], lines, made=MADE)
        for _portion in csv_text(["a"], (["x" * 40] for _ in range(rows))):
            pass
        _now, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(12_000) < peak(2_000) + 1_000_000
