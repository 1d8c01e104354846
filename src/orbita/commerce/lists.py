"""The lists of orders and products, and their parts of the recycle bin."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import Count, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from orbita.accounts.models import User
from orbita.clients.models import Client
from orbita.clients.search import text_condition
from orbita.commerce import actions
from orbita.commerce.facts import COUNTED_RETURN, COUNTED_SALE
from orbita.commerce.models import Order, OrderLine, Product
from orbita.core.models import Company
from orbita.core.money import scaled_to_price
from orbita.core.rules import Rule
from orbita.core.text import normalise
from orbita.ui import formats, icons, toasts
from orbita.ui.lists import (
    BuiltinView,
    BulkAction,
    Button,
    Column,
    EmptyState,
    ListSpec,
    Look,
    Selection,
    SortKey,
)
from orbita.ui.lists.spec import Rows

COSTS = "commerce.costs"
SHOWN_NAMES = 2


# ---- cells both on lists and on pages ----


def order_title(order: Order) -> str:
    """«Заказ № 4187», «Возврат № 12»."""
    words = _("Return № %(number)s") if order.kind == "return" else _("Order № %(number)s")
    return words % {"number": order.number}


def client_url(client: Client) -> str:
    """The address of the client's card; "" while the room of clients has no such page."""
    try:
        return reverse("clients:card", args=[client.pk])
    except NoReverseMatch:
        return ""


def client_link(client: Client | None) -> str:
    if client is None:
        return ""
    url = client_url(client)
    return format_html('<a href="{}">{}</a>', url, client.name) if url else client.name


def is_late(order: Order, today: date) -> bool:
    """Promised, and not there in time."""
    if order.promised_on is None:
        return False
    if order.delivered_on:
        return order.delivered_on > order.promised_on
    ended = (Order.Status.CANCELLED, Order.Status.DONE)
    return order.promised_on < today and order.status not in ended


def payment_cell(order: Order) -> str:
    """The state in words; what is owed stands out."""
    if not order.payment or order.status == Order.Status.CANCELLED:
        return str(order.get_payment_display()) if order.payment else ""
    words = str(order.get_payment_display())
    if order.payment == Order.Payment.PARTLY and order.total > order.paid:
        rest = formats.money(order.total - order.paid, order.currency)
        words = _("%(state)s, %(rest)s left") % {"state": words, "rest": rest}
    if order.payment in (Order.Payment.UNPAID, Order.Payment.PARTLY):
        return format_html('<span class="warn">{}</span>', words)
    return words


def delivery_cell(order: Order, today: date) -> str:
    words = str(order.get_delivery_display()) if order.delivery else ""
    day = order.delivered_on or order.promised_on
    if day:
        words = ", ".join(part for part in (words, formats.short_day(day, today)) if part)
    if is_late(order, today):
        return format_html('<span class="bad">{}</span>', _("%(state)s, late") % {"state": words})
    return words


def price_text(scaled: int | None, currency: str) -> str:
    """A unit price: kopecks, or finer, only where there are some."""
    if scaled is None:
        return formats.DASH
    price = scaled_to_price(scaled)
    places = max(0, -int(price.normalize().as_tuple().exponent))
    return f"{formats.number(price, 2 if places in (1, 2) else places)}{formats.NBSP}{formats.sign(currency)}"


def quantity_text(quantity: int) -> str:
    whole, part = divmod(quantity, 1000)
    if not part:
        return formats.number(whole)
    return formats.number(quantity / 1000, 3 if part % 10 else 2 if part % 100 else 1)


# ---- orders ----


def _order_name(order: Order, look: Look) -> SafeString:
    url = reverse("commerce:order", args=[order.pk])
    mark = _("return") if order.kind == Order.Kind.RETURN else ""
    return format_html(
        '<a href="{}"><b class="tn">{}</b></a>{}',
        url,
        order.number,
        format_html(' <span class="mute small">{}</span>', mark) if mark else "",
    )


def _order_sum(order: Order, look: Look) -> str:
    sign = -1 if order.kind == Order.Kind.RETURN else 1
    words = formats.money(sign * order.total, order.currency)
    if order.status == Order.Status.CANCELLED:
        return format_html("<s>{}</s>", words)
    return words


def _major(name: str) -> Any:
    from orbita.core.money import from_minor

    def value(order: Order, look: Look) -> Any:
        minor = getattr(order, name)
        sign = -1 if order.kind == Order.Kind.RETURN else 1
        return None if minor is None else sign * from_minor(minor, order.currency)

    return value


