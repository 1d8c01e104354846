"""The status ladder: how far a client has come, told by facts and never set by hand."""

from dataclasses import dataclass

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


@dataclass(frozen=True)
class Step:
    """A step of the ladder. `css` is its disc; later rooms of knowledge bring the steps between."""

    name: str
    label: str | Promise
    css: str


RECORDED = Step("recorded", gettext_lazy("Only recorded"), "s1")
BOUGHT = Step("bought", gettext_lazy("Bought once or twice"), "s6")
REGULAR = Step("regular", gettext_lazy("Three or more orders"), "s7")
STEPS = (RECORDED, BOUGHT, REGULAR)
REGULAR_FROM = 3

CONDITIONS: dict[str, Q] = {
    "recorded": Q(facts__orders_count=0) & (Q(facts__orders_known=True) | Q(facts__gross=0)),
    "bought": Q(facts__orders_count__gt=0, facts__orders_count__lt=REGULAR_FROM)
    | Q(facts__orders_count=0, facts__orders_known=False, facts__gross__gt=0),
    "regular": Q(facts__orders_count__gte=REGULAR_FROM),
}


@dataclass(frozen=True, slots=True)
class Status:
    step: Step
    label: str

    @property
    def css(self) -> str:
        return self.step.css

    @property
    def reached(self) -> tuple[Step, ...]:
        """The steps below, for the ladder of the card."""
        return STEPS[: STEPS.index(self.step)]


def status_of(*, orders: int, orders_known: bool = True, gross: int = 0) -> Status:
    """The step of a client by his purchases. `orders_known` is off when only totals are known."""
    if orders >= REGULAR_FROM:
        return Status(REGULAR, str(REGULAR.label))
    if not orders_known and (orders or gross):
        return Status(BOUGHT, _("Bought"))
    if orders:
        return Status(BOUGHT, _("Bought once") if orders == 1 else _("Bought twice"))
    return Status(RECORDED, str(RECORDED.label))
