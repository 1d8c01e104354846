"""Goods that came back: whole orders, parts of them, or returns without an order."""

from collections.abc import Mapping
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients import facts
from orbita.commerce.actions.orders import emit_order, lines_told, locked
from orbita.commerce.models import Order, OrderLine
from orbita.commerce.sums import Rates, line_sum, order_sums, rounded
from orbita.core.models import Company


def returnable(order: Order) -> dict[int, int]:
    """Line ordinal → quantity (1/1000) that has not been returned yet; nothing left is left out."""
    back = _returned_before(order)
    left = {
        line.ordinal: line.quantity - back[line.ordinal].quantity
        if line.ordinal in back
        else line.quantity
        for line in order.lines.all()
        if line.is_counted
    }
    return {ordinal: quantity for ordinal, quantity in left.items() if quantity > 0}


def create_return(
    *,
    actor: User,
    order: Order,
    quantities: Mapping[int, int] | None = None,
    returned_at: datetime | None = None,
    comment: str = "",
) -> Order:
    """A return of the order: of all that is left, or of some quantities (line ordinal → 1/1000).

    Discounts come back in proportion, and the returns of a whole order sum up to it exactly.
    A return without an order is an order of kind "return": see `create_order`.
    """
    with transaction.atomic():
        order = locked(order)
        policy.require(actor, "orders.edit", order)
        _require_returnable(order)
        left = returnable(order)
        wanted = dict(left) if quantities is None else {k: v for k, v in quantities.items() if v}
        if not wanted:
            raise ValidationError({"lines": _("Say what came back.")})
        for ordinal, quantity in wanted.items():
            if not 0 < quantity <= left.get(ordinal, 0):
                raise ValidationError({"lines": _("More cannot come back than was sold.")})
        return _prepared(order, wanted, returned_at or timezone.now(), comment, actor)


def _prepared(
    order: Order, wanted: Mapping[int, int], moment: datetime, comment: str, actor: User
) -> Order:
    before = _returned_before(order)
    sold = {line.ordinal: line for line in order.lines.all() if line.is_counted}
    lines = [_line(sold[n], wanted[n], before.get(n), order.currency) for n in sorted(wanted)]
    company = Company.current()
    back = Order(
        kind=Order.Kind.RETURN,
        client=order.client,
        responsible=order.responsible,
        return_of=order,
        ordered_at=moment,
        business_date=company.business_date(moment),
        status=Order.Status.DONE,
        payment=Order.Payment.UNPAID,
        currency=order.currency,
        comment=comment.strip()[:500],
        number="",
    )
    back.discount = _discount(order, sold, lines, before)
    sums = order_sums([(line, line.total) for line in lines], back.discount)
    back.total, back.cost, back.is_counted = sums
    back.gross_base, back.cost_base = _in_base(order, back, company.currency)
    back.save()
    back.number = str(back.pk)
    back.save(update_fields=["number"])
    for line in lines:
        line.order = back
    OrderLine.objects.bulk_create(lines)
    facts.refresh([back.client_id] if back.client_id else [])
    emit_order(
        "order.returned",
        back,
        actor=actor,
        of=order.number,
        reason=back.comment,
        lines=lines_told(lines),
    )
    return back


def _require_returnable(order: Order) -> None:
    if order.kind != Order.Kind.SALE:
        raise ValidationError(_("A return cannot be returned."))
    if order.status == Order.Status.CANCELLED or order.deleted_at:
        raise ValidationError(_("A cancelled or deleted order has nothing to return."))


def _returned_before(order: Order) -> dict[int, OrderLine]:
    """Line ordinal → what came back by earlier returns, summed up."""
    live = order.returns.alive().exclude(status=Order.Status.CANCELLED)
    summed: dict[int, OrderLine] = {}
    for line in OrderLine.objects.filter(order__in=live):
        known = summed.setdefault(
            line.ordinal, OrderLine(ordinal=line.ordinal, quantity=0, total=0, cost=0)
        )
        known.quantity += line.quantity
        known.total += line.total
        known.cost = (known.cost or 0) + (line.cost or 0)
    return summed


def _line(sold: OrderLine, quantity: int, before: OrderLine | None, currency: str) -> OrderLine:
    """The share of a sold line. Shares are differences of rounded running sums: they add up."""
    back_before = before.quantity if before else 0

    def share(whole: int, given_before: int) -> int:
        return rounded(whole * (back_before + quantity), sold.quantity) - given_before

    full = line_sum(sold.price, quantity, currency)
    total = share(sold.total, before.total if before else 0)
    cost = None if sold.cost is None else share(sold.cost, (before.cost or 0) if before else 0)
    return OrderLine(
        ordinal=sold.ordinal,
        product=sold.product,
        name=sold.name,
        quantity=quantity,
        price=sold.price,
        discount=max(full - total, 0),
        total=total,
        cost=cost,
    )


def _discount(
    order: Order,
    sold: Mapping[int, OrderLine],
    lines: list[OrderLine],
    before: Mapping[int, OrderLine],
) -> int:
    """The part of the order's discount that belongs to these lines, in the same running way."""
    whole = sum(line.total for line in sold.values())
    if not whole or not order.discount:
        return 0
    earlier = sum(line.total for line in before.values())
    now = sum(line.total for line in lines)
    live = order.returns.alive().exclude(status=Order.Status.CANCELLED)
    given = sum(live.values_list("discount", flat=True))
    return rounded(order.discount * (earlier + now), whole) - given


def _in_base(order: Order, back: Order, base: str) -> tuple[int, int | None]:
    """The return at the rate its order was counted at: what came in goes out, whatever rates did."""
    if order.currency == base or not order.total:
        gross: int | None = back.total
        cost = back.cost
    else:
        gross = rounded(order.gross_base * back.total, order.total)
        cost = (
            None
            if back.cost is None
            else Rates(base).to_base(back.cost, order.currency, order.business_date)
        )
    return gross or 0, cost
