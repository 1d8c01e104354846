import csv
import gzip
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from orbita.accounts.actions import service_user
from orbita.accounts.models import User
from orbita.accounts.policy import Denied
from orbita.clients.facts import compare
from orbita.clients.models import Client, ClientFacts
from orbita.commerce import actions
from orbita.commerce.actions import Outcome
from orbita.commerce.models import Order, OrderLine
from orbita.commerce.records import LineData, OrderData
from orbita.commerce.tests.conftest import line, sale
from orbita.core import planner
from orbita.core.events import payload_of
from orbita.core.models import Company, Event

pytestmark = pytest.mark.django_db

ANNA = "Смирнова Анна"


@pytest.fixture
def anna(make_client: Callable[..., Client]) -> Client:
    return make_client(ANNA)


def load(rows: list[OrderData], admin: User, on_match: str = "fill") -> list[str]:
    loaded = actions.load_orders(rows, actor=admin, origin="file", on_match=on_match)
    return [str(one.outcome) for one in loaded]


def test_loaded_orders_equal_those_made_one_by_one(admin: User, anna: Client) -> None:
    rows = [
        sale(
            anna,
            line("10.005", "3"),
            line("2", "0.333", discount=5),
            external_id="A",
            discount=1,
            ordered_at=datetime(2026, 1, 1, 22, 30, 15, 999, tzinfo=UTC),
            payment="paid",
            promised_on=date(2026, 1, 5),
            comment="to the door",
        ),
        sale(None, line("5"), external_id="B", ordered_on=date(2026, 2, 1), status="cancelled"),
    ]
    actions.load_orders(rows, actor=admin, origin="file")
    for row in rows:
        loaded = Order.objects.get(origin="file", external_id=row.external_id)
        made = actions.create_order(actor=admin, data=replace(row, status=loaded.status))
        for field in Order._meta.concrete_fields:
            if field.name in (
                "id", "number", "origin", "external_id", "responsible", "created_at", "updated_at"
            ):  # fmt: skip
                continue
            assert getattr(loaded, field.attname) == getattr(made, field.attname), field.name
        of_lines = ("ordinal", "name", "quantity", "price", "discount", "total", "cost")
        assert list(loaded.lines.values(*of_lines)) == list(made.lines.values(*of_lines))
    assert not list(compare())


def test_the_keys_taken_by_loading_are_not_given_out_again(admin: User, anna: Client) -> None:
    load([sale(anna, external_id="A"), sale(anna, external_id="B")], admin)
    order = actions.create_order(actor=admin, data=sale(anna))
    load([sale(anna, external_id="C")], admin)
    assert Order.objects.count() == 4
    assert order.number == str(order.pk)


def test_loading_the_same_twice_changes_nothing(admin: User, anna: Client) -> None:
    rows = [sale(anna, line("3"), line("3"), external_id=f"A{n}", paid=1_00) for n in range(5)]
    assert load(rows, admin) == ["created"] * 5
    events = Event.objects.count()
    for mode in ("skip", "fill", "overwrite"):
        assert load(rows, admin, mode) == ["unchanged"] * 5
    assert (Order.objects.count(), OrderLine.objects.count()) == (5, 10)
    assert Event.objects.count() == events


def test_filling_adds_what_is_missing_and_leaves_what_is_there(admin: User, anna: Client) -> None:
    load([sale(None, line("3"), external_id="A", comment="first")], admin)
    later = sale(anna, line("9"), line("4"), external_id="A", comment="second", payment="paid")
    assert load([later], admin) == ["updated"]
    order = Order.objects.get()
    assert (order.comment, order.client, order.total) == ("first", anna, 7_00)
    assert (order.payment, order.paid) == ("paid", 7_00)
    assert ClientFacts.objects.get(client=anna).gross == 7_00


def test_overwriting_takes_the_lines_wholly(admin: User, anna: Client) -> None:
    load([sale(anna, line("3"), line("4"), external_id="A")], admin)
    assert load([sale(anna, line("9"), external_id="A")], admin, "overwrite") == ["updated"]
    assert Order.objects.get().total == 9_00
    assert OrderLine.objects.count() == 1
    assert ClientFacts.objects.get(client=anna).gross == 9_00
    assert not list(compare())


def test_a_row_that_cannot_be_kept_is_rejected_with_a_reason_and_the_rest_come_in(
    admin: User, anna: Client
) -> None:
    loaded = actions.load_orders(
        [
            sale(anna, external_id="A"),
            sale(anna, external_id="A"),
            sale(anna, external_id="B", currency="USD"),
            sale(anna, external_id="C", status="lost"),
            sale(anna, line("1", name="x\0y"), external_id="D"),
            sale(anna, external_id="E"),
        ],
        actor=admin,
        origin="file",
    )
    assert [one.outcome == Outcome.CREATED for one in loaded] == [True, *[False] * 4, True]
    assert all(one.reason for one in loaded if one.outcome == Outcome.REJECTED)
    assert loaded[-1].order_id == Order.objects.get(external_id="E").pk
    assert ClientFacts.objects.get(client=anna).orders_count == 2


