"""A real OpenID provider for the tests: the servers of Authlib (RFC 6749, 7636, OpenID Connect Core)
behind Flask on a port of this machine. It knows one client and takes no code without PKCE; a test may
have it forge its tokens.
"""

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import flask
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from werkzeug.serving import make_server

CLIENT_ID, CLIENT_SECRET = "orbita", "s3cret:& of ours"
Forge = Callable[[dict[str, Any], dict[str, Any], RSAKey], str]


@dataclass
class Person:
    sub: str
    claims: dict[str, Any]

    def get_user_id(self) -> str:
        return self.sub


@dataclass
class Code(AuthorizationCodeMixin):  # type: ignore[misc]
    code: str
    redirect_uri: str
    scope: str
    nonce: str
    user: Person
    code_challenge: str
    code_challenge_method: str

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str:
        return self.nonce

    def get_auth_time(self) -> None:
        return None

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


@dataclass
class Client(ClientMixin):  # type: ignore[misc]
    """The one client, which may come back to one address only."""

    redirect_uri: str = ""

    def get_client_id(self) -> str:
        return CLIENT_ID

    def get_default_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self.redirect_uri

    def check_client_secret(self, client_secret: str) -> bool:
        return secrets.compare_digest(client_secret, CLIENT_SECRET)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == self.token_endpoint_auth_method

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"

    token_endpoint_auth_method = "client_secret_basic"


@dataclass
class Provider:
    """What a test may see and change of the provider that runs."""

    issuer: str = ""
    person: Person = field(default_factory=lambda: Person("u-1", {}))
    client: Client = field(default_factory=Client)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k1"}))
    shown_keys: list[RSAKey] = field(default_factory=list)
    codes: dict[str, Code] = field(default_factory=dict)
    tokens: dict[str, Person] = field(default_factory=dict)
    in_token: tuple[str, ...] = ("email", "email_verified", "name", "groups")
    user_info_of: Person | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    forge: Forge | None = None
    asked: list[str] = field(default_factory=list)


pages = flask.Blueprint("provider", __name__)


def _here() -> Provider:
    found: Provider = flask.current_app.config["PROVIDER"]
    return found


def _server() -> Any:
    return flask.current_app.config["SERVER"]


class Codes(AuthorizationCodeGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]

    def save_authorization_code(self, code: str, request: Any) -> None:
        asked = request.payload.data
        _here().codes[code] = Code(
            code,
            request.payload.redirect_uri,
            request.payload.scope,
            asked.get("nonce", ""),
            request.user,
            asked.get("code_challenge", ""),
            asked.get("code_challenge_method", ""),
        )

    def query_authorization_code(self, code: str, client: Any) -> Code | None:
        return _here().codes.get(code)

    def delete_authorization_code(self, authorization_code: Code) -> None:
        del _here().codes[authorization_code.code]

    def authenticate_user(self, authorization_code: Code) -> Person:
        return authorization_code.user


class Challenge(CodeChallenge):  # type: ignore[misc]
    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        assert grant.request.payload.data.get("code_challenge_method") == "S256"
        super().validate_code_challenge(grant, redirect_uri)


class Tokens(OpenIDCode):  # type: ignore[misc]
    def exists_nonce(self, nonce: str, request: Any) -> bool:
        return any(code.nonce == nonce for code in _here().codes.values())

    def generate_user_info(self, user: Person, scope: str) -> UserInfo:
        kept = {name: user.claims[name] for name in _here().in_token if name in user.claims}
        return UserInfo(sub=user.sub, **kept)

    def get_client_claims(self, client: Any) -> dict[str, Any]:
        return {"iss": _here().issuer, "aud": [CLIENT_ID]}

    def encode_id_token(self, token: Any, request: Any) -> str:
        header = {"alg": "RS256", "kid": _here().key.kid}
        claims = self.get_compatible_claims(request)
        claims.update(self.get_authorization_code_claims(request.authorization_code))
        claims.update(self.generate_user_info(request.user, token["scope"]))
        forge = _here().forge or _sign
        return forge(header, claims, _here().key)


@pages.before_request
def note() -> None:
    _here().asked.append(flask.request.path)


@pages.get("/.well-known/openid-configuration")
def about() -> Any:
    provider = _here()
    return {
        "issuer": provider.issuer,
        "authorization_endpoint": f"{provider.issuer}/authorize",
        "token_endpoint": f"{provider.issuer}/token",
        "userinfo_endpoint": f"{provider.issuer}/userinfo",
        "jwks_uri": f"{provider.issuer}/keys",
        **provider.metadata,
    }


@pages.get("/keys")
def keys() -> Any:
    return KeySet([*_here().shown_keys, _here().key]).as_dict(private=False)


@pages.get("/authorize")
def authorize() -> Any:
    # Whoever comes is signed in here already and agrees.
    return _server().create_authorization_response(grant_user=_here().person)


@pages.post("/token")
def token() -> Any:
    return _server().create_token_response()


@pages.get("/userinfo")
def userinfo() -> Any:
    given = flask.request.headers.get("Authorization", "").removeprefix("Bearer ")
    person = _here().tokens.get(given)
    if person is None:
        return "no", 401
    shown = _here().user_info_of or person
    return {"sub": shown.sub, **shown.claims}


def application(provider: Provider) -> flask.Flask:
    def save_token(token: dict[str, Any], request: Any) -> None:
        provider.tokens[token["access_token"]] = request.user

    app = flask.Flask(__name__)
    server = AuthorizationServer(
        app, lambda given: provider.client if given == CLIENT_ID else None, save_token
    )
    server.register_grant(Codes, [Tokens(require_nonce=True), Challenge(required=True)])
    app.config["PROVIDER"], app.config["SERVER"] = provider, server
    app.register_blueprint(pages)
    return app


def _sign(header: dict[str, Any], claims: dict[str, Any], key: RSAKey) -> str:
    return jwt.encode(header, claims, key)


@contextmanager
def running() -> Iterator[Provider]:
    """The provider on a free port of this machine."""
    provider = Provider()
    server = make_server("127.0.0.1", 0, application(provider), threaded=True)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
