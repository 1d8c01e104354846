"""The editor of an order: its head and its lines, which works without scripts.

"Add a line", "Remove" and "Count" send the whole form and get it back; nothing is saved by them.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.fields.inputs import add_inputs, given_in
from orbita.clients.guarding import sight
from orbita.clients.models import Client
from orbita.clients.search import clients_like
from orbita.commerce.forms.fields import DecimalTextField, DiscountField, money_input
from orbita.commerce.models import ExchangeRate, Order, Product
from orbita.commerce.records import LineData, OrderData
from orbita.commerce.sums import line_sum
from orbita.core.models import Company
from orbita.core.money import PRICE_SCALE
from orbita.core.text import normalise
from orbita.ui import formats
from orbita.ui.forms import UiForm

QUANTITY_SCALE = 1000
MOST_LINES = 200
_LINE = re.compile(r"line-(\d{1,4})-what")


class LineForm(UiForm):
    """One line. A product is meant by its article or its whole name; anything else stays as typed."""

    ordinal = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)
    what = forms.CharField(
        label=gettext_lazy("Product or service"),
        max_length=300,
        required=False,
        widget=forms.TextInput(attrs={"list": "o-products", "autocomplete": "off"}),
    )
    quantity = DecimalTextField(
        label=gettext_lazy("Quantity"), scale=QUANTITY_SCALE, above_zero=True, required=False
    )
    price = DecimalTextField(label=gettext_lazy("Price"), scale=PRICE_SCALE, required=False)
    discount = DiscountField(label=gettext_lazy("Discount"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.products: Mapping[str, Product] = kwargs.pop("products", {})
        self.kept: Product | None = kwargs.pop("kept", None)
        super().__init__(*args, **kwargs)

    @property
    def number(self) -> str:
        """What the ids of the line's parts end with."""
        return str(self.prefix).partition("-")[2]

    @property
    def is_blank(self) -> bool:
        return not any(str(self[name].value() or "").strip() for name in ("what", "price"))

    @property
    def product(self) -> Product | None:
        """The catalogue's product, or the deleted one that the line had before."""
        typed = normalise(str(self["what"].value() or ""))
        if self.kept and typed in (self.kept.name_key, self.kept.sku_key or None):
            return self.kept
        return self.products.get(typed)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.is_blank:
            return cleaned
        if not cleaned.get("what") and "what" not in self.errors:
            self.add_error("what", _("Say what the line is for."))
        if "quantity" not in self.errors:
            cleaned["quantity"] = cleaned.get("quantity") or QUANTITY_SCALE
        if "price" not in self.errors and cleaned.get("price") is None:
            product = self.product
            if product is None or product.price is None:
                self.add_error("price", _("Enter the price."))
            else:
                cleaned["price"] = product.price
        return cleaned

    def priced(self) -> None:
        """Puts the product's price into the field that was left empty, for showing again."""
        product = self.product
        if product and product.price is not None and not str(self["price"].value() or "").strip():
            data = QueryDict(mutable=True)
            data.update(self.data)
            data[self.add_prefix("price")] = self.fields["price"].prepare_value(product.price)
            self.data = data

    def full(self, currency: str) -> int | None:
        """The line before its discount; None while it cannot be counted."""
        values = getattr(self, "cleaned_data", {})
        if values.get("quantity") is None or values.get("price") is None:
            return None
        return line_sum(values["price"], values["quantity"], currency)

    def off(self, currency: str) -> int:
        full, discount = self.full(currency), self.cleaned_data.get("discount")
        return discount.of(full, currency) if full is not None and discount else 0


