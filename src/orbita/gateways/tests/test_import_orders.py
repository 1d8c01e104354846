import csv
import gzip
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import xlsxwriter

from orbita.clients import facts
from orbita.clients.models import Client
from orbita.commerce.models import Order, OrderLine, Product
from orbita.gateways.models import ImportRow
from orbita.gateways.tests.conftest import Bring, contents, outcome

pytestmark = pytest.mark.django_db
Sheet = Callable[..., Path]
RETAIL = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)


def retail(*rows: tuple[object, ...]) -> list[tuple[object, ...]]:
    return [RETAIL, *rows]


def test_invoices_are_orders_with_lines_in_the_order_of_the_file(
    bring: Bring, sheet: Sheet
) -> None:
    path = sheet(
        retail(
            ("536365", "85123A", "HOLDER", 6, "2010-12-01 08:26", 2.55, 17850, "UK"),
            ("536366", "22633", "WARMER", 1, "2010-12-01 08:28", 1.85, 17850, "UK"),
            # Rows of an order may stand anywhere.
            ("536365", "71053", "LANTERN", 6, "2010-12-01 08:26", 3.39, 17850, "UK"),
            ("536365", "71053", "LANTERN", 6, "2010-12-01 08:26", 3.39, 17850, "UK"),
        )
    )
    assert outcome(bring(path)) == {"created": 4}
    first, second = Order.objects.order_by("pk")
    assert (first.number, first.external_id, first.origin) == ("536365", "536365", "file")
    assert first.total == 1530 + 2 * 2034
    assert [(line.ordinal, line.name) for line in first.lines.all()] == [
        (1, "HOLDER"),
        (2, "LANTERN"),
        (3, "LANTERN"),
    ]
    client = Client.objects.get()
    assert first.client == second.client == client
    assert (client.facts.orders_count, client.facts.gross) == (2, 1530 + 2 * 2034 + 185)
    assert list(facts.compare()) == []
    assert list(Product.objects.order_by("sku").values_list("sku", flat=True)) == [
        "22633",
        "71053",
        "85123A",
    ]
    assert outcome(bring(path)) == {"unchanged": 4}
    assert OrderLine.objects.count() == 4


def test_returns_nobodys_orders_and_lines_that_do_not_count(bring: Bring, sheet: Sheet) -> None:
    path = sheet(
        retail(
            ("536365", "1", "A", 6, "2010-12-01 08:26", 2.5, 17850, "UK"),
            ("C536379", "1", "A", -2, "2010-12-02 09:00", 2.5, 17850, "UK"),
            ("536400", "1", "A", 1, "2010-12-01 10:00", 2.5, "", "UK"),
            ("536401", "2", "damaged", -10, "2010-12-01 10:00", 0, "", "UK"),
            ("536402", "3", "gift", 1, "2010-12-05 10:00", 0, 17850, "UK"),
        )
    )
    assert outcome(bring(path)) == {"created": 5}
    refund = Order.objects.get(number="C536379")
    assert (refund.kind, refund.total, refund.lines.get().quantity) == ("return", 500, 2000)
    assert Order.objects.filter(client=None).count() == 2
    client = Client.objects.get()
    assert (client.facts.orders_count, client.facts.gross, client.facts.returned) == (1, 1500, 500)
    assert client.facts.last_order_on == date(2010, 12, 1)


def test_a_bad_line_rejects_its_whole_order_and_nothing_else(bring: Bring, sheet: Sheet) -> None:
    path = sheet(
        retail(
            ("1", "1", "A", 1, "2010-12-01", 2.5, 17850, "UK"),
            ("1", "2", "B", "many", "2010-12-01", 2.5, 17850, "UK"),
            ("2", "1", "A", 1, "30.02.2010", 2.5, 17851, "UK"),
            ("3", "1", "A", 1, "2010-12-01", 2.5, 17852, "UK"),
        )
    )
    assert outcome(bring(path, kind="sales")) == {"created": 1, "rejected": 3}
    assert Order.objects.get().number == "3"
    assert Client.objects.count() == 1
    reasons = list(ImportRow.objects.values_list("number", "reason"))
    assert [number for number, _reason in reasons] == [2, 3, 4]
    assert "many" in reasons[0][1]


def test_a_sheet_of_visits_without_numbers_makes_an_order_of_every_row(
    bring: Bring, sheet: Sheet
) -> None:
    rows = [
        ("Дата", "Клиент", "тел", "Услуга", "Мастер", "Сумма, руб.", "Оплата"),
        ("01.02.2024", "Орлова Анна", "8 916 700-00-01", "Маникюр", "Лена", "2 200", "нал"),
        ("01.02.2024", "Орлова Анна", "8 916 700-00-01", "Маникюр", "Лена", "2 200", "нал"),
        ("5 марта 2024", "АННА ОРЛОВА", "+7 (916) 7000001", "Педикюр", "Вика", "2 900 ₽", ""),
        ("06.03.2024", "Орлов Пётр", "+7 (916) 7000001", "Педикюр", "Вика", 2900, ""),
    ]
    path = sheet(rows)
    assert outcome(bring(path)) == {"created": 4}
    anna, petr = Client.objects.order_by("pk")
    assert (anna.name, petr.name) == ("Орлова Анна", "Орлов Пётр")
    assert [order.total for order in anna.orders.order_by("pk")] == [220_000, 220_000, 290_000]
    assert Order.objects.order_by("pk")[0].lines.get().name == "Маникюр"
    assert "нал" in Order.objects.order_by("pk")[0].comment
    assert outcome(bring(path)) == {"unchanged": 4}
    assert Client.objects.count() == 2


