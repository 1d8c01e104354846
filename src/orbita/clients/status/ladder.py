"""What a client is by the facts known of him. Nothing here reads the base.

The ladder and the base kinds are each a list of conditions in an order of precedence: the first that
holds is the client's. The last of each list holds for everybody.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import date, timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy

OFFER, MAILINGS, ASKED, REFUSED = "offer", "mailings", "asked", "refused"
MARKS = (OFFER, MAILINGS, ASKED, REFUSED)
DEAD_NOW, DEAD_GOOD = "dead_now", "dead_good"


@dataclass(frozen=True)
class Step:
    """A step of the ladder; `css` is its disc."""

    name: str
    label: str | Promise
    css: str


STEPS = (
    Step("recorded", gettext_lazy("Only recorded"), "s1"),
    Step("no_decider", gettext_lazy("No decision maker"), "s2"),
    Step("offer", gettext_lazy("Will look at the offer"), "s3"),
    Step("mailings", gettext_lazy("Agrees to mailings"), "s4"),
    Step("asked", gettext_lazy("Asked for goods"), "s5"),
    Step("bought", gettext_lazy("Bought once or twice"), "s6"),
    Step("regular", gettext_lazy("Three or more orders"), "s7"),
    Step("refused", gettext_lazy("Refused the offer"), "s8"),
    Step("left_early", gettext_lazy("Stopped after a few orders"), "s9"),
    Step("left_long", gettext_lazy("Stopped after long work"), "s10"),
)
STEP = {step.name: step for step in STEPS}
RECORDED = "recorded"
# Nobody who has bought anything stands there, whatever the order of precedence.
WITHOUT_PURCHASES = frozenset(["recorded"])
# From bottom to top, as a client climbs: the discs on the card.
WAY_UP = ("recorded", "offer", "mailings", "asked", "bought", "regular")
PRECEDENCE = (
    "left_long",
    "left_early",
    "regular",
    "bought",
    "refused",
    "asked",
    "mailings",
    "offer",
    "no_decider",
)

KINDS: Mapping[str, str | Promise] = {
    DEAD_GOOD: gettext_lazy("Dead for good"),
    DEAD_NOW: gettext_lazy("Dead for now"),
    "key": gettext_lazy("Key account"),
    "vip": "VIP",
    "partner": gettext_lazy("Proven partner"),
    "regular": pgettext_lazy("base kind", "Regular"),
    "active": pgettext_lazy("base kind", "Active"),
    "working": pgettext_lazy("base kind", "Being worked with"),
    "potential": pgettext_lazy("base kind", "Potential"),
}
POTENTIAL = "potential"


@dataclass(frozen=True, slots=True)
class Known:
    """What the rules look at. Money is in minor units of the base currency, days are business days.

    `decided` says whether a company has somebody who decides; None when nobody of it is known.
    `dead` is `DEAD_NOW`, `DEAD_GOOD` or empty, `dead_until` the day to look again.
    """

    is_company: bool = False
    orders: int = 0
    orders_known: bool = True
    gross: int = 0
    returned: int = 0
    first_on: date | None = None
    last_on: date | None = None
    contacted_on: date | None = None
    marks: frozenset[str] = frozenset()
    decided: bool | None = None
    dead: str = ""
    dead_until: date | None = None

    @property
    def bought(self) -> bool:
        return self.orders > 0 or self.gross > 0 or self.last_on is not None

    @property
    def days_together(self) -> int:
        """From the first order to the last."""
        return (self.last_on - self.first_on).days if self.first_on and self.last_on else 0


@dataclass(frozen=True)
class Numbers:
    """The numbers of the rules, which the administrator sets. Sums are in major units."""

    regular_from: int = 3
    long_from: int = 6
    long_days: int = 365
    intervals: int = 3
    usual_days: int = 90
    least_days: int = 14
    working_days: int = 90
    vip_from: int = 300_000
    key_from: int = 1_000_000


@dataclass(frozen=True)
class Rules:
    """Numbers and precedence. `minor` is how many minor units the base currency has in one."""

    numbers: Numbers = field(default_factory=Numbers)
    precedence: tuple[str, ...] = PRECEDENCE
    minor: int = 100

    @classmethod
    def from_json(cls, data: Mapping[str, Any], minor: int = 100) -> "Rules":
        """Rules as they are stored; what is missing is as at first."""
        known = {one.name for one in fields(Numbers)}
        numbers = Numbers(**{k: v for k, v in data.get("numbers", {}).items() if k in known})
        given = tuple(name for name in data.get("precedence", ()) if name in PRECEDENCE)
        rest = tuple(name for name in PRECEDENCE if name not in given)
        return cls(numbers, given + rest, minor)

    def as_json(self) -> dict[str, Any]:
        return {"numbers": asdict(self.numbers), "precedence": list(self.precedence)}

    def silence(self, known: Known) -> int:
        """After how many days without an order the client counts as stopped.

        The own interval is the average between the orders; with fewer than two of them, or all on
        one day, the usual one stands in. A floor keeps two orders in one week from making a "left".
        """
        numbers = self.numbers
        least = numbers.intervals * numbers.least_days
        if known.orders < 2 or not known.days_together:
            return max(numbers.intervals * numbers.usual_days, least)
        return max(-(-numbers.intervals * known.days_together // (known.orders - 1)), least)

    def stops_on(self, known: Known) -> date | None:
        """The day from which a buyer counts as stopped; None when no order has a date."""
        if not known.bought or known.last_on is None:
            return None
        return known.last_on + timedelta(days=self.silence(known))

    def is_long(self, known: Known) -> bool:
        numbers = self.numbers
        return known.orders >= numbers.long_from or known.days_together >= numbers.long_days


@dataclass(frozen=True, slots=True)
class Verdict:
    """The step, the base kind, and the day when time alone will change one of them."""

    step: str = RECORDED
    kind: str = POTENTIAL
    due_on: date | None = None


NOTHING = Verdict()


@dataclass(frozen=True, slots=True)
class _Case:
    known: Known
    rules: Rules
    stopped: bool
    works: bool
    rests: bool

    @property
    def net(self) -> int:
        return self.known.gross - self.known.returned


Condition = Callable[[_Case], bool]
_STEP_HOLDS: Mapping[str, Condition] = {
    "left_long": lambda c: c.stopped and c.rules.is_long(c.known),
    "left_early": lambda c: c.stopped,
    "regular": lambda c: c.known.orders >= c.rules.numbers.regular_from,
    "bought": lambda c: c.known.bought,
    "refused": lambda c: REFUSED in c.known.marks,
    "asked": lambda c: ASKED in c.known.marks,
    "mailings": lambda c: MAILINGS in c.known.marks,
    "offer": lambda c: OFFER in c.known.marks,
    "no_decider": lambda c: (
        c.known.is_company
        and not c.known.decided
        and (c.known.decided is False or c.known.contacted_on is not None)
    ),
}
_KIND_HOLDS: Sequence[tuple[str, Condition]] = (
    (DEAD_GOOD, lambda c: c.known.dead == DEAD_GOOD),
    (DEAD_NOW, lambda c: c.rests),
    (
        "key",
        lambda c: (
            not c.stopped
            and c.known.is_company
            and c.known.bought
            and c.net >= c.rules.numbers.key_from * c.rules.minor
        ),
    ),
    (
        "vip",
        lambda c: (
            not c.stopped and c.known.bought and c.net >= c.rules.numbers.vip_from * c.rules.minor
        ),
    ),
    (
        "partner",
        lambda c: (
            not c.stopped
            and c.known.orders >= c.rules.numbers.long_from
            and c.known.days_together >= c.rules.numbers.long_days
        ),
    ),
    ("regular", lambda c: not c.stopped and c.known.orders >= c.rules.numbers.regular_from),
    ("active", lambda c: not c.stopped and c.known.bought),
    ("working", lambda c: c.works),
)


def judge(known: Known, rules: Rules, today: date) -> Verdict:
    """What the client is today."""
    stops_on = rules.stops_on(known)
    stopped = stops_on is not None and stops_on <= today
    works_until = (
        known.contacted_on + timedelta(days=rules.numbers.working_days)
        if known.contacted_on
        else None
    )
    works = works_until is not None and works_until > today
    until = known.dead_until
    rests = known.dead == DEAD_NOW and (until is None or until > today)
    case = _Case(known, rules, stopped, works, rests)
    step = next((name for name in rules.precedence if _STEP_HOLDS[name](case)), RECORDED)
    kind = next((name for name, holds in _KIND_HOLDS if holds(case)), POTENTIAL)
    days = [stops_on if not stopped else None, known.dead_until if kind == DEAD_NOW else None]
    days.append(works_until if kind == "working" else None)
    due_on = min((day for day in days if day is not None and day > today), default=None)
    return Verdict(step, kind, due_on)
