"""Ways round the bounds of a role: other rooms, requests, old changes, segments leaning on others."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from orbita.accounts.actions import save_role
from orbita.accounts.models import User
from orbita.accounts.policy import Denied
from orbita.clients.actions import (
    assign_responsible,
    create_client,
    create_segment,
    may_undo_merge,
    merge_clients,
    undo_event,
    undo_many,
    undo_merge,
    update_client,
)
from orbita.clients.confining import SEGMENTS
from orbita.clients.models import Client, Consent, DataRequest, Segment
from orbita.clients.privacy.own_page.actions import accept
from orbita.clients.privacy.requests.actions import receive, stop_at_once
from orbita.clients.tests.test_pages import whole_form
from orbita.core.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def salon(admin: User) -> Client:
    return create_client(actor=admin, values={"name": "Салон"})


@pytest.fixture
def plant(admin: User) -> Client:
    return create_client(actor=admin, values={"name": "Завод"})


@pytest.fixture
def confine(admin: User, head: User) -> Callable[..., User]:
    """Binds the role of the head of sales, who otherwise sees everybody, and gives the head."""

    def bind(*segments: Segment) -> User:
        ids = {SEGMENTS: [segment.pk for segment in segments]}
        save_role(actor=admin, name="", permissions={}, confined=ids, role=head.role)
        return User.objects.select_related("role", "team").get(pk=head.pk)

    return bind


@pytest.fixture
def user(admin: User, salon: Client, plant: Client, confine: Callable[..., User]) -> User:
    rule = {"fact": "number", "op": "in", "value": [salon.pk]}
    return confine(create_segment(actor=admin, name="Салоны", rule=rule))


def seen(user: User) -> set[int]:
    return set(Client.objects.visible_to(User.objects.get(pk=user.pk)).values_list("pk", flat=True))


def test_a_segment_that_leaves_out_somebodys_own_segment_leaves_them_out(
    admin: User, salon: Client, plant: Client, confine: Callable[..., User]
) -> None:
    rule = {"fact": "number", "op": "in", "value": [plant.pk]}
    own = create_segment(actor=admin, name="Заводы", rule=rule, is_shared=False)
    others = create_segment(
        actor=admin, name="Прочие", rule={"fact": "segment", "op": "not_in", "value": [own.pk]}
    )
    user = confine(others)
    assert seen(user) == {salon.pk}
    Segment.objects.filter(pk=own.pk).delete()
    assert seen(user) == set()


def test_the_request_of_a_client_beyond_the_bounds_changes_nothing_of_him(
    admin: User, plant: Client, user: User
) -> None:
    today = timezone.localdate()
    row = receive(
        actor=admin, kind="correct", via="page", received_on=today, client=plant,
        proposal={"last_name": "Другое"},
    )  # fmt: skip
    with pytest.raises((Denied, ValidationError)):
        accept(actor=user, request=row)
    assert Client.objects.get(pk=plant.pk).name == "Завод"


def test_who_is_beyond_the_bounds_is_not_made_to_refuse(
    admin: User, plant: Client, user: User
) -> None:
    today = timezone.localdate()
    row = receive(actor=admin, kind="stop", via="letter", received_on=today, client=plant)
    with pytest.raises((Denied, ValidationError)):
        stop_at_once(actor=user, request=row)
    assert not Consent.objects.filter(client=plant).exists()


def test_an_old_change_of_ones_own_beyond_the_bounds_is_not_taken_back(
    salon: Client,
    plant: Client,
    head: User,
    admin: User,
    confine: Callable[..., User],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    event = update_client(actor=head, client=plant, values={"comment": "было"})
    assert event
    monkeypatch.setattr("orbita.clients.actions.undo.OWN_WINDOW", timedelta(0))
    rule = {"fact": "number", "op": "in", "value": [salon.pk]}
    user = confine(create_segment(actor=admin, name="Салоны", rule=rule))
    with pytest.raises(Denied):
        undo_event(actor=user, event=Event.objects.get(pk=event.pk))


def test_requests_of_clients_beyond_the_bounds_are_not_in_the_register(
    admin: User, salon: Client, plant: Client, user: User
) -> None:
    today = timezone.localdate()
    for client in (salon, plant, None):
        receive(
            actor=admin,
            kind="erase",
            via="letter",
            received_on=today,
            client=client,
            who="" if client else "Незнакомец",
        )
    browser = Browser()
    browser.force_login(user)
    page = browser.get(reverse("clients:requests")).content.decode()
    assert ("Салон" in page, "Завод" in page, "Незнакомец" in page) == (True, False, True)
    pages = [
        browser.get(reverse("clients:request", args=[row.pk])).status_code
        for row in DataRequest.objects.order_by("pk")
    ]
    assert pages == [200, 404, 200]


@pytest.mark.parametrize("fresh", [True, False])
def test_an_old_bulk_change_is_taken_back_within_the_bounds_only(
    salon: Client,
    plant: Client,
    head: User,
    bob: User,
    admin: User,
    confine: Callable[..., User],
    monkeypatch: pytest.MonkeyPatch,
    fresh: bool,
) -> None:
    token = assign_responsible(
        actor=head, client_ids=[salon.pk, plant.pk], responsible=bob
    ).undo_token
    rule = {"fact": "number", "op": "in", "value": [salon.pk]}
    user = confine(create_segment(actor=admin, name="Салоны", rule=rule))
    if not fresh:
        monkeypatch.setattr("orbita.clients.actions.undo.OWN_WINDOW", timedelta(0))
    undone = undo_many(actor=user, token=token)
    assert (undone.restored, undone.kept) == ((2, 0) if fresh else (1, 1))
    plant.refresh_from_db()
    assert (plant.responsible == bob) is not fresh


def test_a_merge_beyond_the_bounds_is_not_taken_back(
    admin: User, salon: Client, plant: Client, user: User
) -> None:
    other = create_client(actor=admin, values={"name": "Завод-2"})
    merge = merge_clients(actor=admin, keep=plant, drop=other)
    assert not may_undo_merge(user, merge)
    with pytest.raises(Denied):
        undo_merge(actor=user, merge=merge)
    inside = merge_clients(
        actor=admin, keep=salon, drop=create_client(actor=admin, values={"name": "Салон-2"})
    )
    assert may_undo_merge(user, inside)
    assert undo_merge(actor=user, merge=inside)


def test_who_adds_a_client_beyond_the_bounds_is_told_and_led_to_the_list(user: User) -> None:
    browser = Browser(headers={"accept-language": "en"})
    browser.force_login(user)
    data = {"kind": "company", "name": "Завод за границей", "phone": "+79000001427"}
    added = browser.post(reverse("clients:quick"), data, follow=True)
    assert added.redirect_chain[-1][0] == reverse("clients:list")
    assert added.status_code == 200
    page = added.content.decode()
    made = Client.objects.get(name_key__prefix="завод за")
    assert not Client.objects.visible_to(user).filter(pk=made.pk).exists()
    assert "your role does not show it to you: " in page or "роли она не видна" in page
    # It can still be taken back at once.
    event = Event.objects.get(kind="client.created", client_id=made.pk)
    assert reverse("clients:undo", args=[event.pk]) in page


def test_who_changes_a_card_so_that_it_leaves_the_bounds_is_told_and_led_to_the_list(
    admin: User, confine: Callable[..., User]
) -> None:
    rule = {"fact": "position", "op": "eq", "value": "врач"}
    values = {"name": "Анна", "position": "врач"}
    whole, quick = (create_client(actor=admin, values=values) for _card in range(2))
    user = confine(create_segment(actor=admin, name="Врачи", rule=rule))
    browser = Browser()
    browser.force_login(user)
    address = reverse("clients:edit", args=[whole.pk])
    data = {**whole_form(browser, address), "position": "врио"}
    answer = browser.post(address, data, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("clients:list")
    field = reverse("clients:field", args=[quick.pk, "position"])
    htmx = {"HX-Request": "true"}
    data = {"position": "врио", "version": str(quick.version)}
    piece = browser.post(field, data, headers=htmx)
    assert (piece.status_code, piece.headers.get("HX-Redirect")) == (200, reverse("clients:list"))
    assert not Client.objects.visible_to(user).filter(pk__in=[whole.pk, quick.pk]).exists()
