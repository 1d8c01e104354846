"""A client of Alice's, and the short ways to say an order."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import translation

from orbita.accounts.models import User
from orbita.clients import facts
from orbita.clients.models import Client
from orbita.clients.search import index_clients
from orbita.commerce.models import Product
from orbita.commerce.records import LineData, OrderData
from orbita.core.models import Company
from orbita.core.text import normalise


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def company(db: None) -> Company:
    return Company.objects.create(name="Orbit", time_zone="Asia/Vladivostok", currency="RUB")


@pytest.fixture
def make_client(db: None) -> Callable[..., Client]:
    def make(name: str, **fields: Any) -> Client:
        client = Client.objects.create(name=name, name_key=normalise(name), **fields)
        with transaction.atomic():
            index_clients([client.pk])
            facts.refresh([client.pk])
        return client

    return make


@pytest.fixture
def client_of_alice(make_client: Callable[..., Client], alice: User) -> Client:
    return make_client("Смирнова Анна", responsible=alice)


@pytest.fixture
def coffee(db: None) -> Product:
    return Product.objects.create(
        name="Эфиопия Иргачефф", name_key="эфиопия иргачефф", price=1250_0000, cost=700_0000
    )


def line(price: str = "100", quantity: str = "1", **fields: Any) -> LineData:
    """A line of `quantity` pieces at `price` roubles."""
    return LineData(
        name=fields.pop("name", "Coffee"),
        price=int(Decimal(price) * 10_000),
        quantity=int(Decimal(quantity) * 1000),
        **fields,
    )


def sale(client: Client | None, *lines: LineData, **fields: Any) -> OrderData:
    return OrderData(
        client_id=client.pk if client else None, lines=list(lines) or [line()], **fields
    )
