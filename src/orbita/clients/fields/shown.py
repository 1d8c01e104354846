"""Own fields of a record on its page, and in its history."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString

from orbita.accounts import policy
from orbita.clients.fields import kinds
from orbita.clients.fields.columns import shown
from orbita.clients.fields.known import active, grouped, hidden_from, is_own, own_field, seen
from orbita.clients.fields.subjects import subjects
from orbita.clients.fields.values import seen_value
from orbita.clients.guarding import OPEN, TROUBLES, Sight, masked_entry, sight, told
from orbita.clients.models.fields import FieldDefinition
from orbita.clients.models.note import Note
from orbita.clients.quality.problems import BY_NAME
from orbita.core.models import Event


@dataclass(frozen=True, slots=True)
class Shown:
    """A filled field as a page shows it."""

    label: str
    html: SafeString | str


def groups_of(record: Any, subject: str, actor: Any) -> list[tuple[str, list[Shown]]]:
    """The filled fields that the actor sees, under the names of their groups."""
    found = []
    for group, fields in grouped(seen(subject, actor)):
        values = [
            Shown(field.label, shown(field, value))
            for field in fields
            if (value := seen_value(record, field, actor)) is not None
        ]
        if values:
            found.append((group, values))
    return found


def subject_of(event: Event) -> str:
    """Whose own fields an event on a card may tell of: an order's, else the client's."""
    return event.subject_type if event.subject_type in subjects() else "client"


def open_part(data: dict[str, Any], subject: str, actor: Any) -> dict[str, Any]:
    """The payload of an event without values of own fields that are closed to the actor."""
    data.pop("card", None)  # the whole of a card, kept for rebuilding its past alone
    if subject in ("client", "order") and (seen := sight(actor)) is not OPEN:
        data = _without_closed(data, seen)
    closed = hidden_from(subject, actor) if subject else frozenset()
    if data.get("field") in closed:  # a file that was put into it
        return {}
    if closed:
        for side in ("before", "after"):
            if isinstance(data.get(side), dict):
                data[side] = {n: value for n, value in data[side].items() if n not in closed}
    if subject and not policy.covers_all(actor, "clients.view"):
        _hide_linked(data, subject)
    return data


def _without_closed(data: dict[str, Any], seen: Sight) -> dict[str, Any]:
    """The payload without what the role does not see of cards, the masked in part."""
    kept = _without_troubles(data) if seen.hides(TROUBLES) else dict(data)
    for side in ("before", "after"):
        if isinstance(kept.get(side), dict):
            kept[side] = told(kept[side], seen)
            if not seen.shows("addresses"):
                kept[side].pop("delivery_address", None)
    if isinstance(kept.get("contacts"), list):  # marks put on contacts
        shown = ((one, masked_entry("contacts", one["contact"], seen)) for one in kept["contacts"])
        kept["contacts"] = [one | {"contact": contact} for one, contact in shown if contact]
    trouble = BY_NAME.get(data.get("problem", ""))
    if trouble and not seen.shows(trouble.field):
        kept["value"] = ""
    return kept


def _without_troubles(data: Mapping[str, Any]) -> dict[str, Any]:
    """The payload without complaints and without why somebody refused or was put aside."""
    if data.get("kind") == Note.Kind.COMPLAINT:
        return {}
    kept = dict(data)
    for side in ("before", "after"):
        if isinstance(kept.get(side), dict):
            kept[side] = {name: value for name, value in kept[side].items() if name != "reason"}
    # Beside what changed stands why a client was handed over: that is no trouble.
    if "after" not in kept:
        kept.pop("reason", None)
    if isinstance(kept.get("contacts"), list):
        kept["contacts"] = [
            one | {side: one[side] | {"reason": ""} for side in ("before", "after") if side in one}
            for one in kept["contacts"]
        ]
    return kept


def _hide_linked(data: Mapping[str, Any], subject: str) -> None:
    """Takes away the names of linked clients: whoever sees some of the clients may not see these."""
    for field in active(subject):
        for side in ("before", "after"):
            told = data.get(side)
            if field.kind == FieldDefinition.Kind.CLIENT and told and told.get(field.name):
                told[field.name] = told[field.name] | {"name": ""}


def changes_in_words(data: Mapping[str, Any], subject: str) -> list[str]:
    """What an event says of own fields: «Гарантия: 24 ноября 2027»."""
    before, after = data.get("before") or {}, data.get("after") or {}
    said = []
    for name in filter(is_own, after):
        field = own_field(subject, name)
        label = field.label if field else name
        old, new = (
            kinds.words(field, side.get(name)) if field else str(side.get(name) or "")
            for side in (before, after)
        )
        said.append(f"{label}: {old} → {new or '—'}" if old else f"{label}: {new}")
    return said
