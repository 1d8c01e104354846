"""What the search box finds of orders and products."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext

from orbita.commerce import cells, lists
from orbita.commerce.models import Order, Product
from orbita.core.text import normalise
from orbita.ui import formats
from orbita.ui.menu import Hit


def orders(actor: Any, query: str, limit: int) -> Sequence[Hit]:
    """Orders by the start of their number, newest first. Clients are found by their own search."""
    typed = query.strip().lstrip("№# ")
    if not any(letter.isdigit() for letter in typed):
        return []
    rows = Order.objects.visible_to(actor).select_related("client")
    found = rows.filter(number__prefix=typed).order_by("number")[:limit]
    return [
        Hit(
            cells.order_title(order),
            " · ".join(
                part
                for part in (
                    order.client.name if order.client else "",
                    formats.money(order.total, order.currency),
                    formats.short_day(order.business_date),
                )
                if part
            ),
            reverse("commerce:order", args=[order.pk]),
            "cart",
            kind="order",
            id=order.pk,
            external_id=order.external_id,
            why=gettext("order number"),
        )
        for order in found
    ]


def products(actor: Any, query: str, limit: int) -> Sequence[Hit]:
    """Products by words of the name or the start of the article."""
    if not normalise(query):
        return []
    rows = lists.search_products(Product.objects.visible_to(actor), query, actor)
    return [
        Hit(
            product.name,
            " · ".join(
                part
                for part in (product.sku or "", cells.price_text(product.price, product.currency))
                if part
            ),
            reverse("commerce:product", args=[product.pk]),
            "box",
            kind="product",
            id=product.pk,
            external_id=product.sku,
            why=gettext("name or article"),
        )
        for product in rows.order_by("name_key")[:limit]
    ]
