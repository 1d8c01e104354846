"""What holds about passkeys without any browser: hostile answers, the role's demand, who may what."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client as Browser
from django.utils import timezone, translation
from fido2.utils import websafe_encode

from orbita.accounts import actions
from orbita.accounts.actions.passkeys import LONGEST_ANSWER, RefusedError, Site
from orbita.accounts.models import Passkey, Role, SecondFactor, User, UserSession
from orbita.accounts.sessions import describe
from orbita.core.models import Event

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
SITE = Site.of("https://crm.example.org/x")


@pytest.fixture(autouse=True)
def in_english(settings: Any) -> Any:
    settings.ORBITA_URL = "https://crm.example.org"
    with translation.override("en"):
        yield


def passkey_of(user: User, name: str = "Phone") -> Passkey:
    identifier = websafe_encode(f"{user.pk} {name}".encode())
    return Passkey.objects.create(
        user=user, name=name, credential_id=identifier, handle="aGFuZGxl", credential=b"x"
    )


def signed_in(user: User, *, fresh: bool) -> Browser:
    browser = Browser()
    browser.force_login(user)
    if fresh:
        session = browser.session
        describe(session, address=None, browser="")
        session.save()
    return browser


def require_more(role: Role) -> None:
    Role.objects.filter(pk=role.pk).update(needs_second_factor=True)


@pytest.mark.parametrize(
    ("url", "origin", "works"),
    [
        ("https://CRM.example.org/", "https://crm.example.org", True),
        ("https://crm.example.org:8443", "https://crm.example.org:8443", True),
        ("http://localhost:8000/", "http://localhost:8000", True),
        ("http://crm.example.org/", "http://crm.example.org", False),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000", False),
        ("https://192.0.2.7/", "https://192.0.2.7", False),
        ("https://[2001:db8::7]/", "https://[2001:db8::7]", False),
    ],
)
def test_browsers_bind_passkeys_to_names_with_https(url: str, origin: str, works: bool) -> None:
    site = Site.of(url)
    assert (site.origin, site.has_passkeys) == (origin, works)


def test_the_question_at_sign_in_is_the_same_for_everybody_and_names_nobody(alice: User) -> None:
    passkey_of(alice)
    answers = []
    for _attempt in range(2):
        told = Browser().post("/sign-in/passkey/", {"do": "options"}).json()
        assert told.pop("challenge")
        answers.append(told)
    assert answers[0] == answers[1] == {"rpId": "crm.example.org", "userVerification": "required"}


@pytest.mark.parametrize(
    "answer",
    [
        "", "null", "[]", "{}", "1", "{", "[" * 15_000, '{"a":' * 3000, "x" * (LONGEST_ANSWER + 1),
        '{"rawId": 1}', '{"rawId": "\\u0000", "response": {}}', '{"rawId": "AA", "response": null}',
        '{"rawId": "AA", "type": "public-key", "response": {"clientDataJSON": "AA",'
        ' "authenticatorData": "AA", "signature": "AA"}}',
        '{"rawId": "AA", "type": "public-key", "response": {"clientDataJSON": "bnVsbA",'
        ' "authenticatorData": "AA", "signature": "AA"}}',
        '{"rawId": "AA", "id": "BB", "response": {"transports": 7}}',
    ],
)  # fmt: skip
def test_damaged_answers_are_refusals_and_no_errors(alice: User, answer: str) -> None:
    browser = Browser(headers={"accept-language": "en"})
    browser.post("/sign-in/passkey/", {"do": "options"})
    page = browser.post("/sign-in/passkey/", {"do": "answer", "answer": answer})
    assert page.status_code == 200
    assert "lets nobody in" in page.content.decode()
    mine = signed_in(alice, fresh=True)
    assert mine.post("/profile/passkeys/", {"do": "options", "name": "x"}).status_code == 200
    page = mine.post("/profile/passkeys/", {"do": "answer", "answer": answer, "name": "x"})
    assert page.status_code == 200
    assert not Passkey.objects.exists()


def test_an_answer_without_a_question_is_refused(alice: User) -> None:
    given = {"do": "answer", "answer": "{}", "name": "x"}
    assert Browser().post("/sign-in/passkey/", given).status_code == 200
    assert signed_in(alice, fresh=True).post("/profile/passkeys/", given).status_code == 200


def test_a_question_for_one_purpose_takes_no_answer_for_another(alice: User) -> None:
    browser = signed_in(alice, fresh=True)
    browser.post("/profile/passkeys/", {"do": "options"})
    assert browser.session["passkey_asked"]["for"] == "new"
    browser.session.flush()
    browser.post("/sign-in/passkey/", {"do": "options"})
    browser.force_login(alice)
    assert browser.session.get("passkey_asked", {"for": "sign-in"})["for"] == "sign-in"
    page = browser.post("/profile/passkeys/", {"do": "answer", "answer": "{}", "name": "x"})
    assert "gave no passkey that fits" in page.content.decode()
    assert "passkey_asked" not in browser.session


def test_after_ten_minutes_the_password_is_asked_to_add_or_remove_one(alice: User) -> None:
    known = passkey_of(alice)
    old, young = signed_in(alice, fresh=False), signed_in(alice, fresh=True)
    options = {"do": "options", "name": "x"}
    assert old.post("/profile/passkeys/", options).status_code == 422
    assert old.post("/profile/passkeys/", {**options, "password": "no"}).status_code == 422
    assert old.post("/profile/passkeys/", {**options, "password": PASSWORD}).status_code == 200
    assert young.post("/profile/passkeys/", options).status_code == 200
    address = f"/profile/passkeys/{known.pk}/"
    assert old.post(address, {"do": "remove"}).status_code == 200
    assert old.post(address, {"do": "remove", "password": "no"}).status_code == 200
    assert Passkey.objects.exists()
    assert old.post(address, {"do": "remove", "password": PASSWORD}).status_code == 302
    assert not Passkey.objects.exists()
    assert Event.objects.filter(kind="passkey.removed", actor_id=alice.pk).count() == 1


def test_nobody_reaches_the_passkey_of_another(alice: User, bob: User, admin: User) -> None:
    known = passkey_of(alice)
    for user in (bob, admin):
        browser = signed_in(user, fresh=True)
        for given in ({"do": "remove"}, {"do": "rename", "name": "mine"}):
            assert browser.post(f"/profile/passkeys/{known.pk}/", given).status_code == 404
    known.refresh_from_db()
    assert known.name == "Phone"


def test_a_passkey_is_renamed(alice: User) -> None:
    known = passkey_of(alice)
    browser = signed_in(alice, fresh=False)
    browser.post(f"/profile/passkeys/{known.pk}/", {"do": "rename", "name": " Old  phone "})
    assert Passkey.objects.get().name == "Old phone"
    assert Event.objects.filter(kind="passkey.renamed").count() == 1


def test_whoever_has_one_owes_it_after_the_password(alice: User) -> None:
    passkey_of(alice)
    browser = Browser()
    answer = browser.post("/sign-in/", {"username": alice.email, "password": PASSWORD})
    assert answer.headers["Location"] == "/sign-in/code/"
    assert browser.get("/profile/").status_code == 302
    told = browser.post("/sign-in/code/", {"do": "options"}).json()
    assert len(told["allowCredentials"]) == 1
    browser.post("/sign-in/code/", {"do": "answer", "answer": "{}"})
    browser.post("/sign-in/code/", {"code": "123456"})
    assert browser.get("/profile/").status_code == 302
    assert Event.objects.filter(kind="user.sign_in_failed", subject_id=alice.pk).count() == 2


def test_wrong_passkeys_after_the_password_close_the_sign_in_as_wrong_passwords_do(
    alice: User,
) -> None:
    passkey_of(alice)
    browser = Browser()
    browser.post("/sign-in/", {"username": alice.email, "password": PASSWORD})
    for _attempt in range(7):
        answer = browser.post("/sign-in/code/", {"do": "answer", "answer": "{}"})
    assert answer.status_code == 429
    assert browser.post("/sign-in/code/", {"do": "options"}).status_code == 429


def test_a_passkey_is_what_a_role_asks_for_and_the_last_one_stays(alice: User) -> None:
    require_more(alice.role)
    browser = signed_in(alice, fresh=True)
    assert browser.get("/profile/").headers["Location"] == "/profile/second-factor/"
    assert browser.get("/profile/passkeys/").status_code == 200
    known = passkey_of(alice)
    assert browser.get("/profile/").status_code == 200
    page = browser.post(f"/profile/passkeys/{known.pk}/", {"do": "remove"})
    assert "add another passkey or codes first" in page.content.decode()
    other = passkey_of(alice, "Key")
    fresh = User.objects.select_related("role").get(pk=alice.pk)
    actions.remove_passkey(actor=fresh, passkey=known)
    with pytest.raises(ValidationError):
        actions.remove_passkey(actor=fresh, passkey=other)


def test_an_administrator_takes_passkeys_off_with_the_codes(admin: User, alice: User) -> None:
    passkey_of(alice)
    SecondFactor.objects.create(user=alice, secret="x", confirmed_at=timezone.now())
    signed_in(alice, fresh=False)
    actions.reset_second_factor(actor=admin, user=alice)
    assert not Passkey.objects.exists()
    assert not SecondFactor.objects.exists()
    assert not UserSession.objects.filter(user=alice).exists()
    assert Event.objects.filter(kind="passkey.removed", actor_id=admin.pk).count() == 1


def test_there_are_at_most_twenty(alice: User) -> None:
    for number in range(20):
        passkey_of(alice, str(number))
    with pytest.raises(ValidationError):
        actions.begin_passkey(actor=alice, site=SITE)


def test_a_made_up_answer_for_another_page_inside_a_frame_is_refused(alice: User) -> None:
    with pytest.raises(RefusedError):
        actions.take_passkey(site=SITE, state={}, answer={"rawId": "AA"})
