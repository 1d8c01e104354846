"""What a token of a confined user may write of clients beyond his bounds."""

import json

import pytest
from django.core.exceptions import ValidationError
from django.test import Client as Browser

from orbita.accounts.actions import create_token, save_role
from orbita.accounts.models import User
from orbita.clients.actions import create_client, create_segment
from orbita.clients.confining import SEGMENTS
from orbita.clients.models import Client
from orbita.commerce.actions import create_or_update_cart, create_order
from orbita.commerce.models import Cart
from orbita.commerce.records import LineData, OrderData

pytestmark = pytest.mark.django_db


@pytest.fixture
def salon(admin: User) -> Client:
    return create_client(actor=admin, values={"name": "Салон"})


@pytest.fixture
def plant(admin: User) -> Client:
    return create_client(actor=admin, values={"name": "Завод"})


@pytest.fixture
def headers(admin: User, head: User, salon: Client) -> dict[str, str]:
    rule = {"fact": "number", "op": "in", "value": [salon.pk]}
    segment = create_segment(actor=admin, name="Салоны", rule=rule)
    ids = {SEGMENTS: [segment.pk]}
    save_role(actor=admin, name="", permissions={}, confined=ids, role=head.role)
    user = User.objects.get(pk=head.pk)
    _token, secret = create_token(actor=None, user=user, name="t", scopes=["*"])
    return {"Authorization": f"Bearer {secret}"}


def line() -> LineData:
    return LineData(name="Кружка", quantity=1000, price=100_0000)


def test_no_order_is_written_for_a_client_beyond_the_bounds(
    plant: Client, headers: dict[str, str]
) -> None:
    body = {"client_id": plant.pk, "lines": [{"name": "Кружка", "quantity": "1", "price": "10"}]}
    answer = Browser().post(
        "/api/v1/orders", json.dumps(body), content_type="application/json", headers=headers
    )
    assert answer.status_code == 404
    actor = User.objects.get(role__key="head")
    with pytest.raises(ValidationError):
        create_order(actor=actor, data=OrderData(client_id=plant.pk, lines=[line()]))


def test_the_cart_of_a_client_beyond_the_bounds_is_neither_told_nor_overwritten(
    admin: User, plant: Client, headers: dict[str, str]
) -> None:
    create_or_update_cart(actor=admin, external_id="1", origin="shop", lines=[line()], client=plant)
    body = {
        "external_id": "1",
        "origin": "shop",
        "lines": [{"name": "X", "quantity": "5", "price": "1"}],
    }
    answer = Browser().put(
        "/api/v1/carts", json.dumps(body), content_type="application/json", headers=headers
    )
    assert answer.status_code == 403
    assert Cart.objects.get().lines.get().name == "Кружка"
