"""Taking a bulk change back with a few queries per thousand cards."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any

from django.core import signing
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.actions.bulk import CHUNK, SALT
from orbita.clients.actions.undo import UNDOERS, is_own_and_fresh, undo_event
from orbita.clients.collections import tags_named
from orbita.clients.confining import within_bounds
from orbita.clients.models import Client, ClientTag
from orbita.clients.work.limits import note_given
from orbita.core.events import NewEvent, emit_many, payload_of
from orbita.core.models import Event

TOKEN_AGE = timedelta(days=1)


@dataclass(slots=True)
class UndoneMany:
    """How many cards got their old value back, and how many were changed since and stay."""

    restored: int = 0
    kept: int = 0


def undo_many(*, actor: User, token: str) -> UndoneMany:
    """Reverts a bulk change by the token its result gave. Only its own author may, for a day."""
    policy.require(actor, "clients.edit")
    try:
        first, last, request_id = signing.loads(token, salt=SALT, max_age=TOKEN_AGE)
    except (signing.BadSignature, ValueError):
        raise ValidationError(_("It is too late to take this back.")) from None
    events = Event.objects.filter(
        pk__gte=first, pk__lte=last, request_id=request_id, actor_id=actor.pk, kind__in=UNDOERS
    ).select_related("payload")
    result = UndoneMany()
    # The list is taken first: the undo writes events of its own.
    for chunk in _chunks(events.order_by("pk").iterator(chunk_size=CHUNK)):
        with transaction.atomic():
            restored = _undo_chunk(actor, _within(actor, chunk))
        result.restored += restored
        result.kept += len(chunk) - restored
    return result


def _chunks(events: Iterable[Event]) -> Iterable[list[Event]]:
    iterator = iter(list(events))
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


def _within(actor: User, events: Sequence[Event]) -> list[Event]:
    """Without the cards beyond the bounds of the actor's role, which may be newer than his change."""
    if not (bounds := within_bounds(actor)):
        return list(events)
    ids = [event.client_id for event in events if event.client_id]
    inside = set(Client.objects.filter(bounds, pk__in=ids).values_list("pk", flat=True))
    return [
        event for event in events if event.client_id in inside or is_own_and_fresh(actor, event)
    ]


def _undo_chunk(actor: User, events: Sequence[Event]) -> int:
    deleted: list[Event] = []
    assigned: dict[tuple[Any, Any], list[Event]] = defaultdict(list)
    tagged: dict[tuple[str, bool], list[Event]] = defaultdict(list)
    restored = 0
    for event in events:
        data = payload_of(event)
        before, after = data.get("before", {}), data.get("after", {})
        if event.kind == "client.deleted":
            deleted.append(event)
        elif set(after) == {"responsible"}:
            key = (_id(before["responsible"]), _id(after["responsible"]))
            assigned[key].append(event)
        elif set(after) == {"tags"} and len(before["tags"]) + len(after["tags"]) == 1:
            entry = (before["tags"] or after["tags"])[0]
            tagged[entry["name"], bool(after["tags"])].append(event)
        else:
            restored += _one(actor, event)
    restored += _from_bin(actor, deleted)
    for (old, new), group in assigned.items():
        restored += _give_back(actor, group, old, new)
    for (name, added), group in tagged.items():
        restored += _retag(actor, group, name, added)
    return restored


def _id(reference: Mapping[str, Any] | None) -> int | None:
    return reference["id"] if reference else None


def _one(actor: User, event: Event) -> int:
    try:
        return int(undo_event(actor=actor, event=event).done)
    except ValidationError:
        return 0


def _from_bin(actor: User, events: Sequence[Event]) -> int:
    by_client = {event.client_id or 0: event for event in events}
    rows = Client.objects.in_bin().filter(pk__in=by_client).order_by("pk")
    ids = list(rows.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))
    Client.objects.filter(pk__in=ids).update(deleted_at=None)
    emit_many(
        (NewEvent("client.restored", pk, "client", pk, {"undoes": by_client[pk].pk}) for pk in ids),
        actor=actor,
    )
    return len(ids)


def _give_back(actor: User, events: Sequence[Event], old: int | None, new: int | None) -> int:
    rows = Client.objects.filter(responsible=new)
    if old and not User.objects.filter(pk=old).exists():
        old = None
    return _changed(actor, events, rows, responsible=old)


def _retag(actor: User, events: Sequence[Event], name: str, added: bool) -> int:
    (tag,) = tags_named([name])
    rows = Client.objects.filter(clienttag__tag=tag)
    if not added:
        rows = Client.objects.exclude(clienttag__tag=tag)
    ids = [event.client_id or 0 for event in events]
    present = list(rows.filter(pk__in=ids).values_list("pk", flat=True))
    restored = _changed(actor, events, Client.objects.filter(pk__in=present))
    if added:
        ClientTag.objects.filter(tag=tag, client_id__in=present).delete()
    else:
        ClientTag.objects.bulk_create(ClientTag(tag=tag, client_id=pk) for pk in present)
    return restored


def _changed(actor: User, events: Sequence[Event], rows: Any, **values: Any) -> int:
    """Updates those of the events' clients that `rows` lets through, with the reverse events."""
    by_client = {event.client_id or 0: event for event in events}
    still = (
        rows.alive()
        .filter(pk__in=by_client)
        .order_by("pk")
        .select_for_update(of=("self",), no_key=True)
    )
    versions = dict(still.values_list("pk", "version"))
    Client.objects.filter(pk__in=versions).update(
        version=F("version") + 1, updated_at=timezone.now(), **values
    )
    if "responsible" in values:
        note_given(versions)
    reverse = []
    for pk, version in versions.items():
        event = by_client[pk]
        data = payload_of(event)
        reverse.append(
            NewEvent(
                "client.changed",
                pk,
                "client",
                pk,
                {
                    "before": data["after"],
                    "after": data["before"],
                    "version": version + 1,
                    "undoes": event.pk,
                },
            )
        )
    emit_many(reverse, actor=actor)
    return len(versions)
