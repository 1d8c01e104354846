"""Codes at sign-in: set up, asked, taken once, recovered, required by a role."""

from datetime import timedelta
from typing import Any

import pyotp
import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone, translation

from orbita.accounts.actions import (
    begin_second_factor,
    confirm_second_factor,
    end_second_factor,
    reset_second_factor,
    save_role,
    take_code,
)
from orbita.accounts.models import Role, SecondFactor, User
from orbita.core.models import Event

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def in_english() -> Any:
    with translation.override("en"):
        yield


def code_of(user: User, later: int = 0) -> str:
    """What the app of this user shows, `later` seconds from now."""
    secret = SecondFactor.objects.get(user=user).secret.reveal()
    return pyotp.TOTP(secret).at(timezone.now() + timedelta(seconds=later))


@pytest.fixture
def codes(alice: User) -> list[str]:
    """Alice has set her app up; her recovery codes. Her next code is that of the next half a minute."""
    begin_second_factor(actor=alice)
    return confirm_second_factor(actor=alice, code=code_of(alice))


def give_password(user: User) -> Browser:
    browser = Browser()
    answer = browser.post("/sign-in/", {"username": user.email, "password": PASSWORD})
    assert answer.headers["Location"] == "/sign-in/code/"
    return browser


def is_in(browser: Browser) -> bool:
    return browser.get("/profile/").status_code == 200


def test_it_is_set_up_on_the_page_by_a_first_code(alice: User) -> None:
    browser = Browser()
    browser.force_login(alice)
    page = browser.post("/profile/second-factor/", {"do": "begin"}).content.decode()
    assert "<svg" in page
    wrong = browser.post("/profile/second-factor/", {"do": "confirm", "code": "000000"})
    assert "This code is not right" in wrong.content.decode()
    assert "<svg" in wrong.content.decode()
    right = browser.post("/profile/second-factor/", {"do": "confirm", "code": code_of(alice)})
    assert right.content.decode().count("<code>") == 10
    assert "<code>" not in browser.get("/profile/second-factor/").content.decode()
    assert Event.objects.filter(kind="second_factor.on", subject_id=alice.pk).count() == 1


def test_a_password_alone_is_not_enough_then(alice: User, codes: list[str]) -> None:
    browser = give_password(alice)
    assert not is_in(browser)
    browser.post("/sign-in/code/", {"code": "123456"})
    assert not is_in(browser)
    answer = browser.post("/sign-in/code/", {"code": code_of(alice, later=30)})
    assert answer.status_code == 302
    assert is_in(browser)


def test_a_code_lets_in_once(alice: User, codes: list[str]) -> None:
    code = code_of(alice, later=30)
    assert take_code(alice, code)
    assert not take_code(alice, code)


def test_a_code_of_long_ago_lets_nobody_in(
    alice: User, codes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, now = code_of(alice, later=60), timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(minutes=3))
    assert not take_code(alice, code)


def test_a_recovery_code_lets_in_once_however_it_is_typed(alice: User, codes: list[str]) -> None:
    browser = give_password(alice)
    browser.post("/sign-in/code/", {"code": f" {codes[0].upper()} "})
    assert is_in(browser)
    assert not take_code(alice, codes[0])
    assert take_code(alice, codes[1].replace("-", ""))
    assert Event.objects.filter(kind="second_factor.recovery_used").count() == 2


def test_wrong_codes_close_the_sign_in_as_wrong_passwords_do(alice: User, codes: list[str]) -> None:
    browser = give_password(alice)
    for _attempt in range(7):
        answer = browser.post("/sign-in/code/", {"code": "123456"})
    assert answer.status_code == 429
    assert browser.post("/sign-in/code/", {"code": codes[0]}).status_code == 429
    assert not is_in(browser)
    assert Event.objects.filter(kind="user.sign_in_failed", subject_id=alice.pk).count() == 7


def test_without_the_password_no_code_helps(alice: User, codes: list[str]) -> None:
    browser = Browser()
    answer = browser.post("/sign-in/code/", {"code": codes[0]})
    assert answer.headers["Location"].startswith("/sign-in/")
    assert take_code(alice, codes[0])


def test_the_password_is_forgotten_after_five_minutes(
    alice: User, codes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = give_password(alice)
    session = browser.session
    session["second_step"] |= {"until": 1.0}
    session.save()
    browser.post("/sign-in/code/", {"code": codes[0]})
    assert not is_in(browser)


def test_a_letter_with_a_new_password_does_not_pass_the_codes_by(
    alice: User, codes: list[str]
) -> None:
    from orbita.accounts.actions.links import invite

    token = invite(actor=None, user=alice)
    browser = Browser()
    answer = browser.post(f"/invitation/{token}/", {"password": "another long password"})
    assert answer.headers["Location"] == "/sign-in/code/"
    assert not is_in(browser)


def test_a_role_may_ask_for_codes_before_anything_else(admin: User, alice: User) -> None:
    save_role(
        actor=admin,
        name="",
        permissions={},
        needs_second_factor=True,
        role=Role.objects.get(key="manager"),
    )
    browser = Browser()
    browser.force_login(alice)
    assert browser.get("/profile/").headers["Location"] == "/profile/second-factor/"
    assert browser.post("/profile/", {"name": "Eve"}).status_code == 403
    browser.post("/profile/second-factor/", {"do": "begin"})
    browser.post("/profile/second-factor/", {"do": "confirm", "code": code_of(alice)})
    assert is_in(browser)
    with pytest.raises(ValidationError):
        end_second_factor(actor=User.objects.get(pk=alice.pk), code=code_of(alice, later=30))


def test_the_administrator_may_be_asked_for_codes_too_and_keeps_his_rights(admin: User) -> None:
    save_role(actor=admin, name="", permissions={}, needs_second_factor=True, role=admin.role)
    role = Role.objects.get(key="administrator")
    assert role.needs_second_factor
    assert role.is_administrator


def test_codes_are_turned_off_with_a_code_or_by_an_administrator(
    admin: User, alice: User, codes: list[str]
) -> None:
    with pytest.raises(ValidationError):
        end_second_factor(actor=alice, code="123456")
    end_second_factor(actor=alice, code=codes[0])
    assert not SecondFactor.objects.exists()
    begin_second_factor(actor=alice)
    confirm_second_factor(actor=alice, code=code_of(alice))
    Browser().force_login(alice)
    reset_second_factor(actor=admin, user=alice)
    assert not SecondFactor.objects.exists()
    assert not alice.sessions.exists()


def test_the_base_shows_neither_the_secret_nor_the_codes(alice: User, codes: list[str]) -> None:
    secret = SecondFactor.objects.get().secret
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret, recovery FROM accounts_secondfactor")
        stored = str(cursor.fetchall())
    assert secret.reveal() not in stored
    assert codes[0].replace("-", "") not in stored
    assert secret.reveal() not in f"{secret} {secret!r}"
