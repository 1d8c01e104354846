"""After a merge nobody is contacted who asked on either card not to be; the undo parts them again."""

from datetime import timedelta
from typing import Any

import pytest

from orbita.accounts.models import User
from orbita.clients.actions import create_client, merge_clients, undo_merge
from orbita.clients.contacts import read_contact
from orbita.clients.facts import compare
from orbita.clients.models import Client, ContactStop, DeadMark
from orbita.clients.quality.actions import mark_contact, mark_dead
from orbita.clients.work.stops import stop_contacting
from orbita.core.models import Company

pytestmark = pytest.mark.django_db
REASONS = ("на 30", "на 400", "на 0")
PHONE = "+79000001427"


def person(actor: User, name: str = "Соколова Ирина") -> Client:
    return create_client(
        actor=actor, values={"name": name}, contacts=[read_contact("phone", PHONE)]
    )


def stops() -> list[tuple[int, str]]:
    return list(ContactStop.objects.order_by("pk").values_list("client_id", "reason"))


@pytest.mark.parametrize("on_both", [True, False])
@pytest.mark.parametrize("survivor", [0, 1])
def test_a_stop_on_either_card_stops_the_survivor(
    admin: User, survivor: int, on_both: bool
) -> None:
    cards = [person(admin), person(admin, "Соколова Ира")]
    for card in cards if on_both else cards[:1]:
        stop_contacting(actor=admin, client=card, reason=f"просьба {card.name}")
    before = stops()
    keep, drop = cards[survivor], cards[1 - survivor]
    merge = merge_clients(actor=admin, keep=keep, drop=drop)
    assert ContactStop.objects.filter(client=keep).exists()
    undo_merge(actor=admin, merge=merge)
    assert stops() == before


def marks() -> list[Any]:
    return list(DeadMark.objects.order_by("pk").values())


@pytest.mark.parametrize("survivor", [0, 1])
@pytest.mark.parametrize(("first", "second"), [(0, 30), (400, 30), (400, None), (0, 0)])
def test_of_two_rests_the_longer_holds(
    admin: User, survivor: int, first: int, second: int | None
) -> None:
    """0 is for good, None no rest at all."""
    cards = [person(admin), person(admin, "Соколова Ира")]
    today = Company.current().business_date()
    for card, days in zip(cards, (first, second), strict=True):
        if days is not None:
            until = today + timedelta(days=days) if days else None
            mark_dead(actor=admin, client=card, reason=f"на {days}", look_again_on=until)
    before = marks()
    keep, drop = cards[survivor], cards[1 - survivor]
    merge = merge_clients(actor=admin, keep=keep, drop=drop)
    assert DeadMark.objects.get(client=keep).reason == f"на {first}"
    undo_merge(actor=admin, merge=merge)
    assert marks() == before


@pytest.mark.parametrize(
    "order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
)
def test_rests_that_three_merges_have_lengthened_are_parted_in_any_order(
    admin: User, order: tuple[int, ...]
) -> None:
    keep, *others = (person(admin, f"Соколова Ирина {n}") for n in range(4))
    today = Company.current().business_date()
    for card, days in zip(others, (30, 400, 0), strict=True):
        until = today + timedelta(days=days) if days else None
        mark_dead(actor=admin, client=card, reason=f"на {days}", look_again_on=until)
    before = marks()
    merges = [merge_clients(actor=admin, keep=keep, drop=card) for card in others]
    assert DeadMark.objects.get(client=keep).for_good
    for place in order[:2]:
        undo_merge(actor=admin, merge=merges[place])
        left = {0, 1, 2} - set(order[: order.index(place) + 1])
        assert DeadMark.objects.get(client=keep).reason == REASONS[max(left)]
    undo_merge(actor=admin, merge=merges[order[2]])
    assert marks() == before


@pytest.mark.parametrize("first", [0, 1])
def test_a_contact_goes_back_without_the_refusal_of_a_third_card(admin: User, first: int) -> None:
    keep = create_client(actor=admin, values={"name": "Соколова"})
    owner, refuser = person(admin), person(admin, "Соколова Ира")
    mark_contact(
        actor=admin,
        client=refuser,
        contact=refuser.contacts.get(),
        mark="refused",
        reason="просила",
    )
    merges = [merge_clients(actor=admin, keep=keep, drop=card) for card in (owner, refuser)]
    assert Client.objects.get(pk=keep.pk).contacts.get().mark == "refused"
    undo_merge(actor=admin, merge=merges[first])
    if first == 0:
        assert Client.objects.get(pk=owner.pk).contacts.get().mark == ""
    undo_merge(actor=admin, merge=merges[1 - first])
    again = [Client.objects.get(pk=card.pk).contacts.get().mark for card in (owner, refuser)]
    assert again == ["", "refused"]
    assert list(compare()) == []


@pytest.mark.parametrize("known", ["", "wrong", "refused"])
def test_a_refusal_of_a_contact_that_both_have_stands_on_the_one_that_stays(
    admin: User, known: str
) -> None:
    keep, drop = person(admin), person(admin, "Соколова Ира")
    contact, twin = keep.contacts.get(), drop.contacts.get()
    mark_contact(actor=admin, client=drop, contact=twin, mark="refused", reason="просила")
    if known:
        mark_contact(actor=admin, client=keep, contact=contact, mark=known, reason="было")
    merge = merge_clients(actor=admin, keep=keep, drop=drop)
    stays = Client.objects.get(pk=keep.pk).contacts.get()
    assert stays.mark == "refused"
    undo_merge(actor=admin, merge=merge)
    again = [Client.objects.get(pk=card.pk).contacts.get().mark for card in (keep, drop)]
    assert again == [known, "refused"]
