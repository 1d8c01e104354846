"""What the events of this room say on the timeline, in plain words."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orbita.clients.fields.shown import changes_in_words
from orbita.commerce.models import Order
from orbita.ui import formats

Payload = Mapping[str, Any]


def _sum(data: Payload, name: str = "total") -> str:
    return formats.money(data.get(name), data.get("currency") or "RUB")


def _numbered(data: Payload) -> str:
    words = _("Return № %(number)s") if data.get("kind") == "return" else _("Order № %(number)s")
    return words % {"number": data.get("number", "")}


def order_made(data: Payload) -> str:
    """«Заказ № 4187 на 31 400 ₽»."""
    return _("%(order)s for %(sum)s") % {"order": _numbered(data), "sum": _sum(data)}


def returned(data: Payload) -> str:
    sentence = order_made(data)
    if data.get("of"):
        sentence += " " + _("(from order № %(number)s)") % {"number": data["of"]}
    return sentence


def order_changed(data: Payload) -> str:
    """What the order is now; the sum's change and the status in words when they changed."""
    before, after = data.get("before", {}), data.get("after", {})
    parts = []
    if "total" in after:
        parts.append(
            _("sum %(old)s → %(new)s")
            % {"old": _sum({**data, **before}), "new": _sum({**data, **after})}
        )
    if "status" in after:
        parts.append(str(dict(Order.Status.choices).get(after["status"], "")).lower())
    if "lines" in after and "total" not in after:
        parts.append(_("lines changed"))
    if "client" in after:
        parts.append(_("client changed"))
    parts += changes_in_words(data, "order")
    said = _("%(order)s changed") % {"order": _numbered(data)}
    return f"{said}: {', '.join(parts)}" if parts else said


def order_cancelled(data: Payload) -> str:
    said = _("%(order)s cancelled") % {"order": _numbered(data)}
    return f"{said}: {data['reason']}" if data.get("reason") else said


def order_deleted(data: Payload) -> str:
    return _("%(order)s moved to the bin") % {"order": _numbered(data)}


def order_restored(data: Payload) -> str:
    return _("%(order)s restored") % {"order": _numbered(data)}


def order_paid(data: Payload) -> str:
    what = {"order": _numbered(data), "sum": _sum({**data, "total": abs(data.get("amount", 0))})}
    if (data.get("amount", 0) < 0) != (data.get("kind") == "return"):
        return _("%(order)s: %(sum)s paid back") % what
    return _("%(order)s: %(sum)s paid") % what


def delivery_set(data: Payload) -> str:
    state = dict(Order.Delivery.choices).get(data.get("after", {}).get("delivery", ""))
    said = _("%(order)s: delivery changed") % {"order": _numbered(data)}
    if state:
        said = _("%(order)s: delivery – %(state)s") % {
            "order": _numbered(data),
            "state": str(state).lower(),
        }
    promised = data.get("after", {}).get("promised_on")
    if promised:
        said += ", " + _("promised for %(day)s") % {"day": _day(promised)}
    return said


def orders_loaded(data: Payload) -> str:
    """«Загружено 12 заказов на 31 400 ₽»."""
    count = data.get("orders", 0)
    words = ngettext(
        "%(count)s order for %(sum)s loaded", "%(count)s orders for %(sum)s loaded", count
    )
    return words % {"count": formats.number(count), "sum": _sum(data)}


def orders_unloaded(data: Payload) -> str:
    count = data.get("orders", 0)
    words = ngettext(
        "Loading of %(count)s order undone", "Loading of %(count)s orders undone", count
    )
    return words % {"count": formats.number(count)}


def balance_set(data: Payload) -> str:
    return _("Purchases from totals: %(sum)s") % {"sum": _sum(data)}


def cart_changed(data: Payload) -> str:
    count = data.get("lines", 0)
    words = ngettext(
        "Cart: %(count)s product for %(sum)s", "Cart: %(count)s products for %(sum)s", count
    )
    return words % {"count": formats.number(count), "sum": _sum(data)}


def cart_abandoned(data: Payload) -> str:
    return _("Cart for %(sum)s left without an order") % {"sum": _sum(data)}


def product_viewed(data: Payload) -> str:
    return _("Looked at: %(product)s") % {"product": data.get("product", "")}


def _day(iso: str) -> str:
    return formats.day(date.fromisoformat(iso))
