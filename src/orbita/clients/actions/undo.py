"""Taking a change back: what still holds the new value gets the old one again, the rest is told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients import card_fields
from orbita.clients.actions.card import move_to_bin, take_from_bin, write_changes
from orbita.clients.actions.merging import may_undo_merge, take_apart
from orbita.clients.actions.notes import delete_note, restore_note
from orbita.clients.actions.people import link_person, unlink_person
from orbita.clients.actions.relations import between, relate, unrelate
from orbita.clients.collections import COLLECTIONS, Entry
from orbita.clients.confining import require_within
from orbita.clients.guarding import sight
from orbita.clients.models import Client, CompanyPerson, Merge, Note
from orbita.clients.relations import KINDS
from orbita.clients.status.marks import undo_marked
from orbita.clients.work.stops import undo_stop
from orbita.core.events import payload_of
from orbita.core.models import Event

# Whoever made a change may take it back for a while, even when the change itself took the right
# from him: a client given to a colleague by mistake.
OWN_WINDOW = timedelta(hours=1)
LOOK_BACK = 100


@dataclass
class Undone:
    """What an undo did: fields it put back, and fields it left since they were changed later."""

    client_id: int | None = None
    restored: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    event: Event | None = None

    @property
    def done(self) -> bool:
        return self.event is not None


def may_undo(actor: User, event: Event, client: Client | None) -> bool:
    """Whether the actor may take the change back."""
    if event.kind not in UNDOERS:
        return False
    if event.kind == "client.merged":
        merge = Merge.objects.filter(pk=event.subject_id or 0).first()
        return merge is not None and may_undo_merge(actor, merge)
    if is_own_and_fresh(actor, event):
        # Unless his role has been changed since.
        about_notes = event.kind.startswith("note.")
        return policy.allows(actor, "clients.note" if about_notes else "clients.edit")
    return client is not None and policy.allows(actor, _permission(event), client)


def is_own_and_fresh(actor: User, event: Event) -> bool:
    """Whether it is the actor's own change of the last hour, which he may take back in any case."""
    return event.actor_id == actor.pk and timezone.now() - event.recorded_at < OWN_WINDOW


def _permission(event: Event) -> str:
    if event.kind == "client.merged":
        return "clients.merge"
    in_bin = event.kind in ("client.created", "client.deleted", "client.restored")
    return "clients.delete" if in_bin else "clients.edit"


def undo_event(*, actor: User, event: Event) -> Undone:
    """Reverts one change of a card. Raises `ValidationError` when there is nothing to revert."""
    undoer = UNDOERS.get(event.kind)
    if undoer is None:
        raise ValidationError(_("This cannot be taken back."))
    client = Client.objects.filter(pk=event.client_id or 0).first()
    if client is None:
        raise ValidationError(_("This card is not there any more."))
    if not may_undo(actor, event, client):
        policy.require(actor, _permission(event), client)
    if not is_own_and_fresh(actor, event):
        require_within(actor, client)
    with transaction.atomic():
        undone = undoer(actor, client, event)
    undone.client_id = client.pk
    return undone


def undo_last_change(*, actor: User, client: Client) -> Undone:
    """Reverts the newest change of the card that is not yet taken back."""
    event = last_change(client)
    if event is None:
        raise ValidationError(_("There is nothing to take back."))
    return undo_event(actor=actor, event=event)


def last_change(client: Client) -> Event | None:
    """The newest change of the card's fields that was not taken back and is no undo itself."""
    events = (
        Event.objects.filter(client_id=client.pk, kind="client.changed")
        .select_related("payload")
        .order_by("-happened_at", "-id")[:LOOK_BACK]
    )
    undone: set[int] = set()
    for event in events:
        data = payload_of(event)
        if "undoes" in data:
            undone.add(data["undoes"])
        elif event.pk not in undone:
            found: Event = event
            return found
    return None


# ---- how each kind is taken back ----


def _undo_change(actor: User, client: Client, event: Event) -> Undone:
    data = payload_of(event)
    before, after = data.get("before", {}), data.get("after", {})
    if not after and not before:
        raise ValidationError(_("What this change was is not kept any more."))
    if "people" in after:
        return _undo_people(actor, event, before["people"], after["people"])
    if "relations" in after:
        return _undo_relation(actor, event, before["relations"], after["relations"])
    values, parts, kept = _reverted(client, before, after)
    seen = sight(actor)
    # What is closed to the actor stays as it is; of what he may not even see he learns nothing.
    kept = [*kept, *(name for name in (*values, *parts) if not seen.allows(name))]
    kept = [name for name in kept if not seen.hides(name)]
    values = {name: value for name, value in values.items() if seen.allows(name)}
    parts = {name: entries for name, entries in parts.items() if seen.allows(name)}
    if "contacts" in parts:
        parts["contacts"] = [one for one in parts["contacts"] if seen.allows(one["kind"])]
    if not values and not parts:
        return Undone(kept=kept)
    written = write_changes(actor, client, values, parts, undoes=event.pk)
    return Undone(restored=[*values, *parts] if written else [], kept=kept, event=written)


