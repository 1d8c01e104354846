"""Merge + undo = identity: over random bases, in any order that stands, nothing lost meanwhile."""

from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from orbita.accounts.models import User
from orbita.clients import facts
from orbita.clients.actions import (
    add_note,
    create_client,
    create_segment,
    link_person,
    merge_clients,
    relate,
    undo_merge,
)
from orbita.clients.aliases import survivor_id
from orbita.clients.contacts import read_contact
from orbita.clients.models import Client, ClientFacts, DuplicatePair, Merge
from orbita.clients.quality.actions import mark_contact, mark_dead
from orbita.clients.relations import SIDES
from orbita.clients.work.stops import stop_contacting
from orbita.commerce.actions import create_order, set_opening_balance
from orbita.commerce.actions.balances import BalanceData
from orbita.commerce.models import Cart, Order, Product, ProductView
from orbita.commerce.records import LineData, OrderData
from orbita.core.models import Company

pytestmark = pytest.mark.django_db
# The log says that cards were merged and parted; versions only grow.
NEWER = {"clients.client": {"version", "updated_at"}}
# Which words a card has is told by the postings. The history of statuses goes on with a merge and
# its undo, as the events do.
LOG = {"clients.merge", "clients.searchedclient", "clients.statusmove"}


def dump() -> dict[str, list[dict[str, Any]]]:
    """Every row of every table of the rooms, but for the log of what was done."""
    found: dict[str, list[dict[str, Any]]] = {}
    for model in apps.get_models():
        label = model._meta.label_lower
        if model._meta.app_label in ("clients", "commerce", "analytics") and label not in LOG:
            names = [
                each.attname
                for each in model._meta.concrete_fields
                if each.attname not in NEWER.get(label, ())
            ]
            rows = model._base_manager.order_by("pk").values(*names)
            found[label] = [dict(row) for row in rows]
    return found


names = st.sampled_from(["Соколова Ирина", "Иванов Пётр Ильич", "Соколова Ира", "Smith John"])
phones = st.lists(st.sampled_from([f"+7900000142{n}" for n in range(4)]), max_size=3, unique=True)
cards = st.fixed_dictionaries(
    {
        "name": names,
        "phones": phones,
        "emails": st.lists(st.sampled_from(["a@b.ru", "c@d.ru"]), max_size=2, unique=True),
        "cities": st.lists(st.sampled_from(["Тула", "Омск"]), max_size=2, unique=True),
        "tags": st.lists(st.sampled_from(["опт", "vip"]), max_size=2, unique=True),
        "position": st.sampled_from(["", "повар", "шеф"]),
        "comment": st.sampled_from(["", "звонить вечером", "не звонить"]),
        "birthday": st.sampled_from(["", "1980-02-01"]),
        "numbers": st.integers(0, 2),
        "notes": st.lists(st.sampled_from(["note", "call"]), max_size=2),
        "orders": st.lists(st.integers(1, 9), max_size=2),
        "carts": st.integers(0, 1),
        "views": st.integers(0, 2),
        "total": st.sampled_from([None, 1000, 2500]),
        "company": st.booleans(),
        "left": st.sampled_from([None, date(2024, 5, 1)]),
        "relations": st.lists(
            st.tuples(
                st.integers(0, 4), st.sampled_from(sorted({*SIDES} - {"branch", "head_office"}))
            ),
            max_size=3,
        ),
        "stop": st.sampled_from([None, "", "просил не звонить"]),
        "dead": st.sampled_from([None, 0, 30, 400]),
        "refused": st.booleans(),
    }
)
bases = st.lists(cards, min_size=2, max_size=5)
pairs = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=4)


