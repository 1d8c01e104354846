"""The list of products and its part of the recycle bin."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q, Sum
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from orbita.clients.fields.columns import columns_of
from orbita.commerce import actions
from orbita.commerce.cells import COSTS, price_text, product_margin, quantity_text
from orbita.commerce.facts import COUNTED_SALE
from orbita.commerce.lists.bulk import batch_undo, user_of
from orbita.commerce.models import Order, OrderLine, Product
from orbita.core.money import scaled_to_price
from orbita.core.text import normalise
from orbita.ui import formats, toasts
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


def _product_name(product: Product, look: Look) -> SafeString:
    return format_html(
        '<a href="{}">{}</a>{}',
        reverse("commerce:product", args=[product.pk]),
        product.name,
        format_html('<span class="mute tn">{}</span>', product.sku) if product.sku else "",
    )


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
    moment, count = actions.delete_products(actor=user_of(request), products=selection.queryset)
    words = ngettext("%(n)s product deleted", "%(n)s products deleted", count) % {"n": count}
    toasts.success(request, words, undo=batch_undo("commerce:products-undelete", moment))
    return toasts.redirect(request, request.path + selection.query)


def _put_on_sale(on_sale: bool) -> Any:
    def handler(request: HttpRequest, selection: Selection) -> HttpResponse:
        count = actions.put_on_sale(
            actor=user_of(request), products=selection.queryset, on_sale=on_sale
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
    more_columns=lambda: columns_of("product"),
)


def _restore_products(request: HttpRequest, selection: Selection) -> HttpResponse:
    products = list(selection.queryset[:500])
    for product in products:
        actions.restore_product(actor=user_of(request), product=product)
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
