"""The short forms of an order's page."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orbita.commerce.forms.fields import DecimalTextField, money_input, read_decimal
from orbita.commerce.models import Order, OrderLine
from orbita.core.money import exponent
from orbita.ui.forms import UiForm


class PaymentForm(UiForm):
    """A payment of an order, the rest of its sum to begin with."""

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"] = DecimalTextField(
            label=_("Sum"),
            scale=10 ** exponent(order.currency),
            above_zero=True,
            initial=money_input(max(order.total - order.paid, 0), order.currency),
            widget=forms.TextInput(attrs={"class": "form-control", "autofocus": True}),
        )
        if order.paid:
            self.fields["back"] = forms.BooleanField(label=_("money given back"), required=False)

    def amount(self) -> int:
        values = self.cleaned_data
        return -int(values["amount"]) if values.get("back") else int(values["amount"])


class DeliveryForm(UiForm):
    state = forms.ChoiceField(
        label=gettext_lazy("Delivery"), required=False, choices=Order.Delivery.choices
    )
    method = forms.CharField(label=gettext_lazy("Way of delivery"), required=False, max_length=100)
    address = forms.CharField(label=gettext_lazy("Address"), required=False, max_length=300)
    promised_on = forms.DateField(
        label=gettext_lazy("Promised for"), required=False, widget=forms.DateInput
    )
    delivered_on = forms.DateField(
        label=gettext_lazy("Delivered on"), required=False, widget=forms.DateInput
    )


class CancelForm(UiForm):
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        required=False,
        max_length=500,
        help_text=gettext_lazy("Will stand on the client's timeline."),
    )


class ReturnForm(UiForm):
    """How much of each line came back; what is left of all to begin with."""

    comment = forms.CharField(label=gettext_lazy("Why"), required=False, max_length=500)

    def __init__(self, *args: Any, lines: list[tuple[OrderLine, int]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._left = {line.ordinal: left for line, left in lines}
        for line, left in lines:
            self.fields[f"back-{line.ordinal}"] = DecimalTextField(
                label=line.name,
                scale=1000,
                required=False,
                initial=left,
                widget=forms.TextInput(attrs={"class": "form-control"}),
            )
        self.rows = [(line, left, self[f"back-{line.ordinal}"]) for line, left in lines]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for ordinal, left in self._left.items():
            if (cleaned.get(f"back-{ordinal}") or 0) > left:
                self.add_error(f"back-{ordinal}", _("More cannot come back than was sold."))
        return cleaned

    def quantities(self) -> dict[int, int]:
        return {
            ordinal: self.cleaned_data[f"back-{ordinal}"]
            for ordinal in self._left
            if self.cleaned_data.get(f"back-{ordinal}")
        }


class RateForm(UiForm):
    currency = forms.CharField(
        label=gettext_lazy("Currency"), max_length=3, help_text=gettext_lazy("USD, EUR, KZT…")
    )
    since = forms.DateField(label=gettext_lazy("From"), widget=forms.DateInput)
    rate = forms.CharField(
        label=gettext_lazy("Rate"),
        max_length=30,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )

    def clean_rate(self) -> Decimal:
        rate = read_decimal(self.cleaned_data["rate"])
        if rate <= 0:
            raise ValidationError(_("Enter a rate above zero."))
        return rate
