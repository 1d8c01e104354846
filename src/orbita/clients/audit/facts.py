"""What the list of the log can be asked for: who, what, whose, when, from where."""

from typing import Any

from django.db.models import BooleanField, Q
from django.db.models.expressions import RawSQL
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from orbita.accounts.models import User
from orbita.clients.audit import words
from orbita.core.events import KINDS, encode
from orbita.core.models import Origin
from orbita.core.rules import Choices, Fact, column, moment_column

PERMISSION = "audit.view"
SUBJECT = "event"
_GROUP = gettext_lazy("Event")


def _users(actor: Any) -> Choices:
    return [(user.pk, user.display_name) for user in User.objects.order_by("name")[:1000]]


def _kinds(actor: Any) -> Choices:
    return sorted(((kind.name, str(kind.label)) for kind in KINDS), key=lambda pair: pair[1])


def _groups(actor: Any) -> Choices:
    return list(words.GROUPS.items())


def _group(op: str, value: Any) -> Q:
    if op in ("empty", "filled"):
        return Q(pk__isnull=op == "empty")
    groups = value if isinstance(value, list) else [value]
    kinds = [name for group in groups for name in words.kinds_of(group)]
    return ~Q(kind__in=kinds) if op in ("ne", "not_in") else Q(kind__in=kinds)


def _about_user(op: str, value: Any) -> Q:
    """What was done to a user; what he did himself is another question."""
    condition = column("subject_id")(op, value)
    return Q(subject_type="user") & condition


def _address(op: str, value: Any) -> Q:
    """It stands in what the event says, so that it can be erased; few kinds keep it."""
    traced = [kind.name for kind in KINDS if kind.is_traced]
    text = encode({"address": value})[1:-1]
    if op == "starts":
        text = text[:-1]
    return Q(kind__in=traced, payload__data__contains=text)


def request_is(identifier: str) -> Q:
    """Live events of a request. SQLite uses an index on some rows only for a condition spelled out."""
    live = RawSQL("core_event.origin = 'live'", (), output_field=BooleanField())
    return Q(request_id=identifier) & Q(live)


def _fact(name: str, label: str | Promise, kind: str, condition: Any, **more: Any) -> Fact:
    return Fact(name, label, kind, condition, group=_GROUP, permission=PERMISSION, **more)


FACTS_OF_EVENTS = (
    _fact("recorded", gettext_lazy("When"), "datetime", moment_column("recorded_at"),
          ops=("on", "between", "before", "after", "last_days", "older_days")),
    _fact("actor", gettext_lazy("Who"), "ref", column("actor_id"), choices=_users),
    _fact("group", gettext_lazy("About what"), "choice", _group, choices=_groups, ops=("in", "eq")),
    _fact("kind", gettext_lazy("What"), "choice", column("kind"), choices=_kinds,
          ops=("in", "eq", "not_in", "ne")),
    _fact("client", gettext_lazy("Number of the client's card"), "number", column("client_id"),
          ops=("eq", "empty", "filled")),
    _fact("user", gettext_lazy("About the user"), "ref", _about_user, choices=_users,
          ops=("eq", "in")),
    _fact("address", gettext_lazy("Address"), "text", _address, ops=("eq", "starts")),
    _fact("request", gettext_lazy("Request"), "text", lambda op, value: request_is(value), ops=("eq",)),
    _fact("origin", gettext_lazy("How it came"), "choice", column("origin"),
          choices=lambda actor: list(Origin.choices), ops=("in", "eq", "not_in", "ne")),
)  # fmt: skip


def of_client(number: int) -> dict[str, object]:
    return {"fact": "client", "op": "eq", "value": number}


def of_user(number: int) -> dict[str, object]:
    return {"fact": "actor", "op": "eq", "value": number}
