"""Incidents in words: the clocks, the notices as texts to copy, the log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from orbita.clients.models import Incident
from orbita.clients.privacy.incidents.clocks import BY_NAME, Hand, hands_of
from orbita.core.models import Company
from orbita.ui import formats

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """A clock as the page shows it."""

    name: str
    label: str
    to: str
    ground: str
    due: str
    state: str
    css: str
    sent: bool
    lacks: str
    text: str


def lines(incident: Incident) -> list[Line]:
    return [_line(incident, hand) for hand in hands_of(incident)]


def _line(incident: Incident, hand: Hand) -> Line:
    return Line(
        hand.clock.name,
        str(hand.clock.label),
        str(hand.clock.to),
        str(hand.clock.ground),
        formats.full_moment(hand.due),
        state(hand),
        "bad" if hand.is_late else ("good" if hand.sent else "warn"),
        hand.sent is not None,
        ", ".join(label_of(name) for name in hand.lacks),
        notice(incident, hand),
    )


def state(hand: Hand) -> str:
    """«отправлено 24 ноября 2026, 10:12», «осталось 5 часов», «просрочено на 2 часа»."""
    if hand.sent:
        words = _("sent late: %(when)s") if hand.is_late else _("sent: %(when)s")
        return words % {"when": formats.full_moment(hand.sent)}
    if hand.left < timedelta():
        return _("overdue by %(time)s") % {"time": formats.duration(-hand.left)}
    return _("%(time)s left") % {"time": formats.duration(hand.left)}


def next_of(incident: Incident) -> Hand | None:
    """The first deadline whose notice was not sent."""
    waiting = [hand for hand in hands_of(incident) if not hand.sent]
    return min(waiting, key=lambda hand: hand.due, default=None)


def standing(incident: Incident) -> tuple[str, str]:
    """Words and colour of an incident in the list."""
    if incident.closed_at:
        return pgettext("incident", "closed"), ""
    hand = next_of(incident)
    if hand is None:
        return _("all notices sent"), "good"
    words = f"{hand.clock.label}: {state(hand)}"
    return words, "bad" if hand.is_late else "warn"


def label_of(name: str) -> str:
    field: Any = Incident._meta.get_field(name)
    return str(field.verbose_name)


def notice(incident: Incident, hand: Hand) -> str:
    """The text of a notice, to be copied into the authority's form. What is not known yet is said."""
    found = formats.full_moment(incident.found_at)
    parts = [
        f"{hand.clock.label}: {hand.clock.to} ({hand.clock.ground})",
        _("Operator: %(name)s") % {"name": Company.current().name},
        _("The incident was found: %(when)s") % {"when": found},
    ]
    for name in hand.clock.fields:
        label = label_of(name)
        value = getattr(incident, name) or _("not known yet")
        parts.append(f"{label[:1].upper()}{label[1:]}: {value}")
    return "\n".join(parts)


# ---- the log ----


def _named(sentence: str, data: Payload, **more: Any) -> str:
    return sentence % {"number": data.get("incident", ""), **more}


def opened(data: Payload) -> str:
    return _named(_("Incident %(number)s written down"), data)


def changed(data: Payload) -> str:
    names = ", ".join(label_of(n.removesuffix("_id")) for n in data.get("fields") or ())
    return _named(_("Incident %(number)s changed: %(fields)s"), data, fields=names)


def sent(data: Payload) -> str:
    return _named(_("Incident %(number)s: sent: %(what)s"), data, what=_clock(data))


def reminded(data: Payload) -> str:
    return _named(_("Incident %(number)s: reminded of: %(what)s"), data, what=_clock(data))


def closed(data: Payload) -> str:
    return _named(_("Incident %(number)s closed"), data)


def reopened(data: Payload) -> str:
    return _named(_("Incident %(number)s opened again"), data)


def _clock(data: Payload) -> str:
    clock = BY_NAME.get(data.get("clock", ""))
    return str(clock.label) if clock else ""
