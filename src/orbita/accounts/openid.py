"""OpenID Connect, the part of the program that asks: authorization code with PKCE (RFC 7636), state
and nonce; the token checked as OpenID Connect Core 1.0, 3.1.3.7 says.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import jwt
from django.utils.translation import gettext as _
from jwt.exceptions import PyJWTError

from orbita.accounts.models import SignInProvider
from orbita.core import outgoing
from orbita.core.outgoing import OutgoingError
from orbita.core.sealed import SealBrokenError

# Signatures by key pairs alone: with a shared secret whoever knows it could sign too.
ALGORITHMS = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
]  # fmt: skip
CLOCKS_DIFFER = 60  # seconds
REMEMBERED_FOR = 600  # seconds that a provider's own description and keys are kept
_known: dict[str, tuple[float, Any]] = {}
_lock = threading.Lock()


class OpenIdError(Exception):
    """The provider did not prove who somebody is; `str()` says why, for the administrator."""


@dataclass(frozen=True)
class Asked:
    """What is kept of a question until the browser comes back with the answer."""

    state: str
    nonce: str
    verifier: str
    issuer: str

    def kept(self) -> dict[str, str]:
        return asdict(self)


def describe(issuer: str) -> Mapping[str, Any]:
    """What the provider says of itself (OpenID Connect Discovery 1.0). Raises `OpenIdError`."""
    found = _remembered(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if found.get("issuer") != issuer:
        raise OpenIdError(
            _("the server calls itself %(name)s") % {"name": str(found.get("issuer"))[:100]}
        )
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if urlsplit(str(found.get(name, ""))).scheme not in ("https", "http"):
            raise OpenIdError(_("the server does not name its %(what)s") % {"what": name})
    return found


def question(provider: SignInProvider, back: str) -> tuple[str, Asked]:
    """Where to send the browser, and what its return is checked with. Raises `OpenIdError`."""
    asked = Asked(
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        issuer=provider.issuer,
    )
    challenge = base64.urlsafe_b64encode(hashlib.sha256(asked.verifier.encode()).digest())
    where = str(describe(provider.issuer)["authorization_endpoint"])
    values = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": back,
        "scope": "openid email profile",
        "state": asked.state,
        "nonce": asked.nonce,
        "code_challenge": challenge.decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    return f"{where}{'&' if '?' in where else '?'}{urlencode(values)}", asked


def claims_of(
    provider: SignInProvider, asked: Asked, answer: Mapping[str, str], back: str
) -> Mapping[str, Any]:
    """What the provider vouches for about whoever has come back. Raises `OpenIdError`."""
    if not hmac.compare_digest(answer.get("state", "").encode(), asked.state.encode()):
        raise OpenIdError("this is no answer to our question")
    if asked.issuer != provider.issuer or answer.get("iss", asked.issuer) != asked.issuer:
        raise OpenIdError("another server has answered")
    if answer.get("error") or not answer.get("code"):
        raise OpenIdError(f"the server says: {answer.get('error', '')[:100]!r}")
    about = describe(provider.issuer)
    tokens = _redeem(provider, about, answer["code"], asked.verifier, back)
    claims = _checked(str(tokens.get("id_token", "")), provider, about, asked.nonce)
    missing = {"email", provider.role_claim or "email"} - claims.keys()
    if missing and about.get("userinfo_endpoint"):
        more = _user_info(about, str(tokens.get("access_token", "")))
        if more.get("sub") != claims["sub"]:
            raise OpenIdError("the server speaks of two different people")
        claims = {**more, **claims}
    return claims


def _redeem(
    provider: SignInProvider, about: Mapping[str, Any], code: str, verifier: str, back: str
) -> Mapping[str, Any]:
    """The tokens that the code stands for."""
    values = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": back,
        "client_id": provider.client_id,
        "code_verifier": verifier,
    }
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
    }
    try:
        secret = provider.client_secret.reveal() if provider.client_secret else ""
    except SealBrokenError:
        raise OpenIdError("the secret cannot be opened: type it in anew") from None
    ways = about.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    if secret and "client_secret_basic" in ways:
        pair = f"{quote(provider.client_id, safe='')}:{quote(secret, safe='')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    elif secret:
        values["client_secret"] = secret
    return _object(
        _fetch(
            str(about["token_endpoint"]),
            method="POST",
            headers=headers,
            body=urlencode(values).encode(),
        )
    )


def _checked(
    token: str, provider: SignInProvider, about: Mapping[str, Any], nonce: str
) -> Mapping[str, Any]:
    """The claims of a token that this provider has signed for us, now, in answer to this question."""
    try:
        header = jwt.get_unverified_header(token)
        claims: dict[str, Any] = jwt.decode(
            token,
            _key(header, str(about["jwks_uri"])),
            algorithms=ALGORITHMS,
            audience=provider.client_id,
            issuer=provider.issuer,
            leeway=CLOCKS_DIFFER,
            options={"require": ["iss", "sub", "aud", "exp", "iat"]},
        )
    except (PyJWTError, ValueError, TypeError, NotImplementedError, RecursionError) as error:
        raise OpenIdError(f"the token is not good: {error}") from None
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else provider.client_id) != provider.client_id:
        raise OpenIdError("the token is meant for another program")
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise OpenIdError("the token answers another question")
    if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
        raise OpenIdError("the token names nobody")
    return claims


def _key(header: Mapping[str, Any], url: str) -> Any:
    """The provider's key that the token says it was signed with; asked for anew when it is not known."""
    if header.get("alg") not in ALGORITHMS:
        raise OpenIdError("the token is not signed as it must be")
    for fresh in (False, True):
        keys = _remembered(url, fresh=fresh).get("keys")
        fitting = [
            key
            for key in (keys if isinstance(keys, list) else [])
            if isinstance(key, dict)
            and key.get("kty") in ("RSA", "EC", "OKP")
            and key.get("use", "sig") == "sig"
            and key.get("alg", header["alg"]) == header["alg"]
            and key.get("kid") == header.get("kid")
        ]
        if len(fitting) == 1:
            return jwt.PyJWK(fitting[0], algorithm=header["alg"])
    raise OpenIdError("the token is signed with a key that the server does not name")


def _user_info(about: Mapping[str, Any], token: str) -> Mapping[str, Any]:
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    return _object(_fetch(str(about["userinfo_endpoint"]), headers=headers))


def _remembered(url: str, *, fresh: bool = False) -> Mapping[str, Any]:
    """A public document of the provider, asked for now and then."""
    with _lock:
        until, found = _known.get(url, (0.0, None))
    if fresh or found is None or until < time.monotonic():
        found = _object(_fetch(url, headers={"Accept": "application/json"}))
        with _lock:
            if len(_known) > 20:
                _known.clear()
            _known[url] = (time.monotonic() + REMEMBERED_FOR, found)
    document: Mapping[str, Any] = found
    return document


def forget() -> None:
    """Has the provider's documents asked for anew."""
    with _lock:
        _known.clear()


def _fetch(url: str, **how: Any) -> outgoing.Answer:
    try:
        answer = outgoing.request(url, **how)
    except OutgoingError as error:
        raise OpenIdError(str(error)) from None
    if answer.status != 200:
        raise OpenIdError(_("the server answers %(status)s") % {"status": answer.status})
    return answer


def _object(answer: outgoing.Answer) -> Mapping[str, Any]:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise OpenIdError(_("the server's answer cannot be read"))
    return found
