import gzip
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from django.utils.translation import override
from hypothesis import given, settings
from hypothesis import strategies as st

from orbita.gateways.files.columns import Mapping, column_letter, guess
from orbita.gateways.files.errors import FileError
from orbita.gateways.files.fields import FIELDS
from orbita.gateways.files.header import find_header, header_key
from orbita.gateways.files.source import Sample, SheetSample, sample

# Headings of own fields are known from the base.
pytestmark = pytest.mark.django_db


def table(*rows: Sequence[Any], name: str = "Лист1", hidden: bool = False) -> SheetSample:
    return SheetSample(name, hidden, len(rows), [(n, list(row)) for n, row in enumerate(rows, 1)])


def guessed(*rows: Sequence[Any]) -> Mapping:
    return guess(Sample("xlsx", [table(*rows)]))


def fields(mapping: Mapping) -> list[str]:
    return list(mapping.columns.values())


CLIENT = ("Иванова Анна Петровна", "89161234567", "anna@example.org")

MESSY = [
    "full_name",
    "phone",
    "email",
    "company",
    "inn",
    "birthday",
    "city",
    "address",
    "orders_total",
    "last_order_on",
    "note",
]


@pytest.mark.dataset
def test_the_messy_workbook_is_understood_without_a_mapping(data_sets: Path) -> None:
    mapping = guess(sample(data_sets / "ru_import_10k.xlsx"))
    assert (mapping.kind, mapping.sheet, mapping.header_row) == ("clients", "Лист1", 3)
    assert mapping.columns == dict(enumerate(MESSY, 1))
    assert mapping.confidence > 0.95


@pytest.mark.dataset
def test_its_cp1251_text_is_understood_the_same(tmp_path: Path, data_sets: Path) -> None:
    path = tmp_path / "clients.csv"
    packed = data_sets / "ru_import_10k_cp1251.csv.gz"
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    mapping = guess(sample(path))
    assert (mapping.kind, mapping.header_row) == ("clients", 1)
    assert mapping.columns == dict(enumerate(MESSY, 1))


RETAIL = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]  # fmt: skip
RETAIL_FIELDS = ["order_id", "sku", "product", "quantity", "ordered_at", "unit_price", "external_id", "country"]  # fmt: skip


@pytest.mark.dataset
def test_the_retail_set_is_understood_without_a_mapping(tmp_path: Path, data_sets: Path) -> None:
    path = tmp_path / "retail.csv"
    packed = data_sets / "uci_online_retail.csv.gz"
    with gzip.open(packed) as stream:
        path.write_bytes(b"".join(next(stream) for _ in range(2000)))
    mapping = guess(sample(path))
    assert mapping.kind == "sales"
    assert fields(mapping) == RETAIL_FIELDS


def test_dates_with_the_month_first_are_seen_in_their_column() -> None:
    mapping = guessed(
        RETAIL,
        ("536365", "85123A", "HEART", 6, "12/1/2010 8:26", 2.55, 17850, "United Kingdom"),
        ("536366", "85123A", "HEART", 6, "12/13/2010 8:28", 2.55, 17850, "United Kingdom"),
    )
    assert fields(mapping) == RETAIL_FIELDS
    assert mapping.date_orders == {4: "mdy"}