def _goods(ids: Sequence[int], actor: Any) -> Mapping[int, tuple[list[str], int]]:
    """The first names of each order's lines, and how many lines there are."""
    found: dict[int, tuple[list[str], int]] = {}
    lines = OrderLine.objects.filter(order_id__in=ids).order_by("order_id", "ordinal")
    for order_id, name in lines.values_list("order_id", "name"):
        names, count = found.get(order_id, ([], 0))
        if count < SHOWN_NAMES:
            names.append(name)
        found[order_id] = (names, count + 1)
    return found


def _goods_cell(order: Order, look: Look) -> str:
    names, count = look.loaded_for("goods", order) or ([], 0)
    words = ", ".join(names)
    if count > len(names):
        words += " " + _("and %(n)s more") % {"n": count - len(names)}
    return words


def _responsible(order: Order, look: Look) -> str:
    user: User | None = order.responsible
    return icons.avatar(user.display_name, user.pk) if user else ""


def _margin(order: Order, look: Look) -> str:
    if order.margin is None:
        return formats.DASH
    sign = -1 if order.kind == Order.Kind.RETURN else 1
    return formats.money(sign * order.margin, order.currency)


def search_orders(rows: Rows, text: str, actor: Any) -> Rows:
    """By the start of a number, or by the client as the list of clients finds him."""
    typed = text.strip().lstrip("№# ")
    condition = Q()
    for number in {typed, typed.upper(), typed.lower()} - {""}:
        condition |= Q(number__prefix=number)
    found = text_condition(text)
    if found is not None:
        condition |= Q(client__in=Client.objects.visible_to(actor).filter(found).values("pk"))
    return rows.filter(condition) if condition else rows.none()


def orders_foot(rows: Rows, actor: Any) -> str:
    """What the orders of the list come to, over no more rows than are counted."""
    bounded = rows.order_by("-pk").values("pk")[: ORDERS.count_limit + 1]
    sums = Order.objects.filter(pk__in=bounded).aggregate(
        n=Count("pk"),
        sold=Sum("gross_base", filter=COUNTED_SALE, default=0),
        back=Sum("gross_base", filter=COUNTED_RETURN, default=0),
    )
    if sums["n"] > ORDERS.count_limit:
        return ""
    currency = Company.current().currency
    words = _("Sold for %(sum)s") % {"sum": formats.money(sums["sold"], currency)}
    if sums["back"]:
        words += ", " + _("returned for %(sum)s") % {"sum": formats.money(sums["back"], currency)}
    return words


def _delete_orders(request: HttpRequest, selection: Selection) -> HttpResponse:
    moment, count = actions.delete_orders(actor=_user(request), orders=selection.queryset)
    words = ngettext("%(n)s order deleted", "%(n)s orders deleted", count) % {"n": count}
    toasts.success(request, words, undo=_batch_undo("commerce:orders-undelete", moment))
    return toasts.redirect(request, request.path + selection.query)


def _complete_orders(request: HttpRequest, selection: Selection) -> HttpResponse:
    count = actions.complete_orders(actor=_user(request), orders=selection.queryset)
    words = ngettext("%(n)s order is done", "%(n)s orders are done", count) % {"n": count}
    toasts.success(request, words)
    return toasts.redirect(request, request.path + selection.query)


def _batch_undo(url_name: str, moment: Any) -> str:
    return reverse(url_name, args=[round(moment.timestamp() * 1_000_000)])


def _user(request: HttpRequest) -> User:
    user = request.user
    assert isinstance(user, User)  # noqa: S101 – pages are closed to strangers
    return user


_NEW_ORDER = Button(
    gettext_lazy("New order"), "commerce:order-new", "plus", "orders.edit", primary=True
)
_OVERDUE: Rule = {
    "all": [
        {"fact": "late", "op": "eq", "value": True},
        {"fact": "delivered", "op": "empty"},
    ]
}
_OWED: Rule = {
    "all": [
        {"fact": "payment", "op": "in", "value": ["unpaid", "partly"]},
        {"fact": "status", "op": "not_in", "value": ["cancelled"]},
    ]
}

