"""Numbers as people type them: «31 400,50», «0,250», «10 %»."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from orbita.core.money import from_minor, to_minor
from orbita.ui.formats import is_russian

_BLANKS = re.compile(r"[\s\u00a0\u202f']")
LARGEST = Decimal(10) ** 10


def read_decimal(text: str) -> Decimal:
    """A number with blanks between thousands and a comma or a point before the decimals."""
    plain = _BLANKS.sub("", text[:40]).rstrip("₽").replace("\u2212", "-").replace(",", ".")
    try:
        number = Decimal(plain)
    except InvalidOperation:
        raise ValidationError(_("Enter a number.")) from None
    if not number.is_finite() or abs(number) >= LARGEST:
        raise ValidationError(_("Enter a number."))
    return number


def plain_decimal(value: Decimal) -> str:
    """A number for an input: «1250», «12,5»."""
    text = f"{value.normalize():f}"
    return text.replace(".", ",") if is_russian() else text


class DecimalTextField(forms.CharField):
    """A number typed as text that becomes a whole number of 1/`scale`; None when left empty."""

    def __init__(self, *, scale: int = 1, above_zero: bool = False, **kwargs: Any) -> None:
        self._scale, self._above_zero = scale, above_zero
        kwargs.setdefault("max_length", 30)
        super().__init__(**kwargs)
        self.validators = []  # they are for text, and the value is a number
        self.widget.attrs.setdefault("inputmode", "decimal")
        self.widget.attrs.setdefault("autocomplete", "off")

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        scaled = read_decimal(text) * self._scale
        if scaled < 0 or (self._above_zero and not scaled):
            raise ValidationError(
                _("Enter a number above zero.")
                if self._above_zero
                else _("Enter a number from zero up.")
            )
        if scaled != scaled.to_integral_value():
            raise ValidationError(_("Too many digits after the comma."))
        return int(scaled)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, int):
            return plain_decimal(Decimal(value) / self._scale)
        return value


@dataclass(frozen=True, slots=True)
class Discount:
    """A sum in major units, or a percentage of what it is taken from."""

    amount: Decimal = Decimal(0)
    percent: Decimal | None = None

    def of(self, minor: int, currency: str) -> int:
        """The discount in minor units."""
        if self.percent is None:
            return to_minor(self.amount, currency)
        return to_minor(from_minor(minor, currency) * self.percent / 100, currency)


class DiscountField(forms.CharField):
    """«500» or «10 %»."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 30)
        super().__init__(**kwargs)
        self.validators = []
        self.widget.attrs.setdefault("autocomplete", "off")

    def to_python(self, value: Any) -> Any:
        text = (super().to_python(value) or "").strip()
        if not text:
            return Discount()
        number = read_decimal(text.rstrip("% \u00a0"))
        if number < 0:
            raise ValidationError(_("A discount cannot be below zero."))
        if not text.endswith("%"):
            return Discount(amount=number)
        if number > 100:
            raise ValidationError(_("A discount cannot be above 100%."))
        return Discount(percent=number)


def money_input(minor: int, currency: str) -> str:
    """A sum for an input; nothing for zero."""
    return plain_decimal(from_minor(minor, currency)) if minor else ""
