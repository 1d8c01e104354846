"""What is read through the API counts, whatever it is read from."""

from collections import Counter
from collections.abc import Iterator

import pytest
from django.test import Client as Browser

from orbita.accounts import watching
from orbita.accounts.actions import create_token
from orbita.accounts.models import User
from orbita.clients.actions import create_client
from orbita.commerce.actions import create_order
from orbita.commerce.records import LineData, OrderData

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _counted() -> Iterator[None]:
    watching._counts.clear()
    yield
    watching._counts.clear()


def test_orders_read_through_the_api_count_as_rows(alice: User) -> None:
    client = create_client(actor=alice, values={"name": "Белов Глеб"})
    line = LineData(name="Кружка", quantity=1000, price=100_0000)
    create_order(actor=alice, data=OrderData(client_id=client.pk, lines=[line]))
    _token, secret = create_token(actor=None, user=alice, name="t", scopes=["*"])
    answer = Browser().get("/api/v1/orders", headers={"Authorization": f"Bearer {secret}"})
    assert len(answer.json()["items"]) == 1
    assert watching._counts == Counter({(alice.pk, watching.ROWS, 0): 1})
