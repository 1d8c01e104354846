"""What purchases keep of a client, and what of it stays without him: sums and goods, for the books."""

from typing import TYPE_CHECKING

from django.db.models import F

from orbita.clients.fields.in_bulk import unmark
from orbita.clients.privacy.registry import PERSONAL, SETTLED, Personal, Settled
from orbita.commerce.models import (
    Cart,
    CartLine,
    ExchangeRate,
    OpeningBalance,
    Order,
    OrderLine,
    PriceChange,
    Product,
    ProductGroup,
    ProductView,
)

if TYPE_CHECKING:
    from orbita.clients.privacy.erasing import Erasing


def _own_values(work: "Erasing") -> None:
    keys = list(Order.objects.filter(client__in=work.cards).values_list("pk", flat=True))
    unmark(keys, "order")
    work.subjects.setdefault("order", set()).update(keys)


ORDER = (
    *("number", "kind", "ordered_at", "status", "total", "currency", "payment", "delivery"),
    *("delivery_method", "delivery_address", "promised_on", "comment", "own"),
)


def register() -> None:
    """Puts the tables of this room into the registries."""
    PERSONAL.register(
        Personal(
            Order,
            told=ORDER,
            empty={
                "client": None,
                "delivery_address": "",
                "delivery_method": "",
                "comment": "",
                "own": None,
                "version": F("version") + 1,
            },
            stay=("number", "origin", "external_id", "currency"),
            first=_own_values,
        ),
        Personal(Cart, told=("created_at", "total", "currency")),
        Personal(CartLine, of=("cart__client",), told=("name", "quantity")),
        Personal(OpeningBalance, told=("orders_count", "total", "first_on", "last_on", "service")),
        Personal(ProductView, told=("product", "viewed_at")),
    )
    SETTLED.register(
        Settled(
            "goods, prices and rates",
            (Product, ProductGroup, PriceChange, ExchangeRate, OrderLine),
        )
    )
