"""Rules of keeping and their runs in words."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orbita.clients.models import Client, RetentionRule, RetentionRun
from orbita.clients.privacy.retention.finding import MOST_COUNTED, Found, today
from orbita.ui import formats

Payload = Mapping[str, Any]
Since = RetentionRule.Since


def term(rule: RetentionRule) -> str:
    """«12 месяцев с последнего заказа или контакта»."""
    months = ngettext("%(n)s month", "%(n)s months", rule.months) % {"n": rule.months}
    return {
        Since.ACTIVITY: _("%(months)s after the last order or contact"),
        Since.CREATED: _("%(months)s after the card was made"),
        Since.STATUS: _("%(months)s in the same status"),
        Since.BINNED: _("%(months)s in the recycle bin"),
    }[Since(rule.since)] % {"months": months}


def state(rule: RetentionRule) -> str:
    """Whether the rule runs by itself, and when next."""
    if rule.stopped:
        return _("stopped, waits for you")
    if not rule.is_on:
        return _("off")
    if rule.told_on and rule.next_run_on:
        return _("runs on %(day)s") % {"day": _day(rule.next_run_on)}
    return _("on")


def counted(count: int) -> str:
    return formats.bounded(count, MOST_COUNTED)


@dataclass(frozen=True, slots=True)
class Line:
    """A client of the preview: who, and when something was last heard of him or why he is kept."""

    client: Client
    words: str


def sample(found: Found, rule: RetentionRule) -> list[Line]:
    return [Line(client, _silent(client, rule)) for client in found.sample]


def _silent(client: Client, rule: RetentionRule) -> str:
    made = timezone.localtime(client.created_at).date()
    if rule.since == Since.CREATED:
        return _("made on %(day)s") % {"day": _day(made)}
    if rule.since == Since.BINNED and client.deleted_at:
        day = timezone.localtime(client.deleted_at).date()
        return _("in the recycle bin since %(day)s") % {"day": _day(day)}
    row = getattr(client, "ladder", None)
    if rule.since == Since.STATUS and row and row.since:
        return _("since %(day)s") % {"day": _day(row.since)}
    facts = client.facts
    contact = facts.last_contact_at and timezone.localtime(facts.last_contact_at).date()
    days = [day for day in (facts.last_order_on, contact) if day]
    return (
        _("last heard of on %(day)s") % {"day": _day(max(days))}
        if days
        else _("never heard of; made on %(day)s") % {"day": _day(made)}
    )


def held(found: Found) -> list[Line]:
    """Those who are kept, and why."""
    lines = []
    for client in found.held_sample:
        holds = [one for one in client.legal_holds.all() if one.holds_on(today())]
        said = "; ".join(
            _("%(reason)s, until %(day)s") % {"reason": one.reason, "day": _day(one.until)}
            for one in holds
        )
        lines.append(Line(client, said or _("his request about personal data is open")))
    return lines


def kept(run: RetentionRun) -> list[tuple[str, int, str]]:
    """Why a run left clients: the reason, how many, the first of their numbers."""
    counts = Counter(why for _card, why in run.kept)
    return [
        (why, count, formats.listed([f"№ {card}" for card, one in run.kept if one == why], 5))
        for why, count in counts.most_common()
    ]


def tables(run: RetentionRun, called: Any) -> list[tuple[str, int, int]]:
    """The categories of data of all erasures of a run: name, rows deleted, rows emptied."""
    found: dict[str, tuple[int, int]] = {}
    for erasure in run.erasures.all():
        for label, deleted, emptied in called(erasure):
            known = found.get(label, (0, 0))
            found[label] = (known[0] + deleted, known[1] + emptied)
    return [(label, *counts) for label, counts in sorted(found.items())]


def _day(day: date) -> str:
    """The day with its year."""
    return formats.day(day, date(1, 1, 1))


# ---- events ----


def _of_rule(sentence: str, data: Payload, **more: Any) -> str:
    return sentence % {"rule": data.get("rule", ""), **more}


def saved(data: Payload) -> str:
    return _of_rule(_("Rule of keeping saved: %(rule)s"), data)


def switched_on(data: Payload) -> str:
    return _of_rule(
        _("Rule of keeping confirmed and switched on: %(rule)s, clients then: %(n)s"),
        data,
        n=formats.number(data["count"]),
    )


def switched_off(data: Payload) -> str:
    return _of_rule(_("Rule of keeping switched off: %(rule)s"), data)


def stopped(data: Payload) -> str:
    return _of_rule(_("Rule of keeping has stopped: %(rule)s. %(why)s"), data, why=data["why"])


def told(data: Payload) -> str:
    return _of_rule(
        _("Told before a run: %(rule)s, on %(day)s, clients: %(n)s"),
        data,
        day=_day(date.fromisoformat(data["day"])),
        n=formats.number(data["count"]),
    )


def started(data: Payload) -> str:
    return _of_rule(
        _("Run of a rule of keeping began: %(rule)s, clients: %(n)s"),
        data,
        n=formats.number(data["count"]),
    )


def finished(data: Payload) -> str:
    return _of_rule(
        _("Run of a rule of keeping is over: %(rule)s, erased: %(n)s, left: %(kept)s"),
        data,
        n=formats.number(data["erased"]),
        kept=formats.number(data["kept"]),
    )


def numbers(run: RetentionRun) -> Sequence[str]:
    """The numbers of the cards that a run has erased."""
    cards = run.erasures.order_by("pk").values_list("cards", flat=True)
    return [f"№ {card}" for one in cards for card in one]
