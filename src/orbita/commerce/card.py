"""What this room puts on the card of a client."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orbita.accounts import policy
from orbita.clients.extension import Figure, Shown
from orbita.clients.models import Client
from orbita.commerce import cells, lists
from orbita.commerce.models import OpeningBalance, Order
from orbita.commerce.sums import usual_interval
from orbita.core.models import Company
from orbita.ui import formats
from orbita.ui.lists import address_of

REMEMBERED = 40
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Purchase:
    title: str
    url: str
    day: str
    payment: str
    sum: str
    cancelled: bool


def recent_orders(client: Client, actor: Any) -> Sequence[Order]:
    """The last orders of the client that the actor sees, newest first; read once per card."""
    known: dict[Any, list[Order]] = client.__dict__.setdefault("_recent_orders", {})
    if actor.pk not in known:
        rows = Order.objects.visible_to(actor).filter(client=client)
        known[actor.pk] = list(rows.order_by("-business_date", "-pk")[:REMEMBERED])
    return known[actor.pk]


def rhythm(card: Shown) -> Figure | None:
    """How often the client orders, and whether he is late by his own measure."""
    orders = [
        order
        for order in recent_orders(card.client, card.actor)
        if order.is_counted and order.kind == Order.Kind.SALE
    ]
    days = sorted(order.business_date for order in orders)
    usual = usual_interval(days)
    if usual is None:
        return None
    passed = Company.current().business_date() - days[-1]
    css = "bad" if passed > 2 * usual else "warn" if passed > 1.5 * usual else ""
    often = ngettext("every %(n)s day", "every %(n)s days", usual.days) % {"n": usual.days}
    note = ngettext("%(n)s day passed", "%(n)s days passed", passed.days) % {"n": passed.days}
    return Figure(often, note if css else "", css)


def purchases(request: HttpRequest, client: Client) -> SafeString | str:
    """The last orders of the client, with the way to all of them and to a new one."""
    actor = request.user
    if not policy.allows(actor, "orders.view"):
        return ""
    orders = recent_orders(client, actor)
    may_add = policy.allows(actor, "orders.edit")
    if not orders and not may_add:
        return ""
    today = Company.current().business_date()
    rule: dict[str, object] = {"fact": "client_number", "op": "eq", "value": client.pk}
    return render_to_string(
        "commerce/card_purchases.html",
        {
            "purchases": [_purchase(order, today) for order in orders[:SHOWN]],
            "totals": "" if orders else _totals(client),
            "all_url": address_of(lists.ORDERS, rule) if len(orders) > SHOWN else "",
            "new_url": new_order_url(client) if may_add else "",
        },
        request,
    )


def _totals(client: Client) -> str:
    """What a sheet without orders told of the client's purchases; empty when none did."""
    facts = getattr(client, "facts", None)
    has_bought = facts is not None and (facts.gross or facts.last_order_on)
    balance = OpeningBalance.objects.filter(client=client).first() if has_bought else None
    if balance is None:
        return ""
    told = [_("Known as totals from a file only")]
    if balance.last_on:
        told.append(_("the last on %(day)s") % {"day": formats.day(balance.last_on)})
    if balance.service:
        told.append(balance.service)
    return ", ".join(told) + "."


def _purchase(order: Order, today: Any) -> Purchase:
    back = order.kind == Order.Kind.RETURN
    total = formats.money(-order.total if back else order.total, order.currency)
    return Purchase(
        cells.order_title(order),
        reverse("commerce:order", args=[order.pk]),
        formats.short_day(order.business_date, today),
        _("cancelled") if order.status == Order.Status.CANCELLED else cells.payment_cell(order),
        total,
        order.status == Order.Status.CANCELLED,
    )


def new_order_url(client: Client) -> str:
    return f"{reverse('commerce:order-new')}?client={client.pk}"
