"""Own fields count for the completeness of a card once the administrator gives them a weight."""

from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from orbita.accounts.models import User
from orbita.clients.actions import create_client, load_clients, update_client
from orbita.clients.facts import compare
from orbita.clients.fields.actions import archive_field, define_field
from orbita.clients.models import Client, ClientFacts, FieldDefinition
from orbita.clients.quality import actions
from orbita.clients.quality.actions.settings import settings_as_given
from orbita.clients.records import ClientData, prepare
from orbita.core import jobs
from orbita.core.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def car(admin: User) -> FieldDefinition:
    field = define_field(
        actor=admin, subject="client", kind="flag", label="На машине", key="car", holder="person"
    )
    define_field(actor=admin, subject="client", kind="text", label="Договор", key="deal")
    weigh(admin, own_car=30, own_deal=10)
    return field


def weigh(admin: User, **weights: int) -> None:
    given = settings_as_given()
    given["weights"]["person"] |= dict.fromkeys(given["weights"]["person"], 0)
    given["weights"]["person"] |= {"first_name": 60} | weights
    actions.change_settings(actor=admin, **given)


def share(client: Client) -> int | None:
    return ClientFacts.objects.get(pk=client.pk).completeness


def test_a_filled_own_field_makes_the_card_wholer(alice: User, car: FieldDefinition) -> None:
    client = create_client(actor=alice, values={"name": "Ирина"})
    assert share(client) == 60
    update_client(actor=alice, client=client, values={"own_car": False})
    assert share(client) == 90  # no says something too
    update_client(actor=alice, client=client, values={"own_deal": "Д-1"})
    assert share(client) == 100
    assert list(compare()) == []


def test_loaded_clients_are_weighed_as_others(head: User, car: FieldDefinition) -> None:
    row = ClientData(
        name="Ирина", name_key="ирина", first_name="Ирина", own={"car": 1}, own_told={"own_car": True}
    )  # fmt: skip
    (pk,) = load_clients([prepare(row)], actor=head)
    assert ClientFacts.objects.get(pk=pk).completeness == 90
    assert list(compare()) == []


def test_cards_are_weighed_anew_after_weights_and_fields_change(
    admin: User, alice: User, car: FieldDefinition
) -> None:
    client = create_client(actor=alice, values={"name": "Ирина", "own_car": True})
    weigh(admin, own_car=60)
    assert Job.objects.filter(status=Job.Status.QUEUED).exists()
    jobs.run_all()
    assert share(client) == 100
    weigh(admin, own_car=30, own_deal=10)
    jobs.run_all()
    assert share(client) == 90
    archive_field(actor=admin, field=car)
    jobs.run_all()
    assert share(client) == 60 * 100 // 70
    archive_field(actor=admin, field=car, archived=False)
    jobs.run_all()
    assert share(client) == 90
    assert list(compare()) == []


def browse(user: User) -> Browser:
    browser = Browser()
    browser.force_login(user)
    return browser


def test_the_page_of_rules_asks_for_a_weight_of_those_whom_the_field_is_for(
    admin: User, car: FieldDefinition
) -> None:
    browser, address = browse(admin), reverse("clients:quality-settings")
    page = browser.get(address).content.decode()
    assert 'name="person_own_car" value="30"' in page
    assert "company_own_car" not in page
    assert 'name="company_own_deal" value="0"' in page
    form: Any = browser.get(address).context["form"]
    given = {bound.html_name: bound.value() for bound in form}
    browser.post(address, given | {"person_own_car": "5"})
    assert settings_as_given()["weights"]["person"]["own_car"] == 5


def test_a_card_names_what_it_lacks_but_not_what_is_closed_to_the_reader(
    admin: User, alice: User, car: FieldDefinition
) -> None:
    client = create_client(actor=alice, values={"name": "Ирина"})
    deal = FieldDefinition.objects.get(key="deal")
    FieldDefinition.objects.filter(pk=deal.pk).update(see_roles=[admin.role_id])
    archive_field(actor=admin, field=car)  # has every process read the fields again
    archive_field(actor=admin, field=car, archived=False)
    card = reverse("clients:card", args=[client.pk])
    assert "на машине" in browse(alice).get(card).content.decode()
    assert "договор" not in browse(alice).get(card).content.decode()
    assert "договор" in browse(admin).get(card).content.decode()
