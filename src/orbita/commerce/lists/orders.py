"""The list of orders and its part of the recycle bin."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Count, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from orbita.accounts.models import User
from orbita.clients.fields.columns import columns_of
from orbita.clients.guarding import sight
from orbita.clients.models import Client
from orbita.clients.search import text_condition
from orbita.commerce import actions
from orbita.commerce.cells import COSTS, client_link, delivery_cell, order_title, payment_cell
from orbita.commerce.facts import COUNTED_RETURN, COUNTED_SALE
from orbita.commerce.lists.bulk import batch_undo, user_of
from orbita.commerce.models import Order, OrderLine
from orbita.core.models import Company
from orbita.core.rules import Rule
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

SHOWN_NAMES = 2


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
    found = text_condition(text, sight(actor))
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
    moment, count = actions.delete_orders(actor=user_of(request), orders=selection.queryset)
    words = ngettext("%(n)s order deleted", "%(n)s orders deleted", count) % {"n": count}
    toasts.success(request, words, undo=batch_undo("commerce:orders-undelete", moment))
    return toasts.redirect(request, request.path + selection.query)


def _complete_orders(request: HttpRequest, selection: Selection) -> HttpResponse:
    count = actions.complete_orders(actor=user_of(request), orders=selection.queryset)
    words = ngettext("%(n)s order is done", "%(n)s orders are done", count) % {"n": count}
    toasts.success(request, words)
    return toasts.redirect(request, request.path + selection.query)


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
    personal=True,
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
    more_columns=lambda: columns_of("order"),
)


def _restore_chosen(request: HttpRequest, selection: Selection) -> HttpResponse:
    orders = list(selection.queryset.order_by("-kind")[:500])
    for order in orders:
        actions.restore_order(actor=user_of(request), order=order)
    count = len(orders)
    words = ngettext("%(n)s order restored", "%(n)s orders restored", count) % {"n": count}
    toasts.success(request, words)
    return toasts.redirect(request, request.path + selection.query)


ORDERS_BIN = ListSpec(
    name="orders-bin",
    personal=True,
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
