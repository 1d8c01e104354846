"""Ways to read past the counting of readings."""

from collections import Counter
from collections.abc import Iterator

import pytest
from django.db import OperationalError
from django.test import Client as Browser

from orbita.accounts import watching
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

    monkeypatch.setattr(watching.connection, "close", broken)
    watching._write()
