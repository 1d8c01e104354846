from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbita.commerce.records import LineData
from orbita.commerce.sums import (
    LARGEST_FACTOR,
    Rates,
    line_sum,
    line_total,
    order_sums,
    rounded,
    usual_interval,
)
from orbita.core import money

factors = st.integers(-LARGEST_FACTOR, LARGEST_FACTOR)


@given(factors, st.integers(1, LARGEST_FACTOR))
def test_rounding_goes_to_the_nearest_and_halves_away_from_zero(number: int, by: int) -> None:
    exact = (Decimal(number) / Decimal(by)) if number % by == 0 else None
    if exact is not None:
        assert rounded(number, by) == exact
    assert abs(rounded(number, by) * by - number) * 2 <= by
    assert rounded(-number, by) == -rounded(number, by)
    assert rounded(by, 2 * by) == 1


@given(
    st.integers(-(10**9), 10**9),
    st.integers(-(10**7), 10**7),
    st.sampled_from(["RUB", "JPY", "KWD"]),
)
def test_a_line_sum_equals_the_sum_in_decimals(price: int, quantity: int, currency: str) -> None:
    assert line_sum(price, quantity, currency) == money.line_sum(
        price, Decimal(quantity) / 1000, currency
    )


lines = st.builds(
    LineData,
    price=st.integers(-(10**8), 10**8),
    quantity=st.integers(-(10**6), 10**6),
    discount=st.integers(0, 10**6),
    cost=st.none() | st.integers(0, 10**6),
)


@given(st.lists(lines, max_size=8), st.integers(0, 10**7))
def test_an_order_sums_only_lines_with_quantity_and_price_above_zero(
    given_lines: list[LineData], discount: int
) -> None:
    sums = order_sums([(one, line_total(one, "RUB")) for one in given_lines], discount)
    counted = [one for one in given_lines if one.quantity > 0 and one.price > 0]
    assert sums.counts == bool(counted)
    whole = sum(line_total(one, "RUB") for one in counted)
    assert sums.total == max(whole - discount, 0)
    known = counted and all(one.cost is not None for one in counted)
    assert sums.cost == (sum(one.cost or 0 for one in counted) if known else None)


@given(st.integers(0, 10**12), st.decimals("0.0001", "10000", places=6))
def test_a_sum_in_another_currency_is_rounded_once(minor: int, rate: Decimal) -> None:
    scaled = int(rate * 10**8)
    exact = Decimal(minor) * Decimal(scaled).scaleb(-8)
    expected = int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))
    rates = Rates("RUB")
    rates._known["USD"] = ([date(2026, 1, 1)], [scaled])
    assert rates.to_base(minor, "USD", date(2026, 1, 1)) == expected
    assert rates.to_base(minor, "USD", date(2025, 12, 31)) is None


@pytest.mark.parametrize(
    ("days", "expected"), [([0, 30], None), ([0, 10, 40], 20), ([0, 10, 20, 90], 10), ([], None)]
)
def test_the_usual_interval_is_the_median_gap(days: list[int], expected: int | None) -> None:
    dates = [date(2026, 1, 1) + timedelta(days=day) for day in days]
    assert usual_interval(dates) == (None if expected is None else timedelta(days=expected))
