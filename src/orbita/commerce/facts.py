"""What purchases say of a client: the commerce columns of the facts row."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Count, Max, Min, Q, Sum

from orbita.clients.facts import Recorder
from orbita.commerce.models import OpeningBalance, Order

SALE, RETURN = Q(kind=Order.Kind.SALE), Q(kind=Order.Kind.RETURN)
COUNTED_SALE = Q(is_counted=True, kind=Order.Kind.SALE)
COUNTED_RETURN = Q(is_counted=True, kind=Order.Kind.RETURN)


def purchases(client_ids: Sequence[int]) -> Mapping[int, Mapping[str, Any]]:
    """Number, sums and dates of the clients' orders, with opening balances that still count."""
    rows = (
        Order.objects.filter(is_counted=True, client_id__in=client_ids)
        .values("client_id")
        .annotate(
            # "kind" and not "id": the covering index answers alone.
            orders_count=Count("kind", filter=SALE),
            gross=Sum("gross_base", filter=SALE, default=0),
            returned=Sum("gross_base", filter=RETURN, default=0),
            first_order_on=Min("business_date", filter=SALE),
            last_order_on=Max("business_date", filter=SALE),
        )
    )
    values: dict[int, dict[str, Any]] = {}
    for row in rows:
        facts: dict[str, Any] = dict(row)
        values[facts.pop("client_id")] = facts
    for balance in OpeningBalance.objects.filter(client_id__in=client_ids):
        _add_balance(values.setdefault(balance.client_id, {}), balance)
    return values


def _add_balance(facts: dict[str, Any], balance: OpeningBalance) -> None:
    first = facts.get("first_order_on")
    if first and (balance.last_on is None or first <= balance.last_on):
        return  # real orders of the same time are here: they replace the totals
    facts["orders_known"] = balance.orders_count is not None
    facts["orders_count"] = facts.get("orders_count", 0) + (balance.orders_count or 0)
    facts["gross"] = facts.get("gross", 0) + balance.total
    dates = [day for day in (balance.first_on, balance.last_on, first) if day]
    facts["first_order_on"] = min(dates, default=None)
    dates = [day for day in (balance.last_on, facts.get("last_order_on")) if day]
    facts["last_order_on"] = max(dates, default=None)


RECORDER = Recorder(
    "purchases",
    (
        "orders_count",
        "orders_known",
        "gross",
        "returned",
        "first_order_on",
        "last_order_on",
    ),
    purchases,
)
