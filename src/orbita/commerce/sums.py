"""What orders come to. Whole numbers only: minor units in, minor units out."""

import itertools
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple, Protocol

from orbita.commerce.models import ExchangeRate, Order
from orbita.commerce.models.rate import RATE_SCALE
from orbita.commerce.records import OrderData
from orbita.core.models import Company
from orbita.core.money import exponent

# Beyond this a sum is a mistake, and sums of millions of such would not fit a BIGINT.
LARGEST_SUM = 10**14
LARGEST_FACTOR = 10**14


def rounded(numerator: int, denominator: int) -> int:
    """The quotient to the nearest whole number, halves away from zero."""
    whole = (2 * abs(numerator) + denominator) // (2 * denominator)
    return whole if numerator >= 0 else -whole


def line_sum(price: int, quantity: int, currency: str) -> int:
    """Price (1/10 000) × quantity (1/1000) in minor units, halves away from zero."""
    return rounded(price * quantity * 10 ** exponent(currency), 10_000 * 1_000)


class Priced(Protocol):
    quantity: int
    price: int
    discount: int
    cost: int | None


def line_total(line: Priced, currency: str) -> int:
    """What the line comes to after its discount; a counted line is never below zero."""
    full = line_sum(line.price, line.quantity, currency)
    if line.quantity > 0 and line.price > 0:
        return max(full - line.discount, 0)
    return full


def line_totals(lines: Iterable[Priced], currency: str) -> list[int]:
    """`line_total` of every line."""
    return [line_total(line, currency) for line in lines]


class Sums(NamedTuple):
    """`cost` is None as soon as one counted line's cost is not known."""

    total: int
    cost: int | None
    counts: bool


def order_sums(lines: Iterable[tuple[Priced, int]], discount: int) -> Sums:
    """Sums over (line, its total) pairs: lines with quantity and price above zero."""
    total, cost, counts = 0, 0, False
    cost_is_known = True
    for line, line_comes_to in lines:
        if line.quantity <= 0 or line.price <= 0:
            continue
        counts = True
        total += line_comes_to
        if line.cost is None:
            cost_is_known = False
        else:
            cost += line.cost
    return Sums(max(total - discount, 0), cost if counts and cost_is_known else None, counts)


def payment_state(kind: str, total: int, paid: int) -> str:
    """What a known sum of payments means for an order."""
    if paid <= 0:
        return str(Order.Payment.UNPAID)
    if paid < total:
        return str(Order.Payment.PARTLY)
    return str(Order.Payment.REFUNDED if kind == Order.Kind.RETURN else Order.Payment.PAID)


def first_payment(data: OrderData, total: int) -> tuple[str, int]:
    """State and sum of payments of an order as it comes in."""
    if data.payment in (Order.Payment.PAID, Order.Payment.REFUNDED) and not data.paid:
        return data.payment, total
    if data.paid and not data.payment:
        return payment_state(data.kind, total, data.paid), data.paid
    return data.payment, data.paid


class Rates:
    """Exchange rates to the base currency, each currency read once."""

    def __init__(self, base: str) -> None:
        self.base = base
        self._known: dict[str, tuple[list[date], list[int]]] = {}

    def at(self, currency: str, day: date) -> int | None:
        """The last rate known on the day, in 1/10⁸; None when there is none yet."""
        if currency == self.base:
            return RATE_SCALE
        if currency not in self._known:
            rows = ExchangeRate.objects.filter(currency=currency).order_by("since")
            pairs = list(rows.values_list("since", "rate"))
            self._known[currency] = ([pair[0] for pair in pairs], [pair[1] for pair in pairs])
        days, rates = self._known[currency]
        place = bisect_right(days, day)
        return rates[place - 1] if place else None

    def to_base(self, minor: int, currency: str, day: date) -> int | None:
        """Minor units of the base currency; None without a rate."""
        if currency == self.base:
            return minor
        rate = self.at(currency, day)
        return None if rate is None else self._convert(minor, currency, rate, RATE_SCALE, self.base)

    def between(self, minor: int, source: str, target: str, day: date) -> int | None:
        """A sum of one currency in another, by way of the base; None without a rate."""
        if source == target:
            return minor
        from_rate, to_rate = self.at(source, day), self.at(target, day)
        if from_rate is None or to_rate is None:
            return None
        return self._convert(minor, source, from_rate, to_rate, target)

    @staticmethod
    def _convert(minor: int, source: str, from_rate: int, to_rate: int, target: str) -> int:
        return rounded(minor * from_rate * 10 ** exponent(target), to_rate * 10 ** exponent(source))


class Clock:
    """When orders are dated: moments, and days of the company."""

    def __init__(self, company: Company) -> None:
        self._zone = company.zone

    def read(self, data: OrderData, now: datetime) -> tuple[datetime, date, bool]:
        """The moment, the business day, and whether only the day is known."""
        if data.ordered_at is None and data.ordered_on:
            # Noon keeps the day in every zone people look from.
            noon = datetime.combine(data.ordered_on, time(12), tzinfo=self._zone)
            return noon, data.ordered_on, True
        moment = data.ordered_at or now
        return moment, moment.astimezone(self._zone).date(), False


def usual_interval(days: Sequence[date]) -> timedelta | None:
    """The median time between orders, given their days in rising order; None under three days."""
    gaps = sorted((later - earlier).days for earlier, later in itertools.pairwise(days))
    gaps = [gap for gap in gaps if gap]
    if len(gaps) < 2:
        return None
    middle = len(gaps) // 2
    median = gaps[middle] if len(gaps) % 2 else (gaps[middle - 1] + gaps[middle]) / 2
    return timedelta(days=median)