ORDERS = ListSpec(
    name="orders",
    label=gettext_lazy("Orders"),
    url_name="commerce:orders",
    queryset=lambda actor: Order.objects.visible_to(actor),
    subject="order",
    columns=(
        Column(
            "number",
            gettext_lazy("Number"),
            _order_name,
            sort=SortKey("number"),
            css="c-name",
            value=lambda order, look: order.number,
            fixed=True,
        ),
        Column(
            "date",
            gettext_lazy("Date"),
            lambda order, look: formats.short_day(order.business_date, look.today),
            sort=SortKey("ordered_at", descending_first=True),
            css="c-last",
            value=lambda order, look: order.business_date,
        ),
        Column(
            "client",
            gettext_lazy("Client"),
            lambda order, look: client_link(order.client),
            css="c-cut c-st",
            prepare=lambda rows: rows.select_related("client"),
            value=lambda order, look: order.client.name if order.client else None,
        ),
        Column(
            "goods",
            gettext_lazy("Goods"),
            _goods_cell,
            css="c-cut c-next",
            load=_goods,
        ),
        Column(
            "payment",
            gettext_lazy("Payment"),
            lambda order, look: payment_cell(order),
            css="c-rfm",
            value=lambda order, look: str(order.get_payment_display()) if order.payment else None,
        ),
        Column(
            "delivery",
            gettext_lazy("Delivery"),
            lambda order, look: delivery_cell(order, look.today),
            css="c-n",
            value=lambda order, look: str(order.get_delivery_display()) if order.delivery else None,
        ),
        Column(
            "status", gettext_lazy("Status"), lambda order, look: str(order.get_status_display())
        ),
        Column(
            "sum",
            gettext_lazy("Sum"),
            _order_sum,
            sort=SortKey("gross_base", descending_first=True),
            numeric=True,
            css="c-sum",
            value=_major("total"),
        ),
        Column(
            "margin",
            gettext_lazy("Margin"),
            _margin,
            numeric=True,
            default=False,
            permission=COSTS,
            value=_major("margin"),
        ),
        Column(
            "cost",
            gettext_lazy("Cost price"),
            lambda order, look: formats.money(order.cost, order.currency),
            numeric=True,
            default=False,
            permission=COSTS,
            value=_major("cost"),
        ),
        Column(
            "discount",
            gettext_lazy("Discount"),
            lambda order, look: formats.money(order.discount or None, order.currency),
            numeric=True,
            default=False,
            value=_major("discount"),
        ),
        Column(
            "paid",
            gettext_lazy("Sum paid"),
            lambda order, look: formats.money(order.paid, order.currency),
            numeric=True,
            default=False,
            value=_major("paid"),
        ),
        Column(
            "currency",
            gettext_lazy("Currency"),
            lambda order, look: order.currency,
            default=False,
        ),
        Column(
            "comment",
            gettext_lazy("Comment"),
            lambda order, look: order.comment,
            css="c-cut",
            default=False,
        ),
        Column(
            "responsible",
            gettext_lazy("Responsible"),
            _responsible,
            css="c-own",
            short=gettext_lazy("Resp."),
            prepare=lambda rows: rows.select_related("responsible"),
            value=lambda order, look: order.responsible.display_name if order.responsible else None,
        ),
    ),
    default_sort="-date",
    empty=EmptyState(
        gettext_lazy("No orders yet"),
        gettext_lazy("Enter the first one, or bring your sales in from a file."),
        (_NEW_ORDER, Button(gettext_lazy("Bring in a file"), "gateways:import", "upload")),
    ),
    search=search_orders,
    search_hint=gettext_lazy("Number or client"),
    row_url=lambda order: reverse("commerce:order", args=[order.pk]),
    row_label=order_title,
    views=(
        BuiltinView("unpaid", gettext_lazy("Unpaid"), _OWED),
        BuiltinView("overdue", gettext_lazy("Overdue"), _OVERDUE),
        BuiltinView(
            "returns", gettext_lazy("Returns"), {"fact": "kind", "op": "in", "value": ["return"]}
        ),
    ),
    bulk=(
        BulkAction("done", gettext_lazy("Mark as done"), "check", "orders.edit", _complete_orders),
        BulkAction("delete", gettext_lazy("Delete"), "trash", "orders.delete", _delete_orders),
    ),
    buttons=(
        _NEW_ORDER,
        Button(gettext_lazy("Bin"), "commerce:orders-bin", "trash", "orders.delete"),
    ),
    export="orders.export",
    foot=orders_foot,
)


def _restore_chosen(request: HttpRequest, selection: Selection) -> HttpResponse:
    orders = list(selection.queryset.order_by("-kind")[:500])
    for order in orders:
        actions.restore_order(actor=_user(request), order=order)
    count = len(orders)
    words = ngettext("%(n)s order restored", "%(n)s orders restored", count) % {"n": count}
    toasts.success(request, words)
    return toasts.redirect(request, request.path + selection.query)


