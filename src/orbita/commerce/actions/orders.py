"""Orders: made, changed, cancelled, deleted and brought back."""

from dataclasses import replace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients import facts
from orbita.clients.confining import is_within
from orbita.clients.fields import values as own
from orbita.clients.guarding import sight
from orbita.clients.models import Client
from orbita.commerce.actions.checking import fault
from orbita.commerce.models import Order, OrderLine, Product
from orbita.commerce.records import LineData, OrderData
from orbita.commerce.sums import (
    Clock,
    Rates,
    first_payment,
    line_sum,
    line_total,
    order_sums,
    payment_state,
    rounded,
)
from orbita.core.events import NewEvent, changes, emit, emit_many
from orbita.core.models import Company

# What a change of an order is told by; costs stand apart, for those who may see them.
_TOLD = (
    "number",
    "currency",
    "total",
    "discount",
    "status",
    "payment",
    "paid",
    "delivery",
    "delivery_method",
    "delivery_address",
    "promised_on",
    "delivered_on",
    "comment",
)


def create_order(*, actor: User, data: OrderData, origin: str = "") -> Order:
    """A new order. Raises `Denied`, or `ValidationError` with sentences keyed by field.

    Lines without a cost take the product's. The seller is `responsible_id`, else the actor.
    With an `origin`, `data.external_id` must be new there.
    """
    data = replace(data, responsible_id=data.responsible_id or actor.pk)
    order = Order(origin=origin, external_id=(data.external_id or None) if origin else None)
    with own.distinct_saves(), transaction.atomic():
        lines = _fill(order, data, actor)
        policy.require(actor, "orders.edit", order)
        names = own.put(order, "order", data.own, actor, fresh=True)
        _save_new(order, lines)
        own.settle(order, "order", actor, names, fresh=True)
        facts.refresh(_clients_of(order))
        emit_order("order.created", order, actor=actor, lines=lines_told(lines))
    return order


def update_order(
    *, actor: User, order: Order, data: OrderData, version: int | None = None
) -> Order:
    """Puts the order into the given state, lines included: they are known by their ordinals.

    `version` is the one the user saw: when the order has changed since, nothing is written.
    Payment is left to `record_payment`.
    """
    with own.distinct_saves(), transaction.atomic():
        order = locked(order, version)
        policy.require(actor, "orders.edit", order)
        old_lines = list(order.lines.all())
        before, old_costs = told(order, old_lines), (order.cost, order.cost_base)
        old_client = order.client_id
        data = _with_kept(order, data, actor)
        if _lines_differ(order, old_lines, data):
            _require_free_of_returns(order)
            if order.return_of_id:
                raise ValidationError({"lines": _("The lines of a return follow its order.")})
        lines = _fill(order, data, actor, old_lines)
        policy.require(actor, "orders.edit", order)
        if order.payment:
            order.payment = settled(order)
        names = own.put(order, "order", data.own, actor, fresh=False)
        save_changed(order)
        own.settle(order, "order", actor, names, fresh=False)
        _replace_lines(order, old_lines, lines)
        facts.refresh({pk for pk in (old_client, order.client_id) if pk})
        difference = changes(before, told(order, lines))
        if difference["after"]:
            _tell_change(order, difference, old_costs, old_client, actor)
    return order


def _with_kept(order: Order, data: OrderData, actor: User) -> OrderData:
    """The data with what they leave out and an order cannot be without, or that the actor may not
    change.
    """
    if not sight(actor).allows("addresses"):
        data = replace(data, delivery_address=order.delivery_address)
    if data.ordered_at is None and data.ordered_on is None:
        day = order.business_date if order.date_only else None
        data = replace(data, ordered_on=day, ordered_at=None if day else order.ordered_at)
    return replace(data, kind=order.kind, number=data.number or order.number)


