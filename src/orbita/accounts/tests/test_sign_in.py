from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orbita.accounts.models import User, UserSession
from orbita.core.models import Event

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
WRONG = "no such password"
URL = "/sign-in/"


def sign_in(client: Client, email: str, password: str = PASSWORD, **extra: Any) -> Any:
    return client.post(URL, {"username": email, "password": password, **extra})


def is_signed_in(client: Client) -> bool:
    return client.get(reverse("accounts:profile")).status_code == 200


def test_a_person_signs_in_by_email_whatever_its_case(client: Client, alice: User) -> None:
    assert sign_in(client, " Alice@Example.org ").status_code == 302
    assert is_signed_in(client)


def test_sign_in_is_an_event_and_the_session_knows_its_browser(client: Client, alice: User) -> None:
    client.post(
        URL,
        {"username": alice.email, "password": PASSWORD},
        headers={"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36"},
    )
    event = Event.objects.get(kind="user.signed_in")
    assert (event.actor_id, event.subject_id) == (alice.pk, alice.pk)
    session = UserSession.objects.get()
    assert (session.user, session.address) == (alice, "127.0.0.1")
    page = client.get(reverse("accounts:sessions")).content.decode()
    assert "Chrome, Windows" in page
    assert session.session_key not in page


def test_the_session_key_changes_at_sign_in(client: Client, alice: User) -> None:
    client.get(URL)
    session = client.session
    session["theme"] = "dark"
    session.save()
    before = session.session_key
    sign_in(client, alice.email)
    assert client.session.session_key != before
    assert not UserSession.objects.filter(session_key=before).exists()


def closed(user: User) -> str:
    user.is_active = False
    user.save()
    return user.email


def invited(user: User) -> str:
    user.set_unusable_password()
    user.save()
    return user.email


@pytest.mark.parametrize("who", [closed, invited, lambda user: "nobody@example.org"])
def test_nobody_learns_who_has_an_account(
    client: Client, alice: User, bob: User, who: Callable[[User], str]
) -> None:
    def answer(email: str) -> tuple[int, str]:
        response = sign_in(client, email, WRONG)
        return response.status_code, response.content.decode().replace(email, "…")

    def bare(answered: tuple[int, str]) -> list[str]:
        return [line for line in answered[1].splitlines() if "csrf" not in line]

    known, other = answer(bob.email), answer(who(alice))
    assert known[0] == other[0] == 200
    assert bare(known) == bare(other)
    assert sign_in(client, who(alice)).status_code == 200


def test_unknown_and_closed_accounts_cost_the_same_hashing(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch, make_user: Any
) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    alice, bob = make_user("Alice", "manager"), make_user("Bob", "manager")
    from django.contrib.auth.hashers import Argon2PasswordHasher

    hashed: list[str] = []
    for name in ("encode", "verify"):
        real = getattr(Argon2PasswordHasher, name)

        def counted(*args: Any, real: Any = real, **kwargs: Any) -> Any:
            hashed.append("once")
            return real(*args, **kwargs)

        monkeypatch.setattr(Argon2PasswordHasher, name, counted)

    def work(email: str) -> int:
        hashed.clear()
        sign_in(client, email, WRONG)
        return len(hashed)

    expected = work(bob.email)
    assert expected > 0
    assert work("nobody@example.org") == expected
    assert work(closed(alice)) == expected
    assert work(invited(alice)) == expected


@pytest.mark.parametrize("email", ["alice@example.org", "nobody@example.org"])
def test_too_many_wrong_passwords_close_sign_in_for_a_while_for_known_and_unknown_alike(
    client: Client, alice: User, email: str
) -> None:
    for _attempt in range(6):
        assert sign_in(client, email, WRONG).status_code == 200
    locked = sign_in(client, email.upper(), WRONG)
    assert locked.status_code == 429
    assert 0 < int(locked["Retry-After"]) <= 900
    assert "15" in locked.content.decode()
    assert sign_in(client, email).status_code == 429
    assert not is_signed_in(client)
    events = Event.objects.filter(kind="user.locked_out").count()
    assert events == (1 if email == alice.email else 0)


def test_a_lockout_ends_by_itself_and_does_not_grow_by_trying(client: Client, alice: User) -> None:
    for _attempt in range(9):
        sign_in(client, alice.email, WRONG)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    assert sign_in(client, alice.email).status_code == 302


def test_a_lockout_closes_neither_other_people_nor_other_places(
    client: Client, alice: User, bob: User
) -> None:
    for _attempt in range(7):
        sign_in(client, alice.email, WRONG)
    assert sign_in(client, bob.email).status_code == 302
    elsewhere = Client(REMOTE_ADDR="192.0.2.7")
    assert sign_in(elsewhere, alice.email).status_code == 302


