from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.fields.inputs import add_inputs, given_in
from orbita.commerce.actions.catalogue import ProductData
from orbita.commerce.forms.fields import DecimalTextField
from orbita.commerce.forms.order import known_currencies
from orbita.commerce.models import Product
from orbita.core.money import PRICE_SCALE
from orbita.ui.forms import UiForm


class ProductForm(UiForm):
    name = forms.CharField(label=_("Product name"), max_length=300)
    kind = forms.ChoiceField(label=_("Kind"), choices=Product.Kind.choices)
    sku = forms.CharField(
        label=_("Article"), max_length=60, required=False, help_text=_("One product, one article.")
    )
    group = forms.CharField(
        label=_("Group"),
        max_length=150,
        required=False,
        widget=forms.TextInput(attrs={"list": "o-groups", "autocomplete": "off"}),
        help_text=_("A new name makes a new group."),
    )
    price = DecimalTextField(label=_("Price"), scale=PRICE_SCALE, required=False)
    cost = DecimalTextField(label=_("Cost price"), scale=PRICE_SCALE, required=False)
    currency = forms.ChoiceField(label=_("Currency"), required=False)
    unit = forms.CharField(
        label=_("Unit"), max_length=20, required=False, help_text=_("pc, kg, hour")
    )
    description = forms.CharField(label=_("Description"), required=False, widget=forms.Textarea)
    is_active = forms.BooleanField(label=_("On sale"), required=False)

    def __init__(
        self, *args: Any, actor: User, product: Product | None = None, **kwargs: Any
    ) -> None:
        self._product = product
        initial = _of(product) if product else {"kind": Product.Kind.GOOD, "is_active": True}
        super().__init__(*args, initial=initial, **kwargs)
        currencies = known_currencies(None)
        if product:
            currencies = list(dict.fromkeys([product.currency, *currencies]))
        self.fields["currency"].choices = [(one, one) for one in currencies]  # type: ignore[attr-defined]
        if len(currencies) < 2:
            self.fields["currency"].widget = forms.HiddenInput()
        if not policy.allows(actor, "commerce.costs"):
            del self.fields["cost"]
        self._own = add_inputs(self, "product", actor, product)

    @property
    def own_fields(self) -> list[forms.BoundField]:
        return [self[field.name] for field in self._own]

    def data_given(self) -> ProductData:
        values = self.cleaned_data
        # Who does not see the cost price does not erase it either.
        kept_cost = self._product.cost if self._product else None
        return ProductData(
            name=values["name"],
            kind=values["kind"],
            sku=values["sku"],
            group=values["group"],
            unit=values["unit"],
            currency=values["currency"],
            price=values["price"],
            cost=values["cost"] if "cost" in self.fields else kept_cost,
            is_active=values["is_active"],
            description=values["description"],
            own=given_in(self, self._own),
        )


def _of(product: Product) -> dict[str, Any]:
    return {
        "name": product.name,
        "kind": product.kind,
        "sku": product.sku or "",
        "group": product.group.name if product.group else "",
        "price": product.price,
        "cost": product.cost,
        "currency": product.currency,
        "unit": product.unit,
        "description": product.description,
        "is_active": product.is_active,
    }
