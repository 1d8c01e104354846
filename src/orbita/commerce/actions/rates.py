"""Exchange rates, and the orders that they put into the base currency."""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients import facts
from orbita.commerce.models import ExchangeRate, Order
from orbita.commerce.models.rate import RATE_SCALE
from orbita.commerce.sums import Rates
from orbita.core.events import emit
from orbita.core.models import Company

CHUNK = 2000


def set_rate(*, actor: User, currency: str, since: date, rate: Decimal) -> ExchangeRate:
    """What one unit of the currency costs in the base currency from a day until the next rate.

    Orders of those days are counted anew.
    """
    policy.require(actor, "core.settings")
    currency = currency.strip().upper()
    base = Company.current().currency
    if len(currency) != 3 or not currency.isascii() or not currency.isalpha():
        raise ValidationError({"currency": _("Enter the three letters of a currency.")})
    if currency == base:
        raise ValidationError({"currency": _("The base currency needs no rate.")})
    scaled = int((rate * RATE_SCALE).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    if not 0 < scaled < 10**15:
        raise ValidationError({"rate": _("Enter a rate above zero.")})
    with transaction.atomic():
        row, _made = ExchangeRate.objects.update_or_create(
            currency=currency, since=since, defaults={"rate": scaled}
        )
        _count_anew(currency, since, base)
        emit(
            "rate.set",
            actor=actor,
            data={"base": base, "after": {"currency": currency, "since": since, "rate": rate}},
        )
    return row


def remove_rate(*, actor: User, rate: ExchangeRate) -> None:
    """Takes a mistaken rate away; orders fall back to the rate before it, if there is one."""
    policy.require(actor, "core.settings")
    base = Company.current().currency
    with transaction.atomic():
        currency, since = rate.currency, rate.since
        earlier = ExchangeRate.objects.filter(currency=currency, since__lt=since)
        if not earlier.exists() and _orders_under(currency, since).exists():
            raise ValidationError(
                _("Orders in %(currency)s are counted at this rate: change it instead.")
                % {"currency": currency}
            )
        rate.delete()
        _count_anew(currency, since, base)
        emit("rate.removed", actor=actor, data={"before": {"currency": currency, "since": since}})


def _orders_under(currency: str, since: date) -> QuerySet[Order]:
    """Orders dated from the day until the next rate of the currency."""
    later = ExchangeRate.objects.filter(currency=currency, since__gt=since).order_by("since")
    until = later.values_list("since", flat=True).first()
    orders = Order.objects.filter(currency=currency, business_date__gte=since)
    return orders.filter(business_date__lte=until - timedelta(days=1)) if until else orders


def _count_anew(currency: str, since: date, base: str) -> None:
    rates = Rates(base)
    last = 0
    under = _orders_under(currency, since).order_by("pk")
    while chunk := list(under.filter(pk__gt=last)[:CHUNK]):
        for order in chunk:
            day = order.business_date
            order.gross_base = rates.to_base(order.total, currency, day) or 0
            order.cost_base = (
                None if order.cost is None else rates.to_base(order.cost, currency, day)
            )
        Order.objects.bulk_update(chunk, ["gross_base", "cost_base"], batch_size=500)
        facts.refresh({order.client_id for order in chunk if order.client_id})
        last = chunk[-1].pk