def test_an_order_for_an_unknown_client_makes_the_client(bring: Bring, sheet: Sheet) -> None:
    bring(sheet([("Код", "ФИО"), ("1", "Иванов Иван")]))
    rows = [
        ("Номер заказа", "Дата заказа", "Код клиента", "Сумма заказа", "Статус", "Комментарий"),
        ("A-1", "01.02.2024", "1", "1 500,00", "Выполнен", "быстро"),
        ("A-2", "02.02.2024", "2", "700", "Отменён", ""),
    ]
    row = bring(sheet(rows), kind="orders")
    assert outcome(row) == {"created": 2}
    first, second = Order.objects.order_by("pk")
    assert first.client is not None
    assert second.client is not None
    assert (first.client.name, first.total, first.status) == ("Иванов Иван", 150_000, "done")
    assert (second.client.external_ids.get().value, second.status) == ("2", "cancelled")
    assert first.comment == "быстро"
    assert second.client.comment == ""


def test_discounts_make_the_lines_come_to_what_was_paid(bring: Bring, sheet: Sheet) -> None:
    rows = [
        ("Номер чека", "Дата", "Покупатель", "Товар", "Кол-во", "Цена", "Сумма", "Скидка, %"),
        ("1", "01.02.2024", "Иванов Иван", "Лак", 2, "390,00", "700,00", ""),
        ("2", "01.02.2024", "Иванов Иван", "Лак", "1,5", "100", "", "10"),
    ]
    assert outcome(bring(sheet(rows))) == {"created": 2}
    first, second = Order.objects.order_by("pk")
    assert (first.total, first.lines.get().discount) == (70_000, 8_000)
    assert second.total == 13_500


def test_orders_spread_over_many_chunks_are_whole(
    bring: Bring, sheet: Sheet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orbita.gateways.imports.engine.CHUNK", 7)
    rows = [
        (str(number % 20), "S", "A", 1, "2010-12-01", 1, str(number % 20 % 4), "UK")
        for number in range(100)
    ]
    row = bring(sheet(retail(*rows)))
    assert outcome(row) == {"created": 100}
    assert Order.objects.count() == 20
    assert {order.lines.count() for order in Order.objects.all()} == {5}
    assert Client.objects.count() == 4


def test_a_price_list_makes_and_changes_products(bring: Bring, sheet: Sheet) -> None:
    headings = ("Артикул", "Наименование", "Цена", "Себестоимость", "Группа", "Ед. изм.")
    path = sheet(
        [headings, ("A1", "Крем", "450,00", "210", "Уход", "шт"), ("", "Стрижка", 1500, "", "", "")]
    )
    assert outcome(bring(path, kind="products")) == {"created": 2}
    cream = Product.objects.get(sku="A1")
    assert (cream.price, cream.cost, cream.group and cream.group.name) == (
        4_500_000,
        2_100_000,
        "Уход",
    )
    assert outcome(bring(path, kind="products")) == {"unchanged": 2}
    dearer = sheet([headings, ("A1", "Крем", "500", "", "", ""), ("", "", "7", "", "", "")])
    row = bring(dearer, kind="products", on_match="overwrite")
    assert outcome(row) == {"updated": 1, "rejected": 1}
    assert Product.objects.get(sku="A1").price == 5_000_000


@pytest.mark.dataset
def test_the_retail_set_comes_in_whole_from_text_and_from_a_workbook(
    bring: Bring, data_sets: Path, tmp_path: Path
) -> None:
    """The first 40,000 lines; the whole set is brought in by the bench and its report compared."""
    with gzip.open(data_sets / "uci_online_retail.csv.gz", "rt", encoding="utf-8") as file:
        lines = [row for row, _n in zip(csv.reader(file), range(40_001), strict=False)]
    text = tmp_path / "retail.csv"
    with text.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(lines)
    assert outcome(bring(text)) == {"created": 40_000}
    _agrees(lines[1:])
    before = contents()
    book_path = tmp_path / "retail.xlsx"
    with xlsxwriter.Workbook(str(book_path), {"constant_memory": True}) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, lines[0])
        for number, line in enumerate(lines[1:], start=1):
            page.write_row(number, 0, line[:3])
            page.write_number(number, 3, int(line[3]))
            page.write_string(number, 4, line[4])
            page.write_number(number, 5, float(line[5]))
            if line[6]:
                page.write_number(number, 6, int(line[6]))
            page.write_string(number, 7, line[7])
    assert outcome(bring(book_path)) == {"unchanged": 40_000}
    assert contents() == before


def _agrees(lines: list[list[str]]) -> None:
    """Sums per client are those of the lines themselves."""
    gross: dict[str, Decimal] = {}
    for number, _code, _what, quantity, _when, price, client, _country in lines:
        counts = not number.startswith("C") and int(quantity) > 0 and Decimal(price) > 0
        if client and counts:
            gross[client] = gross.get(client, Decimal(0)) + int(quantity) * Decimal(price)
    for card in Client.objects.select_related("facts").prefetch_related("external_ids"):
        expected = gross.get(card.external_ids.all()[0].value, Decimal(0))
        assert card.facts.gross == expected * 100
    assert Order.objects.count() == len({line[0] for line in lines})
    assert OrderLine.objects.count() == len(lines)