def set_status(*, actor: User, order: Order, status: str) -> Order:
    """Moves the order on, or back from cancelled."""
    if status == Order.Status.CANCELLED:
        return cancel_order(actor=actor, order=order)
    if status not in Order.Status.values:
        raise ValidationError({"status": _("There is no such status.")})
    with transaction.atomic():
        order = locked(order)
        policy.require(actor, "orders.edit", order)
        if order.status != status:
            before = order.status
            order.status = status
            _recount(order)
            emit_order(
                "order.changed",
                order,
                actor=actor,
                before={"status": before},
                after={"status": status},
            )
    return order


def cancel_order(*, actor: User, order: Order, reason: str = "") -> Order:
    """The order stays on record and counts no more."""
    with transaction.atomic():
        order = locked(order)
        policy.require(actor, "orders.edit", order)
        _require_free_of_returns(order)
        if order.status != Order.Status.CANCELLED:
            before = order.status
            order.status = Order.Status.CANCELLED
            _recount(order)
            emit_order(
                "order.cancelled",
                order,
                actor=actor,
                reason=reason.strip()[:500],
                before={"status": before},
                after={"status": order.status},
            )
    return order


def delete_order(*, actor: User, order: Order) -> Order:
    """To the recycle bin."""
    with transaction.atomic():
        order = locked(order)
        policy.require(actor, "orders.delete", order)
        _require_free_of_returns(order)
        if order.deleted_at is None:
            order.deleted_at = timezone.now()
            _recount(order)
            emit_order("order.deleted", order, actor=actor)
    return order


def restore_order(*, actor: User, order: Order) -> Order:
    """Out of the recycle bin."""
    with transaction.atomic():
        order = locked(order)
        policy.require(actor, "orders.delete", order)
        if order.return_of and order.return_of.deleted_at:
            raise ValidationError(_("Restore the order that this return belongs to first."))
        if order.deleted_at is not None:
            order.deleted_at = None
            _recount(order)
            emit_order("order.restored", order, actor=actor)
    return order


# ---- what the other actions on orders share ----


def locked(order: Order, version: int | None = None) -> Order:
    """The order as it is now, held until the transaction ends."""
    fresh = (
        Order.objects.select_for_update(of=("self",), no_key=True)
        .select_related("client", "return_of")
        .get(pk=order.pk)
    )
    if version is not None and fresh.version != version:
        raise ValidationError(
            _("Somebody changed the order meanwhile. Look at it again and repeat your change."),
            code="conflict",
        )
    return fresh


def save_changed(order: Order) -> None:
    order.version += 1
    order.updated_at = timezone.now()
    order.save()


def settled(order: Order) -> str:
    """The payment state after the sum or the payments changed."""
    if not order.paid and order.payment in ("", Order.Payment.PARTLY):
        return order.payment  # said by hand or by a file, without a sum
    return payment_state(order.kind, order.total, order.paid)


def told(order: Order, lines: list[OrderLine]) -> dict[str, Any]:
    """The order as its history tells it."""
    return {
        **{name: getattr(order, name) for name in _TOLD},
        "day": order.business_date,
        "client": order.client.name if order.client else None,
        "responsible": order.responsible.name if order.responsible else None,
        "lines": lines_told(lines),
        **own.plain(order, "order"),
    }


def lines_told(lines: list[OrderLine]) -> list[dict[str, Any]]:
    return [
        {
            "n": line.ordinal,
            "name": line.name,
            "quantity": line.quantity,
            "price": line.price,
            "discount": line.discount,
            "total": line.total,
        }
        for line in lines
    ]


def emit_order(kind: str, order: Order, *, actor: User | None, **data: Any) -> None:
    """An event of the order, on its client's timeline."""
    emit(
        kind,
        actor=actor,
        client_id=order.client_id,
        subject_type="order",
        subject_id=order.pk,
        data=_named(order) | data,
    )


def _named(order: Order) -> dict[str, Any]:
    return {
        "number": order.number,
        "kind": order.kind,
        "total": order.total,
        "currency": order.currency,
    }


