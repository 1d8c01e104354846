"""Roles that work from certain addresses only: pages, sign-in and tokens alike, on every request."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone, translation

from orbita.accounts import actions, policy
from orbita.accounts.addresses import is_inside, read_networks
from orbita.accounts.models import Passkey, Role, SecondFactor, User, UserSession
from orbita.core.models import Event

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
INSIDE, OUTSIDE = "192.0.2.7", "198.51.100.7"


@pytest.fixture(autouse=True)
def in_english() -> Any:
    with translation.override("en"):
        yield


@pytest.fixture
def kept_in(admin: User, alice: User) -> User:
    """Alice, whose role works from 192.0.2.0/24 and 2001:db8::/32 alone."""
    actions.save_networks(
        actor=admin, role=alice.role, text="192.0.2.0/24\n2001:db8::/32", address="127.0.0.1"
    )
    return alice


def at(address: str, **more: Any) -> Browser:
    return Browser(REMOTE_ADDR=address, headers={"accept-language": "en"}, **more)


def sign_in(browser: Browser, user: User, password: str = PASSWORD) -> Any:
    return browser.post("/sign-in/", {"username": user.email, "password": password})


@pytest.mark.parametrize(
    ("text", "networks"),
    [
        ("", []),
        ("192.0.2.7", ["192.0.2.7/32"]),
        ("192.0.2.7/24, 192.0.2.0/24;10.0.0.0/8", ["192.0.2.0/24", "10.0.0.0/8"]),
        ("2001:DB8::/32\n::1", ["2001:db8::/32", "::1/128"]),
        ("::ffff:192.0.2.0/120", ["192.0.2.0/24"]),
    ],
)
def test_networks_are_read_in_their_usual_notation(text: str, networks: list[str]) -> None:
    assert read_networks(text) == networks


@pytest.mark.parametrize(
    "text", ["192.0.2", "192.0.2.0/33", "crm.example.org", "0300.0.2.7", "1/2/3", "*", "<script>"]
)
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        read_networks(text)
    with pytest.raises(ValidationError):
        read_networks(" ".join(f"10.0.{n}.1" for n in range(201)))


@pytest.mark.parametrize(
    ("networks", "address", "inside"),
    [
        ([], None, True),
        ([], OUTSIDE, True),
        (["192.0.2.0/24"], "192.0.2.255", True),
        (["192.0.2.0/24"], "192.0.3.0", False),
        (["192.0.2.0/24"], "::ffff:192.0.2.9", True),
        (["192.0.2.0/24"], "2001:db8::1", False),
        (["2001:db8::/32"], "2001:db8:ffff::1", True),
        (["fe80::/10"], "fe80::1%eth0", True),
        (["192.0.2.0/24"], None, False),
        (["0.0.0.0/0"], "::1", False),
    ],
)
def test_an_address_is_inside_or_not(networks: list[str], address: str, inside: bool) -> None:
    assert is_inside(networks, address) is inside


def test_a_session_begun_inside_shows_nothing_outside_and_works_inside_again(kept_in: User) -> None:
    browser = at(INSIDE)
    assert sign_in(browser, kept_in).status_code == 302
    assert browser.get("/profile/").status_code == 200
    for path in ("/profile/", "/clients/", "/", "/profile/tokens/"):
        answer = browser.get(path, REMOTE_ADDR=OUTSIDE)
        assert answer.status_code == 403
        assert f"you are at {OUTSIDE}" in answer.content.decode()
        assert kept_in.name not in answer.content.decode()
    assert browser.post("/profile/", {"name": "Eve"}, REMOTE_ADDR=OUTSIDE).status_code == 403
    answer = browser.get("/clients/", REMOTE_ADDR=OUTSIDE, headers={"HX-Request": "true"})
    assert answer.status_code == 403
    assert kept_in.name not in browser.get("/none", REMOTE_ADDR=OUTSIDE).content.decode()
    assert browser.get("/profile/", REMOTE_ADDR="2001:db8::9").status_code == 200
    assert Event.objects.filter(kind="user.kept_out", subject_id=kept_in.pk).count() == 1


def test_a_session_of_yesterday_is_under_a_list_of_today(admin: User, alice: User) -> None:
    browser = at(OUTSIDE)
    sign_in(browser, alice)
    assert browser.get("/profile/").status_code == 200
    actions.save_networks(actor=admin, role=alice.role, text="192.0.2.0/24", address=None)
    assert browser.get("/profile/").status_code == 403


def test_from_outside_a_right_password_looks_and_counts_like_a_wrong_one(kept_in: User) -> None:
    def said(password: str) -> str:
        page = sign_in(at(OUTSIDE), kept_in, password)
        assert page.status_code == 200
        lines = page.content.decode().splitlines()
        return "\n".join(line for line in lines if "csrfmiddleware" not in line)

    assert said(PASSWORD) == said("wrong")
    assert "or one may not sign in under it from this address" in said(PASSWORD)
    for _attempt in range(3):
        sign_in(at(OUTSIDE), kept_in)
    assert sign_in(at(OUTSIDE), kept_in).status_code == 429
    assert not UserSession.objects.filter(user=kept_in).exists()
    assert sign_in(at(INSIDE), kept_in).status_code == 302


def test_the_second_step_is_not_taken_outside(kept_in: User) -> None:
    factor = SecondFactor.objects.create(
        user=kept_in, secret="JBSWY3DPEHPK3PXP", confirmed_at=timezone.now()
    )
    factor.save()
    browser = at(INSIDE)
    assert sign_in(browser, kept_in).headers["Location"] == "/sign-in/code/"
    assert browser.get("/sign-in/code/").status_code == 200
    assert browser.get("/sign-in/code/", REMOTE_ADDR=OUTSIDE).status_code == 302


def test_a_new_password_by_letter_does_not_let_in_outside(kept_in: User) -> None:
    token = actions.invite(actor=None, user=kept_in)
    browser = at(OUTSIDE)
    answer = browser.post(f"/invitation/{token}/", {"password": "another good horse"})
    assert answer.headers["Location"] == "/sign-in/"
    assert browser.get("/profile/").status_code == 302


def test_tokens_of_programs_work_inside_alone(kept_in: User) -> None:
    _token, secret = actions.create_token(actor=None, user=kept_in, name="x", scopes=["*"])
    headers = {"authorization": f"Bearer {secret}"}
    assert Browser(REMOTE_ADDR=INSIDE).get("/api/v1/me", headers=headers).status_code == 200
    answer = Browser(REMOTE_ADDR=OUTSIDE).get("/api/v1/me", headers=headers)
    assert answer.status_code == 403
    assert answer["Content-Type"].startswith("application/problem+json")


def test_only_the_address_that_the_proxy_wrote_counts(kept_in: User, settings: Any) -> None:
    forged = {"X-Forwarded-For": f"{INSIDE}", "X-Real-IP": INSIDE, "Forwarded": f"for={INSIDE}"}
    assert sign_in(Browser(REMOTE_ADDR=OUTSIDE, headers=forged), kept_in).status_code == 200
    settings.ORBITA_BEHIND_PROXY = True
    proxied = {"X-Forwarded-For": f"{INSIDE}, {OUTSIDE}"}
    assert sign_in(Browser(REMOTE_ADDR=INSIDE, headers=proxied), kept_in).status_code == 200
    proxied = {"X-Forwarded-For": f"{OUTSIDE}, {INSIDE}"}
    assert sign_in(Browser(REMOTE_ADDR=OUTSIDE, headers=proxied), kept_in).status_code == 302


def test_who_looks_as_somebody_else_is_under_his_own_list(kept_in: User, admin: User) -> None:
    browser = at(OUTSIDE)
    browser.force_login(admin)
    browser.post(f"/settings/users/{kept_in.pk}/see-as/")
    assert browser.get("/profile/").status_code == 200


def test_the_administrator_cannot_shut_himself_out_by_mistake(admin: User) -> None:
    browser = at("203.0.113.5")
    browser.force_login(admin)
    address = f"/settings/addresses/{admin.role_id}/"
    page = browser.post(address, {"networks": "192.0.2.0/24"})
    assert "You are at 203.0.113.5 yourself now" in page.content.decode()
    with pytest.raises(ValidationError):
        actions.save_networks(actor=admin, role=admin.role, text="192.0.2.0/24", address=None)
    assert Role.objects.get(pk=admin.role_id).networks == []
    assert browser.post(address, {"networks": "192.0.2.0/24 203.0.113.0/24"}).status_code == 302
    assert browser.get("/settings/addresses/").status_code == 200
    assert browser.post(address, {"networks": ""}).status_code == 302
    kinds = Event.objects.filter(kind="role.networks", subject_id=admin.role_id)
    assert [event.actor_id for event in kinds] == [admin.pk, admin.pk]


def test_nobody_else_sets_addresses(alice: User) -> None:
    role = Role.objects.create(name="HR", permissions={"accounts.manage": "all"})
    User.objects.filter(pk=alice.pk).update(role=role)
    someone = User.objects.select_related("role").get(pk=alice.pk)
    with pytest.raises(policy.Denied):
        actions.save_networks(actor=someone, role=role, text="", address=None)


def test_the_command_line_lets_an_administrator_in_again(admin: User, settings: Any) -> None:
    Role.objects.filter(pk=admin.role_id).update(networks=["192.0.2.0/24"])
    Passkey.objects.create(user=admin, name="Phone", credential_id="x", handle="x", credential=b"x")
    SecondFactor.objects.create(user=admin, secret="x", confirmed_at=timezone.now())
    with connection.cursor() as cursor:  # as under the keys of another base
        cursor.execute("UPDATE accounts_secondfactor SET secret = 'gAAAAABk'")
    browser = at(OUTSIDE)
    for _attempt in range(8):
        sign_in(browser, admin, "wrong")
    assert sign_in(browser, admin).status_code == 429
    call_command("user", "unlock", "--email", admin.email, "--second-factor", "--addresses")
    assert sign_in(browser, admin).status_code == 302
    assert browser.get("/profile/").status_code == 200
    assert not SecondFactor.objects.exists()
    assert not Passkey.objects.exists()
    kinds = set(Event.objects.filter(actor_id=None).values_list("kind", flat=True))
    assert kinds >= {"user.unlocked", "second_factor.off", "passkey.removed", "role.networks"}
