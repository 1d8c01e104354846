"""Money is a whole number of minor units (BIGINT) with an ISO 4217 currency.

Unit prices are kept finer, in 1/10 000 of the major unit, since catalogues price per gram.
"""

from decimal import ROUND_HALF_UP, Decimal

# ISO 4217 currencies whose minor unit is not 1/100.
_EXPONENTS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "KWD": 3, "BHD": 3, "TND": 3}
PRICE_SCALE = 10_000


def exponent(currency: str) -> int:
    return _EXPONENTS.get(currency, 2)


def to_minor(amount: Decimal, currency: str) -> int:
    """Whole minor units, halves rounded away from zero: 10.005 RUB → 1001."""
    scaled = amount.scaleb(exponent(currency))
    return int(scaled.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def from_minor(minor: int, currency: str) -> Decimal:
    return Decimal(minor).scaleb(-exponent(currency))


def price_to_scaled(price: Decimal) -> int:
    """A unit price in 1/10 000 of the major unit."""
    return int((price * PRICE_SCALE).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def scaled_to_price(scaled: int) -> Decimal:
    return Decimal(scaled) / PRICE_SCALE


def line_sum(price_scaled: int, quantity: Decimal, currency: str) -> int:
    """Price × quantity in minor units."""
    return to_minor(scaled_to_price(price_scaled) * quantity, currency)
