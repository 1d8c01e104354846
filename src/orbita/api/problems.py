"""Errors as problem+json (RFC 9457): one shape for every refusal of the API."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import msgspec
from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as FormError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, Throttled, ValidationError

from orbita.accounts.watching import SlowedError
from orbita.clients.actions import ConflictError as CardConflictError
from orbita.clients.fields.known import PREFIX, is_own
from orbita.core.rules import RuleError
from orbita.gateways.files.errors import FileError


class KnownClient(Schema):
    """Somebody the new client looks like; of one the token may not see, only who is responsible."""

    id: int | None = None
    name: str | None = None
    responsible: str = ""


class Problem(Schema):
    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    errors: dict[str, list[str]] = {}
    clients: list[KnownClient] = []
    # Of a failure of ours: the log has its cause under the same id.
    request_id: str = ""


class KnownClientError(Exception):
    """By the rule of the company, a client who looks like a known one is not added."""

    def __init__(self, clients: list[KnownClient]) -> None:
        super().__init__(_("There is such a client already."))
        self.clients = clients


class ConflictError(Exception):
    """The request contradicts what is stored: a version passed by, a number taken."""


# What any operation may answer; declared on each, so that clients can rely on it.
COMMON = dict.fromkeys((400, 401, 403, 404, 422, 429, 500), Problem)
WRITING = {**COMMON, 409: Problem, 413: Problem}
CONTENT_TYPE = "application/problem+json"


def problem(
    status: int, detail: str = "", errors: dict[str, list[str]] | None = None, **more: Any
) -> HttpResponse:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "errors": errors or {},
        **more,
    }
    return HttpResponse(msgspec.json.encode(body), status=status, content_type=CONTENT_TYPE)


def _not_signed_in(request: HttpRequest, error: Any) -> HttpResponse:
    response = problem(401, _("A valid token is needed: “Authorization: Bearer …”."))
    response.headers["WWW-Authenticate"] = 'Bearer realm="Orbita"'
    return response


def _not_found(request: HttpRequest, error: Any) -> HttpResponse:
    return problem(404, _("There is no such record, or it is not yours to see."))


def _bad_rule(request: HttpRequest, error: Any) -> HttpResponse:
    return problem(422, str(error), {"filter": [str(error)]})


def _not_valid(request: HttpRequest, error: Any) -> HttpResponse:
    """What the actions refuse: 409 when it contradicts what is stored, else 422."""
    if hasattr(error, "error_dict"):
        errors = {_as_sent(name): said for name, said in error.message_dict.items()}
        codes = {item.code for items in error.error_dict.values() for item in items}
    else:
        errors, codes = {"": error.messages}, {item.code for item in error.error_list}
    if "conflict" in codes:
        return problem(409, " ".join(error.messages), errors)
    return problem(422, _("Some values do not fit."), errors)


def _as_sent(name: str) -> str:
    """Where a value stood in the body: own fields stand under `fields`."""
    return f"fields.{name.removeprefix(PREFIX)}" if is_own(name) else name


def _not_of_the_schema(request: HttpRequest, error: Any) -> HttpResponse:
    errors: dict[str, list[str]] = {}
    for item in error.errors:
        field = ".".join(str(part) for part in item["loc"][1:])
        errors.setdefault(field, []).append(item["msg"])
    return problem(422, _("Some values do not fit."), errors)


def _too_often(request: HttpRequest, error: Any) -> HttpResponse:
    response = problem(429, _("Too many requests: wait a little."))
    response.headers["Retry-After"] = str(round(error.wait or 1))
    return response


def _slowed(request: HttpRequest, error: Any) -> HttpResponse:
    response = problem(429, str(error))
    response.headers["Retry-After"] = str(error.wait)
    return response


_HANDLERS: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
    AuthenticationError: _not_signed_in,
    PermissionDenied: lambda request, error: problem(403, str(error)),
    Http404: _not_found,
    ConflictError: lambda request, error: problem(409, str(error)),
    KnownClientError: lambda request, error: problem(
        409, str(error), clients=[client.dict() for client in error.clients]
    ),
    CardConflictError: lambda request, error: problem(409, " ".join(error.messages)),
    FileError: lambda request, error: problem(422, str(error), {"file": [str(error)]}),
    RuleError: _bad_rule,
    FormError: _not_valid,
    ValidationError: _not_of_the_schema,
    Throttled: _too_often,
    SlowedError: _slowed,
    HttpError: lambda request, error: problem(error.status_code, str(error)),
}


def register_handlers(api: NinjaAPI) -> None:
    """Teaches the API to answer each exception of the rooms with its problem."""
    for kind, handler in _HANDLERS.items():
        api.add_exception_handler(kind, handler)
