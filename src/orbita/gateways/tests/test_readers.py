import gzip
import shutil
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from orbita.gateways.files.errors import FileError
from orbita.gateways.files.source import open_source, read_batches, sample

TABLE = [["ФИО", "Телефон", "Сумма"], ["Иванова Анна", "8 916 123-45-67", "1 234,50"], ["Петров Пётр", "", "№ 5"]]  # fmt: skip


def cells(path: Path, sheet: int = 0) -> list[list[Any]]:
    return [row for _number, row in open_source(path).sheets[sheet].rows()]


@pytest.fixture
def workbook(tmp_path: Path) -> Callable[..., Path]:
    def make(rows: list[list[Any]], name: str = "table.xlsx") -> Path:
        path = tmp_path / name
        with xlsxwriter.Workbook(str(path)) as book:
            sheet = book.add_worksheet("Лист1")
            day = book.add_format({"num_format": "dd.mm.yyyy"})
            for index, row in enumerate(rows):
                for column, value in enumerate(row):
                    if isinstance(value, date):
                        sheet.write_datetime(index, column, value, day)
                    elif value != "":
                        sheet.write(index, column, value)
        return path

    return make


def test_a_workbook_keeps_types_and_row_numbers(workbook: Callable[..., Path]) -> None:
    path = workbook([["", "", ""], ["", "ФИО", "Дата"], [""], ["", "Анна", date(2024, 3, 12)]])
    sheet = open_source(path).sheets[0]
    filled = [(number, row) for number, row in sheet.rows() if any(cell != "" for cell in row)]
    assert filled == [(2, ["", "ФИО", "Дата"]), (4, ["", "Анна", date(2024, 3, 12)])]
    assert sheet.height() == 4


def test_a_formula_gives_the_value_it_had_when_saved(tmp_path: Path) -> None:
    path = tmp_path / "formula.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Цена", "Итого", "Ошибка"])
        sheet.write_number(1, 0, 5)
        sheet.write_formula(1, 1, "=A2*2", None, 10)
        sheet.write_formula(1, 2, "=1/0", None, "#DIV/0!")
    assert cells(path)[1] == [5, 10, ""]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1251", "koi8-r", "cp866"])  # fmt: skip
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_text_in_any_encoding_and_delimiter_is_read(
    tmp_path: Path, encoding: str, delimiter: str
) -> None:
    path = tmp_path / "table.csv"
    lines = [delimiter.join(f'"{cell}"' for cell in row) for row in TABLE]
    path.write_bytes("\r\n".join(lines).replace("№", "N").encode(encoding))
    assert cells(path) == [[cell.replace("№", "N") for cell in row] for row in TABLE]


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "cp866"])
def test_capital_letters_do_not_confuse_the_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes("ФИО;ГОРОД\nИВАНОВ ИВАН;САМАРА\nПЕТРОВА АННА;МОСКВА\n".encode(encoding))
    assert cells(path)[1] == ["ИВАНОВ ИВАН", "САМАРА"]