def _reverted(
    client: Client, before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, list[Entry]], list[str]]:
    now = card_fields.plain(client)
    values: dict[str, Any] = {}
    parts: dict[str, list[Entry]] = {}
    kept: list[str] = []
    for name in after:
        if name in COLLECTIONS:
            entries, whole = _without(name, client, before[name], after[name])
            if not whole:
                kept.append(name)
            if entries is not None:
                parts[name] = entries
        elif not card_fields.is_known(name) or not card_fields.same(now[name], after[name]):
            kept.append(name)
        else:
            values[name] = before[name]
    return values, parts, kept


def _without(
    name: str, client: Client, went: Sequence[Entry], came: Sequence[Entry]
) -> tuple[list[Entry] | None, bool]:
    """The entries with the change taken back (None: nothing to do), and whether all of it was."""
    collection = COLLECTIONS[name]
    current = collection.current(client)
    rest = [entry for entry in current if entry not in came]
    present = {collection.identity(entry) for entry in rest}
    back = [entry for entry in went if collection.identity(entry) not in present]
    whole = len(rest) == len(current) - len(came) and len(back) == len(went)
    if len(rest) == len(current) and not back:
        return None, False
    flagged = [entry for entry in back if entry.get(collection.flag)]
    if flagged:
        rest = [
            entry | {collection.flag: False}
            if any(entry.get("kind") == one.get("kind") for one in flagged)
            else entry
            for entry in rest
        ]
    return [*rest, *back], whole


def _undo_people(actor: User, event: Event, went: list[Entry], came: list[Entry]) -> Undone:
    entry = (came or went)[0]
    company = Client.objects.filter(pk=entry["company"]).first()
    person = Client.objects.filter(pk=entry["person"]).first()
    if company is None or person is None:
        return Undone(kept=["people"])
    link = CompanyPerson.objects.filter(company=company, person=person).first()
    now = {name: getattr(link, name) for name in _PLACE} if link else None
    if now != (_place(came[0]) if came else None):
        return Undone(kept=["people"])
    if went:
        written = link_person(
            actor=actor,
            company=company,
            person=person,
            undoes=event.pk,
            checked=True,
            **_place(went[0]),
        )
    else:
        written = unlink_person(
            actor=actor, company=company, person=person, undoes=event.pk, checked=True
        )
    return Undone(restored=["people"], event=written)


_PLACE = ("role", "position", "since", "until")


def _place(entry: Entry) -> dict[str, Any]:
    """A person's place in a company as an event tells it; older events know no days."""
    days = {name: entry.get(name) for name in ("since", "until")}
    return {
        "role": entry["role"],
        "position": entry["position"],
        **{name: date.fromisoformat(day) if day else None for name, day in days.items()},
    }


def _undo_relation(actor: User, event: Event, went: list[Entry], came: list[Entry]) -> Undone:
    entry = (came or went)[0]
    cards = Client.objects.in_bulk([entry["client"], entry["other"]])
    if len(cards) < 2:
        return Undone(kept=["relations"])
    lower, upper = cards[entry["client"]], cards[entry["other"]]
    row = between(entry["kind"], lower.pk, upper.pk)
    if (row.note if row else None) != (came[0]["note"] if came else None):
        return Undone(kept=["relations"])
    if went:
        written = relate(
            actor=actor,
            client=lower,
            other=upper,
            side=KINDS[entry["kind"]].up.name,
            note=went[0]["note"],
            undoes=event.pk,
            checked=True,
        )
    else:
        assert row is not None  # noqa: S101
        written = unrelate(actor=actor, client=lower, relation=row, undoes=event.pk, checked=True)
    return Undone(restored=["relations"], event=written)


def _undo_creation(actor: User, client: Client, event: Event) -> Undone:
    return Undone(restored=["client"], event=move_to_bin(actor, client, event.pk))


def _undo_deletion(actor: User, client: Client, event: Event) -> Undone:
    return Undone(
        restored=["client"],
        event=take_from_bin(actor, client, event.pk),
    )


def _undo_note(actor: User, client: Client, event: Event) -> Undone:
    note = Note.objects.get(pk=event.subject_id or 0)
    return Undone(
        restored=["note"], event=delete_note(actor=actor, note=note, undoes=event.pk, checked=True)
    )


def _undo_note_deletion(actor: User, client: Client, event: Event) -> Undone:
    note = Note.objects.get(pk=event.subject_id or 0)
    return Undone(
        restored=["note"], event=restore_note(actor=actor, note=note, undoes=event.pk, checked=True)
    )


def _undo_merge(actor: User, client: Client, event: Event) -> Undone:
    merge = Merge.objects.get(pk=event.subject_id or 0)
    result = take_apart(actor, merge)
    return Undone(restored=["client"], kept=result.kept, event=result.event)


def _undo_marks(actor: User, client: Client, event: Event) -> Undone:
    written = undo_marked(actor, client, event)
    return Undone(restored=["marks"] if written else [], event=written)


def _undo_stop(actor: User, client: Client, event: Event) -> Undone:
    written = undo_stop(actor, client, event)
    return Undone(restored=["stop"] if written else [], event=written)


UNDOERS: dict[str, Callable[[User, Client, Event], Undone]] = {
    "client.changed": _undo_change,
    "client.created": _undo_creation,
    "client.deleted": _undo_deletion,
    "client.restored": _undo_creation,
    "client.merged": _undo_merge,
    "client.marked": _undo_marks,
    "client.contact_stopped": _undo_stop,
    "client.contact_allowed": _undo_stop,
    "note.added": _undo_note,
    "note.deleted": _undo_note_deletion,
}
