from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbita.core import money

CURRENCIES = st.sampled_from(["RUB", "JPY", "KWD"])


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("10", "RUB", 1000),
        ("10.005", "RUB", 1001),
        ("-10.005", "RUB", -1001),
        ("0.1", "RUB", 10),
        ("10.5", "JPY", 11),
        ("1.2345", "KWD", 1235),
    ],
)
def test_an_amount_becomes_whole_minor_units(amount: str, currency: str, minor: int) -> None:
    assert money.to_minor(Decimal(amount), currency) == minor


@given(st.integers(-(2**62), 2**62), CURRENCIES)
def test_minor_units_survive_the_way_there_and_back(minor: int, currency: str) -> None:
    assert money.to_minor(money.from_minor(minor, currency), currency) == minor


@given(st.integers(0, 2**50))
def test_unit_prices_survive_the_way_there_and_back(scaled: int) -> None:
    assert money.price_to_scaled(money.scaled_to_price(scaled)) == scaled


def test_a_line_is_price_times_quantity_rounded_once() -> None:
    assert money.line_sum(money.price_to_scaled(Decimal("33.3333")), Decimal(3), "RUB") == 10000
    assert money.line_sum(money.price_to_scaled(Decimal("0.005")), Decimal(1), "RUB") == 1
