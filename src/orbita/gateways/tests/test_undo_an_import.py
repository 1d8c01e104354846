from collections.abc import Callable
from pathlib import Path

import pytest

from orbita.accounts.models import User
from orbita.clients import facts
from orbita.clients.actions import add_note, merge_clients, update_client
from orbita.clients.models import Client
from orbita.commerce.actions import create_order, set_status
from orbita.commerce.models import OpeningBalance, Order, Product
from orbita.commerce.records import LineData, OrderData
from orbita.core.models import Event
from orbita.gateways.models import Import
from orbita.gateways.tests.conftest import Bring, contents, outcome

pytestmark = pytest.mark.django_db
Sheet = Callable[..., Path]
Undo = Callable[[Import], Import]
KNOWN = [
    ("Код", "ФИО", "Телефон", "Город", "Примечание", "Сумма покупок", "Последняя покупка"),
    ("1", "Иванов Иван", "89161234567", "Тула", "звонить вечером", "1000", "01.02.2023"),
    ("2", "Петрова Анна", "", "", "", "", ""),
    ("3", "ООО Ромашка", "", "Омск", "", "", ""),
]
FULLER = [
    ("Код", "ФИО", "Телефон", "E-mail", "Город", "Адрес", "Теги", "Источник", "Дата рождения",
     "Менеджер", "Сумма покупок", "Количество покупок", "Должность", "Особые условия"),
    ("1", "Петров Иван Ильич", "89160000001", "a@b.ru", "Казань", "Мира, 1", "опт", "сайт",
     "01.02.1980", "Alice", "2000", "4", "повар", "только по предоплате"),
    ("2", "Петрова Анна", "89160000002", "", "Омск", "", "опт; vip", "", "", "", "700", "", "", ""),
    ("3", "ЗАО Лютик", "", "", "", "Ленина, 5", "", "", "", "Alice", "", "", "", ""),
    ("4", "Новый Клиент", "89160000003", "", "Пермь", "", "новый", "сайт", "", "", "300", "1", "", "скидка десять"),
]  # fmt: skip
SALES = [
    ("Номер чека", "Дата", "Код клиента", "Артикул", "Товар", "Кол-во", "Цена"),
    ("A-1", "01.02.2024", "1", "L1", "Лак", 2, "390"),
    ("A-1", "01.02.2024", "1", "L2", "Крем", 1, "100"),
    ("A-2", "03.02.2024", "9", "L1", "Лак", 1, "390"),
    ("C3", "05.02.2024", "9", "L1", "Лак", -1, "390"),
]


@pytest.mark.parametrize("on_match", ["fill", "overwrite", "skip"])
def test_undo_of_an_import_brings_everything_back(
    bring: Bring, sheet: Sheet, undo: Undo, alice: User, on_match: str
) -> None:
    bring(sheet(KNOWN))
    before = contents()
    row = bring(sheet(FULLER, "fuller.xlsx"), on_match=on_match)
    assert outcome(row)["created"] == 1
    assert contents() != before
    undone = undo(row)
    assert (undone.status, undone.kept) == ("undone", 0)
    after = contents()
    for name in before:
        assert after[name] == before[name], name
    assert list(facts.compare()) == []


def test_undo_of_sales_removes_orders_their_clients_and_their_products(
    bring: Bring, sheet: Sheet, undo: Undo
) -> None:
    bring(sheet(KNOWN))
    before = contents()
    row = bring(sheet(SALES, "sales.xlsx"))
    assert outcome(row) == {"created": 4}
    assert (Order.objects.count(), Client.objects.count()) == (3, 4)
    assert undo(row).kept == 0
    assert contents() == before
    assert Event.objects.filter(kind="client.unloaded").count() == 1


def test_undo_puts_orders_back_that_were_filled(bring: Bring, sheet: Sheet, undo: Undo) -> None:
    bring(sheet(SALES[:2], "first.xlsx"))
    before = contents()
    row = bring(sheet(SALES[:3], "more.xlsx"))
    assert outcome(row) == {"updated": 2}
    assert Order.objects.get().lines.count() == 2
    undo(row)
    after = contents()
    assert after["OrderLine"] == before["OrderLine"]
    assert after["ClientFacts"] == before["ClientFacts"]


