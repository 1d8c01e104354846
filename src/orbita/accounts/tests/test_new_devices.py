"""A letter when somebody signs in from a browser that his account has not seen before."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from orbita.accounts import actions
from orbita.accounts.devices import KEPT_FOR
from orbita.accounts.models import KnownDevice, User
from orbita.core.models import Event, OutgoingMail

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/140.0"


def sign_in(user: User, browser: Browser | None = None) -> Browser:
    browser = browser or Browser(headers={"user-agent": FIREFOX}, REMOTE_ADDR="203.0.113.9")
    answer = browser.post("/sign-in/", {"username": user.email, "password": PASSWORD})
    assert answer.status_code == 302
    return browser


def test_the_very_first_sign_in_sends_nothing_and_the_next_device_a_letter(
    alice: User, settings: Any
) -> None:
    settings.ORBITA_URL = "https://crm.example.org"
    sign_in(alice)
    assert not OutgoingMail.objects.exists()
    sign_in(alice)
    letter = OutgoingMail.objects.get()
    assert letter.to == alice.email
    assert letter.subject == "Sign-in to Orbita from a new device"
    for words in (
        "203.0.113.9", "Firefox, Windows", "(Europe/Moscow)",
        "https://crm.example.org/profile/sessions/", "https://crm.example.org/sign-in/forgot/",
    ):  # fmt: skip
        assert words in letter.text
    event = Event.objects.get(kind="user.new_device")
    assert (event.actor_id, event.subject_id) == (alice.pk, alice.pk)


def test_the_letter_is_in_the_language_and_zone_of_the_person(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    User.objects.filter(pk=alice.pk).update(language="ru", time_zone="Asia/Vladivostok")
    sign_in(alice)
    moment = datetime(2026, 3, 1, 20, 30, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: moment)
    sign_in(alice)
    letter = OutgoingMail.objects.get()
    assert letter.subject == "Вход в Orbita с нового устройства"
    assert "2 марта 2026" in letter.text
    assert "6:30" in letter.text


def test_a_known_browser_is_known_again_even_after_signing_out(alice: User) -> None:
    browser = sign_in(alice)
    browser.post("/sign-out/")
    sign_in(alice, browser)
    assert not OutgoingMail.objects.exists()
    assert KnownDevice.objects.count() == 1


def test_a_browser_known_to_one_person_is_new_to_another(alice: User, bob: User) -> None:
    browser = sign_in(alice)
    sign_in(bob)
    browser.post("/sign-out/")
    sign_in(bob, browser)
    assert OutgoingMail.objects.get().to == bob.email
    assert browser.cookies["device"].value


def test_the_base_keeps_no_cookie_and_the_cookie_is_for_the_server_alone(alice: User) -> None:
    browser = sign_in(alice)
    cookie = browser.cookies["device"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert int(cookie["max-age"]) == KEPT_FOR.total_seconds()
    assert cookie.value not in KnownDevice.objects.get().mark


@pytest.mark.parametrize("cookie", ["", "x", "a" * 5000, "a" * 43, '"\\000"' * 8])
def test_a_made_up_cookie_is_a_new_device(alice: User, cookie: str) -> None:
    sign_in(alice)
    browser = Browser()
    browser.cookies["device"] = cookie
    sign_in(alice, browser)
    assert OutgoingMail.objects.count() == 1


def test_devices_not_seen_for_long_are_forgotten(alice: User) -> None:
    sign_in(alice)
    KnownDevice.objects.update(seen_at=timezone.now() - KEPT_FOR - KEPT_FOR)
    sign_in(alice)
    assert KnownDevice.objects.count() == 1


def test_a_link_for_a_new_password_opened_elsewhere_is_a_new_device_too(alice: User) -> None:
    sign_in(alice)
    token = actions.invite(actor=None, user=alice)
    Browser().post(f"/invitation/{token}/", {"password": "another good horse"})
    assert OutgoingMail.objects.filter(key__startswith="device:").count() == 1