def test_latin_text_with_accents_is_not_taken_for_russian(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    text = "Name;Stadt\nJürgen Müller;Köln\nJosé Núñez;Málaga\nFrançois Lefèvre;Besançon\n" * 5
    path.write_bytes(text.encode("cp1252"))
    assert cells(path)[1] == ["Jürgen Müller", "Köln"]


def test_a_quoted_line_break_does_not_start_a_row(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(
        'ФИО;Заметка\r\nАнна;"первая\r\nвторая ""строка"""\r\n\r\nПётр;x\r\n'.encode("cp1251")
    )
    rows = list(open_source(path).sheets[0].rows())
    assert rows[1] == (2, ["Анна", 'первая\r\nвторая "строка"'])
    assert rows[3] == (4, ["Пётр", "x"])


def test_the_delimiter_excel_announces_is_obeyed(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("sep=|\nФИО|Сумма\nАнна|1,5;2,5;3\n", encoding="utf-8")
    assert cells(path) == [["ФИО", "Сумма"], ["Анна", "1,5;2,5;3"]]


def test_decimal_commas_do_not_become_delimiters(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("Отчёт, за март, 2024\nФИО;Сумма\nАнна;1,5\nПётр;2,5\n", encoding="utf-8")
    assert cells(path)[2] == ["Анна", "1,5"]


@pytest.mark.parametrize("name", ["table.csv", "table.xls", "table.txt", "table"])
def test_a_workbook_under_a_wrong_name_is_read_by_its_content(
    workbook: Callable[..., Path], name: str
) -> None:
    path = workbook(TABLE).rename(workbook(TABLE).with_name(name))
    assert open_source(path).format == "xlsx"
    assert cells(path) == TABLE


def test_text_under_the_name_of_a_workbook_is_read_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "table.xlsx"
    path.write_text("ФИО;Телефон\nАнна;1\n", encoding="utf-8")
    assert open_source(path).format == "csv"


def test_an_opendocument_sheet_is_read(tmp_path: Path) -> None:
    path = tmp_path / "table.ods"
    names = "urn:oasis:names:tc:opendocument:xmlns"
    rows = "".join(
        "<table:table-row>"
        + "".join(f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>' for cell in row)
        + "</table:table-row>"
        for row in TABLE
    )  # fmt: skip
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="{names}:office:1.0" '
        f'xmlns:table="{names}:table:1.0" xmlns:text="{names}:text:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="Лист1">{rows}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
    assert open_source(path).format == "ods"
    assert cells(path) == TABLE


def test_every_sheet_is_sampled_in_a_process_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    book = openpyxl.Workbook()
    book.active.title = "Пусто"
    for name, count in (("Клиенты", 500), ("Скрытый", 3)):
        sheet = book.create_sheet(name)
        for number in range(count):
            sheet.append([number, f"клиент {number}"])
    book["Скрытый"].sheet_state = "hidden"
    book.save(path)
    found = sample(path, rows=100)
    assert [(s.name, s.height, len(s.rows), s.hidden) for s in found.sheets] == [
        ("Пусто", 0, 0, False),
        ("Клиенты", 500, 100, False),
        ("Скрытый", 3, 3, True),
    ]
    batches = list(read_batches(path, "Клиенты", 200))
    assert [len(batch) for batch in batches] == [200, 200, 100]
    assert batches[2][-1] == (500, [499, "клиент 499"])
    with pytest.raises(FileError, match="Нет"):
        list(read_batches(path, "Нет"))


def test_a_reader_that_nobody_listens_to_is_stopped(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a;b\n" + "1;2\n" * 300_000)
    psutil = pytest.importorskip("psutil")
    before = set(psutil.Process().children())
    batches = read_batches(path, "table", 1000)
    next(batches)
    [reader] = set(psutil.Process().children()) - before
    batches.close()  # type: ignore[attr-defined]
    assert not reader.is_running()


VCARDS = """BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D0=98=D0=B2=D0=B0=D0=BD=D0=BE=D0=B2;=D0=98=D0=B2=D0=B0=D0=BD;;;
FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D0=98=D0=B2=D0=B0=D0=BD=20=
=D0=98=D0=B2=D0=B0=D0=BD=D0=BE=D0=B2
TEL;CELL;PREF:+7 916 123-45-67
TEL;WORK:84951234567
PHOTO;ENCODING=BASE64;JPEG:/9j/4AAQ
 AAAA

END:VCARD
BEGIN:VCARD
VERSION:3.0
N:Петров;Пётр;Петрович;;
FN:Пётр Петров
item1.EMAIL;type=INTERNET:petr@example.org
ORG:ООО «Ромашка»;Отдел
TITLE:Директор
BDAY:1980-03-12
ADR;TYPE=HOME:;;ул. Ленина\\, 5;Москва;;101000;Россия
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:Анна
TEL;TYPE="voice,cell";VALUE=uri:tel:+7-916-123-45-68
NOTE:строка 1\\nстрока 2
PHOTO:data:image/jpeg;base64,MIICajCCAdOgAwIBAgICBEUwDQYJKoZIhvcN
 AQEEBQAwdzELMAkGA1UEBhMCVVMxLDAqBgNVBAoTI05l
END:VCARD
BEGIN:VCARD
broken
END:VCARD
"""


def test_a_phone_book_of_any_version_is_a_sheet_of_cards(tmp_path: Path) -> None:
    path = tmp_path / "contacts.vcf"
    path.write_text(VCARDS, encoding="utf-8")
    header, *cards = [row for _number, row in open_source(path).sheets[0].rows()]
    ivanov, petrov, anna, *_broken = [dict(zip(header, card, strict=True)) for card in cards]
    assert (ivanov["last_name"], ivanov["first_name"]) == ("Иванов", "Иван")
    assert ivanov["phone"] == "+7 916 123-45-67; 84951234567"
    assert petrov["middle_name"] == "Петрович"
    assert petrov["company"] == "ООО «Ромашка» Отдел"
    assert petrov["email"] == "petr@example.org"
    assert petrov["birthday"] == "1980-03-12"
    assert "ул. Ленина, 5" in str(petrov["address"])
    assert (anna["full_name"], anna["phone"]) == ("Анна", "+7-916-123-45-68")
    assert anna["note"] == "строка 1\nстрока 2"
    assert len(cards) == 4


def test_access_without_mdbtools_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "base.mdb"
    path.write_bytes(b"\0\1\0\0Standard Jet DB\0" + b"\0" * 4096)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileError, match="mdbtools"):
        open_source(path)


@pytest.mark.skipif(not shutil.which("mdb-tables"), reason="mdbtools are not installed")
def test_a_damaged_access_database_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "base.mdb"
    path.write_bytes(b"\0\1\0\0Standard Jet DB\0" + b"\0" * 4096)
    with pytest.raises(FileError):
        open_source(path)


@pytest.mark.dataset
def test_the_messy_file_reads_the_same_as_workbook_and_as_text(
    tmp_path: Path, data_sets: Path
) -> None:
    text = tmp_path / "text.csv"
    text.write_bytes(gzip.decompress((data_sets / "ru_import_10k_cp1251.csv.gz").read_bytes()))
    source = open_source(text)
    assert (source.encoding, source.delimiter) == ("cp1251", ";")
    rows = [row for _number, row in source.sheets[0].rows()]
    book = [row for _number, row in open_source(data_sets / "ru_import_10k.xlsx").sheets[0].rows()]
    names = [row[1] for row in rows]
    assert names == [row[1] for row in book[2:] if any(row)]
    assert len(names) == 10_001
