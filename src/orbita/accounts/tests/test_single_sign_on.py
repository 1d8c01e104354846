"""Sign-in by a real OpenID provider, and what a forged one, or a thief between, could try."""

import json
import logging
import time
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client as Browser
from django.utils import translation
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from orbita.accounts import actions, openid, policy
from orbita.accounts.models import OutsideIdentity, Passkey, Role, SignInProvider, User
from orbita.accounts.tests.provider import CLIENT_ID, CLIENT_SECRET, Person, Provider, running
from orbita.core.models import Event
from orbita.core.sealed import Secret

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
BACK = "http://testserver/sign-in/outside/back/"


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with translation.override("en"):
        yield


@pytest.fixture
def provider(settings: Any, alice: User) -> Iterator[Provider]:
    """A provider that is set up here and knows Alice."""
    openid.forget()
    with running() as found:
        host = urlsplit(found.issuer).netloc
        settings.ORBITA_OUTGOING_ALLOW = [host]
        found.client.redirect_uri = BACK
        found.person = known(alice.email)
        SignInProvider.objects.create(
            name="Keycloak",
            issuer=found.issuer,
            client_id=CLIENT_ID,
            client_secret=Secret(CLIENT_SECRET),
            is_on=True,
        )
        yield found


def known(email: str, sub: str = "u-1", **claims: Any) -> Person:
    return Person(sub, {"email": email, "email_verified": True, "name": "Alice Outside", **claims})


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def visit(address: str) -> str:
    """Goes to the provider as a browser does; where it sends back to."""
    try:
        urllib.request.build_opener(_Stay).open(address)
    except urllib.error.HTTPError as answer:
        return str(answer.headers["Location"])
    raise AssertionError("the provider did not send back")


def begin(browser: Browser) -> str:
    return browser.get("/sign-in/outside/", {"next": "/profile/"}).headers["Location"]


def sign_in(browser: Browser | None = None) -> Browser:
    """Goes the whole way; whether it led in is for `is_in`."""
    browser = browser or Browser(headers={"accept-language": "en"})
    browser.get(visit(begin(browser)))
    return browser


def is_in(browser: Browser) -> bool:
    return browser.get("/profile/").status_code == 200


def change(**fields: Any) -> None:
    SignInProvider.objects.update(**fields)


# ---- the way in ----