def test_whatever_was_edited_or_got_something_since_stays_and_is_listed(
    bring: Bring, sheet: Sheet, undo: Undo, head: User
) -> None:
    rows = [("Код", "ФИО"), *((str(number), f"Иванов Иван{number}") for number in range(1, 6))]
    row = bring(sheet(rows))
    edited, noted, ordered, *free = Client.objects.order_by("pk")
    update_client(actor=head, client=edited, values={"position": "повар"})
    add_note(actor=head, client=noted, text="перезвонить")
    line = LineData(name="Лак", price=1000)
    create_order(actor=head, data=OrderData(client_id=ordered.pk, lines=[line]))
    undone = undo(row)
    assert (undone.undone, undone.kept) == (2, 3)
    assert set(Client.objects.all()) == {edited, noted, ordered}
    reasons = dict(undone.changes.exclude(kept="").values_list("subject_id", "kept"))
    assert set(reasons) == {edited.pk, noted.pk, ordered.pk}
    assert "changed" in reasons[edited.pk]
    assert len(free) == 2
    assert list(facts.compare()) == []


def test_a_field_changed_since_stays_and_the_others_go_back(
    bring: Bring, sheet: Sheet, undo: Undo, head: User
) -> None:
    bring(sheet([("Код", "ФИО"), ("1", "Иванов Иван")]))
    again = [("Код", "ФИО", "Должность", "Хобби"), ("1", "Иванов Иван", "повар", "лыжи")]
    row = bring(sheet(again, "again.xlsx"))
    card = Client.objects.get()
    update_client(actor=head, client=card, values={"position": "шеф"})
    undone = undo(row)
    card.refresh_from_db()
    assert (card.position, card.hobbies) == ("шеф", "")
    (kept,) = undone.changes.exclude(kept="")
    assert "position" in kept.kept


def test_an_order_touched_since_stays_with_its_client_and_its_product(
    bring: Bring, sheet: Sheet, undo: Undo, head: User
) -> None:
    row = bring(sheet(SALES))
    order = Order.objects.get(number="A-1")
    set_status(actor=head, order=order, status="confirmed")
    undone = undo(row)
    assert list(Order.objects.all()) == [order]
    assert list(Client.objects.all()) == [order.client]
    assert list(Product.objects.order_by("sku").values_list("sku", flat=True)) == ["L1", "L2"]
    assert undone.kept == 4
    assert list(facts.compare()) == []


def test_an_import_cut_short_in_its_undo_goes_on_where_it_stopped(
    bring: Bring, sheet: Sheet, head: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orbita.gateways import actions
    from orbita.gateways.imports import undoing

    rows = [("Код", "ФИО"), *((str(number), f"Иванов Иван{number}") for number in range(1, 31))]
    row = bring(sheet(rows))
    monkeypatch.setattr(undoing, "CHUNK", 10)
    actions.undo_import(actor=head, row=row, queue=False)
    told = iter([False, False])
    monkeypatch.setattr("orbita.core.jobs.is_cancelled", lambda: next(told))
    with pytest.raises(StopIteration):
        undoing.run(row.pk, head.pk)
    assert Client.objects.count() == 10
    monkeypatch.undo()
    undoing.run(row.pk, head.pk)
    row.refresh_from_db()
    assert (row.status, row.undone, Client.objects.count()) == ("undone", 30, 0)


def test_totals_changed_since_stay(bring: Bring, sheet: Sheet, undo: Undo, head: User) -> None:
    from orbita.commerce.actions import set_opening_balance
    from orbita.commerce.actions.balances import BalanceData

    row = bring(sheet(KNOWN))
    card = Client.objects.get(external_ids__value="1")
    set_opening_balance(actor=head, client=card, data=BalanceData(client_id=card.pk, total=5))
    undone = undo(row)
    assert OpeningBalance.objects.get().total == 5
    assert list(Client.objects.all()) == [card]
    assert undone.kept == 2


def test_undo_parts_the_cards_of_the_import_from_those_they_were_merged_with(
    bring: Bring, sheet: Sheet, undo: Undo, head: User
) -> None:
    bring(sheet(KNOWN))
    before = contents()
    row = bring(sheet(SALES, "sales.xlsx"))
    known, new = Client.objects.order_by("pk")[0], Client.objects.order_by("-pk")[0]
    other = Client.objects.order_by("pk")[1]
    merge_clients(actor=head, keep=new, drop=known)
    merge_clients(actor=head, keep=new, drop=other)
    undone = undo(row)
    assert (undone.status, undone.kept) == ("undone", 0)
    after = contents()
    for name in before:
        assert after[name] == before[name], name
    assert list(facts.compare()) == []