def _tell_change(
    order: Order,
    difference: dict[str, Any],
    old_costs: tuple[int | None, int | None],
    old_client: int | None,
    actor: User,
) -> None:
    data = _named(order) | difference
    if old_costs != (order.cost, order.cost_base):
        data["costs"] = {"before": old_costs[0], "after": order.cost}
    # A moved order is told to both: who had it and who has it.
    told_to = dict.fromkeys((order.client_id, old_client or order.client_id))
    emit_many(
        [NewEvent("order.changed", client_id, "order", order.pk, data) for client_id in told_to],
        actor=actor,
    )


def _clients_of(order: Order) -> list[int]:
    return [order.client_id] if order.client_id else []


def _recount(order: Order) -> None:
    """Saves a change of status or of the bin, with what depends on it."""
    order.is_counted = (
        order.status != Order.Status.CANCELLED
        and order.deleted_at is None
        and order.lines.filter(quantity__gt=0, price__gt=0).exists()
    )
    save_changed(order)
    facts.refresh(_clients_of(order))


def _require_free_of_returns(order: Order) -> None:
    live = order.returns.alive().exclude(status=Order.Status.CANCELLED)
    numbers = list(live.values_list("number", flat=True)[:3])
    if numbers:
        raise ValidationError(
            _("There are returns of this order (№ %(numbers)s): delete them first.")
            % {"numbers": ", ".join(numbers)}
        )


# ---- putting an order together ----


def _fill(
    order: Order, data: OrderData, actor: User, old_lines: list[OrderLine] | None = None
) -> list[OrderLine]:
    """Writes the data into the order and returns its lines; nothing is saved yet."""
    company = Company.current()
    rates = Rates(company.currency)
    data = replace(data, currency=(data.currency or company.currency).upper())
    _require_sound(data)
    order.client = _client(data.client_id, order.client_id, actor)
    order.responsible = _seller(data.responsible_id)
    moment, day, date_only = Clock(company).read(data, timezone.now())
    order.ordered_at, order.business_date, order.date_only = moment, day, date_only
    for name in (
        "kind",
        "number",
        "currency",
        "discount",
        "delivery",
        "delivery_method",
        "delivery_address",
        "promised_on",
        "delivered_on",
        "comment",
    ):
        setattr(order, name, getattr(data, name))
    order.status = data.status or order.status
    lines = _lines(order, data, rates, old_lines or [])
    sums = order_sums([(line, line.total) for line in lines], data.discount)
    order.total, order.cost = sums.total, sums.cost
    order.is_counted = sums.counts and order.status != Order.Status.CANCELLED
    gross = rates.to_base(sums.total, data.currency, day)
    if gross is None:
        raise ValidationError(
            {
                "currency": _("There is no exchange rate of %(currency)s for %(day)s yet.")
                % {"currency": data.currency, "day": f"{day:%d.%m.%Y}"}
            }
        )
    order.gross_base = gross
    order.cost_base = None if sums.cost is None else rates.to_base(sums.cost, data.currency, day)
    if order.pk is None:
        order.payment, order.paid = first_payment(data, sums.total)
    return lines


def _require_sound(data: OrderData) -> None:
    sentence = fault(data)
    if sentence:
        raise ValidationError(str(sentence))
    if not data.lines:
        raise ValidationError({"lines": _("Add at least one line.")})
    for line in data.lines:
        if line.quantity <= 0 or line.price < 0:
            raise ValidationError(
                {"lines": _("Quantity must be above zero and the price not below it.")}
            )
        if line.discount > line_sum(line.price, line.quantity, data.currency):
            raise ValidationError({"lines": _("The discount is larger than the line.")})
    if data.discount > sum(line_total(line, data.currency) for line in data.lines):
        raise ValidationError({"discount": _("The discount is larger than the order.")})


