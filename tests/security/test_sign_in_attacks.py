"""Guessing passwords, fixing sessions, replaying links, poisoning letters, leading astray."""

from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth import hashers
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from orbita.accounts import actions, policy
from orbita.accounts.models import Invitation, Role, User, UserSession
from orbita.core.jobs import run_all
from orbita.core.models import OutgoingMail

pytestmark = pytest.mark.django_db
SIGN_IN, GOOD = "/sign-in/", "correct horse battery"


def attempt(client: Client, name: str, password: str, **more: str) -> Any:
    return client.post(SIGN_IN, {"username": name, "password": password, **more})


def test_other_spellings_of_an_address_give_no_more_guesses(alice: User) -> None:
    # Databases fold “ſ” into “s” and “ı” into “i”; the count of failures knows them apart.
    User.objects.filter(pk=alice.pk).update(email="assist@example.org")
    for name in ("aſſist@example.org", "aſsist@example.org", "assıst@example.org"):
        response = attempt(Client(), name, GOOD)
        assert response.status_code == 200, name
        assert not UserSession.objects.filter(user=alice).exists()
    assert attempt(Client(), " ASSIST@example.org ", GOOD).status_code == 302


def test_known_unknown_invited_and_closed_people_hear_the_same_words(
    alice: User, bob: User, charlie: User
) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    User.objects.filter(pk=charlie.pk).update(password="!")
    answers = set()
    for name in (alice.email, bob.email, charlie.email, "nobody@example.org"):
        client = Client()
        pages = [attempt(client, name, "wrong") for _n in range(9)]
        text = b"".join(page.content for page in pages).decode().replace(name, "NAME")
        token = client.cookies["csrftoken"].value
        answers.add((tuple(page.status_code for page in pages), len(text.replace(token, ""))))
    assert len(answers) == 1


def test_an_unknown_name_costs_as_much_hashing_as_a_known_one(
    alice: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    alice.set_password(GOOD)
    alice.save()
    counted: list[str] = []
    kind = hashers.get_hasher().__class__

    def counted_one(name: str) -> Any:
        real = getattr(kind, name)

        def work(self: Any, password: str, *args: Any) -> Any:
            counted.append(password)
            return real(self, password, *args)

        return work

    for name in ("encode", "verify"):
        monkeypatch.setattr(kind, name, counted_one(name))
    costs = []
    for name in (alice.email, "nobody@example.org"):
        counted.clear()
        attempt(Client(), name, "wrong")
        costs.append(len(counted))
    assert costs[0] == costs[1] > 0


def test_a_session_fixed_before_sign_in_is_worth_nothing_after_it(alice: User) -> None:
    victim = Client()
    session = victim.session
    session["x"] = "planted"
    session.save()
    planted = str(session.session_key)
    victim.cookies["sessionid"] = planted
    attempt(victim, alice.email, GOOD)
    assert victim.cookies["sessionid"].value != planted
    thief = Client()
    thief.cookies["sessionid"] = planted
    assert thief.get("/profile/").status_code == 302


@pytest.mark.parametrize(
    "key", ['"abcdefgh\\000"', '"abcdefgh\\377"', "a" * 5000, "%00%00%00%00%00%00%00%00", "../../x"]
)
def test_a_made_up_session_cookie_is_nobody(key: str, db: None) -> None:
    client = Client(raise_request_exception=False)
    assert client.get("/profile/", headers={"cookie": f"sessionid={key}"}).status_code == 302
    headers = {"cookie": f"csrftoken={key}; messages={key}; django_language={key}"}
    assert client.get(SIGN_IN, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example",
        "/\t/evil.example", "/\n/evil.example", "javascript:alert(1)", "http:evil.example",
        "///evil.example", "https:///evil.example", "http://testserver@evil.example",
        "/%5cevil.example/..//evil.example", "\x01//evil.example", "/\x00/evil.example",
    ],
)  # fmt: skip
def test_no_form_sends_people_elsewhere(alice: User, elsewhere: str) -> None:
    ways = [attempt(Client(), alice.email, GOOD, next=elsewhere)]
    browser = Client()
    browser.force_login(alice)
    ways.append(browser.get(SIGN_IN, {"next": elsewhere}))
    ways.append(browser.post("/preferences/", {"theme": "dark", "next": elsewhere}))
    for response in ways:
        assert response.status_code == 302
        target = response["Location"]
        assert target.startswith("/"), target
        assert target[1:2] not in ("/", "\\", "\t", "\n"), target


def test_a_link_for_a_password_works_once_and_takes_all_others_with_it(alice: User) -> None:
    actions.send_password_reset(alice.email, "http://testserver")
    invited = actions.invite(actor=None, user=alice)
    Invitation.objects.filter(user=alice).update(used_at=None)
    old = actions.links._make_invitation("reset", alice, actions.links.RESET_VALID_FOR)
    url = reverse("accounts:invitation", args=[invited])
    assert Client().post(url, {"password": "another good horse"}).status_code == 302
    assert Client().post(url, {"password": "a thief's horse 12"}).status_code == 410
    assert Client().get(reverse("accounts:invitation", args=[old])).status_code == 410
    alice.refresh_from_db()
    assert alice.check_password("another good horse")


