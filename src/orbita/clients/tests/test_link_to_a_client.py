"""An own field that points at a client: chosen by search, with and without scripts, and named only to
those who may see him."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser
from django.urls import reverse

from orbita.accounts.models import User
from orbita.clients.actions import create_client, update_client
from orbita.clients.fields.actions import define_field
from orbita.clients.models import Client, FieldDefinition
from orbita.clients.search import clients_like

pytestmark = pytest.mark.django_db
HIDDEN = "Тайный Аркадий"


@pytest.fixture
def field(admin: User) -> FieldDefinition:
    return define_field(actor=admin, subject="client", kind="client", label="Платит", key="payer")


@pytest.fixture
def browse() -> Callable[[User], Browser]:
    def signed_in(user: User) -> Browser:
        browser = Browser()
        browser.force_login(user)
        return browser

    return signed_in


def person(actor: User, name: str) -> Client:
    return create_client(actor=actor, values={"name": name})


def page_of(browser: Browser, address: str) -> str:
    return browser.get(address).content.decode()


def test_what_is_typed_offers_clients_the_reader_sees(
    alice: User, charlie: User, field: FieldDefinition, browse: Callable[[User], Browser]
) -> None:
    payer = person(alice, "Петров Пётр")
    person(charlie, "Петров Тайный")
    address = reverse("clients:link-options")
    answer = browse(alice).get(address, {"as": field.name, field.name: "петр"}).content.decode()
    assert f'name="own_payer-pick" value="{payer.pk}"' in answer
    assert "Тайный" not in answer
    assert browse(alice).get(address, {"as": "name", "name": "петр"}).status_code == 404


def test_names_that_begin_so_are_offered_first(alice: User, field: FieldDefinition) -> None:
    for name in ("Алексеева Вера Ивановна", "Иванов Пётр", "Борисов Иван"):
        person(alice, name)
    assert [one.name for one in clients_like(alice, "иван")] == [
        "Иванов Пётр",
        "Алексеева Вера Ивановна",
        "Борисов Иван",
    ]


def test_without_scripts_one_of_several_is_chosen_on_saving(
    alice: User, field: FieldDefinition, browse: Callable[[User], Browser]
) -> None:
    client, browser = person(alice, "Иванова Анна"), browse(alice)
    first, second = person(alice, "Петров Пётр"), person(alice, "Петров Павел")
    address = reverse("clients:field", args=[client.pk, field.name])
    given = {"version": client.version, field.name: "петров"}
    asked = browser.post(address, given)
    assert asked.status_code == 422
    page = asked.content.decode()
    assert f'value="{first.pk}"' in page
    assert f'value="{second.pk}"' in page
    browser.post(address, given | {f"{field.name}-pick": str(second.pk)})
    client.refresh_from_db()
    assert client.own == {"payer": second.pk}


@pytest.mark.parametrize("typed", ["Петров Пётр", "№ {pk} 3-й цех", "{pk}", "{pk} Петров"])
def test_the_only_name_or_a_number_is_enough(
    alice: User, field: FieldDefinition, browse: Callable[[User], Browser], typed: str
) -> None:
    client, payer = person(alice, "Иванова Анна"), person(alice, "Петров Пётр")
    given = {"version": client.version, field.name: typed.format(pk=payer.pk)}
    browse(alice).post(reverse("clients:field", args=[client.pk, field.name]), given)
    client.refresh_from_db()
    assert client.own == {"payer": payer.pk}


def test_somebody_hidden_or_unknown_is_not_found(
    alice: User, charlie: User, field: FieldDefinition, browse: Callable[[User], Browser]
) -> None:
    client, hidden = person(alice, "Иванова Анна"), person(charlie, HIDDEN)
    for typed in ("Аркадий", str(hidden.pk), "Никто Такой"):
        given = {"version": client.version, field.name: typed}
        asked = browse(alice).post(reverse("clients:field", args=[client.pk, field.name]), given)
        assert asked.status_code == 422
        assert HIDDEN not in asked.content.decode()
    client.refresh_from_db()
    assert client.own is None


def test_a_hidden_client_is_named_nowhere_and_stays_when_the_card_is_saved(
    admin: User,
    alice: User,
    charlie: User,
    field: FieldDefinition,
    browse: Callable[[User], Browser],
) -> None:
    client, hidden = person(alice, "Иванова Анна"), person(charlie, HIDDEN)
    update_client(actor=admin, client=client, values={field.name: hidden.pk})
    browser = browse(alice)
    card = reverse("clients:card", args=[client.pk])
    assert "a client you cannot see" in page_of(browser, card)
    addresses = [
        card,
        reverse("clients:history", args=[client.pk]),
        reverse("clients:edit", args=[client.pk]),
        reverse("clients:field", args=[client.pk, field.name]),
    ]
    for address in addresses:
        assert HIDDEN not in page_of(browser, address)
        assert HIDDEN in page_of(browse(admin), address)
    client.refresh_from_db()
    shown = browser.get(reverse("clients:field", args=[client.pk, field.name])).context["form"]
    given = {"version": client.version, field.name: shown[field.name].value()}
    browser.post(reverse("clients:field", args=[client.pk, field.name]), given)
    client.refresh_from_db()
    assert client.own == {"payer": hidden.pk}