def test_failed_attempts_are_told_to_the_owner_when_he_comes(client: Client, alice: User) -> None:
    for _attempt in range(3):
        sign_in(client, alice.email, WRONG)
    sign_in(client, alice.email)
    event = Event.objects.get(kind="user.signed_in")
    from orbita.core.events import payload_of

    assert payload_of(event)["failures"] == 3
    assert "3 attempts" in client.get(reverse("accounts:profile")).content.decode()


def test_a_stored_attempt_holds_no_password(client: Client, alice: User) -> None:
    sign_in(client, alice.email, WRONG)
    attempt = AccessAttempt.objects.get()
    assert WRONG not in f"{attempt.post_data}{attempt.get_data}"


@pytest.mark.parametrize(
    "hostile",
    [
        "https://evil.example/", "//evil.example/", "///evil.example", "/\\evil.example",
        "http:evil.example", "javascript:alert(1)", "\\\\evil.example", "https:/evil.example",
        "/%09/evil.example", "\t//evil.example", "http://testserver.evil.example/",
        "http://testserver@evil.example/", " //evil.example",
    ],
)  # fmt: skip
@pytest.mark.parametrize("way", ["post", "get"])
def test_next_never_leads_out(client: Client, alice: User, hostile: str, way: str) -> None:
    if way == "post":
        response = sign_in(client, alice.email, next=hostile)
    else:
        sign_in(client, alice.email)
        response = client.get(URL, {"next": hostile})
    assert response.status_code == 302
    assert response["Location"].startswith("/")
    assert not response["Location"].startswith(("//", "/\\", "/\t"))


def test_next_leads_to_the_page_that_was_asked_for(client: Client, alice: User) -> None:
    asked = client.get("/profile/sessions/?a=1")
    assert asked["Location"] == "/sign-in/?next=/profile/sessions/%3Fa%3D1"
    page = client.get(asked["Location"])
    assert page.context["next"] == "/profile/sessions/?a=1"
    response = sign_in(client, alice.email, next="/profile/sessions/?a=1")
    assert response["Location"] == "/profile/sessions/?a=1"


def test_a_closed_person_is_out_at_once(client: Client, alice: User, admin: User) -> None:
    sign_in(client, alice.email)
    boss = Client()
    boss.force_login(admin)
    boss.post(
        reverse("accounts:user", args=[alice.pk]), {"name": alice.name, "role": alice.role_id}
    )
    assert not is_signed_in(client)
    assert not UserSession.objects.filter(user=alice).exists()
    assert sign_in(client, alice.email).status_code == 200


def test_signing_out_needs_a_post_and_ends_the_session(client: Client, alice: User) -> None:
    sign_in(client, alice.email)
    assert client.get(reverse("accounts:sign-out")).status_code == 405
    assert is_signed_in(client)
    client.post(reverse("accounts:sign-out"))
    assert not is_signed_in(client)
    assert not UserSession.objects.exists()


def test_behind_a_proxy_only_the_address_that_the_proxy_wrote_counts(
    client: Client, alice: User, settings: Any
) -> None:
    headers = {"X-Forwarded-For": "203.0.113.9, 198.51.100.4"}
    data = {"username": alice.email, "password": PASSWORD}
    client.post(URL, data, headers=headers)
    assert UserSession.objects.get().address == "127.0.0.1"
    settings.ORBITA_BEHIND_PROXY = True
    other = Client()
    other.post(URL, data, headers=headers)
    assert UserSession.objects.filter(address="198.51.100.4").count() == 1
    spoiled = Client()
    spoiled.post(URL, data, headers={"X-Forwarded-For": "<script>"})
    assert UserSession.objects.filter(address=None).count() == 1


@pytest.mark.parametrize("email", ["\0", "a\0@b.ru", "x" * 5000, "", "🛸@example.org"])
def test_hostile_names_get_a_form_and_not_an_error(client: Client, email: str) -> None:
    assert sign_in(client, email, WRONG).status_code == 200


def test_an_htmx_request_of_a_stranger_is_sent_to_sign_in_as_a_whole(client: Client) -> None:
    response = client.get("/profile/", headers={"HX-Request": "true"})
    assert response.status_code == 401
    assert response["HX-Redirect"] == URL


def test_pages_of_people_who_signed_in_stay_out_of_caches(client: Client, alice: User) -> None:
    sign_in(client, alice.email)
    assert "no-store" in client.get("/profile/")["Cache-Control"]
