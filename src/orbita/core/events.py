"""The one append-only log. Rooms declare kinds and subscriptions in `room.py`; actions call `emit`."""

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec
from django.db import connection
from django.utils import timezone
from django.utils.functional import Promise

from orbita.core import context
from orbita.core.bulk import insert_objects
from orbita.core.models import Event, EventPayload, Origin
from orbita.core.registry import Registry


class Actor(Protocol):
    """Whoever acts: a person, a token's owner, or the service user of a job."""

    @property
    def pk(self) -> Any: ...


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
FEW = 50
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
    if not connection.in_atomic_block:
        raise RuntimeError("emit() belongs inside the transaction of its action")
    now = timezone.now()
    actor_id, request_id = (actor.pk if actor else None), context.request_id()
    events: list[Event] = []
    payloads: list[EventPayload] = []
    for row in rows:
        if row.kind not in KINDS:
            raise LookupError(f"event kind {row.kind!r} is not declared")
        salt, text = os.urandom(16), encode(row.data)
        event = Event(
            happened_at=row.happened_at or now,
            recorded_at=now,
            kind=row.kind,
            origin=origin,
            actor_id=actor_id,
            client_id=row.client_id,
            subject_type=row.subject_type,
            subject_id=row.subject_id,
            request_id=request_id,
            commitment=commitment(salt, text),
        )
        events.append(event)
        payloads.append(EventPayload(event=event, salt=salt, data=text))
    _write(events, payloads)
    _fan_out(events, now)
    return events


def _write(events: Sequence[Event], payloads: Sequence[EventPayload]) -> None:
    """Few rows go through the ORM; past some dozens its work per value costs most of a load."""
    many = len(events) > FEW
    insert_objects(events) if many else Event.objects.bulk_create(events)
    for event, payload in zip(events, payloads, strict=True):
        payload.event_id = event.pk
    insert_objects(payloads) if many else EventPayload.objects.bulk_create(payloads)


def _fan_out(events: Sequence[Event], now: datetime) -> None:
    for subscription in SUBSCRIPTIONS:
        wanted = [[event.pk] for event in events if _wants(subscription, event, now)]
        if wanted:
            subscription.handler.get_backend().enqueue_many(subscription.handler, wanted)


def _wants(subscription: Subscription, event: Event, now: datetime) -> bool:
    return (
        event.kind in subscription.kinds
        and event.origin in subscription.origins
        and not (subscription.max_age and now - event.happened_at > subscription.max_age)
    )


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