def _client(client_id: int | None, kept: int | None, actor: User) -> Client | None:
    if client_id is None:
        return None
    client = Client.objects.answering(client_id).first()
    # The order's own client may stay even when the actor sees only the order.
    if client is None or (client.deleted_at and client.pk != kept):
        raise ValidationError({"client": _("There is no such client.")})
    is_seen = policy.allows(actor, "clients.view", client) and is_within(actor, client)
    if client.pk != kept and not is_seen:
        raise ValidationError({"client": _("There is no such client.")})
    return client


def _seller(user_id: int | None) -> User | None:
    seller = User.objects.filter(pk=user_id).first() if user_id else None
    if user_id and seller is None:
        raise ValidationError({"responsible": _("There is no such user.")})
    return seller


def _lines(
    order: Order, data: OrderData, rates: Rates, old_lines: list[OrderLine]
) -> list[OrderLine]:
    wanted = {line.product_id for line in data.lines if line.product_id}
    kept = {line.product_id for line in old_lines}
    products = Product.objects.in_bulk(wanted)
    for pk in wanted:
        if pk not in products or (products[pk].deleted_at and pk not in kept):
            raise ValidationError({"lines": _("There is no such product.")})
    known = {line.ordinal: line for line in old_lines}
    lines = []
    for place, given in enumerate(data.lines, start=1):
        product = products.get(given.product_id) if given.product_id else None
        name = given.name or (product.name if product else "")
        if not name:
            raise ValidationError({"lines": _("Say what the line is for.")})
        line = OrderLine(
            order=order,
            ordinal=given.ordinal if given.ordinal is not None else place,
            product=product,
            name=name,
            quantity=given.quantity,
            price=given.price,
            discount=given.discount,
            total=line_total(given, data.currency),
        )
        line.cost = _cost(given, line, known.get(line.ordinal), order, rates)
        lines.append(line)
    return lines


def _cost(
    given: LineData, line: OrderLine, old: OrderLine | None, order: Order, rates: Rates
) -> int | None:
    """The line's cost: as given, else as it was when the goods were sold, else the product's now."""
    if given.cost is not None:
        return given.cost
    if old and old.cost is not None and old.product_id == line.product_id and old.quantity > 0:
        return rounded(old.cost * line.quantity, old.quantity)
    product = line.product
    if product is None or product.cost is None:
        return None
    cost = line_sum(product.cost, line.quantity, product.currency)
    return rates.between(cost, product.currency, order.currency, order.business_date)


def _save_new(order: Order, lines: list[OrderLine]) -> None:
    try:
        with transaction.atomic():
            order.save()
    except IntegrityError as error:
        own.refuse_repeated(error)
        raise ValidationError(
            {"external_id": _("There is an order with this number already.")}, code="conflict"
        ) from None
    if not order.number:
        order.number = str(order.pk)
        order.save(update_fields=["number"])
    for line in lines:
        line.order_id = order.pk
    OrderLine.objects.bulk_create(lines)


def _lines_differ(order: Order, old_lines: list[OrderLine], data: OrderData) -> bool:
    def of(lines: Any) -> list[tuple[Any, ...]]:
        return [
            (
                line.ordinal if line.ordinal is not None else place,
                line.product_id,
                line.quantity,
                line.price,
                line.discount,
            )
            for place, line in enumerate(lines, start=1)
        ]

    return of(old_lines) != of(data.lines) or order.discount != data.discount


def _replace_lines(order: Order, old_lines: list[OrderLine], lines: list[OrderLine]) -> None:
    """Lines keep their rows by ordinal, so that whatever points at one still does."""
    known = {line.ordinal: line.pk for line in old_lines}
    for line in lines:
        line.pk = known.pop(line.ordinal, None)
    order.lines.filter(pk__in=known.values()).delete()
    OrderLine.objects.bulk_create([line for line in lines if line.pk is None])
    OrderLine.objects.bulk_update(
        [line for line in lines if line.pk],
        ["product", "name", "quantity", "price", "discount", "total", "cost"],
    )
