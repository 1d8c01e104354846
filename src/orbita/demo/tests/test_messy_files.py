"""The untidy files to try the import on."""

from datetime import date
from pathlib import Path

from python_calamine import CalamineWorkbook

from orbita.demo.messy import Salon, write_sales_csv

TODAY = date(2026, 11, 23)


def test_the_workbook_is_the_same_each_time(tmp_path: Path) -> None:
    for name in ("a.xlsx", "b.xlsx"):
        Salon(TODAY).write_workbook(tmp_path / name)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_the_workbook_is_untidy_in_the_ways_people_are(tmp_path: Path) -> None:
    rows = Salon(TODAY).write_workbook(tmp_path / "salon.xlsx")
    book = CalamineWorkbook.from_path(str(tmp_path / "salon.xlsx"))
    clients = book.get_sheet_by_name("Клиенты").to_python()
    visits = book.get_sheet_by_name("Визиты").to_python()
    assert rows == 600
    assert "клиентская база" in str(clients[0][0])
    assert not any(clients[2])
    assert clients[3][1] == "ФИО"
    body = [row for row in clients[4:] if row[1]]
    assert any(isinstance(row[2], float) for row in body), "a phone kept as a number"
    assert any("," in str(row[2]) or "/" in str(row[2]) for row in body), "two phones in a cell"
    assert any(isinstance(row[7], str) and " " in row[7] for row in body), "a sum with spaces"
    assert any(isinstance(row[8], str) and row[8] for row in body), "a date as text"
    assert any(isinstance(row[8], date) for row in body), "a real date"
    assert any(not any(row) for row in clients[5:]), "a blank row in the middle"
    assert len([row for row in visits[1:] if any(row)]) == 390


def test_the_sales_sheet_is_in_the_old_russian_encoding(tmp_path: Path) -> None:
    lines = write_sales_csv(tmp_path / "sales.csv", TODAY)
    raw = (tmp_path / "sales.csv").read_bytes()
    assert raw.count(b"\r\n") == lines + 1 >= 600
    header = raw.decode("cp1251").splitlines()[0]
    assert header.split(";")[:3] == ["Дата", "Номер чека", "Покупатель"]
    write_sales_csv(tmp_path / "again.csv", TODAY)
    assert raw == (tmp_path / "again.csv").read_bytes()