@pytest.mark.parametrize(
    ("rows", "kind", "expected"),
    [
        (
            [("ФИО", "Телефон", "Дата", "Сумма", "Услуга"), ("Анна Иванова", "89161234567", "01.02.2024", "1500", "Маникюр")],
            "sales",
            ["full_name", "phone", "ordered_at", "line_total", "product"],
        ),
        (
            [("Фамилия", "Имя", "Отчество", "Моб.", "Тел. 2", "Эл. почта", "Пол", "Менеджер"), ("Иванова", "Анна", "П.", "89161234567", "", "a@b.ru", "ж", "Ольга")],
            "clients",
            ["last_name", "first_name", "middle_name", "phone", "phone", "email", "sex", "responsible"],
        ),
        (
            [("ID", "ФИО", "Кол-во заказов", "Сумма покупок", "Последняя покупка", "Дата первого заказа", "Услуга"), (5, "Анна Иванова", 3, 1500, "01.02.2024", "01.02.2023", "Стрижка")],
            "clients",
            ["external_id", "full_name", "orders_count", "orders_total", "last_order_on", "first_order_on", "last_service"],
        ),
        (
            [("Номер заказа", "Дата заказа", "Код клиента", "Сумма заказа, руб.", "Статус заказа"), ("A-1", "01.02.2024", "17", "1500", "оплачен")],
            "orders",
            ["order_id", "ordered_at", "external_id", "order_total", "order_status"],
        ),
        (
            [("Артикул", "Наименование", "Цена", "Закупка", "Ед. изм."), ("A1", "Лак", "350", "100", "шт")],
            "products",
            ["sku", "product", "unit_price", "cost_price", "unit"],
        ),
        (
            [("Наименование", "ИНН", "КПП", "Телефон", "Юр. адрес", "Контактное лицо"), ("ООО Ромашка", "7707083893", "770701001", "84951234567", "Москва", "Иванов И.И.")],
            "clients",
            ["company", "inn", "kpp", "phone", "legal_address", "contact_person"],
        ),
        (
            [("Customer ID", "First Name", "Last Name", "Email", "Phone", "City", "Total Spent"), ("c1", "Anna", "Smith", "a@b.com", "+16502530000", "Boston", "12.50")],
            "clients",
            ["external_id", "first_name", "last_name", "email", "phone", "city", "orders_total"],
        ),
        (
            [("id", "client", "phone", "date", "amount"), ("1", "Anna Smith", "+79161234567", "2024-01-01", "100"), ("2", "Anna Smith", "+79161234567", "2024-02-01", "200")],
            "sales",
            ["order_id", "full_name", "phone", "ordered_at", "line_total"],
        ),
    ],
)  # fmt: skip
def test_usual_tables_are_understood(
    rows: list[tuple[Any, ...]], kind: str, expected: list[str]
) -> None:
    mapping = guessed(*rows)
    assert mapping.kind == kind
    assert fields(mapping) == expected


@pytest.mark.parametrize("head", ["№ п/п", "№", "N п/п", "п/п", "#"])
def test_a_number_of_the_row_is_never_an_identifier(head: str) -> None:
    mapping = guessed(
        (head, "ФИО", "Телефон"), *((n, f"Анна {n}", "89161234567") for n in range(1, 9))
    )
    assert 0 not in mapping.columns
    assert [note.code for note in mapping.notes] == ["ordinal"]


def test_titles_and_blank_rows_above_the_headings_are_passed_over() -> None:
    mapping = guessed(("Отчёт за март 2024",), ("",), ("Менеджер: Иванов", "", "стр. 1"), ("ФИО", "Телефон", "E-mail"), CLIENT)  # fmt: skip
    assert mapping.header_row == 4
    assert fields(mapping) == ["full_name", "phone", "email"]


def test_merged_headings_in_two_rows_are_read_together(tmp_path: Path) -> None:
    path = tmp_path / "merged.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.merge_range("A1:A2", "Клиент")
        sheet.merge_range("B1:C1", "Контакты")
        sheet.merge_range("D1:E1", "Покупки")
        sheet.write_row("B2", ["Телефон", "E-mail", "Сумма", "Дата последней"])
        sheet.write_row("A3", ["Иванова Анна", "89161234567", "a@b.ru", 1500, "01.02.2024"])
    mapping = guess(sample(path))
    assert mapping.header_row == 2
    assert fields(mapping) == ["full_name", "phone", "email", "orders_total", "last_order_on"]


def test_duplicate_headings_are_many_phones_but_one_birthday() -> None:
    mapping = guessed(
        ("ФИО", "Телефон", "Телефон", "Дата рождения", "Дата рождения"),
        ("Анна Иванова", "89161234567", "89161234568", "01.02.1990", "01.02.1990"),
    )
    assert fields(mapping) == ["full_name", "phone", "phone", "birthday"]
    assert [(note.code, note.column) for note in mapping.notes] == [("duplicate", "Дата рождения")]


def test_a_table_without_headings_is_read_by_its_values() -> None:
    mapping = guessed(CLIENT, ("Петров Пётр Ильич", "89161234568", "petr@example.org"))
    assert mapping.header_row == 0
    assert fields(mapping) == ["full_name", "phone", "email"]
    assert mapping.notes[0].code == "no_header"


