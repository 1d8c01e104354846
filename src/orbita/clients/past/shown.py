"""The past of a card as a page shows it: line by line, then and today, as far as the reader may see."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients import card_fields, wording
from orbita.clients.actions.ties import PEOPLE, RELATIONS
from orbita.clients.extension import CardButton
from orbita.clients.fields.known import is_own, own_field
from orbita.clients.guarding import Sight, mask, masked_entry, sight
from orbita.clients.models import Client, FieldDefinition, Merge
from orbita.clients.naming import person_name
from orbita.clients.past.rebuilding import PARTS, Holding, Past, archived
from orbita.clients.status import words as ladder
from orbita.clients.wording import entry_text, label_of, value_of
from orbita.core.models import Origin
from orbita.ui import formats

MOST_ENTRIES = 50
_NAMES = ("last_name", "first_name", "middle_name", "name", "legal_form")
_GUARDED_PARTS = ("contacts", "addresses", "bank_accounts", "tags")


@dataclass(frozen=True, slots=True)
class Entry:
    """One of several: its words, and whether the other side has it too."""

    text: SafeString | str
    both: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    """A field or a part: what it was, what it is today, what is to be said of it."""

    label: str
    then: Sequence[Entry]
    now: Sequence[Entry]
    differs: bool
    note: str = ""


@dataclass
class Shown:
    """What the template reads."""

    lines: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    name: str = ""
    moment: str = ""
    day: str = ""
    clock: str = ""
    earlier: int = 0
    earlier_when: str = ""
    later: int = 0
    later_when: str = ""
    made: str = ""

    @property
    def differing(self) -> int:
        return sum(line.differs for line in self.lines)


def show(past: Past, client: Client, actor: User) -> Shown:
    """The past of a card for its reader. One read when other clients are named, one for staff."""
    moment = timezone.localtime(past.at)
    shown = Shown(
        name=_name(past.then.fields),
        moment=formats.full_moment(past.at),
        day=f"{moment:%Y-%m-%d}",
        clock=f"{moment:%H:%M}",
        made=_made(past),
    )
    _steps(shown, past)
    if past.is_before:
        return shown
    seen = sight(actor)
    known = _known(past, client, actor)
    names = list(dict.fromkeys([*card_fields.READERS, *past.now.fields, *past.then.fields]))
    ordinary = [_field(past, name, seen, actor) for name in names if _is_shown(name, past, seen)]
    parts = [_part(past, name, seen, known, client) for name in PARTS]
    shown.lines = [
        line for line in (_status(past), *ordinary, *parts) if line and (line.then or line.now)
    ]
    shown.notes = _notes(past, shown, actor)
    return shown


def _name(fields: Mapping[str, Any]) -> str:
    parts = [fields.get(name) or "" for name in _NAMES[:3]]
    return person_name(*parts)[0] if any(parts) else str(fields.get("name") or "")


def _made(past: Past) -> str:
    if past.born is None:
        return ""
    when = formats.full_moment(past.born.happened_at)
    if past.born.origin == Origin.IMPORT:
        return _(
            "The card was made by an import on %(when)s. What the client was before is not known."
        ) % {"when": when}
    return _("The card was made on %(when)s.") % {"when": when}


def _steps(shown: Shown, past: Past) -> None:
    """The change before this moment and the one after it, to step through them."""
    if past.place > 1:
        one = past.events[past.place - 2]
        shown.earlier, shown.earlier_when = one.pk, formats.full_moment(one.happened_at)
    if past.place < len(past.events):
        one = past.events[past.place]
        shown.later, shown.later_when = one.pk, formats.full_moment(one.happened_at)


# ---- fields ----


def _is_shown(name: str, past: Past, seen: Sight) -> bool:
    """Own fields that nobody knows any more have no rights that could be asked: they stay unseen."""
    if seen.hides(name) or name in PARTS:
        return False
    if is_own(name):
        return own_field("client", name) is not None
    if name == "name":
        return past.then.fields.get("kind") == "company" or past.now.fields.get("kind") == "company"
    return name in card_fields.READERS


def _field(past: Past, name: str, seen: Sight, actor: User) -> Line:
    then, now = (_value(name, side.fields.get(name), seen, actor) for side in (past.then, past.now))
    differs = past.differs(name) and not archived(name, past)
    note = ""
    if archived(name, past):
        note = _("this field is in the archive")
    elif name in past.doubtful:
        note = _("changed since without a record: not certain")
    label = label_of(name)
    return Line(
        label[:1].upper() + label[1:], _one(then, differs), _one(now, differs), differs, note
    )


def _one(text: str, differs: bool) -> list[Entry]:
    return [Entry(text, not differs)] if text else []


def _value(name: str, value: Any, seen: Sight, actor: User) -> str:
    if value in (None, "", [], {}):
        return ""
    if seen.masks(name):
        return mask(name, value)
    own = own_field("client", name)
    is_client = own is not None and own.kind == FieldDefinition.Kind.CLIENT
    if is_client and not policy.covers_all(actor, "clients.view"):
        return _("a client you do not see")
    return value_of(name, value)


def _status(past: Past) -> Line:
    then = ladder.step_words(past.step) if past.step else _("not known then")
    now = ladder.step_words(past.step_now)
    differs = past.step is not None and past.step != past.step_now
    note = _("not certain") if past.step and "status" in past.doubtful else ""
    # Of what is not known nobody can say that it is as it was.
    today = _one(now, differs) if past.step else []
    return Line(_("Status"), _one(then, differs), today, differs, note)


# ---- parts ----

_HEADINGS: dict[str, Callable[[], str]] = {
    "contacts": lambda: _("Contacts"),
    "addresses": lambda: _("Addresses"),
    "bank_accounts": lambda: _("Bank accounts"),
    "external_ids": lambda: _("Numbers in other systems"),
    "tags": lambda: _("Tags"),
    RELATIONS: lambda: _("Relations"),
}


def _part(past: Past, name: str, seen: Sight, known: set[int], client: Client) -> Line | None:
    if name in _GUARDED_PARTS[1:] and seen.hides(name):
        return None
    sides = []
    for mine, theirs in ((past.then, past.now), (past.now, past.then)):
        other = set(past.keys(name, theirs))
        told = [(one, past.key(name, one) in other) for one in mine.part(name)[:MOST_ENTRIES]]
        entries = [(_entry(name, one, seen, known, client), both) for one, both in told]
        sides.append([Entry(text, both) for text, both in entries if text])
        if len(mine.part(name)) > MOST_ENTRIES:
            more = formats.number(len(mine.part(name)) - MOST_ENTRIES)
            sides[-1].append(Entry(_("and %(n)s more") % {"n": more}))
    then, now = sides
    differs = not all(one.both for one in (*then, *now))
    note = _("changed since without a record: not certain") if name in past.doubtful else ""
    if name == PEOPLE:
        heading = _("People") if client.is_company else _("Companies")
    else:
        heading = _HEADINGS[name]()
    return Line(heading, then, now, differs, note)


def _entry(
    name: str, entry: Mapping[str, Any], seen: Sight, known: set[int], client: Client
) -> SafeString | str:
    if name in (PEOPLE, RELATIONS):
        return _tie(name, entry, known, client)
    if name in _GUARDED_PARTS[:3]:
        kept = masked_entry(name, entry, seen)
        if kept is None:
            return ""
        entry = kept
    elif name == "tags" and seen.masks(name):
        return ""
    text = entry_text(name, entry)
    if entry.get("is_main") and name in ("contacts", "addresses"):
        return _("%(entry)s, the main one") % {"entry": text}
    return text


def _tie(name: str, entry: Mapping[str, Any], known: set[int], client: Client) -> SafeString | str:
    sides = ("client", "other") if name == RELATIONS else ("company", "person")
    told = dict(entry)
    for side in sides:
        if entry[side] != client.pk and entry[side] not in known:
            told[f"{side}_name"] = None
    text = entry_text(name, told)
    if name == PEOPLE and (role := wording.place_text(entry)):
        return format_html("{}: {}", text, role)
    return text


def _known(past: Past, client: Client, actor: User) -> set[int]:
    """Of the clients that people and relations name, those whom the actor may see."""
    ids: set[int] = set()
    for holding in (past.then, past.now):
        ids |= _ends(holding)
    ids -= {client.pk}
    if not ids:
        return set()
    return set(Client.objects.known_to(actor).filter(pk__in=ids).values_list("pk", flat=True))


def _ends(holding: Holding) -> set[int]:
    people = {one[side] for one in holding.part(PEOPLE) for side in ("company", "person")}
    return people | {one[side] for one in holding.part(RELATIONS) for side in ("client", "other")}


# ---- what is to be known of it ----


def _notes(past: Past, shown: Shown, actor: User) -> list[str]:
    notes = []
    if past.in_bin:
        notes.append(_("The card lay in the recycle bin then."))
    if past.inside:
        notes.append(
            _("The card was merged into № %(number)s then: this is what it held before that.")
            % {"number": past.inside.keep_id}
        )
    if past.apart:
        notes.append(_apart(past.apart))
    if past.gaps:
        notes.append(_gap(past.gaps))
    if past.born is None:
        notes.append(
            _(
                "The log does not know how this card was made: what no change tells of is shown as it is today."
            )
        )
    if past.cut:
        notes.append(_("There are too many changes to read them all: the oldest were left out."))
    return notes


def _apart(merges: Sequence[Merge]) -> str:
    numbers = ", ".join(f"№ {one.drop_id}" for one in merges)
    return ngettext(
        "Merged in later and a card of its own then: %(numbers)s.",
        "Merged in later and cards of their own then: %(numbers)s.",
        len(merges),
    ) % {"numbers": numbers}


def _gap(gaps: Sequence[datetime]) -> str:
    days = list(dict.fromkeys(formats.day(timezone.localtime(one).date()) for one in gaps))
    return ngettext(
        "What one change said was erased with the data of another person (%(days)s): this may not be all.",
        "What %(n)s changes said was erased with the data of another person (%(days)s): this may not be all.",
        len(gaps),
    ) % {"n": len(gaps), "days": formats.listed(days)}


BUTTON = CardButton(
    "past",
    gettext_lazy("The card as it was"),
    lambda one: reverse("clients:past", args=[one.pk]),
    icon="clock",
    permission="clients.view",
    order=80,
)
