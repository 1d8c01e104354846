from decimal import Decimal
from typing import Any

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Router

from orbita.accounts import policy, watching
from orbita.accounts.models import User
from orbita.api.auth import actor
from orbita.api.idempotency import once
from orbita.api.paging import Page, PageParams, json_response, page_of, page_response
from orbita.api.problems import COMMON, WRITING, ConflictError
from orbita.api.routes.products import decimal_text
from orbita.api.schemas import OrderFull, OrderIn, OrderRow, PaymentIn, ReturnIn, RowId, StatusIn
from orbita.clients.fields.values import from_outside, to_outside
from orbita.clients.guarding import sight
from orbita.clients.models import Client
from orbita.commerce import actions
from orbita.commerce.models import Order, OrderLine, Product
from orbita.commerce.records import LineData, OrderData
from orbita.core.models import Company
from orbita.core.money import from_minor, price_to_scaled, to_minor

router = Router(tags=["orders"])
FIELDS = (
    "id", "kind", "number", "external_id", "client_id", "ordered_at", "business_date", "status",
    "currency", "total", "discount", "payment", "paid", "delivery", "promised_on", "delivered_on",
    "responsible_id", "version", "own",
)  # fmt: skip


def as_json(row: dict[str, Any], user: User) -> dict[str, Any]:
    row["fields"] = to_outside("order", row.pop("own"), user)
    for name in ("total", "discount", "paid"):
        row[name] = str(from_minor(row[name], row["currency"]))
    return row


@router.get("", response={200: Page[OrderRow], **COMMON}, summary="List orders")
def list_orders(request: HttpRequest, params: PageParams) -> HttpResponse:
    """Sales and returns that the token's user may see."""
    user = actor(request)
    policy.require(user, "orders.view")
    rows, limit = page_of(Order.objects.visible_to(user), params, subject="order", actor=user)
    found = [as_json(row, user) for row in rows.values(*FIELDS)[: limit + 1]]
    watching.note_rows(user, min(len(found), limit))
    return page_response(found, limit)


@router.get("/{order_id}", response={200: OrderFull, **COMMON}, summary="Get an order")
def get_order(request: HttpRequest, order_id: RowId) -> HttpResponse:
    user = actor(request)
    return json_response(full(user, visible(user, order_id)))


@router.post("", response={201: OrderFull, **WRITING}, summary="Add an order")
@once
def add_order(request: HttpRequest, data: OrderIn) -> tuple[int, Any]:
    """Adds a sale, or a return without an order. An `external_id` is unique within its `origin`."""
    user = actor(request)
    if data.external_id and not data.origin:
        data.origin = "api"
    if data.external_id and _is_known(data.origin, data.external_id):
        raise ConflictError(_("There is an order with this external_id already."))
    order = actions.create_order(actor=user, data=_data(data, user), origin=data.origin)
    return 201, full(user, visible(user, order.pk))


@router.post("/{order_id}/status", response={200: OrderFull, **WRITING}, summary="Set the status")
@once
def set_status(request: HttpRequest, order_id: RowId, data: StatusIn) -> tuple[int, Any]:
    """A cancelled order counts for nobody."""
    user = actor(request)
    actions.set_status(actor=user, order=visible(user, order_id), status=data.status)
    return 200, full(user, visible(user, order_id))


@router.post(
    "/{order_id}/payments", response={200: OrderFull, **WRITING}, summary="Record a payment"
)
@once
def record_payment(request: HttpRequest, order_id: RowId, data: PaymentIn) -> tuple[int, Any]:
    """A sum below zero takes an earlier payment back."""
    user = actor(request)
    order = visible(user, order_id)
    actions.record_payment(
        actor=user,
        order=order,
        amount=to_minor(data.amount, order.currency),
        paid_at=data.paid_at,
    )
    return 200, full(user, visible(user, order_id))


@router.post("/{order_id}/returns", response={201: OrderFull, **WRITING}, summary="Return goods")
@once
def add_return(request: HttpRequest, order_id: RowId, data: ReturnIn) -> tuple[int, Any]:
    """Takes back the given quantities by line ordinal; without them, everything that is left."""
    user = actor(request)
    quantities = (
        {line.ordinal: round(line.quantity * 1000) for line in data.lines} if data.lines else None
    )
    back = actions.create_return(
        actor=user, order=visible(user, order_id), quantities=quantities, comment=data.comment
    )
    return 201, full(user, visible(user, back.pk))


@router.delete("/{order_id}", response={204: None, **WRITING}, summary="Delete an order")
def delete_order(request: HttpRequest, order_id: RowId) -> HttpResponse:
    """Puts the order into the recycle bin."""
    user = actor(request)
    actions.delete_order(actor=user, order=visible(user, order_id))
    return HttpResponse(status=204)


def visible(user: User, order_id: int) -> Order:
    orders = Order.objects.visible_to(user).prefetch_related(
        Prefetch("lines", OrderLine.objects.order_by("ordinal"))
    )
    return get_object_or_404(orders, pk=order_id)


def full(user: User, order: Order) -> dict[str, Any]:
    row = as_json({name: getattr(order, name) for name in FIELDS}, user)
    return row | {
        "return_of_id": order.return_of_id,
        "delivery_method": order.delivery_method,
        "delivery_address": order.delivery_address if sight(user).shows("addresses") else "",
        "comment": order.comment,
        "lines": [_line(line, order.currency) for line in order.lines.all()],
    }


def _line(line: OrderLine, currency: str) -> dict[str, Any]:
    return {
        "ordinal": line.ordinal,
        "product_id": line.product_id,
        "name": line.name,
        "quantity": format(Decimal(line.quantity).scaleb(-3).normalize(), "f"),
        "price": decimal_text(line.price),
        "discount": str(from_minor(line.discount, currency)),
        "total": str(from_minor(line.total, currency)),
    }


def _is_known(origin: str, external_id: str) -> bool:
    return Order.objects.filter(origin=origin, external_id=external_id).exists()


def _data(data: OrderIn, user: User) -> OrderData:
    currency = data.currency or Company.current().currency
    client_id = data.client_id
    if client_id is not None:
        client_id = get_object_or_404(Client.objects.visible_to(user).answering(client_id)).pk
    products = [line.product_id for line in data.lines if line.product_id]
    names = dict(Product.objects.visible_to(user).filter(pk__in=products).values_list("pk", "name"))
    return OrderData(
        kind=data.kind,
        number=data.number,
        external_id=data.external_id,
        client_id=client_id,
        ordered_at=data.ordered_at,
        status=data.status,
        currency=data.currency,
        discount=to_minor(data.discount, currency),
        comment=data.comment,
        delivery_method=data.delivery_method,
        delivery_address=data.delivery_address,
        promised_on=data.promised_on,
        own=from_outside(data.fields),
        lines=[
            LineData(
                name=line.name or names.get(line.product_id or 0, ""),
                product_id=line.product_id if line.product_id in names else None,
                quantity=round(line.quantity * 1000),
                price=price_to_scaled(line.price),
                discount=to_minor(line.discount, currency),
            )
            for line in data.lines
        ],
    )
