"""How much people read is counted, and what is unusual is told."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from orbita.accounts import watching
from orbita.accounts.actions import change_reading_rules, create_token, forget_old_readings, judge
from orbita.accounts.models import Reading, User
from orbita.clients.actions import create_client
from orbita.clients.models import Client
from orbita.core.events import payload_of
from orbita.core.models import Company, Event, OutgoingMail

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _counted() -> Iterator[None]:
    """Nothing that other tests have read."""
    watching._counts.clear()
    yield
    watching._counts.clear()


@pytest.fixture
def cards(alice: User) -> list[Client]:
    return [
        create_client(actor=alice, values={"name": name})
        for name in ("Соколова Ирина", "Белов Глеб", "Котова Вера")
    ]


def signed_in(user: User) -> Browser:
    browser = Browser()
    browser.force_login(user)
    return browser


def read(user: User, days_ago: int, cards: int) -> None:
    day = Company.current().business_date() - timedelta(days=days_ago)
    Reading.objects.bulk_create(
        Reading(user=user, day=day, kind="card", subject_id=number, times=1)
        for number in range(cards)
    )


def test_cards_searches_and_rows_of_the_api_are_counted(alice: User, cards: list[Client]) -> None:
    browser = signed_in(alice)
    for card in (cards[0], cards[0], cards[1]):
        browser.get(f"/clients/{card.pk}/")
    browser.get("/search/?q=Соколова")
    _token, secret = create_token(actor=None, user=alice, name="t", scopes=["*"])
    headers = {"Authorization": f"Bearer {secret}"}
    browser.get("/api/v1/clients", headers=headers)
    browser.get(f"/api/v1/clients/{cards[2].pk}", headers=headers)
    assert not Reading.objects.exists()
    assert watching.flush() == {alice.pk}
    rows = Reading.objects.filter(user=alice).values_list("kind", "subject_id", "times")
    assert set(rows) == {
        ("card", cards[0].pk, 2),
        ("card", cards[1].pk, 1),
        ("card", cards[2].pk, 1),
        ("search", 0, 1),
        ("api", 0, 3),
    }


def test_what_is_counted_in_pieces_adds_up(alice: User) -> None:
    for _piece in range(3):
        watching.note(alice, watching.CARD, 7)
        watching.flush()
    assert Reading.objects.get().times == 3


def test_a_card_that_one_may_not_see_is_not_read(charlie: User, cards: list[Client]) -> None:
    assert signed_in(charlie).get(f"/clients/{cards[0].pk}/").status_code == 404
    assert watching.flush() == set()


def test_more_than_ones_own_past_and_that_of_the_team_is_unusual(
    alice: User, bob: User, admin: User
) -> None:
    change_reading_rules(actor=admin, cards=10, searches=10, rows=10, closes=False)
    for day in range(1, 8):
        read(alice, day, 5)
    read(alice, 0, 14)
    assert judge(alice.pk) == [], "three times five is not passed"
    read_more = Reading(
        user=alice, day=Company.current().business_date(), kind="card", subject_id=99, times=1
    )
    read_more.save()
    Reading.objects.create(user=alice, day=read_more.day, kind="card", subject_id=100, times=1)
    assert judge(alice.pk) == ["card"]
    assert judge(alice.pk) == [], "told once a day"
    event = Event.objects.get(kind="user.read_much")
    said = payload_of(event)
    assert (said["count"], said["usual"]) == (16, 5)
    letter = OutgoingMail.objects.get()
    assert letter.to == admin.email
    for day in range(1, 8):
        read(bob, day, 6)
    Reading.objects.filter(kind__startswith="told").delete()
    assert judge(alice.pk) == [], "Bob of the same team reads as much"


def test_few_cards_are_never_unusual(alice: User) -> None:
    read(alice, 0, 150)
    assert judge(alice.pk) == []
    Reading.objects.create(
        user=alice, day=Company.current().business_date(), kind="card", subject_id=999, times=1
    )
    assert judge(alice.pk) == ["card"]


def test_the_account_is_closed_when_so_set_but_never_an_administrators(
    alice: User, admin: User
) -> None:
    change_reading_rules(actor=admin, cards=5, searches=10, rows=10, closes=True)
    browser = signed_in(alice)
    token, _secret = create_token(actor=None, user=alice, name="t", scopes=["*"])
    for user in (alice, admin):
        read(user, 0, 6)
        assert judge(user.pk) == ["card"]
    alice.refresh_from_db()
    admin.refresh_from_db()
    token.refresh_from_db()
    assert (alice.is_active, admin.is_active) == (False, True)
    assert token.revoked_at
    assert browser.get("/clients/").status_code == 302
    assert Event.objects.filter(kind="user.stopped").count() == 1


def test_the_administrator_sees_what_somebody_looked_at(
    alice: User, admin: User, cards: list[Client]
) -> None:
    signed_in(alice).get(f"/clients/{cards[0].pk}/")
    watching.flush()
    page = signed_in(admin).get(f"/settings/users/{alice.pk}/reading/").content.decode()
    assert cards[0].name in page
    assert cards[1].name not in page
    assert signed_in(admin).get("/settings/reading/").status_code == 200
    assert signed_in(alice).get("/settings/reading/").status_code == 403


def test_whoever_looks_as_somebody_else_reads_himself(
    alice: User, admin: User, cards: list[Client]
) -> None:
    browser = signed_in(admin)
    browser.post(f"/settings/users/{alice.pk}/see-as/")
    browser.get(f"/clients/{cards[0].pk}/")
    assert watching.flush() == {admin.pk}


def test_readings_are_forgotten_after_ninety_days(alice: User) -> None:
    read(alice, 91, 2)
    read(alice, 89, 1)
    assert forget_old_readings() == 2
    assert Reading.objects.count() == 1


def test_a_reading_by_somebody_who_is_gone_is_dropped(make_user: Callable[..., Any]) -> None:
    user = make_user("Gone", "viewer")
    watching.note(user, watching.CARD, 1)
    user.delete()
    assert watching.flush() == set()