def make(base: list[dict[str, Any]], actor: User) -> list[Client]:
    company = create_client(actor=actor, values={"kind": "company", "name": "ООО Ромашка"})
    product = Product.objects.create(name="Лак", name_key="лак")
    found = []
    for place, card in enumerate(base):
        client = create_client(
            actor=actor,
            values={name: card[name] for name in ("name", "position", "comment", "birthday")},
            contacts=[
                read_contact(kind, value)
                for kind in ("phone", "email")
                for value in card[f"{kind}s"]
            ],
            addresses=[{"city": city} for city in card["cities"]],
            tags=card["tags"],
            external_ids=[
                {"source": "file", "value": f"{place}-{n}"} for n in range(card["numbers"])
            ],
        )
        for kind in card["notes"]:
            add_note(actor=actor, client=client, text="сказал", kind=kind)
        for price in card["orders"]:
            create_order(actor=actor, data=order_of(client, price))
        for n in range(card["carts"]):
            Cart.objects.create(client=client, external_id=f"{place}-{n}")
        for _view in range(card["views"]):
            ProductView.objects.create(client=client, product=product)
        if card["total"] is not None:
            set_opening_balance(
                actor=actor,
                client=client,
                data=BalanceData(
                    client_id=client.pk,
                    total=card["total"],
                    orders_count=place,
                    last_on=date(2023, 1, 1 + place),
                    service=card["position"],
                ),
            )
        if card["company"]:
            link_person(
                actor=actor, company=company, person=client, role="uses", until=card["left"]
            )
        leave_alone(client, card, actor)
        found.append(client)
    for client, card in zip(found, base, strict=True):
        for place, side in card["relations"]:
            with suppress(ValidationError):  # one too many, or in a circle
                relate(actor=actor, client=client, other=found[place % len(found)], side=side)
    ids = [client.pk for client in found]
    rule = {"any": [{"fact": "number", "op": "in", "value": ids[1:]}]}
    create_segment(actor=actor, name="Избранные", rule=rule)
    DuplicatePair.objects.create(a_id=ids[0], b_id=ids[-1], score=0.5, status="household")
    return found


def leave_alone(client: Client, card: dict[str, Any], actor: User) -> None:
    """Whatever stops people from contacting the client: for good, for days, by one of his contacts."""
    if card["stop"] is not None:
        stop_contacting(actor=actor, client=client, reason=card["stop"])
    if card["dead"] is not None:
        days = timedelta(days=card["dead"])
        until = Company.current().business_date() + days if days else None
        mark_dead(actor=actor, client=client, reason="переехал", look_again_on=until)
    contact = client.contacts.first()
    if card["refused"] and contact:
        mark_contact(actor=actor, client=client, contact=contact, mark="refused", reason="просил")


def order_of(client: Client, price: int) -> OrderData:
    return OrderData(
        client_id=client.pk,
        ordered_on=date(2024, 1, price),
        lines=[LineData(name="Лак", quantity=1000, price=price * 10_000)],
    )


@settings(
    max_examples=25,
    deadline=None,
    # Each example makes a base anew: shrinking one would take minutes.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(base=bases, wanted=pairs, order=st.randoms(use_true_random=False))
def test_merging_and_taking_it_back_leaves_every_table_as_it_was(
    admin: User, base: list[dict[str, Any]], wanted: list[tuple[int, int]], order: Any
) -> None:
    with transaction.atomic():
        clients = make(base, admin)
        before, bought = dump(), total()
        merges = merged(admin, clients, wanted)
        assert list(facts.compare()) == []
        assert total() == bought
        assert dump() != before or not merges
        while merges:
            free = [one for one in merges if survivor_id(one.keep_id) == one.keep_id]
            chosen = order.choice(free)
            merges.remove(chosen)
            undo_merge(actor=admin, merge=chosen)
            assert list(facts.compare()) == []
            assert total() == bought
        after = dump()
        for name, rows in before.items():
            assert after[name] == rows, name
        transaction.set_rollback(True)


def merged(actor: User, clients: list[Client], wanted: list[tuple[int, int]]) -> list[Merge]:
    done = []
    for one, other in wanted:
        ids = [survivor_id(clients[place % len(clients)].pk) for place in (one, other)]
        if ids[0] != ids[1]:
            keep, drop = (Client.objects.get(pk=pk) for pk in ids)
            choices = {"position": drop.pk} if one % 2 else {}
            done.append(merge_clients(actor=actor, keep=keep, drop=drop, choices=choices))
    return done


def total() -> tuple[int, int, int]:
    """Money and orders of those who stand in lists; how many orders have no client who does."""
    rows = ClientFacts.objects.filter(client__deleted_at=None)
    gross = sum(rows.values_list("gross", flat=True))
    lost = Order.objects.exclude(client__deleted_at=None).count()
    return gross, Order.objects.count(), lost