ORDERS_BIN = ListSpec(
    name="orders-bin",
    label=gettext_lazy("Deleted orders"),
    url_name="commerce:orders-bin",
    queryset=lambda actor: Order.objects.binned(actor),
    columns=(
        *(
            column
            for column in ORDERS.columns
            if column.name in ("number", "date", "client", "sum")
        ),
        Column(
            "deleted",
            gettext_lazy("Deleted"),
            lambda order, look: formats.ago(order.deleted_at, look.now),
            sort=SortKey("deleted_at", descending_first=True),
            css="c-rfm",
        ),
    ),
    default_sort="-deleted",
    empty=EmptyState(gettext_lazy("The bin is empty"), gettext_lazy("Deleted orders stay here.")),
    row_label=order_title,
    bulk=(
        BulkAction("restore", gettext_lazy("Restore"), "undo", "orders.delete", _restore_chosen),
    ),
)


# ---- products ----


def _product_name(product: Product, look: Look) -> SafeString:
    return format_html(
        '<a href="{}">{}</a>{}',
        reverse("commerce:product", args=[product.pk]),
        product.name,
        format_html('<span class="mute tn">{}</span>', product.sku) if product.sku else "",
    )


def product_margin(product: Product) -> float | None:
    """The share of the price that stays; None when price or cost is not known."""
    if not product.price or product.cost is None:
        return None
    return (product.price - product.cost) / product.price


def _sold(ids: Sequence[int], actor: Any) -> Mapping[int, int]:
    """What each product was sold in the last 90 days, in 1/1000, in the orders that one sees."""
    from orbita.commerce.rule_facts import since

    orders = Order.objects.visible_to(actor).filter(COUNTED_SALE, business_date__gt=since(90))
    lines = OrderLine.objects.filter(product_id__in=ids, order__in=orders, quantity__gt=0)
    rows = lines.order_by().values("product_id").annotate(n=Sum("quantity"))
    return {row["product_id"]: row["n"] for row in rows}


def _sold_cell(product: Product, look: Look) -> str:
    sold = look.loaded_for("sold", product)
    return quantity_text(sold) if sold else formats.DASH


def search_products(rows: Rows, text: str, actor: Any) -> Rows:
    """By words of the name, or by the start of the article."""
    words = normalise(text)
    named = Q()
    for word in words.split()[:8]:
        named &= Q(name_key__contains=word)
    return rows.filter(named | Q(sku_key__prefix=words)) if words else rows


def _delete_products(request: HttpRequest, selection: Selection) -> HttpResponse:
    moment, count = actions.delete_products(actor=_user(request), products=selection.queryset)
    words = ngettext("%(n)s product deleted", "%(n)s products deleted", count) % {"n": count}
    toasts.success(request, words, undo=_batch_undo("commerce:products-undelete", moment))
    return toasts.redirect(request, request.path + selection.query)


def _put_on_sale(on_sale: bool) -> Any:
    def handler(request: HttpRequest, selection: Selection) -> HttpResponse:
        count = actions.put_on_sale(
            actor=_user(request), products=selection.queryset, on_sale=on_sale
        )
        if on_sale:
            words = ngettext("%(n)s product put on sale", "%(n)s products put on sale", count)
        else:
            words = ngettext("%(n)s product taken off sale", "%(n)s products taken off sale", count)
        toasts.success(request, words % {"n": count})
        return toasts.redirect(request, request.path + selection.query)

    return handler


_NEW_PRODUCT = Button(
    gettext_lazy("New product"),
    "commerce:product-new",
    "plus",
    "products.edit",
    primary=True,
    dialog=True,
)

