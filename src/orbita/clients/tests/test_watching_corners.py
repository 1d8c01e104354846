"""Ways to read past the counting of readings."""

from collections import Counter
from collections.abc import Iterator

import pytest
from django.db import OperationalError, connection
from django.test import Client as Browser

from orbita.accounts import watching
from orbita.accounts.actions import create_token
from orbita.accounts.models import User
from orbita.clients.actions import create_client
from orbita.clients.models import Client
from orbita.core import limits

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _counted() -> Iterator[None]:
    watching._counts.clear()
    yield
    watching._counts.clear()
    watching._slowed, watching._let_to = frozenset(), {}
    limits.forget()


def made(actor: User, name: str) -> Client:
    return create_client(actor=actor, values={"name": name})


@pytest.mark.parametrize("page", ["edit/", "history/"])
def test_other_pages_of_a_card_count_as_the_card(alice: User, page: str) -> None:
    card = made(alice, "Соколова Ирина")
    browser = Browser()
    browser.force_login(alice)
    assert browser.get(f"/clients/{card.pk}/{page}").status_code == 200
    assert watching._counts == Counter({(alice.pk, watching.CARD, card.pk): 1})


def test_one_who_is_slowed_goes_on_with_the_card_that_he_was_let_on_to(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = made(alice, "Соколова Ирина"), made(alice, "Белов Глеб")
    monkeypatch.setattr(watching, "_slowed", frozenset({alice.pk}))
    monkeypatch.setattr(limits, "clock", lambda: 1_000_000.0)
    browser = Browser()
    browser.force_login(alice)
    for page in ("", "history/", "edit/"):
        assert browser.get(f"/clients/{one.pk}/{page}").status_code == 200
    for page in ("", "history/", "edit/"):
        assert browser.get(f"/clients/{other.pk}/{page}").status_code == 429


def test_a_connection_that_cannot_even_be_closed_ends_no_counting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken() -> None:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(connection, "close", broken)
    watching._write()


def test_rows_of_lists_cards_side_by_side_and_options_are_counted(alice: User) -> None:
    cards = [made(alice, name) for name in ("Соколова Ирина", "Белов Глеб", "Котова Вера")]
    browser = Browser()
    browser.force_login(alice)
    watching._counts.clear()
    browser.get("/clients/")
    assert watching._counts == Counter({(alice.pk, watching.ROWS, 0): 3})
    browser.get("/clients/?q=Белов&part=rows")
    assert watching._counts[alice.pk, watching.ROWS, 0] == 4
    browser.get("/clients/?part=counts")
    browser.get("/clients/?q=никтонебывает")
    assert watching._counts[alice.pk, watching.ROWS, 0] == 4, "numbers and nothing are no reading"
    ids = [cards[0].pk, cards[1].pk]
    assert browser.get(f"/clients/side-by-side/?ids={ids[0]},{ids[1]}").status_code == 200
    assert [watching._counts[alice.pk, watching.CARD, pk] for pk in ids] == [1, 1]
    browser.get("/clients/options/?name=Котова")
    assert watching._counts[alice.pk, watching.SEARCH, 0] == 1


def test_one_who_is_slowed_gets_small_pages_and_one_list_at_a_time(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(watching.SLOW_ROWS + 5):
        made(alice, f"Клиент {number}")
    monkeypatch.setattr(watching, "_slowed", frozenset({alice.pk}))
    _token, secret = create_token(actor=None, user=alice, name="t", scopes=["*"])
    browser, headers = Browser(), {"Authorization": f"Bearer {secret}"}
    answer = browser.get("/api/v1/clients?limit=500", headers=headers).json()
    assert len(answer["items"]) == watching.SLOW_ROWS
    assert answer["next"] == str(answer["items"][-1]["id"])
    again = browser.get(f"/api/v1/clients?cursor={answer['next']}", headers=headers)
    assert again.status_code == 429
    limits.forget()
    rest = browser.get(f"/api/v1/clients?cursor={answer['next']}", headers=headers).json()
    assert (len(rest["items"]), rest["next"]) == (5, None)
    limits.forget()
    browser.force_login(alice)
    assert browser.get("/clients/").status_code == 200
    assert browser.get("/clients/?part=rows").status_code == 429
