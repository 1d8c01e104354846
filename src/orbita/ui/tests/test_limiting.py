"""Strangers may try things only so often from one address; whoever has signed in works on."""

from typing import Any

import pytest
from django.test import Client

from orbita.accounts.models import User
from orbita.core import limits
from orbita.core.limits import Limit, network_of
from orbita.core.models import Event
from orbita.ui.limiting import STRANGERS

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def one_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within one test the clock of the counts stands still."""
    monkeypatch.setattr(limits, "clock", lambda: 1_000_000.0)


def attempt(number: int, address: str = "203.0.113.9") -> Any:
    """One common password is tried on one e-mail after another."""
    given = {"username": f"person{number}@example.org", "password": "qwerty12345"}
    return Client(REMOTE_ADDR=address).post("/sign-in/", given)


def test_one_password_tried_on_many_emails_ends_soon(alice: User) -> None:
    answers = [attempt(number).status_code for number in range(STRANGERS.most + 5)]
    assert answers == [200] * STRANGERS.most + [429] * 5
    refused = attempt(0)
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert Event.objects.filter(kind="user.sign_in_failed").count() == STRANGERS.most
    for path in ("/sign-in/forgot/", "/sign-in/passkey/", "/sign-in/code/"):
        assert Client(REMOTE_ADDR="203.0.113.9").post(path).status_code == 429
    assert Client(REMOTE_ADDR="203.0.113.9").get("/sign-in/").status_code == 200
    assert attempt(0, "203.0.113.10").status_code == 200


def test_whoever_has_signed_in_works_on_at_the_same_address(alice: User) -> None:
    for number in range(STRANGERS.most + 1):
        attempt(number)
    browser = Client(REMOTE_ADDR="203.0.113.9")
    browser.force_login(alice)
    assert browser.post("/profile/sessions/end-others/").status_code == 302


def test_another_window_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = Limit("x", most=1, seconds=60)
    assert limit.wait("a") == 0
    assert limit.wait("a") == 20
    assert limit.wait("b") == 0
    monkeypatch.setattr(limits, "clock", lambda: 1_000_020.0)
    assert limit.wait("a") == 0


def test_a_flood_of_addresses_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_COUNTED", 100)
    limit = Limit("x", most=1, seconds=60)
    for number in range(1000):
        limit.wait(str(number))
    assert len(limits._counts) <= 100


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002"),
        ("2001:db8:1:2::", "2001:0db8:0001:0002"),
        (None, ""),
    ],
)
def test_visitors_are_counted_by_what_one_customer_gets(address: str | None, network: str) -> None:
    assert network_of(address) == network


def test_a_program_that_guesses_tokens_is_told_to_wait_and_a_good_token_works(alice: User) -> None:
    from orbita.accounts.actions import create_token

    _token, secret = create_token(actor=None, user=alice, name="x", scopes=["read"])

    def ask(token: str) -> int:
        headers = {"authorization": f"Bearer {token}"}
        return Client().get("/api/v1/me", headers=headers).status_code

    answers = [ask(f"orb_{number}") for number in range(62)]
    assert answers == [401] * 60 + [429] * 2
    assert ask(secret) == 200
