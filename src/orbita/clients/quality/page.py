"""What the page “state of the base” shows."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.lists import CLIENTS
from orbita.clients.models import QualityDay, Repair
from orbita.clients.quality.state import (
    BOUND,
    LINES,
    Line,
    bounded,
    history,
    lines_for,
    sees_everybody,
)
from orbita.ui import charts, formats
from orbita.ui.lists import address_of

REPAIRS_SHOWN = 5
MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Shown:
    """A line of the table."""

    line: Line
    number: str
    url: str
    share: str
    meter: SafeString | str
    change: str
    css: str
    spark: SafeString | str
    mend_url: str
    is_empty: bool


class Page:
    """The state of the base as this actor may see it: the kept numbers of everybody, or his own."""

    def __init__(self, actor: User) -> None:
        self.actor = actor
        self.lines = lines_for(actor)
        days = history() if sees_everybody(actor) else []
        self.today: QualityDay | None = days[0] if days else None
        self._days = days

    @cached_property
    def _at_once(self) -> dict[str, int]:
        return bounded(self.actor, self.lines)

    @property
    def is_kept(self) -> bool:
        """Whether the numbers are those of the last count of the whole base."""
        return self.today is not None

    @property
    def clients(self) -> int:
        return self.today.clients if self.today else self._at_once[""]

    @property
    def summary(self) -> str:
        count = self.clients
        words = ngettext("%(n)s client", "%(n)s clients", count)
        text = words % {"n": self._text(count)}
        if self.today:
            when = formats.ago(self.today.taken_at)
            return _("%(clients)s, counted %(when)s") % {"clients": text, "when": when}
        return text

    def _text(self, count: int) -> str:
        return formats.number(count) if self.today else formats.bounded(count, BOUND)

    @property
    def rows(self) -> list[Shown]:
        return [self._row(line) for line in self.lines]

    def _number(self, line: Line) -> int:
        if line.rule is None:
            return line.count(self.actor, BOUND) if line.count else 0
        if self.today and line.name in self.today.numbers:
            return int(self.today.numbers[line.name])
        return self._at_once[line.name]

    def _row(self, line: Line) -> Shown:
        number = self._number(line)
        kept = bool(self.today and line.name in self.today.numbers)
        text = formats.number(number) if kept else formats.bounded(number, BOUND)
        share = number / self.clients if kept and self.clients else None
        url = address_of(CLIENTS, dict(line.rule)) if line.rule is not None else reverse(line.url)
        change, css = self._change(line, number) if kept else ("", "")
        mends = line.mends and number and policy.allows(self.actor, "clients.edit")
        return Shown(
            line,
            text,
            url,
            _percent(share) if share else "",
            charts.meter(share, f"{line.label}: {formats.percent(share)}", "watch")
            if share is not None
            else "",
            change,
            css,
            self._spark(line),
            reverse("clients:repair", args=[line.name]) if mends else "",
            not number,
        )

    @property
    def has_past(self) -> bool:
        return len(self._days) > 1

    def _change(self, line: Line, number: int) -> tuple[str, str]:
        """The difference to a month ago, or to the oldest count within it."""
        assert self.today is not None  # noqa: S101
        past = [
            day
            for day in self._days[1:]
            if day.day >= self.today.day - MONTH and line.name in day.numbers
        ]
        if not past:
            return "", ""
        difference = number - int(past[-1].numbers[line.name])
        if not difference:
            return formats.DASH, ""
        return formats.signed(difference), "bad" if difference > 0 else "good"

    def _spark(self, line: Line) -> SafeString | str:
        values = [
            int(day.numbers[line.name]) for day in reversed(self._days) if line.name in day.numbers
        ]
        if len(values) < 2:
            return ""
        label = _("%(what)s: from %(first)s to %(last)s in the counts that are kept") % {
            "what": line.label,
            "first": formats.number(values[0]),
            "last": formats.number(values[-1]),
        }
        return charts.sparkline(values, label)

    # ---- completeness ----

    @property
    def completeness(self) -> str:
        share = self.today.completeness if self.today else None
        return formats.DASH if share is None else formats.percent(share / 100)

    @property
    def shares(self) -> SafeString | str:
        """Clients by tenths of completeness."""
        if not self.today or not sum(self.today.shares):
            return ""
        values = [
            (str(place * 10), count, formats.number(count) if count else "")
            for place, count in enumerate(self.today.shares)
        ]
        half = sum(self.today.shares[:5])
        label = _("Cards by completeness: %(low)s below half, %(high)s above") % {
            "low": formats.number(half),
            "high": formats.number(sum(self.today.shares) - half),
        }
        return charts.columns(values, label, width=320, height=140)

    @property
    def trend(self) -> SafeString | str:
        values = [day.completeness for day in reversed(self._days) if day.completeness is not None]
        if len(values) < 2:
            return ""
        label = _("Average completeness: from %(first)s to %(last)s") % {
            "first": formats.percent(values[0] / 100),
            "last": formats.percent(values[-1] / 100),
        }
        return charts.sparkline(values, label, width=200, height=36)

    # ---- repairs ----

    @cached_property
    def repairs(self) -> list["RepairLine"]:
        rows = Repair.objects.select_related("actor").order_by("-requested_at", "-pk")
        if not policy.covers_all(self.actor, "clients.edit"):
            rows = rows.filter(actor=self.actor)
        return [RepairLine(row) for row in rows[:REPAIRS_SHOWN]]


def _percent(share: float) -> str:
    """A share with as many places as tell it from nothing."""
    return formats.percent(share, 0 if share >= 0.1 else 1 if share >= 0.001 else 2)


class RepairLine:
    """A repair as the page and its own page show it."""

    def __init__(self, repair: Repair) -> None:
        self.repair = repair

    @property
    def title(self) -> str:
        line = LINES.get(self.repair.line)
        return str(line.label) if line else _("Selected clients")

    @property
    def words(self) -> str:
        repair = self.repair
        if repair.status == Repair.Status.UNDONE:
            text = ngettext(
                "%(n)s card is as before", "%(n)s cards are as before", repair.changed - repair.kept
            ) % {"n": formats.number(repair.changed - repair.kept)}
            if repair.kept:
                text += "; " + ngettext(
                    "%(n)s was changed since and stays",
                    "%(n)s were changed since and stay",
                    repair.kept,
                ) % {"n": formats.number(repair.kept)}
            return text
        words = ngettext("%(n)s card put right", "%(n)s cards put right", repair.changed)
        return words % {"n": formats.number(repair.changed)}

    @property
    def who(self) -> str:
        actor = self.repair.actor
        when = formats.ago(self.repair.requested_at)
        return f"{actor.display_name}, {when}" if actor else when

    @property
    def can_be_undone(self) -> bool:
        return self.repair.status == Repair.Status.DONE and self.repair.changed > 0
