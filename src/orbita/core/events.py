"""The one append-only log. Rooms declare kinds and subscriptions in `room.py`; actions call `emit`."""

import hashlib
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec
from django.db import connection
from django.utils import timezone
from django.utils.functional import Promise

from orbita.core import context
from orbita.core.bulk import insert_rows, reserve_ids
from orbita.core.models import Event, EventPayload, Origin
from orbita.core.registry import Registry


class Actor(Protocol):
    """Whoever acts: a person, a token's owner, or the service user of a job."""

    @property
    def pk(self) -> Any: ...


# Who came in, who may what, how Orbita is set up, what was taken out of it or brought in.
TRACED_GROUPS = ("security", "settings", "files")


@dataclass(frozen=True)
class EventKind:
    """A kind of event, declared once.

    `sentence` turns the payload into words for the timeline; without it the label is shown.
    `erase` names the payload keys that hold personal data ("*" for all of it).
    """

    name: str
    label: str | Promise
    icon: str = "edit"
    group: str = "changes"
    sentence: Callable[[Mapping[str, Any]], str] | None = None
    erase: tuple[str, ...] = ("*",)

    @property
    def is_traced(self) -> bool:
        """Whether the payload also keeps the address that the request came from."""
        return self.group in TRACED_GROUPS


@dataclass(frozen=True)
class Subscription:
    """Asks for every event of the kinds; `handler(event_id)` runs as a job of its own.

    Only live events arrive, unless `origins` says more; those older than `max_age` are left out.
    """

    name: str
    kinds: frozenset[str]
    handler: Any  # a django-tasks Task taking the event's id
    origins: frozenset[str] = frozenset({Origin.LIVE})
    max_age: timedelta | None = None


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A row for `emit_many`."""

    kind: str
    client_id: int | None = None
    subject_type: str = ""
    subject_id: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    happened_at: datetime | None = None


KINDS: Registry[EventKind] = Registry("event kind")
SUBSCRIPTIONS: Registry[Subscription] = Registry("subscription")
_written = threading.Event()
_encoder = msgspec.json.Encoder(order="sorted", enc_hook=str)


def encode(data: Mapping[str, Any]) -> str:
    """The canonical text of a payload: what the commitment is taken over."""
    return _encoder.encode(data).decode()


def commitment(salt: bytes, text: str) -> bytes:
    return hashlib.sha256(salt + text.encode()).digest()


def emit(
    kind: str,
    *,
    actor: Actor | None,
    client_id: int | None = None,
    subject_type: str = "",
    subject_id: int | None = None,
    origin: str = Origin.LIVE,
    happened_at: datetime | None = None,
    data: Mapping[str, Any] | None = None,
) -> Event:
    """Writes one event and the jobs of its subscribers, inside the caller's transaction."""
    row = NewEvent(kind, client_id, subject_type, subject_id, data or {}, happened_at)
    return emit_many([row], actor=actor, origin=origin)[0]


def emit_many(
    rows: Iterable[NewEvent], *, actor: Actor | None, origin: str = Origin.LIVE
) -> list[Event]:
    """Writes many events with two bulk inserts. Returns them in the order given, with ids."""
    events = [Event(*values) for values in _write(rows, actor, origin)]
    for event in events:
        event._state.adding = False
    return events


def emit_bulk(rows: Iterable[NewEvent], *, actor: Actor | None, origin: str) -> None:
    """Like `emit_many` for loaders of hundreds of thousands of rows: no objects are made."""
    _write(rows, actor, origin)


_EVENT_FIELDS = tuple(field.attname for field in Event._meta.concrete_fields)


def _write(rows: Iterable[NewEvent], actor: Actor | None, origin: str) -> Sequence[tuple[Any, ...]]:
    """Inserts events and payloads; returns the values of the events in the order of the fields."""
    if not connection.in_atomic_block:
        raise RuntimeError("emit() belongs inside the transaction of its action")
    rows = list(rows)
    if not rows:
        return []
    now = timezone.now()
    actor_id, request_id = (actor.pk if actor else None), context.request_id()
    traces = {name: _trace(name) for name in {row.kind for row in rows}}
    salts = os.urandom(16 * len(rows))
    values: list[tuple[Any, ...]] = []
    payloads: list[tuple[int, bytes, str]] = []
    for place, (key, row) in enumerate(zip(reserve_ids(Event, len(rows)), rows, strict=True)):
        salt, text = salts[16 * place : 16 * place + 16], encode(_told(row, traces[row.kind]))
        values.append(
            (
                key,
                row.happened_at or now,
                now,
                row.kind,
                origin,
                actor_id,
                row.client_id,
                row.subject_type,
                row.subject_id,
                request_id,
                commitment(salt, text),
            )
        )
        payloads.append((key, salt, text))
    _written.set()
    insert_rows(Event, _EVENT_FIELDS, values)
    insert_rows(EventPayload, ("event", "salt", "data"), payloads)
    _fan_out(rows, values, origin, now)
    return values


def _told(row: NewEvent, trace: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**row.data, **trace} if trace else row.data


def _trace(name: str) -> Mapping[str, Any]:
    """What the payload of a kind gets besides its own data. Raises LookupError for an unknown one."""
    kind = KINDS.get(name)
    if kind is None:
        raise LookupError(f"event kind {name!r} is not declared")
    came_from = context.address()
    return {"address": came_from} if came_from and kind.is_traced else {}


def _fan_out(
    rows: Sequence[NewEvent], values: Sequence[tuple[Any, ...]], origin: str, now: datetime
) -> None:
    for subscription in SUBSCRIPTIONS:
        if origin not in subscription.origins:
            continue
        wanted = [
            [event[0]]
            for row, event in zip(rows, values, strict=True)
            if row.kind in subscription.kinds
            and not (
                subscription.max_age
                and row.happened_at
                and now - row.happened_at > subscription.max_age
            )
        ]
        if wanted:
            subscription.handler.get_backend().enqueue_many(subscription.handler, wanted)


def has_written() -> bool:
    """Whether this process has written any event since it began."""
    return _written.is_set()


def payload_of(event: Event) -> dict[str, Any]:
    """The decoded payload; empty once it was erased for privacy."""
    try:
        decoded: dict[str, Any] = msgspec.json.decode(event.payload.data)
    except EventPayload.DoesNotExist:
        return {}
    return decoded


def verify(event: Event) -> bool | None:
    """Whether the payload is the one the event was written with; None once it was erased."""
    try:
        payload = event.payload
    except EventPayload.DoesNotExist:
        return None
    return commitment(bytes(payload.salt), payload.data) == bytes(event.commitment)


def erase_payloads(events: Iterable[int]) -> int:
    """Forgets what these events say, for privacy; that they happened stays. Returns how many."""
    return EventPayload.objects.filter(event_id__in=list(events)).delete()[0]


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """`{"before": …, "after": …}` of the fields that differ; both empty when nothing did."""
    differing = [name for name in after if before.get(name) != after[name]]
    return {
        "before": {name: before.get(name) for name in differing},
        "after": {name: after[name] for name in differing},
    }
