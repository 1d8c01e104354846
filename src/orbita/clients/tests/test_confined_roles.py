"""A role that works only with the clients of chosen segments."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.test import Client as Browser
from django.urls import reverse

from orbita.accounts import policy
from orbita.accounts.actions import create_token, save_role
from orbita.accounts.explaining import RECORDS, explain
from orbita.accounts.models import Role, User
from orbita.accounts.policy import Denied
from orbita.clients.actions import (
    change_segment,
    create_client,
    create_segment,
    delete_segment,
    set_tags,
)
from orbita.clients.confining import SEGMENTS, within_bounds
from orbita.clients.models import Client, Segment
from orbita.clients.search import find_clients
from orbita.clients.work.giving import free_pool
from orbita.core.events import payload_of
from orbita.core.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def salon(admin: User) -> Client:
    client = create_client(actor=admin, values={"name": "Салон «Ромашка»"})
    set_tags(actor=admin, client=client, tags=["салон"])
    return client


@pytest.fixture
def plant(admin: User) -> Client:
    return create_client(actor=admin, values={"name": "Завод «Ромашка»"})


@pytest.fixture
def salons(admin: User, salon: Client) -> Segment:
    rule = {"fact": "tag", "op": "in", "value": ["салон"]}
    return create_segment(actor=admin, name="Салоны", rule=rule)


@pytest.fixture
def confine(admin: User, head: User) -> Callable[..., User]:
    """Binds the role of the head of sales, who otherwise sees everybody, and gives the head."""

    def bind(*segments: Segment) -> User:
        ids = {SEGMENTS: [segment.pk for segment in segments]}
        save_role(actor=admin, name="", permissions={}, confined=ids, role=head.role)
        return User.objects.select_related("role", "team").get(pk=head.pk)

    return bind


def names(user: User) -> list[str]:
    return sorted(Client.objects.visible_to(user).values_list("name", flat=True))


def signed_in(user: User) -> Browser:
    browser = Browser()
    browser.force_login(user)
    return browser


def test_only_the_clients_of_the_segments_are_seen_and_living_rules_are_followed(
    admin: User, salon: Client, plant: Client, salons: Segment, confine: Callable[..., User]
) -> None:
    user = confine(salons)
    assert names(user) == [salon.name]
    browser = signed_in(user)
    assert browser.get(f"/clients/{salon.pk}/").status_code == 200
    assert browser.get(f"/clients/{plant.pk}/").status_code == 404
    listed = browser.get("/clients/").content.decode()
    assert (salon.name in listed, plant.name in listed) == (True, False)
    assert [one.client for one in find_clients(user, "ромашка", 5)] == [salon]
    _token, secret = create_token(actor=None, user=user, name="t", scopes=["*"])
    answer = browser.get("/api/v1/clients", headers={"Authorization": f"Bearer {secret}"})
    assert [one["name"] for one in answer.json()["items"]] == [salon.name]

    set_tags(actor=admin, client=plant, tags=["салон"])
    again = User.objects.get(pk=user.pk)
    assert names(again) == [plant.name, salon.name]


def test_several_segments_add_up_and_none_is_no_bounds(
    admin: User, salon: Client, plant: Client, salons: Segment, confine: Callable[..., User]
) -> None:
    rule = {"fact": "number", "op": "in", "value": [plant.pk]}
    plants = create_segment(actor=admin, name="Заводы", rule=rule)
    assert names(confine(plants)) == [plant.name]
    assert names(confine(plants, salons)) == [plant.name, salon.name]
    assert names(confine()) == [plant.name, salon.name]


def test_bounds_that_are_there_no_more_or_cannot_be_read_let_nobody_in(
    salon: Client, plant: Client, salons: Segment, confine: Callable[..., User]
) -> None:
    user = confine(salons)
    Segment.objects.filter(pk=salons.pk).update(rule={"fact": "no such fact"})
    assert names(User.objects.get(pk=user.pk)) == []
    Segment.objects.filter(pk=salons.pk).delete()
    assert names(User.objects.get(pk=user.pk)) == []


def test_a_segment_of_everybody_bounds_nobody_out(
    admin: User, salon: Client, plant: Client, confine: Callable[..., User]
) -> None:
    everybody = Segment.objects.create(name="Все", rule={})
    assert names(confine(everybody)) == [plant.name, salon.name]


def test_closed_fields_do_not_loosen_the_bounds(
    admin: User, salon: Client, plant: Client, salons: Segment, confine: Callable[..., User]
) -> None:
    user = confine(salons)
    save_role(
        actor=admin, name="", permissions={}, fields={"client.tags": "hidden"}, role=user.role
    )
    assert names(User.objects.get(pk=user.pk)) == [salon.name]


def test_who_is_confined_neither_imports_nor_changes_the_segment_that_confines_him(
    admin: User, salon: Client, salons: Segment, confine: Callable[..., User]
) -> None:
    leaning = create_segment(
        actor=admin, name="Шире", rule={"fact": "segment", "op": "in", "value": [salons.pk]}
    )
    user = confine(leaning)
    assert not policy.allows(user, "clients.import")
    for segment in (salons, leaning):
        with pytest.raises(Denied):
            change_segment(actor=user, segment=segment, rule={})
        with pytest.raises(ValidationError):
            delete_segment(actor=admin, segment=segment)
    assert change_segment(actor=admin, segment=salons, name="Салоны красоты")


def test_free_clients_beyond_the_bounds_cannot_be_taken(
    salon: Client, plant: Client, salons: Segment, confine: Callable[..., User]
) -> None:
    Client.objects.update(responsible=None)
    assert list(free_pool(confine(salons))) == [salon]
    assert free_pool().count() == 2


def test_the_administrator_chooses_on_the_page_and_reads_why(
    admin: User, head: User, salon: Client, plant: Client, salons: Segment
) -> None:
    browser = signed_in(admin)
    address = reverse("accounts:role", args=[head.role_id])
    assert "Салоны" in browser.get(address).content.decode()
    browser.post(address, {f"within.{SEGMENTS}": [salons.pk]})
    role = Role.objects.get(pk=head.role_id)
    assert role.confined == {SEGMENTS: [salons.pk]}
    assert "Салоны" in browser.get("/settings/roles/").content.decode()
    said = payload_of(Event.objects.filter(kind="role.saved").latest("pk"))
    assert said["after"][SEGMENTS] == ["Салоны"]

    user = User.objects.get(pk=head.pk)
    view, kind = policy.PERMISSIONS["clients.view"], RECORDS["client"]
    assert explain(user, view, salon, kind).allowed
    assert not explain(user, view, plant, kind).allowed
    browser.post(address, {"name": ""})
    assert Role.objects.get(pk=head.role_id).confined == {}


def test_what_is_not_there_cannot_be_chosen(admin: User, head: User) -> None:
    for wanted in ({SEGMENTS: [999]}, {"clients.stars": [1]}):
        with pytest.raises(ValidationError):
            save_role(actor=admin, name="", permissions={}, confined=wanted, role=head.role)


def test_administrators_have_no_bounds(admin: User, salons: Segment) -> None:
    Role.objects.filter(key="administrator").update(confined={SEGMENTS: [salons.pk]})
    assert not within_bounds(User.objects.get(pk=admin.pk))
