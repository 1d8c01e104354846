"""Passkeys in a real browser with a virtual authenticator, and what a thief could try with them."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client as Browser
from playwright.sync_api import Page

from orbita.accounts import actions
from orbita.accounts.actions.passkeys import RefusedError, Site
from orbita.accounts.models import Passkey, User
from orbita.core.models import Event, OutgoingMail
from orbita.ui.testing import launch, open_window, overflow, serving, violations

PASSWORD = "correct horse battery"
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def browser(chromium: str) -> Iterator[Any]:
    with launch(chromium) as found:
        yield found


@dataclass
class Device:
    """A person's device: a browser window with an authenticator in it."""

    page: Page
    protocol: Any
    authenticator: str
    base: str

    def credentials(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.protocol.send(
            "WebAuthn.getCredentials", {"authenticatorId": self.authenticator}
        )["credentials"]
        return found

    def carry(self, credential: dict[str, Any]) -> None:
        """Puts a key of another device into this one."""
        self.protocol.send(
            "WebAuthn.addCredential",
            {"authenticatorId": self.authenticator, "credential": credential},
        )

    def forget(self) -> None:
        self.protocol.send("WebAuthn.clearCredentials", {"authenticatorId": self.authenticator})

    def add(self, name: str, password: str = PASSWORD) -> None:
        self.page.goto(f"{self.base}/profile/passkeys/")
        self.page.fill("main [name=name]", name)
        self.page.fill("main [name=password]", password)
        self.page.click("main form[data-passkey] button")

    def sign_in(self) -> None:
        self.page.context.clear_cookies()
        self.page.goto(f"{self.base}/sign-in/?next=/profile/")
        self.page.click("form[data-passkey] button")

    def arrives(self, path: str) -> None:
        self.page.wait_for_url(lambda url: urlsplit(url).path == path)

    def is_in(self) -> bool:
        self.page.goto(f"{self.base}/profile/")
        return urlsplit(self.page.url).path == "/profile/"


@contextmanager
def device_of(browser: Any, base: str, user: User) -> Iterator[Device]:
    """A window in which the user is signed in, by a session that is no longer fresh."""
    with open_window(browser, base, user, language="en") as (page, troubles):
        protocol = page.context.new_cdp_session(page)
        protocol.send("WebAuthn.enable", {"enableUI": False})
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made = protocol.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        yield Device(page, protocol, made["authenticatorId"], base)
    strange = [one for one in troubles if "Content Security Policy" in one]
    assert not strange


@pytest.fixture
def base() -> Iterator[str]:
    with serving() as address:
        yield address


@pytest.fixture
def phone(browser: Any, base: str, alice: User) -> Iterator[Device]:
    """Alice's device, with a passkey of hers on it."""
    with device_of(browser, base, alice) as device:
        device.add("Phone")
        device.page.wait_for_selector("main a:has-text('Phone')")
        yield device


SHOW = """async (told) => {
  const bytes = (text) => Uint8Array.from(
    atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const { rawId, response } = await navigator.credentials.get(
    { publicKey: { ...told, challenge: bytes(told.challenge) } });
  return { rawId: text(rawId), type: "public-key", response: {
    clientDataJSON: text(response.clientDataJSON),
    authenticatorData: text(response.authenticatorData),
    signature: text(response.signature), userHandle: text(response.userHandle),
  } };
}"""
FORGED = "http://localhost:9"


def program_at(device: Device) -> Browser:
    """A program that talks to the same server as the device does."""
    return Browser(headers={"host": urlsplit(device.base).netloc, "accept-language": "en"})


def caught(device: Device, page_at: str = "") -> tuple[Browser, dict[str, Any]]:
    """A program that was asked for a passkey, and what the device answers on a page of this origin."""
    program = program_at(device)
    told = program.post("/sign-in/passkey/", {"do": "options"}).json()
    if page_at:
        device.page.route(f"{page_at}/**", lambda route: route.fulfill(body="<p>Orbita</p>"))
    device.page.goto(f"{page_at or device.base}/sign-in/")
    answer: dict[str, Any] = device.page.evaluate(SHOW, told)
    return program, answer


def give(program: Browser, answer: Any, **more: Any) -> bool:
    """Whether the answer lets the program in."""
    given = {"do": "answer", "answer": json.dumps(answer)}
    return program.post("/sign-in/passkey/", given, **more).status_code == 302


# ---- in the browser ----


def test_a_passkey_is_made_and_signs_in_without_a_password(phone: Device, alice: User) -> None:
    assert len(phone.credentials()) == 1
    assert phone.credentials()[0]["isResidentCredential"]
    phone.sign_in()
    phone.arrives("/profile/")
    assert phone.page.inner_text("h1") == "Alice"
    kept = Passkey.objects.get()
    assert kept.used_at is not None
    assert kept.sign_count > 0
    assert Event.objects.filter(kind="user.signed_in", subject_id=alice.pk).count() == 1


def test_adding_one_asks_for_the_password_and_tells_by_letter(
    browser: Any, base: str, alice: User
) -> None:
    with device_of(browser, base, alice) as device:
        device.add("Phone", password="wrong")
        device.page.wait_for_selector("[data-says]:has-text('This is not your present password.')")
        assert device.credentials() == []
        device.add("Phone")
        device.page.wait_for_selector("main a:has-text('Phone')")
        device.add("Again")
        device.page.wait_for_selector("[data-says]:has-text('has a passkey of yours already')")
    assert Passkey.objects.count() == 1
    assert "passkey was added" in OutgoingMail.objects.get().text


def test_beside_the_password_it_is_the_second_factor(phone: Device, alice: User) -> None:
    page = phone.page
    page.context.clear_cookies()
    page.goto(f"{phone.base}/sign-in/")
    page.fill("[name=username]", alice.email)
    page.fill("[name=password]", PASSWORD)
    page.click("main form:not([data-passkey]) button")
    assert page.url.endswith("/sign-in/code/")
    assert page.inner_text("h1") == "Your passkey"
    page.click("form[data-passkey] button")
    page.wait_for_url(lambda url: "sign-in" not in url)
    assert phone.is_in()


def test_a_removed_passkey_and_one_of_nobody_get_the_same_words(phone: Device) -> None:
    Passkey.objects.all().delete()
    phone.sign_in()
    phone.page.wait_for_selector("[data-says]:has-text('This passkey lets nobody in here.')")
    assert not phone.is_in()
    assert Event.objects.filter(kind="user.sign_in_failed", subject_id=None).count() == 1


def test_a_passkey_whose_counter_went_back_is_refused_and_put_on_record(
    phone: Device, browser: Any, base: str, alice: User, bob: User
) -> None:
    copied = phone.credentials()[0]
    phone.sign_in()
    phone.arrives("/profile/")
    phone.sign_in()
    phone.arrives("/profile/")
    counted = Passkey.objects.get().sign_count
    with device_of(browser, base, bob) as thief:
        thief.carry(copied)
        thief.sign_in()
        thief.page.wait_for_selector("[data-says]:has-text('lets nobody in')")
        assert not thief.is_in()
    assert Passkey.objects.get().sign_count == counted
    assert Event.objects.filter(kind="passkey.copied", subject_id=alice.pk).count() == 1


def test_an_answer_is_taken_once(phone: Device) -> None:
    program, answer = caught(phone)
    thief = program_at(phone)
    assert not give(thief, answer)
    assert give(program, answer)
    thief.post("/sign-in/passkey/", {"do": "options"})
    assert not give(thief, answer)


def test_a_question_is_forgotten_with_its_first_answer_even_a_wrong_one(phone: Device) -> None:
    program, answer = caught(phone)
    assert not give(program, {**answer, "response": {**answer["response"], "signature": "AAAA"}})
    assert not give(program, answer)


def test_a_question_is_old_after_five_minutes(phone: Device) -> None:
    program, answer = caught(phone)
    session = program.session
    session["passkey_asked"] |= {"until": 1.0}
    session.save()
    assert not give(program, answer)


def test_what_a_forged_site_gets_opens_nothing(phone: Device, settings: Any) -> None:
    # Another port is another origin, though browsers bind passkeys to the host alone.
    program, answer = caught(phone, FORGED)
    assert b"localhost:9" in _bytes(answer["response"]["clientDataJSON"])
    assert not give(program, answer)
    program, answer = caught(phone)
    assert give(program, answer)
    settings.ORBITA_URL = "http://localhost:7"
    program, answer = caught(phone)
    assert not give(program, answer)


def test_a_key_names_its_own_person_and_no_other(phone: Device, bob: User) -> None:
    program, answer = caught(phone)
    Passkey.objects.update(handle=base64.urlsafe_b64encode(b"bob").decode())
    assert not give(program, answer)
    program, answer = caught(phone)
    answer["response"]["userHandle"] = None
    assert not give(program, answer)


def test_a_passkey_of_somebody_else_is_no_second_factor(phone: Device, bob: User) -> None:
    site = Site.of(phone.base)
    _options, state = actions.ask_for_passkey(site=site)
    program, answer = caught(phone)
    state = program.session["passkey_asked"]["state"]
    with pytest.raises(RefusedError, match="no such passkey"):
        actions.take_passkey(site=site, state=state, answer=answer, user=bob)
    assert actions.take_passkey(site=site, state=state, answer=answer).name == "Alice"


def test_a_device_that_proves_nobody_sits_there_does_not_sign_in_alone(phone: Device) -> None:
    program, answer = caught(phone)
    data = bytearray(_bytes(answer["response"]["authenticatorData"]))
    data[32] &= ~0x04  # the flag "user verified"
    answer["response"]["authenticatorData"] = _text(bytes(data))
    assert not give(program, answer)


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def test_a_closed_account_has_no_passkeys_any_more(phone: Device, admin: User) -> None:
    program, answer = caught(phone)
    User.objects.filter(name="Alice").update(is_active=False)
    assert not give(program, answer)


def test_pages_of_passkeys_pass_the_accessibility_rules(phone: Device) -> None:
    key = Passkey.objects.get()
    for path in ("/profile/passkeys/", f"/profile/passkeys/{key.pk}/"):
        phone.page.goto(phone.base + path)
        assert violations(phone.page) == []
    phone.page.context.clear_cookies()
    phone.page.set_viewport_size({"width": 390, "height": 844})
    phone.page.goto(f"{phone.base}/sign-in/")
    assert violations(phone.page) == []
    assert overflow(phone.page) <= 0
