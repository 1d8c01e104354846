"""RFM scores by cut points, without a database.

Recency, frequency and monetary value as predictors of the next purchase: Bult and Wansbeek,
"Optimal selection for direct mail", Marketing Science 14(4), 1995. Scores by equal shares of the
base: Hughes, "Strategic Database Marketing", Probus, 1994. Hughes cuts a sorted list, so equal
clients next to a cut fall apart; here the cut is a value, so equal clients get equal scores:

    score = 1 + whole part of (bands × share of the base that is strictly worse)

which is the same as comparing with the value that closes each share of the sorted base.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from orbita.analytics.rfm.groups import Group, group_of
from orbita.clients.days import months_after

FEWEST_BANDS, MOST_BANDS, USUAL_BANDS = 3, 6, 5
MEASURES = ("recency", "frequency", "monetary")


@dataclass(frozen=True)
class Edges:
    """Where bands end, the edge itself included; `bands − 1` ascending values per measure.

    recency: days, the best band first (up to `recency[0]` days scores highest);
    frequency: orders, monetary: minor units, the lowest band first (up to `frequency[0]` scores 1).
    An edge equal to the one before it leaves its band empty: too many equal clients.
    """

    recency: tuple[int, ...]
    frequency: tuple[int, ...]
    monetary: tuple[int, ...]


@dataclass(frozen=True)
class Params:
    """What is measured and how it is cut.

    `months`: only purchases of the last so many months; None is all time. `net`: money after
    returns. `fixed`: measure → edges set by hand, in the order and units of `Edges`.
    """

    bands: int = USUAL_BANDS
    months: int | None = None
    net: bool = False
    fixed: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_bands(self.bands)
        if self.months is not None and not 1 <= self.months <= 600:
            raise ValidationError(_("The period is from 1 to 600 months."))
        for edges in self.fixed.values():
            check_edges(edges, self.bands)


def check_bands(bands: int) -> None:
    if not FEWEST_BANDS <= bands <= MOST_BANDS:
        raise ValidationError(
            _("There may be from %(fewest)s to %(most)s bands.")
            % {"fewest": FEWEST_BANDS, "most": MOST_BANDS}
        )


def check_edges(edges: Sequence[int], bands: int) -> None:
    """Cut points set by hand: one fewer than bands, each above the one before."""
    if len(edges) != bands - 1:
        raise ValidationError(
            _("%(bands)s bands need %(needed)s cut points.") % {"bands": bands, "needed": bands - 1}
        )
    if any(after <= before for before, after in pairwise(edges)):
        raise ValidationError(_("Each cut point must be above the one before it."))


@dataclass(frozen=True, slots=True)
class Scores:
    r: int
    f: int | None
    m: int
    group: Group


def ranks(total: int, bands: int) -> list[int]:
    """Whose values close the shares of a base of this size: places from 1, the worst first."""
    return [-(-total * share // bands) for share in range(1, bands)]


def edges_of(distribution: Iterable[tuple[int, int]], bands: int) -> tuple[int, ...]:
    """Values that close equal shares of (value, how many clients), given from the worst value."""
    counted = [(value, count) for value, count in distribution if count]
    total = sum(count for _value, count in counted)
    if not total:
        return (0,) * (bands - 1)
    edges, passed, pairs = [], 0, iter(counted)
    value = counted[0][0]
    for rank in ranks(total, bands):
        while passed < rank:
            value, count = next(pairs)
            passed += count
        edges.append(value)
    return tuple(edges)


def recency_edges(days: Iterable[tuple[int, int]], bands: int) -> tuple[int, ...]:
    """Edges of recency from (days, how many clients) in any order, the best band first."""
    closing = edges_of(sorted(days, reverse=True), bands)
    # Whoever is at the closing value stays in the lower band: the better one ends a day earlier.
    return tuple(value - 1 for value in reversed(closing))


def score_recency(days: int, edges: Sequence[int]) -> int:
    return len(edges) + 1 - bisect_left(edges, days)


def score_amount(value: int, edges: Sequence[int]) -> int:
    """The score of a number of orders or a sum."""
    return 1 + bisect_left(edges, value)


def score(days: int, frequency: int | None, monetary: int, edges: Edges) -> Scores:
    """All scores of one client. An unknown frequency has no score and is never guessed."""
    r = score_recency(days, edges.recency)
    f = None if frequency is None else score_amount(frequency, edges.frequency)
    m = score_amount(monetary, edges.monetary)
    return Scores(r, f, m, group_of(r, f, m, len(edges.recency) + 1))


def start_of_period(as_of: date, months: int | None) -> date | None:
    """The day after which purchases count: the same day so many months earlier."""
    if months is None:
        return None
    return months_after(as_of, -months)