def test_somebody_with_the_same_verified_email_comes_in(provider: Provider, alice: User) -> None:
    browser = Browser()
    assert "Keycloak" in browser.get("/sign-in/").content.decode()
    address = begin(browser)
    asked = parse_qs(urlsplit(address).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [BACK]
    answer = browser.get(visit(address))
    assert (answer.status_code, answer.headers["Location"]) == (302, "/profile/")
    assert is_in(browser)
    assert OutsideIdentity.objects.get().user == alice
    assert Event.objects.filter(kind="identity.linked", subject_id=alice.pk).count() == 1
    assert Event.objects.filter(kind="user.signed_in", subject_id=alice.pk).count() == 1


def test_from_then_on_the_unchanging_name_counts_and_not_the_email(
    provider: Provider, alice: User, bob: User
) -> None:
    sign_in()
    provider.person = known(bob.email, sub="u-1")
    browser = sign_in()
    assert "Alice" in browser.get("/profile/").content.decode()
    provider.person = known(alice.email, sub="u-2")
    assert not is_in(sign_in())


@pytest.mark.parametrize("verified", [False, None, "true", "false", 1, [True]])
def test_an_email_that_the_provider_has_not_verified_is_nobodys(
    provider: Provider, verified: Any
) -> None:
    provider.person.claims["email_verified"] = verified
    assert not is_in(sign_in())


def test_addresses_of_other_domains_are_not_let_in(provider: Provider) -> None:
    change(domains=["example.com"])
    assert not is_in(sign_in())
    change(domains=["example.com", "example.org"])
    assert is_in(sign_in())


def test_claims_that_stand_in_the_user_info_alone_are_fetched(provider: Provider) -> None:
    provider.in_token = ()
    assert is_in(sign_in())
    assert "/userinfo" in provider.asked


def test_user_info_of_somebody_else_is_refused(provider: Provider, bob: User) -> None:
    provider.in_token = ()
    provider.user_info_of = known(bob.email, sub="u-2")
    assert not is_in(sign_in())


def test_a_secret_may_be_sent_in_the_body(provider: Provider) -> None:
    provider.metadata["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    provider.client.token_endpoint_auth_method = "client_secret_post"
    assert is_in(sign_in())


def test_a_stranger_is_let_in_only_by_a_group_that_stands_for_a_role(provider: Provider) -> None:
    role = Role.objects.get(key="viewer")
    provider.person = known("new@example.org", sub="u-9", groups=["staff", "crm"])
    assert not is_in(sign_in())
    change(role_claim="groups", roles={"crm": role.pk})
    assert is_in(sign_in())
    user = User.objects.get(email="new@example.org")
    assert (user.role, user.name) == (role, "Alice Outside")
    assert not user.has_usable_password()
    provider.person = known("other@example.org", sub="u-10", groups=[["crm"], None, 7])
    assert not is_in(sign_in())


def test_nobody_becomes_an_administrator_by_a_claim(provider: Provider, admin: User) -> None:
    provider.person = known("new@example.org", sub="u-9", groups=["crm"])
    change(role_claim="groups", roles={"crm": admin.role_id})
    assert not is_in(sign_in())
    assert not User.objects.filter(email="new@example.org").exists()


def test_closed_accounts_and_the_program_itself_stay_closed(
    provider: Provider, alice: User
) -> None:
    sign_in()
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert not is_in(sign_in())
    service = actions.service_user()
    provider.person = known(service.email, sub="u-3")
    assert not is_in(sign_in())


def test_the_second_factor_of_ours_is_asked_all_the_same(provider: Provider, alice: User) -> None:
    Passkey.objects.create(user=alice, name="x", credential_id="x", handle="x", credential=b"x")
    browser = Browser()
    answer = browser.get(visit(begin(browser)))
    assert answer.headers["Location"] == "/sign-in/code/"
    assert not is_in(browser)


def test_from_an_address_that_the_role_does_not_work_from_nobody_comes_in(
    provider: Provider, alice: User
) -> None:
    Role.objects.filter(pk=alice.role_id).update(networks=["192.0.2.0/24"])
    assert not is_in(sign_in())
    assert is_in(sign_in(Browser(REMOTE_ADDR="192.0.2.1")))


# ---- a thief between ----


def test_an_answer_without_our_question_or_to_another_one_is_refused(provider: Provider) -> None:
    answer = visit(begin(Browser()))
    stranger = Browser()
    assert stranger.get(answer).status_code == 302
    assert not is_in(stranger)
    begin(stranger)
    stranger.get(answer)
    assert not is_in(stranger)
    assert "/token" not in provider.asked


def test_an_answer_is_taken_once(provider: Provider) -> None:
    browser = Browser()
    answer = visit(begin(browser))
    forged = answer.replace("state=", "state=x")
    browser.get(forged)
    browser.get(answer)
    assert not is_in(browser)
    browser.get(answer := visit(begin(browser)))
    assert is_in(browser)
    thief = Browser()
    begin(thief)
    thief.get(answer)
    assert not is_in(thief)


def test_a_code_that_was_stolen_on_its_way_is_worth_nothing_elsewhere(provider: Provider) -> None:
    victim, thief = Browser(), Browser()
    stolen = parse_qs(urlsplit(visit(begin(victim))).query)["code"][0]
    state = parse_qs(urlsplit(begin(thief)).query)["state"][0]
    thief.get(BACK, {"code": stolen, "state": state})
    assert "/token" in provider.asked
    assert not is_in(thief)


def test_a_question_is_old_after_ten_minutes(provider: Provider) -> None:
    browser = Browser()
    answer = visit(begin(browser))
    session = browser.session
    session["openid_asked"] |= {"until": 1.0}
    session.save()
    browser.get(answer)
    assert not is_in(browser)


def test_a_word_of_another_issuer_in_the_answer_is_refused(provider: Provider) -> None:
    browser = Browser()
    browser.get(visit(begin(browser)) + "&iss=https%3A%2F%2Fevil.example")
    assert not is_in(browser)


@pytest.mark.parametrize(
    "query",
    [{}, {"code": "x"}, {"state": "x"}, {"error": "access_denied"}, {"code": "\0", "state": "ю"}],
)
def test_damaged_returns_are_refusals_and_no_errors(
    provider: Provider, query: dict[str, str]
) -> None:
    browser = Browser()
    begin(browser)
    assert browser.get(BACK, query).status_code == 200
    assert Browser().get(BACK, query).status_code == 302


@pytest.mark.parametrize("following", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_nobody_is_led_elsewhere_afterwards(provider: Provider, following: str) -> None:
    browser = Browser()
    address = browser.get("/sign-in/outside/", {"next": following}).headers["Location"]
    assert browser.get(visit(address)).headers["Location"] == "/"


# ---- a forged token ----


def with_claims(**changes: Any) -> Any:
    def forge(header: dict[str, Any], claims: dict[str, Any], key: RSAKey) -> str:
        kept = {name: value for name, value in {**claims, **changes}.items() if value is not None}
        return jwt.encode(header, kept, key)

    return forge


def unsigned(header: dict[str, Any], claims: dict[str, Any], key: RSAKey) -> str:
    nothing = OctKey.import_key("")
    return jwt.encode({**header, "alg": "none"}, claims, nothing, algorithms=["none"])


def signed_by_another(header: dict[str, Any], claims: dict[str, Any], key: RSAKey) -> str:
    return jwt.encode(header, claims, RSAKey.generate_key(2048, {"kid": str(key.kid)}))


def signed_with_the_public_key(header: dict[str, Any], claims: dict[str, Any], key: RSAKey) -> str:
    shared = OctKey.import_key(key.as_pem(private=False))
    return jwt.encode({**header, "alg": "HS256"}, claims, shared)


def signed_with_the_client_secret(
    header: dict[str, Any], claims: dict[str, Any], key: RSAKey
) -> str:
    shared = OctKey.import_key(CLIENT_SECRET.encode())
    return jwt.encode({**header, "alg": "HS256"}, claims, shared)


def with_key_inside(header: dict[str, Any], claims: dict[str, Any], key: RSAKey) -> str:
    own = RSAKey.generate_key(2048, {"kid": "mine"})
    header = {"alg": "RS256", "kid": "mine", "jwk": own.as_dict(private=False)}
    return jwt.encode(header, claims, own)


NOW = int(time.time())
FORGERIES = {
    "another issuer": with_claims(iss="https://evil.example"),
    "another audience": with_claims(aud=["other"]),
    "no audience": with_claims(aud=None),
    "another authorised party": with_claims(aud=[CLIENT_ID, "other"], azp="other"),
    "two audiences and no authorised party": with_claims(aud=[CLIENT_ID, "other"]),
    "expired": with_claims(exp=NOW - 600),
    "no end": with_claims(exp=None),
    "from the future": with_claims(iat=NOW + 6000),
    "not yet": with_claims(nbf=NOW + 6000),
    "another nonce": with_claims(nonce="other"),
    "no nonce": with_claims(nonce=None),
    "no subject": with_claims(sub=None),
    "an empty subject": with_claims(sub=""),
    "no signature": unsigned,
    "signed by another": signed_by_another,
    "signed with the public key": signed_with_the_public_key,
    "signed with the client secret": signed_with_the_client_secret,
    "a key of its own inside": with_key_inside,
    "nothing": lambda *given: "",
    "garbage": lambda *given: "a.b.c",
    "null": lambda *given: None,
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
@pytest.mark.filterwarnings("ignore")
def test_a_forged_token_opens_nothing(provider: Provider, forge: Any) -> None:
    provider.forge = forge
    browser = sign_in()
    assert "/token" in provider.asked
    assert not is_in(browser)
    assert not OutsideIdentity.objects.exists()
    provider.forge = None
    assert is_in(sign_in())


def test_new_keys_of_the_provider_are_learnt_and_old_ones_forgotten(provider: Provider) -> None:
    assert is_in(sign_in())
    old, provider.key = provider.key, RSAKey.generate_key(2048, {"kid": "k2"})
    assert is_in(sign_in())
    provider.forge = lambda header, claims, key: jwt.encode({**header, "kid": old.kid}, claims, old)
    assert not is_in(sign_in())


@pytest.mark.parametrize(
    "lie",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "file:///etc/passwd"},
        {"token_endpoint": "http://127.0.0.1:1/token"},
        {"jwks_uri": "http://169.254.169.254/keys"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": None},
    ],
)
def test_a_provider_that_names_strange_places_is_not_asked_there(
    provider: Provider, lie: dict[str, Any]
) -> None:
    provider.metadata |= lie
    browser = Browser()
    answer = browser.get("/sign-in/outside/")
    if answer.status_code == 302:
        browser.get(visit(answer.headers["Location"]))
    assert not is_in(browser)


def test_without_the_permission_of_the_administrator_nothing_inner_is_asked(
    provider: Provider, settings: Any
) -> None:
    settings.ORBITA_OUTGOING_ALLOW = []
    assert Browser().get("/sign-in/outside/").status_code == 200
    assert provider.asked == []


def test_refusals_say_the_same_whoever_is_meant(provider: Provider, alice: User) -> None:
    def said(person: Person) -> str:
        openid.forget()
        provider.person = person
        browser = Browser(headers={"accept-language": "en"})
        page = browser.get(visit(begin(browser))).content.decode()
        return "\n".join(line for line in page.splitlines() if "csrfmiddleware" not in line)

    User.objects.filter(pk=alice.pk).update(is_active=False)
    told = said(known(alice.email)), said(known("nobody@example.org", sub="u-8"))
    assert told[0] == told[1]
    assert "Keycloak did not let you in here" in told[0]


# ---- the settings ----


def settings_of(provider: Provider, **more: Any) -> dict[str, Any]:
    return {
        "is_on": "on",
        "name": "Keycloak",
        "issuer": provider.issuer,
        "client_id": CLIENT_ID,
        **more,
    }


def test_an_administrator_sets_it_up_and_the_secret_is_never_shown(
    provider: Provider, admin: User
) -> None:
    SignInProvider.objects.all().delete()
    browser = Browser(headers={"accept-language": "en"})
    browser.force_login(admin)
    role = Role.objects.get(key="viewer")
    address = "/settings/single-sign-on/"
    page = browser.get(address).content.decode()
    assert BACK in page
    given = settings_of(
        provider,
        client_secret=CLIENT_SECRET,
        domains="@Example.org example.com",
        role_claim="groups",
        **{f"role_{role.pk}": "crm, sales"},
    )
    assert browser.post(address, given).status_code == 302
    row = SignInProvider.objects.get()
    assert row.domains == ["example.org", "example.com"]
    assert row.roles == {"crm": role.pk, "sales": role.pk}
    assert row.client_secret.reveal() == CLIENT_SECRET
    assert browser.post(address, {**given, "client_secret": ""}).status_code == 302
    assert SignInProvider.objects.get().client_secret.reveal() == CLIENT_SECRET
    shown = browser.get(address).content.decode()
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM core_eventpayload")
        told = json.dumps(cursor.fetchall())
        cursor.execute("SELECT client_secret FROM accounts_signinprovider")
        told += str(cursor.fetchall())
    assert "s3cret" not in shown + told
    assert Event.objects.filter(kind="provider.saved", actor_id=admin.pk).count() == 1
    assert is_in(sign_in())


def test_a_provider_that_does_not_answer_is_not_turned_on(provider: Provider, admin: User) -> None:
    browser = Browser(headers={"accept-language": "en"})
    browser.force_login(admin)
    for issuer in ("http://127.0.0.1:1", "http://169.254.169.254", "https://nobody.invalid", "x"):
        given = settings_of(provider, issuer=issuer)
        page = browser.post("/settings/single-sign-on/", given)
        assert page.status_code == 200
        assert 'aria-invalid="true"' in page.content.decode()
    assert SignInProvider.objects.get().issuer == provider.issuer


def test_only_administrators_set_it_up(provider: Provider, alice: User, admin: User) -> None:
    with pytest.raises(policy.Denied):
        actions.forget_identities(actor=alice, user=admin)
    with pytest.raises(ValidationError):
        actions.save_provider(
            actor=admin, name="x", issuer="x", client_id="x", client_secret="", is_on=False,
            domains=[], role_claim="groups", roles={"x": admin.role_id},
        )  # fmt: skip


def test_a_secret_that_cannot_be_opened_shuts_this_door_alone(
    provider: Provider, alice: User
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_signinprovider SET client_secret = 'gAAAAABk'")
    browser = Browser(headers={"accept-language": "en"})
    assert browser.get("/sign-in/").status_code == 200
    page = browser.get(visit(begin(browser)))
    assert page.status_code == 200
    assert "did not let you in" in page.content.decode()


def test_it_is_turned_off_and_people_are_untied(
    provider: Provider, alice: User, admin: User
) -> None:
    sign_in()
    browser = Browser()
    browser.force_login(admin)
    page = browser.get(f"/settings/users/{alice.pk}/").content.decode()
    assert f"/settings/users/{alice.pk}/identities/forget/" in page
    browser.post(f"/settings/users/{alice.pk}/identities/forget/")
    assert not OutsideIdentity.objects.exists()
    change(is_on=False)
    assert Browser().get("/sign-in/outside/").status_code == 302
    assert "Keycloak" not in Browser().get("/sign-in/").content.decode()
