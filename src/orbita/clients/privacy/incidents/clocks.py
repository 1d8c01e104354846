"""When which notice of an incident is due, and what it has to tell.

152-ФЗ, article 21, part 3.1: from the moment an incident is found, Roskomnadzor is told within 24 hours
what happened, the supposed causes and harm, what was done, and who speaks for the operator; within 72 hours
the results of the inner inquiry, and whose actions were the cause, if that is known. GDPR, article 33:
the supervisory authority is told within 72 hours after the controller has become aware of it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from orbita.clients.models import Incident


@dataclass(frozen=True)
class Clock:
    """A deadline: hours after the incident was found, and how long before it people are reminded."""

    name: str
    label: str | Promise
    to: str | Promise
    ground: str | Promise
    hours: int
    remind: int
    applies: str
    fields: tuple[str, ...]


FIRST = Clock(
    "first",
    _("First notice"),
    _("Roskomnadzor"),
    _("152-ФЗ, article 21, part 3.1"),
    24,
    6,
    "in_russia",
    ("happened", "data", "people", "causes", "harm", "measures", "contact"),
)
INQUIRY = Clock(
    "inquiry",
    _("Results of the inquiry"),
    _("Roskomnadzor"),
    _("152-ФЗ, article 21, part 3.1"),
    72,
    12,
    "in_russia",
    ("results", "culprits", "measures"),
)
UNION = Clock(
    "union",
    _("Notice to the supervisory authority"),
    _("the authority of the EU"),
    _("GDPR, article 33"),
    72,
    12,
    "in_union",
    ("happened", "data", "people", "contact", "harm", "measures"),
)
CLOCKS = (FIRST, INQUIRY, UNION)
BY_NAME = {clock.name: clock for clock in CLOCKS}
# What a notice may go without.
OPTIONAL = frozenset({"culprits"})


@dataclass(frozen=True)
class Hand:
    """A clock of one incident: when it is due, when its notice was sent, what it still lacks."""

    clock: Clock
    due: datetime
    sent: datetime | None
    lacks: tuple[str, ...]

    @property
    def is_late(self) -> bool:
        return (self.sent or timezone.now()) > self.due

    @property
    def left(self) -> timedelta:
        """Until it is due; how long it is overdue when below zero."""
        return self.due - timezone.now()


def hands_of(incident: Incident) -> list[Hand]:
    """The clocks that run for an incident, in the order of their deadlines."""
    return [_hand(incident, clock) for clock in CLOCKS if getattr(incident, clock.applies)]


def _hand(incident: Incident, clock: Clock) -> Hand:
    sent = incident.sent.get(clock.name)
    return Hand(
        clock,
        incident.found_at + timedelta(hours=clock.hours),
        datetime.fromisoformat(sent) if sent else None,
        tuple(n for n in clock.fields if n not in OPTIONAL and not getattr(incident, n)),
    )