def test_values_correct_a_heading_that_lies() -> None:
    mapping = guessed(("Имя", "Связь", "Телефон"), *[CLIENT] * 3)
    assert fields(mapping) == ["full_name", "phone", "email"]


def test_the_fullest_visible_sheet_is_taken() -> None:
    cover = table(("Инструкция",), ("Заполните лист",), name="Обложка")
    good = table(("ФИО", "Телефон", "E-mail"), CLIENT, name="База")
    hidden = table(("ФИО", "Телефон", "E-mail", "Город"), (*CLIENT, "Москва"), name="Старое", hidden=True)  # fmt: skip
    assert guess(Sample("xlsx", [cover, hidden, good])).sheet == "База"


def test_an_empty_workbook_is_one_clear_error() -> None:
    with pytest.raises(FileError):
        guess(Sample("xlsx", [table(), table(("", ""), ("-",))]))


def test_a_mapping_goes_through_json_and_back() -> None:
    file = Sample("xlsx", [table(("ФИО", "Телефон", "Дата", "Сумма"), ("Анна", "89161234567", date(2024, 3, 1), 5.0))])  # fmt: skip
    mapping = guess(file)
    again = Mapping.from_json(json.loads(json.dumps(mapping.to_json())), file)
    assert (again.kind, again.columns, again.header_row) == (mapping.kind, mapping.columns, mapping.header_row)  # fmt: skip


def test_a_saved_mapping_finds_columns_that_have_moved() -> None:
    saved = guessed(("ФИО", "Телефон"), CLIENT[:2]).to_json()
    moved = Sample("xlsx", [table(("Город", "Телефон", "ФИО"), ("Москва", "89161234567", "Анна"))])
    assert Mapping.from_json(saved, moved).columns == {2: "full_name", 1: "phone"}


def test_a_mapping_by_hand_names_columns_by_heading_letter_or_number() -> None:
    file = Sample("xlsx", [table(("A1", "B1", "C1"), ("x", "y", 5.0))])
    said = {"kind": "clients", "columns": {"A1": "full_name", "B": "note", "2": "orders_total"}}
    assert Mapping.from_json(said, file).columns == {0: "full_name", 1: "note", 2: "orders_total"}


@pytest.mark.parametrize(
    "said",
    [[], "x", {"columns": []}, {"kind": "x"}, {"columns": {"ФИО": "password"}}, {"columns": {"Нет": "note"}}, {"sheet": "Нет"}, {"header_row": -1}, {"header_row": "1", "columns": {}}],
)  # fmt: skip
def test_a_wrong_mapping_is_one_clear_error(said: Any) -> None:
    file = Sample("xlsx", [table(("ФИО", "Телефон"), CLIENT[:2])])
    with pytest.raises(FileError) as caught:
        Mapping.from_json(said, file)
    with override("ru"):
        assert str(caught.value)


def test_notes_are_told_in_both_languages() -> None:
    [note] = guessed(("ФИО", "Телефон", "Ерунда"), (*CLIENT[:2], "x")).notes
    with override("ru"):
        assert (
            str(note)
            == "Столбец «Ерунда» не распознан: укажите, что в нём, иначе он не загрузится."
        )
    with override("en"):
        assert str(note) == "“Ерунда” is not recognised: say what it is, or it is left out."


def test_every_alias_is_written_as_headings_are_compared() -> None:
    for field in FIELDS:
        for alias in (*field.aliases, *field.exact):
            assert header_key(alias) == alias, f"{field.name}: {alias!r}"


def test_columns_are_lettered_as_in_excel() -> None:
    assert [column_letter(n) for n in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


CELL = st.one_of(st.text(max_size=20), st.floats(), st.dates(), st.booleans(), st.sampled_from(["ФИО", "Телефон", "Дата", "№", "89161234567", "12.03.2024"]))  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(CELL, max_size=6), max_size=8))
def test_any_table_is_guessed_or_refused(rows: list[list[Any]]) -> None:
    find_header([(n, row) for n, row in enumerate(rows, 1)])
    try:
        mapping = guessed(*rows)
    except FileError:
        return
    json.dumps(mapping.to_json())
