from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from orbita.accounts.models import User
from orbita.accounts.policy import Denied
from orbita.clients.facts import compare
from orbita.clients.models import Client, ClientFacts
from orbita.commerce import actions
from orbita.commerce.models import Order, Product
from orbita.commerce.tests.conftest import line, sale
from orbita.core.events import KINDS, payload_of
from orbita.core.models import Company, Event

pytestmark = pytest.mark.django_db


def facts_of(client: Client) -> ClientFacts:
    return ClientFacts.objects.get(client=client)


def told(kind: str) -> str:
    """The last event of the kind as the timeline says it."""
    event = Event.objects.filter(kind=kind).latest("pk")
    sentence = KINDS[kind].sentence
    assert sentence
    return sentence(payload_of(event)).replace("\xa0", " ")


def test_an_order_is_summed_with_discounts_and_its_cost_is_known(
    alice: User, client_of_alice: Client, coffee: Product
) -> None:
    order = actions.create_order(
        actor=alice,
        data=sale(
            client_of_alice,
            line("1250", "2", product_id=coffee.pk, discount=100_00),
            line("1250", "0.250", product_id=coffee.pk),
            discount=12_50,
        ),
    )
    assert order.total == 2500_00 - 100_00 + 312_50 - 12_50
    assert order.cost == 1400_00 + 175_00
    assert order.margin == order.total - 1575_00
    assert order.gross_base == order.total
    assert order.number == str(order.pk)
    assert order.responsible == alice


def test_an_order_shows_on_the_clients_timeline_in_words(
    alice: User, client_of_alice: Client
) -> None:
    order = actions.create_order(
        actor=alice, data=sale(client_of_alice, line("31400"), number="4187")
    )
    event = Event.objects.get(kind="order.created")
    assert (event.client_id, event.subject_id) == (client_of_alice.pk, order.pk)
    assert told("order.created") == "Order № 4187 for 31,400 ₽"


def test_facts_follow_every_change_of_an_order(
    head: User, alice: User, client_of_alice: Client
) -> None:
    order = actions.create_order(actor=alice, data=sale(client_of_alice, line("100")))
    assert (facts_of(client_of_alice).orders_count, facts_of(client_of_alice).gross) == (1, 100_00)
    actions.update_order(actor=alice, order=order, data=sale(client_of_alice, line("250")))
    assert facts_of(client_of_alice).gross == 250_00
    actions.cancel_order(actor=alice, order=order, reason="changed his mind")
    assert (facts_of(client_of_alice).orders_count, facts_of(client_of_alice).gross) == (0, 0)
    assert told("order.cancelled").endswith("cancelled: changed his mind")
    actions.set_status(actor=alice, order=order, status=Order.Status.DONE)
    assert facts_of(client_of_alice).gross == 250_00
    actions.delete_order(actor=head, order=order)
    assert facts_of(client_of_alice).gross == 0
    actions.restore_order(actor=head, order=order)
    assert facts_of(client_of_alice).gross == 250_00
    assert not list(compare())


def test_an_order_moved_to_another_client_leaves_the_first_and_is_told_to_both(
    alice: User, client_of_alice: Client, make_client: "type[Client]"
) -> None:
    other = make_client("Белов Олег", responsible=alice)
    order = actions.create_order(actor=alice, data=sale(client_of_alice))
    actions.update_order(actor=alice, order=order, data=sale(other))
    assert facts_of(client_of_alice).orders_count == 0
    assert facts_of(other).orders_count == 1
    events = Event.objects.filter(kind="order.changed")
    assert set(events.values_list("client_id", flat=True)) == {client_of_alice.pk, other.pk}


def test_the_day_of_an_order_is_the_companys_and_not_the_servers(
    alice: User, client_of_alice: Client, company: Company
) -> None:
    late_in_london = datetime(2026, 3, 31, 20, 0, tzinfo=UTC)
    order = actions.create_order(actor=alice, data=sale(client_of_alice, ordered_at=late_in_london))
    assert order.business_date == date(2026, 4, 1)
    order = actions.create_order(
        actor=alice, data=sale(client_of_alice, ordered_on=date(2026, 3, 31))
    )
    assert (order.business_date, order.date_only) == (date(2026, 3, 31), True)


def test_lines_keep_their_rows_by_ordinal_and_their_cost_when_the_product_gets_dearer(
    alice: User, client_of_alice: Client, coffee: Product
) -> None:
    order = actions.create_order(
        actor=alice,
        data=sale(client_of_alice, line("1250", product_id=coffee.pk), line("50", name="Filter")),
    )
    kept = order.lines.get(ordinal=1)
    Product.objects.update(cost=900_0000)
    actions.update_order(
        actor=alice,
        order=order,
        data=sale(client_of_alice, line("1250", "2", product_id=coffee.pk)),
    )
    after = order.lines.get()
    assert (after.pk, after.cost) == (kept.pk, 1400_00)


def test_a_gift_line_is_kept_and_an_order_of_gifts_counts_for_nothing(
    alice: User, client_of_alice: Client
) -> None:
    order = actions.create_order(actor=alice, data=sale(client_of_alice, line("0")))
    assert (order.total, order.is_counted) == (0, False)
    assert facts_of(client_of_alice).orders_count == 0


