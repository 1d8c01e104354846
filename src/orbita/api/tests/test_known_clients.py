"""What the API answers about merged clients, and about new ones who look like known ones."""

import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from orbita.accounts.models import User
from orbita.api.tests.test_api import caller, post
from orbita.clients.actions import create_client, merge_clients, set_entry_rule
from orbita.clients.contacts import read_contact
from orbita.clients.models import Client, DuplicatePair
from orbita.commerce.models import Order

pytestmark = pytest.mark.django_db
NEW = {
    "name": "Соколова Ирина",
    "contacts": [{"kind": "phone", "value": "8 (900) 000-14-27"}],
    "birthday": "1980-02-01",
}


@pytest.fixture
def irina(alice: User) -> Client:
    return create_client(
        actor=alice,
        values={"name": "Соколова Ирина"},
        contacts=[read_contact("phone", "89000001427")],
    )


def rule(admin: User, answer: str) -> None:
    set_entry_rule(actor=admin, entrance="api", exact=answer, likely=answer)


def test_a_merged_client_is_answered_with_the_survivor(head: User, irina: Client) -> None:
    twin = create_client(actor=head, values={"name": "Соколова Ира"})
    merge_clients(actor=head, keep=irina, drop=twin)
    browser = caller(head)
    assert browser.get(f"/api/v1/clients/{twin.pk}").json()["id"] == irina.pk
    changed = browser.patch(
        f"/api/v1/clients/{twin.pk}",
        json.dumps({"position": "шеф"}),
        content_type="application/json",
    )
    assert (changed.status_code, changed.json()["id"]) == (200, irina.pk)
    order = {"client_id": twin.pk, "lines": [{"name": "Лак", "quantity": "1", "price": "10"}]}
    assert post(browser, "/orders", order).status_code == 201
    assert Order.objects.get().client == irina


def test_by_default_a_known_client_is_added_and_the_pair_queued(head: User, irina: Client) -> None:
    assert post(caller(head), "/clients", NEW).status_code == 201
    assert Client.objects.count() == 2
    assert DuplicatePair.objects.filter(status="open").exists()


def test_a_known_client_is_refused_with_no_more_than_may_be_seen(
    admin: User, alice: User, charlie: User, irina: Client
) -> None:
    rule(admin, "block")
    refused = post(caller(alice), "/clients", NEW)
    assert refused.status_code == 409
    assert refused["Content-Type"] == "application/problem+json"
    (mine,) = refused.json()["clients"]
    assert (mine["id"], mine["name"]) == (irina.pk, "Соколова Ирина")
    (hidden,) = post(caller(charlie), "/clients", NEW).json()["clients"]
    assert hidden == {"id": None, "name": None, "responsible": "Alice"}
    assert Client.objects.count() == 1


def test_a_known_client_may_be_taken_as_the_same(
    admin: User, alice: User, charlie: User, irina: Client
) -> None:
    rule(admin, "take")
    taken: Any = post(caller(alice), "/clients", NEW)
    assert (taken.status_code, taken.json()["id"]) == (200, irina.pk)
    irina.refresh_from_db()
    assert str(irina.birthday) == "1980-02-01"
    assert post(caller(charlie), "/clients", NEW).status_code == 409
    assert Client.objects.count() == 1


def test_nobody_is_asked_through_the_api(admin: User) -> None:
    with pytest.raises(ValidationError):
        rule(admin, "warn")
