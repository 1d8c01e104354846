"""What rules may ask of the quality of a card."""

from typing import Any

from django.db.models import F, Q
from django.db.models.lookups import GreaterThan
from django.utils.translation import gettext_lazy

from orbita.clients.models import ContactState, DeadMark, QualitySettings
from orbita.clients.quality.problems import BY_NAME, TROUBLES
from orbita.core.models import Company
from orbita.core.rules import Choices, Fact, date_column, whole_column

QUALITY = gettext_lazy("Quality of the data")
NOW, GOOD, AGAIN = "now", "good", "again"


def with_troubles(bits: int) -> Q:
    """Cards with any of these problems: the narrow index first, then the bits."""
    return Q(facts__problems__gt=0) & Q(GreaterThan(F("facts__problems").bitand(bits), 0))


def _problem(op: str, value: Any) -> Q:
    if op == "filled":
        return Q(facts__problems__gt=0)
    if op == "empty":
        return Q(facts__problems=0)
    wanted = value if isinstance(value, list) else [value]
    bits = sum({BY_NAME[name].bit for name in wanted if name in BY_NAME})
    having = with_troubles(bits)
    return ~having if op in ("ne", "not_in") else having


def _troubles(actor: Any) -> Choices:
    return [(trouble.name, trouble.label) for trouble in TROUBLES]


def _marked(op: str, value: Any) -> Q:
    states = ContactState.objects.exclude(mark="")
    if op not in ("empty", "filled"):
        states = states.filter(mark__in=value if isinstance(value, list) else [value])
    having = Q(pk__in=states.values("contact__client_id"))
    return ~having if op in ("empty", "ne", "not_in") else having


def _dead(op: str, value: Any) -> Q:
    rows = DeadMark.objects.all()
    if op not in ("empty", "filled"):
        chosen = Q(pk__in=[])
        for name in value if isinstance(value, list) else [value]:
            chosen |= DEAD.get(name, Q(pk__in=[]))
        rows = rows.filter(chosen)
    having = Q(pk__in=rows.values("client_id"))
    return ~having if op in ("empty", "ne", "not_in") else having


DEAD = {
    NOW: Q(look_again_on__isnull=False, brought_up_at=None),
    GOOD: Q(look_again_on=None),
    AGAIN: Q(brought_up_at__isnull=False),
}


def _deaths(actor: Any) -> Choices:
    return [
        (NOW, gettext_lazy("dead for now")),
        (GOOD, gettext_lazy("dead for good")),
        (AGAIN, gettext_lazy("time to look again")),
    ]


def _incomplete(op: str, value: Any) -> Q:
    below = QualitySettings.current().incomplete_below
    return Q(facts__completeness__lt=below) if value else Q(facts__completeness__gte=below)


def _stale(op: str, value: Any) -> Q:
    due = Q(facts__check_on__lte=Company.current().business_date())
    return due if value else Q(facts__check_on=None) | ~due


FACTS = (
    Fact(
        "completeness",
        gettext_lazy("Completeness, %"),
        "number",
        whole_column("facts__completeness"),
        QUALITY,
    ),
    Fact("incomplete", gettext_lazy("Card is incomplete"), "bool", _incomplete, QUALITY),
    Fact(
        "problem",
        gettext_lazy("To put right"),
        "choice",
        _problem,
        QUALITY,
        _troubles,
    ),
    Fact("stale", gettext_lazy("Time to check the data"), "bool", _stale, QUALITY),
    Fact(
        "check_on",
        gettext_lazy("Check the data from"),
        "date",
        date_column("facts__check_on"),
        QUALITY,
    ),
    Fact(
        "contact_mark",
        gettext_lazy("Has a contact marked as"),
        "choice",
        _marked,
        QUALITY,
        lambda actor: [choice for choice in ContactState.Mark.choices if choice[0]],
    ),
    Fact("dead", gettext_lazy("Dead"), "choice", _dead, QUALITY, _deaths),
)