def test_an_order_given_away_by_a_discount_still_counts_as_an_order(
    alice: User, client_of_alice: Client
) -> None:
    actions.create_order(actor=alice, data=sale(client_of_alice, line("100"), discount=100_00))
    assert (facts_of(client_of_alice).orders_count, facts_of(client_of_alice).gross) == (1, 0)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (sale(None, line("10", "0")), "lines"),
        (sale(None, line("10", discount=11_00)), "lines"),
        (sale(None, line("10"), discount=11_00), "discount"),
        (sale(None, line("10", product_id=77)), "lines"),
        (sale(None, line("10"), currency="USD"), "currency"),
        (sale(None, line("10"), responsible_id=77), "responsible"),
        (sale(None, line("999999999999", "9999999")), "__all__"),
    ],
)
def test_a_wrong_order_is_refused_with_a_sentence_and_nothing_is_written(
    admin: User, data: "object", field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        actions.create_order(actor=admin, data=data)  # type: ignore[arg-type]
    if field != "__all__":
        assert list(refused.value.message_dict) == [field]
    assert not Order.objects.exists()
    assert not Event.objects.filter(kind="order.created").exists()


def test_an_order_in_another_currency_counts_at_the_rate_of_its_day(
    admin: User, client_of_alice: Client
) -> None:
    actions.set_rate(actor=admin, currency="usd", since=date(2026, 1, 1), rate=Decimal("90.5"))
    actions.set_rate(actor=admin, currency="USD", since=date(2026, 2, 1), rate=Decimal("80"))
    data = sale(client_of_alice, line("10.01"), currency="USD", ordered_on=date(2026, 1, 31))
    order = actions.create_order(actor=admin, data=data)
    assert (order.total, order.gross_base) == (10_01, 905_91)
    actions.set_rate(actor=admin, currency="USD", since=date(2026, 1, 15), rate=Decimal("100"))
    assert facts_of(client_of_alice).gross == 1001_00
    assert not list(compare())


def test_a_seller_makes_orders_for_himself_and_only_for_clients_he_sees(
    alice: User, charlie: User, client_of_alice: Client
) -> None:
    with pytest.raises(ValidationError):
        actions.create_order(actor=charlie, data=sale(client_of_alice))
    with pytest.raises(Denied):
        actions.create_order(actor=alice, data=sale(client_of_alice, responsible_id=charlie.pk))
    assert not Order.objects.exists()


def test_nobody_changes_an_order_that_is_not_his(
    alice: User, bob: User, viewer: User, client_of_alice: Client
) -> None:
    order = actions.create_order(actor=alice, data=sale(client_of_alice))
    for stranger in (bob, viewer):
        with pytest.raises(Denied):
            actions.update_order(actor=stranger, order=order, data=sale(client_of_alice))
        with pytest.raises(Denied):
            actions.record_payment(actor=stranger, order=order, amount=1)
        with pytest.raises(Denied):
            actions.delete_order(actor=stranger, order=order)
    order.refresh_from_db()
    assert order.version == 1


def test_two_people_saving_one_order_do_not_overwrite_each_other(
    alice: User, client_of_alice: Client
) -> None:
    order = actions.create_order(actor=alice, data=sale(client_of_alice))
    actions.update_order(
        actor=alice, order=order, data=sale(client_of_alice, comment="first"), version=1
    )
    with pytest.raises(ValidationError, match="meanwhile"):
        actions.update_order(
            actor=alice, order=order, data=sale(client_of_alice, comment="second"), version=1
        )
    order.refresh_from_db()
    assert order.comment == "first"


def test_payments_add_up_to_a_state_and_can_be_given_back(
    alice: User, client_of_alice: Client
) -> None:
    order = actions.create_order(
        actor=alice, data=sale(client_of_alice, line("100"), payment="unpaid")
    )
    order = actions.record_payment(actor=alice, order=order, amount=40_00)
    assert (order.payment, order.paid) == ("partly", 40_00)
    assert told("order.paid") == f"Order № {order.number}: 40 ₽ paid"
    order = actions.record_payment(actor=alice, order=order, amount=60_00)
    assert order.payment == "paid"
    order = actions.record_payment(actor=alice, order=order, amount=-100_00)
    assert (order.payment, order.paid) == ("unpaid", 0)
    with pytest.raises(ValidationError):
        actions.record_payment(actor=alice, order=order, amount=-1)


def test_a_paid_order_that_grew_is_partly_paid(alice: User, client_of_alice: Client) -> None:
    order = actions.create_order(
        actor=alice, data=sale(client_of_alice, line("100"), payment="paid")
    )
    assert order.paid == 100_00
    order = actions.update_order(actor=alice, order=order, data=sale(client_of_alice, line("150")))
    assert (order.payment, order.paid) == ("partly", 100_00)


def test_delivery_keeps_what_was_promised_and_what_came_of_it(
    alice: User, client_of_alice: Client
) -> None:
    order = actions.create_order(actor=alice, data=sale(client_of_alice))
    order = actions.set_delivery(
        actor=alice, order=order, state="planned", promised_on=date(2026, 5, 1)
    )
    order = actions.set_delivery(
        actor=alice,
        order=order,
        state="delivered",
        promised_on=date(2026, 5, 1),
        delivered_on=date(2026, 5, 3),
    )
    assert (order.promised_on, order.delivered_on) == (date(2026, 5, 1), date(2026, 5, 3))
    assert Event.objects.filter(kind="order.delivery").count() == 2
    assert "delivered" in told("order.delivery")


def test_an_external_order_is_made_once(admin: User, client_of_alice: Client) -> None:
    data = sale(client_of_alice, external_id="A-1")
    actions.create_order(actor=admin, data=data, origin="shop")
    with pytest.raises(ValidationError):
        actions.create_order(actor=admin, data=data, origin="shop")
    assert facts_of(client_of_alice).orders_count == 1
