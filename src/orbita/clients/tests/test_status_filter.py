"""Filters by status find the same clients whether there are few of them or many."""

import pytest
from django.db import transaction

from orbita.accounts.models import User
from orbita.clients import rule_facts
from orbita.clients.facts import refresh
from orbita.clients.models import Client, ClientFacts
from orbita.clients.status import keeping
from orbita.clients.status.ladder import KINDS, STEPS
from orbita.clients.status.words import standing
from orbita.core.models import Company

pytestmark = pytest.mark.django_db


@pytest.fixture
def base(alice: User) -> list[Client]:
    today = Company.current().business_date()
    Client.objects.bulk_create(
        Client(name=f"К{n}", name_key=f"к{n}", responsible=alice) for n in range(6)
    )
    clients = list(Client.objects.order_by("pk"))
    with transaction.atomic():
        refresh(client.pk for client in clients)
        for client, orders in zip(clients, (0, 1, 2, 3, 8, 0), strict=True):
            if orders:
                ClientFacts.objects.filter(client=client).update(
                    orders_count=orders,
                    gross=orders * 100_00,
                    first_order_on=today,
                    last_order_on=today,
                )
        keeping.keep([client.pk for client in clients], cause="facts")
    return clients


@pytest.mark.parametrize("few", [0, 10_000])
@pytest.mark.parametrize("op", ["in", "not_in"])
def test_each_status_and_kind_is_found_by_its_filter(
    base: list[Client], admin: User, monkeypatch: pytest.MonkeyPatch, few: int, op: str
) -> None:
    monkeypatch.setattr(rule_facts, "FEW", few)
    stands = {
        row.pk: (standing(row)[0].name, standing(row)[1])
        for row in Client.objects.select_related("ladder")
    }
    for place, fact, names in (
        (0, "status", [step.name for step in STEPS]),
        (1, "base_kind", list(KINDS)),
    ):
        for wanted in ([name] for name in names):
            rule = {"fact": fact, "op": op, "value": wanted}
            found = set(
                Client.objects.visible_to(admin)
                .matching(rule, actor=admin)
                .values_list("pk", flat=True)
            )
            assert found == {
                pk for pk, stand in stands.items() if (stand[place] in wanted) == (op == "in")
            }
