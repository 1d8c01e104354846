"""Repeatable chance and the calendar of a shop: seasons, weekdays, hours."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")

# The company lives by Moscow time, which has had no summer time since 2014.
_COMPANY_OFFSET = timedelta(hours=3)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC) - _COMPANY_OFFSET
_EPOCH_DAY = date(2000, 1, 1).toordinal()

# How busy each month is, January first.
SEASON_PERSONS = (0.85, 1.05, 1.1, 0.98, 0.92, 0.82, 0.72, 0.78, 1.0, 1.08, 1.2, 1.75)
SEASON_COMPANIES = (0.72, 1.0, 1.03, 1.03, 0.97, 0.9, 0.8, 0.84, 1.05, 1.08, 1.12, 1.38)
# How busy each weekday is, Monday first.
WEEK_PERSONS = (1.0, 0.9, 0.95, 1.0, 1.3, 1.55, 1.1)
WEEK_COMPANIES = (1.7, 1.25, 1.1, 1.3, 0.9, 0.06, 0.02)


def random_for(seed: int, *parts: int) -> Random:
    """A generator of its own for each purpose, so that a change in one leaves the others alone."""
    for part in parts:
        seed = seed * 1_000_003 + part
    return Random(seed)  # noqa: S311 – a demo base is drawn, no secret is made


class Weighted(Generic[T]):
    """Draws items by weight."""

    def __init__(self, items: Sequence[T], weights: Sequence[float]) -> None:
        self.items = items
        self._cumulative = list(accumulate(weights))

    def one(self, rng: Random) -> T:
        return rng.choices(self.items, cum_weights=self._cumulative)[0]

    def some(self, rng: Random, count: int) -> list[T]:
        """`count` draws; what was drawn twice is listed once."""
        return list(dict.fromkeys(rng.choices(self.items, cum_weights=self._cumulative, k=count)))


class Calendar:
    """Days that suit one sort of buyers, as proleptic ordinals, none later than today."""

    def __init__(self, today: date, season: Sequence[float], week: Sequence[float]) -> None:
        self.today = today.toordinal()
        self._season = season
        self._week = week
        self._near = [
            Weighted(range(-3, 4), [week[(weekday + shift) % 7] for shift in range(-3, 4)])
            for weekday in range(7)
        ]

    def season(self, day: int) -> float:
        return self._season[date.fromordinal(day).month - 1]

    def settle(self, rng: Random, day: int) -> int:
        """A day near `day` on which such people do buy."""
        # Ordinal 1 was a Monday.
        settled = day + self._near[(day - 1) % 7].one(rng)
        if settled <= self.today:
            return settled
        return day if self._week[(day - 1) % 7] > 0.5 else day - 2

    def draw(self, rng: Random, since: int, until: int, lean: float = 1.0) -> int:
        """A day between two, more likely in season; `lean` under 1 prefers later days."""
        while True:
            day = until - int((until - since + 1) * rng.random() ** (1 / lean))
            if rng.random() * 1.8 < self.season(day):
                return self.settle(rng, day)


def moment(day: int, minute: int) -> datetime:
    """The moment in UTC of a minute of the company's day."""
    return _EPOCH + timedelta(days=day - _EPOCH_DAY, minutes=minute)
