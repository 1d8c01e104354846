"""What rules may ask of clients, orders and products because of what was bought."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db.models import (
    BigIntegerField,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
)
from django.db.models.functions import Coalesce
from django.db.models.lookups import (
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    LessThan,
    LessThanOrEqual,
)
from django.utils.translation import gettext_lazy as _

from orbita.accounts.models import User
from orbita.commerce.models import Cart, Order, OrderLine, Product, ProductGroup, ProductView
from orbita.core.models import Company
from orbita.core.money import PRICE_SCALE, exponent
from orbita.core.rules import Fact, column, date_column, moment_column
from orbita.core.text import normalise

PURCHASES, MONEY, MAIN, GOODS = _("Purchases"), _("Money"), _("Main"), _("Goods")
PERIODS = (
    (30, _("Orders in 30 days"), _("Bought for in 30 days")),
    (90, _("Orders in 90 days"), _("Bought for in 90 days")),
    (365, _("Orders in a year"), _("Bought for in a year")),
)
MOST_CHOICES = 500
_COMPARED = ("eq", "lt", "lte", "gt", "gte", "between")
_LOOKUPS: dict[str, Any] = {
    "eq": Exact,
    "lt": LessThan,
    "lte": LessThanOrEqual,
    "gt": GreaterThan,
    "gte": GreaterThanOrEqual,
}
Condition = Callable[[str, Any], Q]


def _when(rows: QuerySet[Any]) -> Condition:
    """Yes when there are such rows, no when there are none."""
    return lambda op, value: Q(Exists(rows)) if value else ~Q(Exists(rows))


def _compared(expression: Any) -> Condition:
    def condition(op: str, value: Any) -> Q:
        if op == "between":
            low, high = value
            return Q(GreaterThanOrEqual(expression, low)) & Q(LessThanOrEqual(expression, high))
        return Q(_LOOKUPS[op](expression, value))

    return condition


def _any_of(rows: Callable[[list[Any]], QuerySet[Any]]) -> Condition:
    """For facts with a list of choices: whether there are rows for one of the chosen."""

    def condition(op: str, value: Any) -> Q:
        found = Exists(rows(value if isinstance(value, list) else [value]))
        return ~Q(found) if op in ("not_in", "ne") else Q(found)

    return condition


def _text(path: str) -> Condition:
    """Over a normalised column: what is typed is compared in the same form."""
    plain = column(path, blank="")

    def condition(op: str, value: Any) -> Q:
        if isinstance(value, list):
            value = [normalise(one) for one in value]
        elif isinstance(value, str):
            value = normalise(value)
        if op == "contains":
            return Q(**{f"{path}__contains": value})
        if op == "starts":
            return Q(**{f"{path}__prefix": value})
        return plain(op, value)

    return condition


def _folded(path: str) -> Condition:
    """Over a text as it was typed: case plays no part in "contains" and "starts"."""
    plain = column(path, blank="")

    def condition(op: str, value: Any) -> Q:
        if op == "contains":
            return Q(**{f"{path}__icontains": value})
        if op == "starts":
            return Q(**{f"{path}__istartswith": value})
        return plain(op, value)

    return condition


# ---- choices ----


def _products(actor: Any) -> list[tuple[int, str]]:
    products = Product.objects.visible_to(actor).order_by("name_key")
    return list(products.values_list("pk", "name")[:MOST_CHOICES])


def _groups(actor: Any) -> list[tuple[int, str]]:
    return list(ProductGroup.objects.values_list("pk", "name")[:MOST_CHOICES])


def _people(actor: Any) -> list[tuple[int, str]]:
    return [(user.pk, user.display_name) for user in User.objects.people().order_by("name")]


# ---- of a client ----

_orders = Order.objects.filter(client_id=OuterRef("pk"), is_counted=True)
_sales = _orders.filter(kind=Order.Kind.SALE)


def _bought(path: str) -> Condition:
    return _any_of(
        lambda values: OrderLine.objects.filter(
            **{f"{path}__in": values},
            order__client_id=OuterRef("pk"),
            order__is_counted=True,
            order__kind=Order.Kind.SALE,
        )
    )


def since(days: int) -> Any:
    return Company.current().business_date() - timedelta(days=days)


def _orders_in(days: int) -> Condition:
    def condition(op: str, value: Any) -> Q:
        rows = _sales.filter(business_date__gt=since(days)).order_by().values("client_id")
        counted = rows.annotate(n=Count("pk")).values("n")
        return _compared(Coalesce(Subquery(counted, output_field=IntegerField()), 0))(op, value)

    return condition


def _spent_in(days: int) -> Condition:
    def condition(op: str, value: Any) -> Q:
        rows = _sales.filter(business_date__gt=since(days)).order_by().values("client_id")
        summed = rows.annotate(n=Sum("gross_base")).values("n")
        return _compared(Coalesce(Subquery(summed, output_field=BigIntegerField()), 0))(op, value)

    return condition


_UNPAID = (Order.Payment.UNPAID, Order.Payment.PARTLY)
_live_sales = Order.objects.alive().filter(client_id=OuterRef("pk"), kind=Order.Kind.SALE)


def _late() -> Q:
    """Promised and not there in time: not delivered yet, or later than promised."""
    today = Company.current().business_date()
    waiting = Q(promised_on__lt=today, delivered_on=None) & ~Q(
        status__in=(Order.Status.CANCELLED, Order.Status.DONE)
    )
    return waiting | Q(delivered_on__gt=F("promised_on"))


def _has_late(op: str, value: Any) -> Q:
    return _when(_live_sales.filter(_late()))(op, value)


def _is_late(op: str, value: Any) -> Q:
    # By way of the keys: NOT over columns that may be NULL would lose orders without a promise.
    late = Q(pk__in=Order.objects.filter(_late()).values("pk"))
    return late if value else ~late


CLIENT_FACTS = (
    Fact(
        "bought_product",
        _("Bought product"),
        "ref",
        _bought("product_id"),
        PURCHASES,
        _products,
        ops=("in", "not_in"),
    ),
    Fact(
        "bought_group",
        _("Bought from group"),
        "ref",
        _bought("product__group_id"),
        PURCHASES,
        _groups,
        ops=("in", "not_in"),
    ),
    *(
        fact
        for days, orders, spent in PERIODS
        for fact in (
            Fact(f"orders_{days}", orders, "number", _orders_in(days), PURCHASES, ops=_COMPARED),
            Fact(f"spent_{days}", spent, "money", _spent_in(days), PURCHASES, ops=_COMPARED),
        )
    ),
    Fact(
        "unpaid_order",
        _("Has an unpaid order"),
        "bool",
        _when(_live_sales.filter(payment__in=_UNPAID, is_counted=True)),
        PURCHASES,
    ),
    Fact(
        "returned_something",
        _("Returned something"),
        "bool",
        _when(_orders.filter(kind=Order.Kind.RETURN)),
        PURCHASES,
    ),
    Fact(
        "cancelled_order",
        _("Cancelled an order"),
        "bool",
        _when(_live_sales.filter(status=Order.Status.CANCELLED)),
        PURCHASES,
    ),
    Fact("late_delivery", _("Was promised a delivery that is late"), "bool", _has_late, PURCHASES),
    Fact(
        "abandoned_cart",
        _("Has an abandoned cart"),
        "bool",
        _when(
            Cart.objects.filter(client_id=OuterRef("pk"), order=None, abandoned_at__isnull=False)
        ),
        PURCHASES,
    ),
    Fact(
        "viewed_product",
        _("Looked at product"),
        "ref",
        _any_of(
            lambda values: ProductView.objects.filter(
                client_id=OuterRef("pk"), product_id__in=values
            )
        ),
        PURCHASES,
        _products,
        ops=("in", "not_in"),
    ),
    Fact(
        "from_totals",
        _("Purchases known from totals"),
        "bool",
        lambda op, value: Q(opening_balance__isnull=not value),
        PURCHASES,
    ),
)


# ---- of an order ----


def _lines(path: str) -> Condition:
    return _any_of(
        lambda values: OrderLine.objects.filter(**{f"{path}__in": values}, order_id=OuterRef("pk"))
    )


ORDER_FACTS = (
    Fact("number", _("Number"), "text", _folded("number"), MAIN),
    Fact("date", _("Date"), "date", date_column("business_date"), MAIN),
    Fact(
        "kind",
        _("Kind"),
        "choice",
        column("kind"),
        MAIN,
        lambda actor: Order.Kind.choices,
        ops=("in", "not_in"),
    ),
    Fact(
        "status",
        _("Status"),
        "choice",
        column("status"),
        MAIN,
        lambda actor: Order.Status.choices,
        ops=("in", "not_in"),
    ),
    Fact("responsible", _("Responsible"), "ref", column("responsible_id"), MAIN, _people),
    Fact(
        "client", _("Client"), "text", _text("client__name_key"), MAIN, ops=("contains", "starts")
    ),
    Fact(
        "client_number",
        _("Number of the client"),
        "number",
        column("client_id"),
        MAIN,
        ops=("eq", "between"),
    ),
    Fact(
        "without_client",
        _("Without a client"),
        "bool",
        lambda op, value: Q(client__isnull=value),
        MAIN,
    ),
    Fact("sum", _("Sum"), "money", column("gross_base"), MONEY, ops=_COMPARED),
    Fact(
        "payment",
        _("Payment"),
        "choice",
        column("payment", blank=""),
        MONEY,
        lambda actor: [one for one in Order.Payment.choices if one[0]],
        ops=("in", "not_in", "empty", "filled"),
    ),
    Fact(
        "discounted",
        _("With a discount"),
        "bool",
        lambda op, value: Q(discount__gt=0) if value else Q(discount=0),
        MONEY,
    ),
    Fact(
        "margin",
        _("Margin"),
        "money",
        _compared(F("gross_base") - F("cost_base")),
        MONEY,
        permission="commerce.costs",
        ops=_COMPARED,
    ),
    Fact(
        "product", _("Product"), "ref", _lines("product_id"), GOODS, _products, ops=("in", "not_in")
    ),
    Fact(
        "group",
        _("Group of products"),
        "ref",
        _lines("product__group_id"),
        GOODS,
        _groups,
        ops=("in", "not_in"),
    ),
    Fact(
        "delivery",
        _("Delivery"),
        "choice",
        column("delivery", blank=""),
        _("Delivery"),
        lambda actor: [one for one in Order.Delivery.choices if one[0]],
        ops=("in", "not_in", "empty", "filled"),
    ),
    Fact("promised", _("Promised for"), "date", date_column("promised_on"), _("Delivery")),
    Fact("delivered", _("Delivered on"), "date", date_column("delivered_on"), _("Delivery")),
    Fact("late", _("Late"), "bool", _is_late, _("Delivery")),
    Fact("created", _("Added"), "datetime", moment_column("created_at"), MAIN),
)


# ---- of a product ----


def _scaled(path: str) -> Condition:
    """Prices are kept in 1/10 000 of the major unit, and a rule gives minor units."""
    plain = column(path)

    def condition(op: str, value: Any) -> Q:
        factor = PRICE_SCALE // 10 ** exponent(Company.current().currency)
        if isinstance(value, list):
            value = [one * factor for one in value]
        elif value is not None:
            value *= factor
        return plain(op, value)

    return condition


def _sold_within(op: str, days: Any) -> Q:
    sold = OrderLine.objects.filter(
        product_id=OuterRef("pk"),
        order__is_counted=True,
        order__kind=Order.Kind.SALE,
        order__business_date__gt=since(days),
    )
    return Q(Exists(sold)) if op == "last_days" else ~Q(Exists(sold))


PRODUCT_FACTS = (
    Fact("name", _("Product name"), "text", _text("name_key"), MAIN),
    Fact("sku", _("Article"), "text", _text("sku_key"), MAIN),
    Fact(
        "kind",
        _("Kind"),
        "choice",
        column("kind"),
        MAIN,
        lambda actor: Product.Kind.choices,
        ops=("in", "not_in"),
    ),
    Fact("group", _("Group"), "ref", column("group_id"), MAIN, _groups),
    Fact("on_sale", _("On sale"), "bool", column("is_active"), MAIN),
    Fact("price", _("Price"), "money", _scaled("price"), MONEY),
    Fact("cost", _("Cost price"), "money", _scaled("cost"), MONEY, permission="commerce.costs"),
    Fact("sold", _("Sold"), "date", _sold_within, PURCHASES, ops=("last_days", "older_days")),
    Fact("created", _("Added"), "datetime", moment_column("created_at"), MAIN),
)
