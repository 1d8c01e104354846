import pytest
from django.core.exceptions import ValidationError

from orbita.accounts.models import User
from orbita.clients.facts import compare
from orbita.clients.models import Client, ClientFacts
from orbita.commerce import actions
from orbita.commerce.models import Order, Product
from orbita.commerce.tests.conftest import line, sale
from orbita.core.events import KINDS, payload_of
from orbita.core.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(alice: User, client_of_alice: Client, coffee: Product) -> Order:
    return actions.create_order(
        actor=alice,
        data=sale(
            client_of_alice,
            line("33.33", "3", product_id=coffee.pk),
            line("10", "7", name="Filter", discount=1),
            discount=11_11,
        ),
    )


def test_a_whole_return_gives_back_what_was_taken(
    alice: User, order: Order, client_of_alice: Client
) -> None:
    back = actions.create_return(actor=alice, order=order)
    assert (back.kind, back.total, back.cost) == ("return", order.total, order.cost)
    facts = ClientFacts.objects.get(client=client_of_alice)
    assert (facts.orders_count, facts.gross, facts.returned) == (1, order.total, order.total)
    assert actions.returnable(order) == {}
    event = Event.objects.get(kind="order.returned")
    sentence = KINDS["order.returned"].sentence
    assert sentence
    assert sentence(payload_of(event)).replace("\xa0", " ") == (
        f"Return № {back.number} for 158.87 ₽ (from order № {order.number})"
    )


def test_returns_in_parts_add_up_to_the_order_to_the_kopeck(alice: User, order: Order) -> None:
    parts = [{1: 1000}, {2: 3000}, {1: 2000, 2: 1000}, {2: 3000}]
    backs = [actions.create_return(actor=alice, order=order, quantities=part) for part in parts]
    assert sum(back.total for back in backs) == order.total
    assert sum(back.gross_base for back in backs) == order.gross_base
    assert not list(compare())


def test_more_cannot_come_back_than_was_sold(alice: User, order: Order) -> None:
    actions.create_return(actor=alice, order=order, quantities={1: 2000})
    for wrong in ({1: 2000}, {3: 1000}, {1: -1000}, {}):
        with pytest.raises(ValidationError):
            actions.create_return(actor=alice, order=order, quantities=wrong)
    assert Order.objects.filter(kind="return").count() == 1


def test_an_order_with_returns_is_neither_cancelled_nor_rewritten(
    alice: User, head: User, order: Order, client_of_alice: Client
) -> None:
    back = actions.create_return(actor=alice, order=order, quantities={1: 1000})
    with pytest.raises(ValidationError, match="returns"):
        actions.cancel_order(actor=alice, order=order)
    with pytest.raises(ValidationError, match="returns"):
        actions.update_order(actor=alice, order=order, data=sale(client_of_alice, line("5")))
    actions.delete_order(actor=head, order=back)
    actions.cancel_order(actor=alice, order=order)
    with pytest.raises(ValidationError):
        actions.create_return(actor=alice, order=order)


def test_a_return_without_an_order_counts_as_returned(alice: User, client_of_alice: Client) -> None:
    actions.create_order(actor=alice, data=sale(client_of_alice, line("70"), kind="return"))
    facts = ClientFacts.objects.get(client=client_of_alice)
    assert (facts.orders_count, facts.gross, facts.returned) == (0, 0, 70_00)