PRODUCTS = ListSpec(
    name="products",
    label=gettext_lazy("Products"),
    url_name="commerce:products",
    queryset=lambda actor: Product.objects.visible_to(actor),
    subject="product",
    columns=(
        Column(
            "name",
            gettext_lazy("Product"),
            _product_name,
            sort=SortKey("name_key"),
            css="c-name",
            value=lambda product, look: product.name,
            fixed=True,
        ),
        Column(
            "sku",
            gettext_lazy("Article"),
            lambda product, look: product.sku or "",
            sort=SortKey("sku_key"),
            default=False,
        ),
        Column(
            "group",
            gettext_lazy("Group"),
            lambda product, look: product.group.name if product.group else "",
            css="c-st",
            prepare=lambda rows: rows.select_related("group"),
        ),
        Column("kind", gettext_lazy("Kind"), lambda product, look: str(product.get_kind_display())),
        Column(
            "sold",
            gettext_lazy("Sold in 90 days"),
            _sold_cell,
            numeric=True,
            css="c-n",
            load=_sold,
        ),
        Column(
            "price",
            gettext_lazy("Price"),
            lambda product, look: price_text(product.price, product.currency),
            sort=SortKey("price", nullable=True, descending_first=True),
            numeric=True,
            css="c-sum",
            value=lambda product, look: (
                None if product.price is None else scaled_to_price(product.price)
            ),
        ),
        Column(
            "cost",
            gettext_lazy("Cost price"),
            lambda product, look: price_text(product.cost, product.currency),
            sort=SortKey("cost", nullable=True, descending_first=True),
            numeric=True,
            permission=COSTS,
            value=lambda product, look: (
                None if product.cost is None else scaled_to_price(product.cost)
            ),
        ),
        Column(
            "margin",
            gettext_lazy("Margin"),
            lambda product, look: formats.percent(product_margin(product)),
            numeric=True,
            permission=COSTS,
            css="c-n",
            value=lambda product, look: product_margin(product),
        ),
        Column("unit", gettext_lazy("Unit"), lambda product, look: product.unit, default=False),
        Column(
            "on_sale",
            gettext_lazy("On sale"),
            lambda product, look: "" if product.is_active else _("off sale"),
            value=lambda product, look: _("on sale") if product.is_active else _("off sale"),
            css="c-last",
        ),
        Column(
            "created",
            gettext_lazy("Added"),
            lambda product, look: formats.ago(product.created_at, look.now),
            default=False,
            value=lambda product, look: product.created_at.date(),
        ),
    ),
    default_sort="name",
    empty=EmptyState(
        gettext_lazy("The catalogue is empty"),
        gettext_lazy("Add what you sell: orders will know its price and cost."),
        (_NEW_PRODUCT, Button(gettext_lazy("Bring in a file"), "gateways:import", "upload")),
    ),
    search=search_products,
    search_hint=gettext_lazy("Name or article"),
    row_url=lambda product: reverse("commerce:product", args=[product.pk]),
    views=(
        BuiltinView(
            "on_sale", gettext_lazy("On sale"), {"fact": "on_sale", "op": "eq", "value": True}
        ),
        BuiltinView(
            "services", gettext_lazy("Services"), {"fact": "kind", "op": "in", "value": ["service"]}
        ),
        BuiltinView(
            "unsold",
            gettext_lazy("Not sold for 90 days"),
            {"fact": "sold", "op": "older_days", "value": 90},
        ),
    ),
    bulk=(
        BulkAction("on", gettext_lazy("Put on sale"), "check", "products.edit", _put_on_sale(True)),
        BulkAction("off", gettext_lazy("Take off sale"), "x", "products.edit", _put_on_sale(False)),
        BulkAction("delete", gettext_lazy("Delete"), "trash", "products.edit", _delete_products),
    ),
    buttons=(
        _NEW_PRODUCT,
        Button(gettext_lazy("Bin"), "commerce:products-bin", "trash", "products.edit"),
    ),
    export="products.export",
)


def _restore_products(request: HttpRequest, selection: Selection) -> HttpResponse:
    products = list(selection.queryset[:500])
    for product in products:
        actions.restore_product(actor=_user(request), product=product)
    count = len(products)
    words = ngettext("%(n)s product restored", "%(n)s products restored", count) % {"n": count}
    toasts.success(request, words)
    return toasts.redirect(request, request.path + selection.query)


PRODUCTS_BIN = ListSpec(
    name="products-bin",
    label=gettext_lazy("Deleted products"),
    url_name="commerce:products-bin",
    queryset=lambda actor: Product.objects.in_bin(),
    columns=(
        *(column for column in PRODUCTS.columns if column.name in ("name", "group", "price")),
        Column(
            "deleted",
            gettext_lazy("Deleted"),
            lambda product, look: formats.ago(product.deleted_at, look.now),
            sort=SortKey("deleted_at", descending_first=True),
            css="c-last",
        ),
    ),
    default_sort="-deleted",
    empty=EmptyState(gettext_lazy("The bin is empty"), gettext_lazy("Deleted products stay here.")),
    bulk=(
        BulkAction("restore", gettext_lazy("Restore"), "undo", "products.edit", _restore_products),
    ),
)
