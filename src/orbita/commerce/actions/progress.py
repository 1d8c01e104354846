"""What happens to an order after it was made: money comes, goods travel."""

from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.guarding import sight
from orbita.commerce.actions.orders import emit_order, locked, save_changed
from orbita.commerce.models import Order
from orbita.commerce.sums import LARGEST_SUM, payment_state
from orbita.core.events import changes


def record_payment(
    *, actor: User, order: Order, amount: int, paid_at: datetime | None = None
) -> Order:
    """Adds a payment in minor units of the order's currency; below zero, money given back.

    For a return, an amount above zero is money given back to the client.
    """
    with transaction.atomic():
        order = locked(order)
        policy.require(actor, "orders.edit", order)
        if amount == 0:
            raise ValidationError({"amount": _("Enter the sum.")})
        if not 0 <= order.paid + amount <= LARGEST_SUM:
            raise ValidationError({"amount": _("More cannot be given back than was paid.")})
        before = {"payment": order.payment, "paid": order.paid}
        order.paid += amount
        order.payment = payment_state(order.kind, order.total, order.paid)
        save_changed(order)
        after = {"payment": order.payment, "paid": order.paid}
        emit_order(
            "order.paid",
            order,
            actor=actor,
            amount=amount,
            paid_at=paid_at,
            **changes(before, after),
        )
    return order


def set_delivery(
    *,
    actor: User,
    order: Order,
    state: str,
    method: str = "",
    address: str = "",
    promised_on: date | None = None,
    delivered_on: date | None = None,
) -> Order:
    """How and when the goods go to the client: what was promised and what came of it."""
    if state not in Order.Delivery.values:
        raise ValidationError({"delivery": _("There is no such state of delivery.")})
    if delivered_on and state != Order.Delivery.DELIVERED:
        raise ValidationError({"delivered_on": _("Only delivered goods have a day of delivery.")})
    values = {
        "delivery": state,
        "delivery_method": method.strip()[:100],
        "delivery_address": address.strip()[:300],
        "promised_on": promised_on,
        "delivered_on": delivered_on,
    }
    with transaction.atomic():
        order = locked(order)
        policy.require(actor, "orders.edit", order)
        if not sight(actor).allows("addresses"):
            values["delivery_address"] = order.delivery_address
        before = {name: getattr(order, name) for name in values}
        difference = changes(before, values)
        if difference["after"]:
            for name, value in values.items():
                setattr(order, name, value)
            save_changed(order)
            emit_order("order.delivery", order, actor=actor, **difference)
    return order
