"""Hostile texts in what the ways to sign in keep and show."""

import json
from typing import Any

import pytest
from django.test import Client as Browser

from orbita.accounts.actions import rename_passkey
from orbita.accounts.actions.single_sign_on import StrangerError, person_of
from orbita.accounts.models import Passkey, Role, SignInProvider, User
from orbita.core.jobs import run_all
from orbita.core.models import OutgoingMail
from tests.security.hostile import XSS, Page, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider(db: None) -> SignInProvider:
    return SignInProvider.objects.create(
        name=XSS[:60],
        issuer="javascript:alert(1)",
        client_id=XSS,
        is_on=True,
        role_claim="groups",
        roles={XSS: Role.objects.get(key="viewer").pk},
    )


def dangers(browser: Browser, url: str) -> list[str]:
    answer = browser.get(url)
    assert answer.status_code == 200, url
    return Page(answer.content.decode()).dangers


def test_names_of_passkeys_and_providers_stay_texts(
    admin: User, provider: SignInProvider, settings: Any
) -> None:
    settings.ORBITA_URL = "https://crm.example.org"
    key = Passkey.objects.create(
        user=admin, name="x", credential_id="x", handle="x", credential=b"x"
    )
    rename_passkey(actor=admin, passkey=key, name=XSS)
    browser = signed_in(admin)
    for url in (
        "/profile/passkeys/", f"/profile/passkeys/{key.pk}/", "/settings/single-sign-on/",
        "/settings/addresses/", f"/settings/users/{admin.pk}/",
    ):  # fmt: skip
        assert dangers(browser, url) == []
    assert dangers(Browser(), "/sign-in/") == []
    hostile = f"/sign-in/?next={XSS}"
    assert dangers(Browser(), hostile) == []


@pytest.mark.parametrize(
    "claims",
    [
        {"name": XSS}, {"name": 7}, {"name": ["x"]}, {"name": "a\0b"}, {"name": "x" * 5000},
        {"name": ""}, {"email": f"a@b{XSS}"}, {"email": ["a@example.org"]}, {"email": "a\0@example.org"},
        {"email": "x" * 500 + "@example.org"}, {"email": "a@example.org\nBcc: b@example.org"},
        {"groups": {XSS: 1}}, {"groups": [XSS, [XSS]]}, {"groups": XSS},
    ],
)  # fmt: skip
def test_hostile_claims_make_a_plain_person_or_nobody(
    provider: SignInProvider, admin: User, claims: dict[str, Any]
) -> None:
    given = {"sub": "u", "email": "a@example.org", "email_verified": True, "groups": [XSS]}
    try:
        user = person_of(provider, {**given, **claims})
    except StrangerError:
        assert not User.objects.filter(name__contains="script").exists()
        return
    assert user.name
    assert "\0" not in user.name + user.email
    assert not user.role.is_administrator
    assert dangers(signed_in(admin), "/settings/users/") == []


@pytest.mark.parametrize("header", [XSS, "x\tBcc: b@example.org", "\u202e" * 100, "a" * 5000])
def test_the_header_of_a_browser_changes_nothing_in_the_letter_about_it(
    alice: User, header: str
) -> None:
    given = {"username": alice.email, "password": "correct horse battery"}
    Browser().post("/sign-in/", given)
    Browser(HTTP_USER_AGENT=header).post("/sign-in/", given)
    run_all()
    letter = OutgoingMail.objects.get()
    assert letter.to == alice.email
    assert "Bcc" not in letter.subject
    assert len(letter.text) < 2000


@pytest.mark.parametrize("text", [XSS, "0.0.0.0/0" * 2000, "\0", "10.0.0.0/8\n" * 500, "ю/8"])
def test_hostile_lists_of_addresses_are_refused(admin: User, text: str) -> None:
    browser = signed_in(admin)
    role = Role.objects.get(key="viewer")
    answer = browser.post(f"/settings/addresses/{role.pk}/", {"networks": text})
    assert answer.status_code in (200, 302)
    role.refresh_from_db()
    assert json.dumps(role.networks) in ("[]", '["10.0.0.0/8"]')
