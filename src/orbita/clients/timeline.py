"""The timeline of a client: every event on one page of days, newest first."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any

from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orbita.accounts.models import User
from orbita.clients.actions import may_undo
from orbita.clients.aliases import merged_into
from orbita.clients.extension import TIMELINE_GROUPS, TIMELINE_RIGHTS, permitted
from orbita.clients.fields.shown import open_part, subject_of
from orbita.clients.guarding import TROUBLES, sight
from orbita.clients.models import Client, Note
from orbita.core.events import KINDS, EventKind, payload_of
from orbita.core.models import Event, Origin
from orbita.ui import formats
from orbita.ui.icons import names as icon_names

Payload = dict[str, Any]
PAGE = 30
# What is told of two clients at once: part of an event → the two sides of its entries.
_TIES = {"people": ("person", "company"), "relations": ("client", "other")}
NOTE_ICONS = {
    "note": "note",
    "call": "phone",
    "meeting": "users",
    "letter": "mail",
    "trouble": "alert",
}
HUES = {"talks": "g-grow", "orders": "g-keep"}
_ORIGINS = {
    Origin.IMPORT: gettext_lazy("by import"),
    Origin.MERGE: gettext_lazy("by merging"),
    Origin.RESTORE: gettext_lazy("from a backup"),
}


@dataclass(frozen=True, slots=True)
class Item:
    """An event as the timeline shows it."""

    pk: int
    words: SafeString
    said: SafeString
    who: str
    origin: str
    icon: str
    hue: str
    moment: datetime
    clock: str
    undoable: bool


@dataclass(frozen=True)
class Day:
    heading: str
    items: Sequence[Item]


@dataclass
class Timeline:
    """A page of the timeline. `after` continues below it; empty at the end."""

    days: list[Day] = field(default_factory=list)
    after: str = ""
    group: str = ""

    @property
    def is_empty(self) -> bool:
        return not self.days


def kinds_for(actor: Any, client: Client, group: str = "") -> list[str]:
    """The event kinds of the group that this actor may read on this card."""
    allowed = {
        right.name for right in TIMELINE_RIGHTS if permitted(actor, right.permission, client)
    }
    return [
        kind.name
        for kind in KINDS
        if kind.name.partition(".")[0] in allowed and (not group or kind.group == group)
    ]


def groups_for(actor: Any, client: Client) -> list[tuple[str, str]]:
    """The chips over the timeline: groups with kinds that the actor may read."""
    present = {KINDS[name].group for name in kinds_for(actor, client)}
    groups = sorted(TIMELINE_GROUPS, key=lambda group: group.order)
    return [(group.name, str(group.label)) for group in groups if group.name in present]


def timeline(actor: User, client: Client, *, group: str = "", after: str = "") -> Timeline:
    """One page of events, with those of the cards merged into this one. `after` comes from the page
    before.
    """
    # The card's own query knows whether there are any.
    others = merged_into(client.pk) if getattr(client, "has_taken_in", True) else []
    rows = (
        Event.objects.filter(
            client_id__in=[client.pk, *others], kind__in=kinds_for(actor, client, group)
        )
        .exclude(
            Q(kind="note.added")
            & Exists(Note.objects.filter(pk=OuterRef("subject_id"), deleted_at__isnull=False))
        )
        .select_related("payload")
        .annotate(
            actor_name=Subquery(User.objects.filter(pk=OuterRef("actor_id")).values("name")[:1])
        )
        .order_by("-happened_at", "-id")
    )
    if sight(actor).hides(TROUBLES):
        complaints = Note.objects.filter(pk=OuterRef("subject_id"), kind=Note.Kind.COMPLAINT)
        rows = rows.exclude(Q(kind__startswith="note.") & Exists(complaints))
    for right in TIMELINE_RIGHTS:
        if right.seen and (condition := right.seen(actor)) is not None:
            rows = rows.filter(condition | ~Q(subject_type=right.name))
    if place := _place(after):
        moment, pk = place
        rows = rows.filter(Q(happened_at__lt=moment) | Q(happened_at=moment, pk__lt=pk))
    events = list(rows[: PAGE + 1])
    payloads = [open_part(payload_of(one), subject_of(one), actor) for one in events[:PAGE]]
    _hide_names(payloads, actor, client)
    items = [
        _item(actor, client, event, data)
        for event, data in zip(events[:PAGE], payloads, strict=True)
    ]
    more = len(events) > PAGE
    return Timeline(list(_days(items)), _cursor(events[PAGE - 1]) if more else "", group)


def _cursor(event: Event) -> str:
    return f"{int(event.happened_at.timestamp() * 1_000_000)}-{event.pk}"


def _place(text: str) -> tuple[datetime, int] | None:
    moment, dash, pk = text.partition("-")
    if not dash or not (moment.isascii() and pk.isascii() and moment.isdigit() and pk.isdigit()):
        return None
    try:
        when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(moment))
    except OverflowError:
        return None
    return when, min(int(pk), 2**62)


def _hide_names(payloads: Sequence[Payload], actor: User, client: Client) -> None:
    """Another client whom the actor may not see is not named. One read, when there are others."""
    named = [
        (entry, side)
        for data in payloads
        for part in ("before", "after")
        for name, sides in _TIES.items()
        for entry in (data.get(part) or {}).get(name) or ()
        for side in sides
        if entry[side] != client.pk
    ]
    if not named:
        return
    known = Client.objects.known_to(actor).filter(pk__in={entry[side] for entry, side in named})
    seen = set(known.values_list("pk", flat=True))
    for entry, side in named:
        if entry[side] not in seen:
            entry[f"{side}_name"] = None


def _item(actor: User, client: Client, event: Event, data: Payload) -> Item:
    kind = KINDS[event.kind]
    name: str = getattr(event, "actor_name", None) or ""
    words, said = _words(kind, data)
    icon = (
        NOTE_ICONS.get(data.get("kind", ""), kind.icon) if event.kind == "note.added" else kind.icon
    )
    return Item(
        pk=event.pk,
        words=words,
        said=said,
        who=name,
        origin=str(_ORIGINS.get(Origin(event.origin), "")),
        icon=icon if icon in icon_names() else "info",
        hue=HUES.get(kind.group, ""),
        moment=event.happened_at,
        clock=_clock(event.happened_at),
        undoable=event.origin == Origin.LIVE
        and event.kind != "client.created"
        # What was done to a card merged since is past undoing, until the merge is undone.
        and event.client_id == client.pk
        and may_undo(actor, event, client),
    )


def _words(kind: EventKind, data: Mapping[str, Any]) -> tuple[SafeString, SafeString]:
    """The sentence, and what stands below it: what was said, files."""
    sentence = kind.sentence(data) if kind.sentence and data else str(kind.label)
    text = str(conditional_escape(sentence))
    places = [place for mark in ("<div", "<p>") if (place := text.find(mark)) >= 0]
    end = min(places, default=len(text))
    return SafeString(text[:end]), SafeString(text[end:])


def _clock(moment: datetime) -> str:
    local = timezone.localtime(moment)
    today = timezone.localdate()
    if today - local.date() < timedelta(days=7):
        return formats.clock(moment)
    return formats.short_day(local.date(), today)


def _days(items: Sequence[Item]) -> Iterator[Day]:
    today = timezone.localdate()
    for heading, inside in groupby(
        items, key=lambda item: heading_of(timezone.localtime(item.moment).date(), today)
    ):
        yield Day(heading, list(inside))


def heading_of(day: date, today: date) -> str:
    """«Сегодня, 24 ноября», the weekday within a week, the month before that."""
    if day == today:
        return _("Today, %(day)s") % {"day": formats.day(day, today)}
    if day == today - timedelta(days=1):
        return _("Yesterday, %(day)s") % {"day": formats.day(day, today)}
    if timedelta(0) < today - day < timedelta(days=7):
        return formats.weekday(day)
    return date_format(day, "F Y")