class HeadForm(UiForm):
    client_id = forms.IntegerField(required=False, widget=forms.HiddenInput)
    client_name = forms.CharField(
        label=gettext_lazy("Client"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    date = forms.DateField(label=gettext_lazy("Date"), widget=forms.DateInput)
    number = forms.CharField(
        label=gettext_lazy("Number"),
        required=False,
        max_length=60,
        help_text=gettext_lazy("Left empty, it is given by itself."),
    )
    status = forms.ChoiceField(
        label=gettext_lazy("Status"),
        choices=[one for one in Order.Status.choices if one[0] != Order.Status.CANCELLED],
    )
    payment = forms.ChoiceField(
        label=gettext_lazy("Payment"),
        required=False,
        choices=[
            (one.value, one.label)
            for one in (Order.Payment.UNPAID, Order.Payment.PAID, Order.Payment.UNKNOWN)
        ],
    )
    responsible = forms.TypedChoiceField(
        label=gettext_lazy("Responsible"), coerce=int, empty_value=None
    )
    currency = forms.ChoiceField(label=gettext_lazy("Currency"), required=False)
    discount = DiscountField(
        label=gettext_lazy("Discount on the order"),
        required=False,
        help_text=gettext_lazy("A sum, or a share like 10%."),
    )
    delivery = forms.ChoiceField(
        label=gettext_lazy("Delivery"), required=False, choices=Order.Delivery.choices
    )
    delivery_method = forms.CharField(
        label=gettext_lazy("Way of delivery"), required=False, max_length=100
    )
    delivery_address = forms.CharField(
        label=gettext_lazy("Address"), required=False, max_length=300
    )
    promised_on = forms.DateField(
        label=gettext_lazy("Promised for"), required=False, widget=forms.DateInput
    )
    comment = forms.CharField(
        label=gettext_lazy("Comment"), required=False, max_length=500, widget=forms.Textarea
    )

    def __init__(self, *args: Any, actor: User, order: Order | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people: list[tuple[Any, str]] = list(sellers(actor, order))
        if order and not order.responsible_id:
            people.insert(0, ("", "—"))
            self.fields["responsible"].required = False
        self.fields["responsible"].choices = people  # type: ignore[attr-defined]
        currencies = known_currencies(order)
        self.fields["currency"].choices = [(one, one) for one in currencies]  # type: ignore[attr-defined]
        if len(currencies) < 2:
            self.fields["currency"].widget = forms.HiddenInput()
        if order:
            del self.fields["payment"]
            self.fields["status"].choices = Order.Status.choices  # type: ignore[attr-defined]
            for name in ("delivery", "delivery_method", "delivery_address", "promised_on"):
                del self.fields[name]
        elif sight(actor).hides("addresses"):
            del self.fields["delivery_address"]
        self.own = add_inputs(self, "order", actor, order)

    @property
    def address_fields(self) -> list[forms.BoundField]:
        """The address, unless it is closed to whoever writes the order."""
        return [self["delivery_address"]] if "delivery_address" in self.fields else []

    @property
    def own_fields(self) -> list[forms.BoundField]:
        return [self[field.name] for field in self.own]


def sellers(actor: User, order: Order | None) -> list[tuple[int, str]]:
    """Those in whose name the actor may write orders, himself first."""
    granted = policy.level(actor, "orders.edit")
    people = User.objects.people().filter(is_active=True)
    if granted == policy.TEAM:
        people = people.filter(pk__in=[actor.pk, *policy.team_member_ids(actor)])
    elif granted != policy.ALL:
        people = people.filter(pk=actor.pk)
    known = {user.pk: user.display_name for user in people.order_by("name")}
    if order and order.responsible:
        known.setdefault(order.responsible.pk, order.responsible.display_name)
    own = {actor.pk: known[actor.pk]} if actor.pk in known else {}
    return list((own | known).items())


def known_currencies(order: Order | None) -> list[str]:
    """The base currency, and those that have a rate."""
    rates = ExchangeRate.objects.order_by("currency").values_list("currency", flat=True).distinct()
    own = [order.currency] if order else []
    return list(dict.fromkeys([Company.current().currency, *rates, *own]))


class OrderEditor:
    """The head and the lines as one form. `data()` is what it says once `is_valid()`."""

    def __init__(
        self,
        actor: User,
        posted: QueryDict | None = None,
        order: Order | None = None,
        kind: str = Order.Kind.SALE,
        client: Client | None = None,
    ) -> None:
        self._actor, self._posted, self.order = actor, posted, order
        self.kind = order.kind if order else kind
        initial = _head_of(order) if order else _new_head(actor, client)
        self.head = HeadForm(posted, initial=initial, actor=actor, order=order)
        self._old = list(order.lines.select_related("product")) if order else []
        self.lines = self._posted_lines() if posted is not None else self._old_lines()
        self.extra_errors: list[str] = []

    # -- reading

    def _posted_lines(self) -> list[LineForm]:
        posted = self._posted or QueryDict()
        places = sorted({int(found[1]) for name in posted if (found := _LINE.fullmatch(name))})
        doing, _dash, which = posted.get("do", "").partition("-")
        if doing == "remove" and which.isdecimal():
            places = [place for place in places if place != int(which)]
        if doing == "add":
            places.append(max(places, default=0) + 1)
        typed = [str(posted.get(f"line-{place}-what", "")) for place in places]
        products = products_typed(typed)
        kept = {line.ordinal: line.product for line in self._old}
        lines = []
        for place in places[:MOST_LINES]:
            ordinal = posted.get(f"line-{place}-ordinal", "")
            old = kept.get(int(ordinal)) if ordinal.isdecimal() else None
            added = doing == "add" and place == places[-1]
            data = None if added else posted
            lines.append(LineForm(data, prefix=f"line-{place}", products=products, kept=old))
        return lines or [LineForm(prefix="line-1")]

    def _old_lines(self) -> list[LineForm]:
        currency = self.order.currency if self.order else ""
        return [
            LineForm(
                prefix=f"line-{place}",
                initial={
                    "ordinal": line.ordinal,
                    "what": line.name,
                    "quantity": line.quantity,
                    "price": line.price,
                    "discount": money_input(line.discount, currency),
                },
                kept=line.product,
            )
            for place, line in enumerate(self._old, start=1)
        ] or [LineForm(prefix="line-1")]

    # -- showing

    @property
    def currency(self) -> str:
        posted = self.head.data.get("currency") if self.head.is_bound else ""
        return str(posted or (self.order.currency if self.order else Company.current().currency))

    @property
    def sign(self) -> str:
        return formats.sign(self.currency)

    @property
    def is_return(self) -> bool:
        return self.kind == Order.Kind.RETURN

    @property
    def chosen_client(self) -> Client | None:
        pk = str(self.head["client_id"].value() or "")
        if not (pk.isascii() and pk.isdecimal() and len(pk) < 18):
            return None
        if self.order and self.order.client_id == int(pk):
            return self.order.client
        return Client.objects.visible_to(self._actor).filter(pk=int(pk)).first()

    @cached_property
    def found_clients(self) -> Sequence[Client]:
        """Clients that fit what was typed, to choose from."""
        typed = str(self.head["client_name"].value() or "").strip()
        return clients_like(self._actor, typed) if typed and not self.chosen_client else []

    @property
    def sums(self) -> list[tuple[LineForm, str]]:
        """Each line with what it comes to, in words; a dash while it cannot be counted."""
        return [(line, self._line_text(line)) for line in self.lines]

    def _line_text(self, line: LineForm) -> str:
        full = self._counted(line)
        return formats.amount(full, self.currency)

    def _counted(self, line: LineForm) -> int | None:
        if not line.is_bound:
            return self._of_old(line)
        if line.is_blank or not line.is_valid():
            return None
        full = line.full(self.currency)
        return None if full is None else full - line.off(self.currency)

    def _of_old(self, line: LineForm) -> int | None:
        old = {one.ordinal: one.total for one in self._old}
        return old.get(line.initial.get("ordinal", 0))

    @property
    def subtotal(self) -> int:
        return sum(self._counted(line) or 0 for line in self.lines)

    @property
    def discount(self) -> int:
        if not self.head.is_bound:
            return self.order.discount if self.order else 0
        self.head.is_valid()
        given = self.head.cleaned_data.get("discount")
        return given.of(self.subtotal, self.currency) if given else 0

    @property
    def subtotal_text(self) -> str:
        return formats.money(self.subtotal, self.currency)

    @property
    def discount_text(self) -> str:
        return formats.money(-self.discount, self.currency) if self.discount else ""

    @property
    def total_text(self) -> str:
        return formats.money(max(self.subtotal - self.discount, 0), self.currency)

    def count(self) -> None:
        """Fills prices in from the catalogue, for showing the form again."""
        for line in self.lines:
            if line.is_bound:
                line.priced()

    @property
    def errors(self) -> list[str]:
        """Sentences for the top of the form, beyond those at the fields."""
        return self.extra_errors

    @property
    def has_errors(self) -> bool:
        return bool(
            self.extra_errors or self.head.errors or any(line.errors for line in self.filled)
        )

    @property
    def filled(self) -> list[LineForm]:
        return [line for line in self.lines if line.is_bound and not line.is_blank]

    # -- taking

    def is_valid(self) -> bool:
        """Whether all of it can be read. Sentences are put where they belong."""
        self.count()
        sound = all([self.head.is_valid(), *(line.is_valid() for line in self.filled)])
        if not self.filled:
            self.extra_errors.append(_("Add at least one line."))
        typed = str(self.head["client_name"].value() or "").strip()
        if typed and not self.chosen_client:
            words = (
                _("Choose one of the clients found.")
                if self.found_clients
                else _("Nobody like that was found. Leave it empty for an order without a client.")
            )
            self.head.add_error("client_name", words)
        return sound and not self.has_errors

    def data(self) -> OrderData:
        head, currency = self.head.cleaned_data, self.currency
        client = self.chosen_client
        day: date = head["date"]
        order = self.order
        same_day = order is not None and order.business_date == day
        today = Company.current().business_date()
        return OrderData(
            lines=self._line_data(currency),
            client_id=client.pk if client else None,
            kind=self.kind,
            number=head["number"],
            # Today's order is made now; of another day only the day is known.
            ordered_at=order.ordered_at if same_day and order and not order.date_only else None,
            ordered_on=day if not same_day and day != today else None,
            status=head["status"],
            currency=currency,
            discount=head["discount"].of(self.subtotal, currency),
            payment=head.get("payment", ""),
            delivery=self._kept("delivery"),
            delivery_method=self._kept("delivery_method"),
            delivery_address=self._kept("delivery_address"),
            promised_on=head.get("promised_on") if order is None else order.promised_on,
            delivered_on=order.delivered_on if order else None,
            responsible_id=head["responsible"],
            comment=head["comment"],
            own=given_in(self.head, self.head.own),
        )

    def _kept(self, name: str) -> str:
        return str(
            getattr(self.order, name) if self.order else self.head.cleaned_data.get(name, "")
        )

    def _line_data(self, currency: str) -> list[LineData]:
        taken = [line.cleaned_data["ordinal"] for line in self.filled]
        following = max((one for one in taken if one), default=0)
        rows = []
        for line in self.filled:
            values, product = line.cleaned_data, line.product
            ordinal = values["ordinal"]
            if not ordinal:
                following += 1
                ordinal = following
            rows.append(
                LineData(
                    name=product.name if product else values["what"],
                    product_id=product.pk if product else None,
                    quantity=values["quantity"],
                    price=values["price"],
                    discount=line.off(currency),
                    ordinal=ordinal,
                )
            )
        return rows

    def refuse(self, error: ValidationError) -> None:
        """Shows what the action said against the order."""
        if not hasattr(error, "error_dict"):
            self.extra_errors += error.messages
            return
        fields = {"client": "client_name"}
        for name, messages in error.message_dict.items():
            field = fields.get(name, name)
            for message in messages:
                if field in self.head.fields:
                    self.head.add_error(field, message)
                else:
                    self.extra_errors.append(message)


def _head_of(order: Order) -> dict[str, Any]:
    return {
        "client_id": order.client_id,
        "date": order.business_date,
        "number": order.number,
        "status": order.status,
        "responsible": order.responsible_id,
        "currency": order.currency,
        "discount": money_input(order.discount, order.currency),
        "comment": order.comment,
    }


def _new_head(actor: User, client: Client | None) -> dict[str, Any]:
    company = Company.current()
    return {
        "client_id": client.pk if client else None,
        "date": company.business_date(),
        "status": Order.Status.NEW,
        "payment": Order.Payment.UNPAID,
        "responsible": actor.pk,
        "currency": company.currency,
    }


def products_typed(texts: Sequence[str]) -> dict[str, Product]:
    """Products by the normalised article or name that was typed; two reads."""
    keys = {normalise(text) for text in texts} - {""}
    if not keys:
        return {}
    known = Product.objects.alive().order_by("is_active", "pk")
    by_name = {product.name_key: product for product in known.filter(name_key__in=keys)}
    return by_name | {product.sku_key: product for product in known.filter(sku_key__in=keys)}