def test_each_client_is_told_once_or_each_order_on_its_day(
    admin: User, anna: Client, make_client: Callable[..., Client]
) -> None:
    other = make_client("Белов Олег")
    load([sale(c, external_id=f"{c.pk}-{n}") for c in (anna, other) for n in range(3)], admin)
    events = list(Event.objects.filter(kind="orders.loaded"))
    assert sorted(event.client_id or 0 for event in events) == [anna.pk, other.pk]
    assert payload_of(events[0])["orders"] == 3
    assert payload_of(events[0])["total"] == 300_00
    moment = datetime(2024, 5, 1, tzinfo=UTC)
    actions.load_orders(
        [sale(anna, ordered_at=moment)], actor=admin, origin="demo", event_per_order=True
    )
    assert Event.objects.get(kind="order.created").happened_at == moment


def test_loading_needs_the_right_to_import(alice: User, anna: Client) -> None:
    with pytest.raises(Denied):
        load([sale(anna, external_id="A")], alice)


def test_undoing_removes_what_was_made_and_puts_back_what_was_changed(
    admin: User, anna: Client
) -> None:
    load([sale(anna, line("3"), external_id="old", comment="kept")], admin)
    before = list(Order.objects.values(*_compared()))
    rows = [
        sale(anna, line("8"), external_id="old", comment="changed"),
        sale(anna, line("9"), external_id="new"),
    ]
    loaded = actions.load_orders(rows, actor=admin, origin="file", on_match="overwrite")
    kept = actions.unload_orders(
        {loaded[1].order_id or 0: 1},
        [(loaded[0].order_id or 0, loaded[0].version, loaded[0].before or OrderData())],
        actor=admin,
    )
    assert kept == []
    assert list(Order.objects.values(*_compared())) == before
    assert OrderLine.objects.get().total == 3_00
    assert ClientFacts.objects.get(client=anna).gross == 3_00
    assert not list(compare())


def test_undoing_keeps_what_was_changed_since_and_says_so(admin: User, anna: Client) -> None:
    loaded = actions.load_orders(
        [sale(anna, external_id=name) for name in "ABC"], actor=admin, origin="file"
    )
    ids = [one.order_id or 0 for one in loaded]
    actions.record_payment(actor=admin, order=Order.objects.get(pk=ids[0]), amount=1)
    actions.create_return(actor=admin, order=Order.objects.get(pk=ids[1]))
    kept = actions.unload_orders(dict.fromkeys(ids, 1), actor=admin)
    assert sorted(one.order_id for one in kept) == ids[:2]
    assert all(one.reason for one in kept)
    assert Order.objects.filter(kind="sale").count() == 2
    assert not list(compare())


def _compared() -> list[str]:
    left_out = ("updated_at", "version")
    return [f.attname for f in Order._meta.concrete_fields if f.name not in left_out]


# ---- the public retail data ----


def _retail(clients: dict[str, int], folder: Path) -> Iterator[OrderData]:
    """The invoices of the retail set as orders; lines of one are not always together."""
    with gzip.open(folder / "uci_online_retail.csv.gz", "rt", encoding="utf-8") as file:
        invoices: dict[str, list[dict[str, str]]] = {}
        for row in csv.DictReader(file):
            invoices.setdefault(row["InvoiceNo"], []).append(row)
        for number, lines in invoices.items():
            yield OrderData(
                external_id=number,
                kind="return" if number.startswith("C") else "sale",
                client_id=clients.get(lines[0]["CustomerID"]),
                ordered_at=datetime.fromisoformat(lines[0]["InvoiceDate"]).replace(tzinfo=UTC),
                lines=[
                    LineData(
                        name=row["Description"][:300],
                        quantity=int(row["Quantity"]) * 1000,
                        price=int(Decimal(row["UnitPrice"]) * 10_000),
                    )
                    for row in lines
                ],
            )


@pytest.mark.dataset
def test_facts_of_the_retail_set_equal_the_independent_computation(db: None) -> None:
    if not os.environ.get("ORBITA_TEST_DATA"):
        pytest.skip("NOT RUN: ORBITA_TEST_DATA does not name the folder with the public data sets")
    folder = Path(os.environ["ORBITA_TEST_DATA"])
    with gzip.open(folder / "uci_online_retail.csv.gz", "rt", encoding="utf-8") as file:
        numbers = sorted({row["CustomerID"] for row in csv.DictReader(file)} - {""})
    made = Client.objects.bulk_create(
        [Client(name=number, name_key=number) for number in numbers], batch_size=1000
    )
    clients = {client.name: client.pk for client in made}
    orders = list(_retail(clients, folder))
    Company.objects.create(time_zone="UTC")  # the hours of the set are the shop's own
    actor = service_user()
    for start in range(0, len(orders), 5000):
        actions.load_orders(orders[start : start + 5000], actor=actor, origin="file")
        planner.learn(Client, ClientFacts, Order, OrderLine)  # as an import does on its way

    assert Order.objects.count() == 25_900
    assert OrderLine.objects.count() == 541_909
    facts = {
        f.client.name: f
        for f in ClientFacts.objects.filter(orders_count__gt=0).select_related("client")
    }
    with (folder / "uci_rfm_reference.csv").open() as file:
        reference = list(csv.DictReader(file))
    assert len(facts) == len(reference) == 4338
    for row in reference:
        mine = facts[row["customer_id"]]
        assert mine.orders_count == int(row["orders"]), row
        assert mine.gross == int(Decimal(row["gross"]) * 100), row
        assert mine.returned == int(Decimal(row["returned"]) * 100), row
        assert str(mine.first_order_on) == row["first_date"], row
        assert str(mine.last_order_on) == row["last_date"], row
    assert sum(f.gross for f in facts.values()) == 891_140_790
    assert sum(f.orders_count for f in facts.values()) == 18_532
