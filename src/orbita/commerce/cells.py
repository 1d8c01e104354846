"""What orders and products look like in a cell, on lists and on pages alike."""

from datetime import date

from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from orbita.clients.models import Client
from orbita.commerce.models import Order, Product
from orbita.core.money import scaled_to_price
from orbita.ui import formats

COSTS = "commerce.costs"


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


def product_margin(product: Product) -> float | None:
    """The share of the price that stays; None when price or cost is not known."""
    if not product.price or product.cost is None:
        return None
    return (product.price - product.cost) / product.price