def test_a_changed_password_closes_the_links_that_were_under_way(alice: User) -> None:
    token = actions.links._make_invitation("reset", alice, actions.links.RESET_VALID_FOR)
    browser = Client()
    browser.force_login(alice)
    browser.post("/profile/password/", {"old": GOOD, "new": "another good horse"})
    with pytest.raises(ValidationError):
        actions.accept_invitation(token=token, password="a thief's horse 12")


def test_the_set_up_link_makes_one_administrator_and_no_other_link_does(
    transactional_db: None,
) -> None:
    User.objects.all().delete()
    token = actions.make_setup_token() or ""
    given = {
        "company": "X", "name": "A", "email": "a@example.org", "password": "a long horse 12",
        "time_zone": "Europe/Moscow", "currency": "RUB",
    }  # fmt: skip
    url = reverse("accounts:set-up", args=[token])
    assert Client().post(url, given).status_code == 302
    again = Client().post(url, {**given, "email": "b@example.org"})
    assert again.status_code == 410
    assert actions.make_setup_token() is None
    assert User.objects.people().count() == 1


def test_an_invitation_does_not_open_the_set_up_nor_the_other_way_round(alice: User) -> None:
    token = actions.invite(actor=None, user=alice)
    assert Client().get(reverse("accounts:set-up", args=[token])).status_code == 410
    setup = actions.links._make_invitation("setup", None, actions.links.SETUP_VALID_FOR)
    assert Client().get(reverse("accounts:invitation", args=[setup])).status_code == 410


def test_a_letter_never_names_a_host_that_the_request_made_up(alice: User, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["localhost"]
    settings.ORBITA_URL = ""
    for headers in ({"host": "evil.example"}, {"host": "localhost:80@evil.example"}):
        refused = Client().post("/sign-in/forgot/", {"email": alice.email}, headers=headers)
        assert refused.status_code == 400
    headers = {"host": "localhost", "x-forwarded-host": "evil.example", "forwarded": "host=evil"}
    Client().post("/sign-in/forgot/", {"email": alice.email}, headers=headers)
    run_all()
    letter = OutgoingMail.objects.get()
    assert "http://localhost/invitation/" in letter.text
    assert "evil" not in letter.text


def test_the_address_from_the_settings_stands_in_letters_whatever_was_asked(
    alice: User, settings: Any
) -> None:
    settings.ALLOWED_HOSTS, settings.ORBITA_URL = ["*"], "https://crm.example.org"
    Client().post("/sign-in/forgot/", {"email": alice.email}, headers={"host": "evil.example"})
    run_all()
    assert "https://crm.example.org/invitation/" in OutgoingMail.objects.get().text


def test_a_closed_account_is_out_at_once_everywhere(alice: User, admin: User) -> None:
    browser = Client()
    browser.force_login(alice)
    _token, secret = actions.create_token(actor=None, user=alice, name="t", scopes=["*"])
    link = actions.invite(actor=None, user=alice)
    actions.change_user(
        actor=admin, user=alice, name="A", role=alice.role, team=None, is_active=False
    )
    assert browser.get("/profile/").status_code == 302
    answer = Client().get("/api/v1/me", headers={"authorization": f"Bearer {secret}"})
    assert answer.status_code == 401
    assert Client().get(reverse("accounts:invitation", args=[link])).status_code == 410
    assert attempt(Client(), alice.email, GOOD).status_code == 200
    actions.send_password_reset(alice.email, "http://testserver")
    assert not OutgoingMail.objects.exists()


def test_whoever_manages_users_makes_no_administrator_and_takes_no_administrator_over(
    alice: User, admin: User
) -> None:
    role = Role.objects.create(name="HR", permissions={"accounts.manage": "all"})
    User.objects.filter(pk=alice.pk).update(role=role)
    hr = User.objects.select_related("role").get(pk=alice.pk)
    top = Role.objects.get(key="administrator")
    for forbidden in (
        lambda: actions.change_user(
            actor=hr, user=hr, name="x", role=top, team=None, is_active=True
        ),
        lambda: actions.create_user(actor=hr, email="x@example.org", name="x", role=top),
        lambda: actions.change_user(
            actor=hr, user=admin, name="x", role=role, team=None, is_active=False
        ),
        lambda: actions.invite(actor=hr, user=admin),
    ):
        with pytest.raises(policy.Denied):
            forbidden()


def test_failures_are_counted_by_name_and_place_and_nobody_else_is_shut_out(
    alice: User, bob: User
) -> None:
    for _n in range(9):
        attempt(Client(), alice.email, "wrong")
    assert attempt(Client(), alice.email, GOOD).status_code == 429
    assert attempt(Client(), bob.email, GOOD).status_code == 302
    assert attempt(Client(REMOTE_ADDR="10.0.0.9"), alice.email, GOOD).status_code == 302
    assert AccessAttempt.objects.filter(username=alice.email).count() <= 2
