"""How much people read is counted, and what is unusual is told."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from orbita.accounts import watching
from orbita.accounts.actions import (
    change_reading_rules,
    create_token,
    forget_old_readings,
    judge,
    let_read_on,
)
from orbita.accounts.models import Reading, User
from orbita.clients.actions import create_client
from orbita.clients.models import Client
from orbita.core import limits
from orbita.core.events import payload_of
from orbita.core.models import Company, Event, OutgoingMail

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _counted() -> Iterator[None]:
    """Nothing that other tests have read."""
    watching._counts.clear()
    yield
    watching._counts.clear()
    watching._slowed = frozenset()
    limits.forget()


def rules(actor: User, cards: int, answer: str = "tell") -> None:
    change_reading_rules(actor=actor, cards=cards, searches=10, rows=10, copies=10, answer=answer)


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
    rules(admin, cards=10)
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
    rules(admin, cards=5, answer="close")
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


def test_whoever_reads_too_much_is_let_on_slowly_until_an_administrator_lets_him_go_on(
    alice: User, admin: User, cards: list[Client]
) -> None:
    rules(admin, cards=5, answer="slow")
    browser, other = signed_in(alice), signed_in(admin)
    _token, secret = create_token(actor=None, user=alice, name="t", scopes=["*"])
    address, api = f"/clients/{cards[0].pk}/", f"/api/v1/clients/{cards[1].pk}"
    for user in (alice, admin):
        read(user, 0, 6)
        assert judge(user.pk) == ["card"]
    watching.learn_who_is_slowed()

    assert browser.get(address).status_code == 200, "one at a time stays possible"
    refused = browser.get(f"/clients/{cards[1].pk}/")
    assert (refused.status_code, cards[1].name in refused.content.decode()) == (429, False)
    assert 0 < int(refused["Retry-After"]) <= 20
    through_api = browser.get(api, headers={"Authorization": f"Bearer {secret}"})
    assert (through_api.status_code, "Retry-After" in through_api.headers) == (429, True)
    assert browser.get("/search/?q=Белов").status_code == 200
    assert browser.get("/search/?q=Котова").status_code == 429
    assert browser.get("/clients/").status_code == 200
    for _time in range(3):
        assert other.get(address).status_code == 200, "an administrator is never slowed"

    assert str(alice.pk) in other.get("/settings/reading/").content.decode().split("/on/")[0]
    other.post(f"/settings/reading/{alice.pk}/on/")
    other.post(f"/settings/reading/{alice.pk}/on/")
    watching.learn_who_is_slowed()
    for card in cards:
        assert browser.get(f"/clients/{card.pk}/").status_code == 200
    assert Event.objects.filter(kind="user.let_on").count() == 1


def test_nobody_is_slowed_by_rules_that_only_tell_or_by_the_alarm_of_yesterday(
    alice: User, admin: User
) -> None:
    rules(admin, cards=5)
    read(alice, 0, 6)
    assert judge(alice.pk) == ["card"]
    watching.learn_who_is_slowed()
    assert not watching._slowed
    rules(admin, cards=5, answer="slow")
    watching.learn_who_is_slowed()
    assert watching._slowed == {alice.pk}
    Reading.objects.update(day=Company.current().business_date() - timedelta(days=1))
    watching.learn_who_is_slowed()
    assert not watching._slowed


def test_there_is_nothing_to_let_on_without_an_alarm(alice: User, admin: User) -> None:
    assert let_read_on(actor=admin, user=alice) is None
    assert not Reading.objects.exists()


def test_copies_and_prints_are_counted(alice: User, admin: User) -> None:
    browser = signed_in(alice)
    assert 'data-copied="/copied/"' in browser.get("/clients/").content.decode()
    for _time in range(2):
        assert browser.post("/copied/").status_code == 204
    watching.flush()
    assert Reading.objects.get(kind="copy").times == 2
    rules(admin, cards=5)
    Reading.objects.filter(kind="copy").update(times=11)
    assert judge(alice.pk) == ["copy"]


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
