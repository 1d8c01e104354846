from datetime import timedelta

import pytest
from django.utils import timezone

from orbita.accounts.models import User
from orbita.clients.models import Client
from orbita.commerce import actions
from orbita.commerce.models import Cart, Product
from orbita.commerce.tests.conftest import line
from orbita.core.models import Event

pytestmark = pytest.mark.django_db


def test_the_same_cart_reported_twice_is_one_and_told_once(
    alice: User, client_of_alice: Client, coffee: Product
) -> None:
    for _n in range(2):
        cart = actions.create_or_update_cart(
            actor=alice,
            client=client_of_alice,
            origin="site",
            external_id="c1",
            lines=[line("1250", "2", product_id=coffee.pk, name="")],
        )
    assert (cart.total, cart.lines.get().name) == (2500_00, coffee.name)
    event = Event.objects.get(kind="cart.changed")
    assert (event.client_id, event.subject_type) == (client_of_alice.pk, "cart")


def test_a_cart_becomes_an_order_once(alice: User, client_of_alice: Client) -> None:
    cart = actions.create_or_update_cart(
        actor=alice, client=client_of_alice, external_id="c1", lines=[line("5", "3")]
    )
    order = actions.order_cart(actor=alice, cart=cart)
    assert (order.total, order.client) == (15_00, client_of_alice)
    assert actions.order_cart(actor=alice, cart=cart) == order
    again = actions.create_or_update_cart(
        actor=alice, client=client_of_alice, external_id="c1", lines=[line("9")]
    )
    assert again.total == 15_00


def test_a_forgotten_cart_is_marked_once_and_wakes_when_touched(
    alice: User, client_of_alice: Client
) -> None:
    long_ago = timezone.now() - timedelta(hours=5)
    actions.create_or_update_cart(
        actor=alice,
        client=client_of_alice,
        external_id="c1",
        lines=[line("5")],
        changed_at=long_ago,
    )
    actions.create_or_update_cart(
        actor=alice, client=client_of_alice, external_id="c2", lines=[line("5")]
    )
    assert actions.mark_abandoned_carts(actor=None) == 1
    assert actions.mark_abandoned_carts(actor=None) == 0
    assert Event.objects.get(kind="cart.abandoned").client_id == client_of_alice.pk
    actions.create_or_update_cart(
        actor=alice, client=client_of_alice, external_id="c1", lines=[line("6")]
    )
    assert Cart.objects.get(external_id="c1").abandoned_at is None


def test_a_product_view_stands_on_the_timeline(
    alice: User, client_of_alice: Client, coffee: Product
) -> None:
    actions.add_product_view(actor=alice, client=client_of_alice, product=coffee)
    event = Event.objects.get(kind="product.viewed")
    assert (event.client_id, event.subject_id) == (client_of_alice.pk, coffee.pk)
