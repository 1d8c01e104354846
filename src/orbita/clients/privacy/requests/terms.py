"""Until when a request has to be answered, by which law and article.

152-ФЗ: answers and refusals in ten working days (article 20, parts 1 and 2), five more with a reasoned
notice; corrections and the erasure of what is wrong or needless in seven (part 3); a demand to stop
processing in ten (article 21, part 5.1), five more with a notice; what is unlawful stops in three
(part 3); after a withdrawal of consent the data go within thirty days (part 5). Blocking begins with
the request (part 1); advertising stops at once (article 15, part 2; article 18 of 38-ФЗ).

GDPR: one month, two more with a notice within the first (article 12, part 3); direct marketing stops
with the objection (article 21, part 3). A month ends on the day of the same number, or on its last
day (article 3 of Regulation 1182/71). When that is a day off the regulation lets it end on the next
working one; we keep to the earlier day.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orbita.clients.days import months_after
from orbita.clients.models import DataRequest
from orbita.clients.privacy.requests import calendar

Kind, Regime = DataRequest.Kind, DataRequest.Regime
WORKING, CALENDAR, MONTHS = "working", "calendar", "months"


@dataclass(frozen=True)
class Term:
    """So many days or months, and at most so many `more` of them with a notice; `basis` is the article."""

    days: int
    unit: str
    basis: str
    more: int = 0

    def end(self, start: date) -> date:
        """The last day of the term that began with a request of this day."""
        return moved(start, self.days, self.unit)

    def latest(self, due: date) -> date:
        """How far a term that ends on `due` may be prolonged; `due` when it may not."""
        return moved(due, self.more, self.unit)


_RU: Mapping[str, Term] = {
    Kind.ACCESS: Term(10, WORKING, "152-ФЗ, ст. 14 ч. 3, ст. 20 ч. 1, 2", more=5),
    Kind.CORRECT: Term(7, WORKING, "152-ФЗ, ст. 20 ч. 3, ст. 21 ч. 2"),
    Kind.ERASE: Term(7, WORKING, "152-ФЗ, ст. 20 ч. 3"),
    Kind.STOP: Term(10, WORKING, "152-ФЗ, ст. 21 ч. 5.1", more=5),
    Kind.WITHDRAW: Term(30, CALENDAR, "152-ФЗ, ст. 21 ч. 5"),
    Kind.RESTRICT: Term(0, WORKING, "152-ФЗ, ст. 21 ч. 1"),
    Kind.ADVERTISING: Term(0, WORKING, "152-ФЗ, ст. 15 ч. 2; 38-ФЗ, ст. 18 ч. 1"),
    Kind.UNLAWFUL: Term(3, WORKING, "152-ФЗ, ст. 21 ч. 3"),
}
_ARTICLES: Mapping[str, str] = {
    Kind.ACCESS: "15",
    Kind.CORRECT: "16",
    Kind.ERASE: "17",
    Kind.STOP: "21",
    Kind.WITHDRAW: "7",
    Kind.RESTRICT: "18",
    Kind.UNLAWFUL: "17",
}
_EU: Mapping[str, Term] = {
    **{
        kind: Term(1, MONTHS, f"GDPR, art. {article}, 12(3)", more=2)
        for kind, article in _ARTICLES.items()
    },
    Kind.ADVERTISING: Term(0, CALENDAR, "GDPR, art. 21(2), (3)"),
}
TERMS: Mapping[str, Mapping[str, Term]] = {Regime.RU: _RU, Regime.EU: _EU}


def term_of(kind: str, regime: str) -> Term:
    """The term of a kind of request by a law."""
    return TERMS[regime][kind]


def moved(start: date, count: int, unit: str) -> date:
    """The day so many working days, days or months after `start`."""
    if unit == WORKING:
        return calendar.after(start, count)
    if unit == CALENDAR:
        return start + timedelta(days=count)
    return months_after(start, count)


def latest_of(request: DataRequest) -> date:
    """How far the term of a request may be prolonged; its own last day when it may not, or was."""
    if request.is_prolonged:
        return request.due_on
    return term_of(request.kind, request.regime).latest(request.first_due_on)


def left(request: DataRequest, today: date) -> int:
    """Working days left, 0 on the last day, negative when it is over."""
    count = calendar.between(today, request.due_on)
    # A term that ended on Friday is over on Saturday, though no working day has passed.
    return min(count, -1) if request.due_on < today else count


def words(term: Term) -> str:
    """«10 рабочих дней, с уведомлением ещё 5»."""
    if not term.days:
        return _("at once")
    said = _counted(term.days, term.unit)
    if not term.more:
        return said
    return _("%(term)s, with a notice %(more)s more") % {"term": said, "more": term.more}


def _counted(count: int, unit: str) -> str:
    if unit == WORKING:
        return ngettext("%(n)s working day", "%(n)s working days", count) % {"n": count}
    if unit == CALENDAR:
        return ngettext("%(n)s day", "%(n)s days", count) % {"n": count}
    return ngettext("%(n)s month", "%(n)s months", count) % {"n": count}
