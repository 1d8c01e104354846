"""Work on a selection of orders or products at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients import facts
from orbita.commerce.models import Order, OrderLine, Product
from orbita.core.events import NewEvent, emit_many

CHUNK = 2000


def delete_orders(*, actor: User, orders: QuerySet[Order]) -> tuple[datetime, int]:
    """Moves the orders that the actor may delete to the bin, but not those with returns.

    Returns the moment, which names the batch for `restore_orders`, and how many went.
    """
    policy.require(actor, "orders.delete")
    now = timezone.now()
    live = Order.objects.alive().exclude(status=Order.Status.CANCELLED)
    mine = Order.objects.within(actor, "orders.delete").filter(
        pk__in=orders.order_by().values("pk")
    )
    free = mine.exclude(pk__in=live.filter(return_of__isnull=False).values("return_of"))
    gone = _change_orders(free, "order.deleted", actor, deleted_at=now, is_counted=False)
    return now, gone


def restore_orders(*, actor: User, deleted_at: datetime) -> int:
    """Takes a batch of `delete_orders` out of the bin; how many."""
    policy.require(actor, "orders.delete")
    batch = Order.objects.binned(actor, "orders.delete").filter(deleted_at=deleted_at)
    return _change_orders(batch, "order.restored", actor, deleted_at=None, is_counted=_counts())


def complete_orders(*, actor: User, orders: QuerySet[Order]) -> int:
    """Marks the orders as done that the actor may change and that are not cancelled; how many."""
    policy.require(actor, "orders.edit")
    mine = Order.objects.within(actor, "orders.edit").filter(pk__in=orders.order_by().values("pk"))
    open_ones = mine.filter(status__in=(Order.Status.NEW, Order.Status.CONFIRMED))
    return _change_orders(open_ones, "order.changed", actor, status=Order.Status.DONE)


def _counts() -> Any:
    lines = OrderLine.objects.filter(order_id=OuterRef("pk"), quantity__gt=0, price__gt=0)
    return Exists(
        Order.objects.exclude(status=Order.Status.CANCELLED).filter(pk=OuterRef("pk"))
    ) & (Exists(lines))


def _change_orders(orders: QuerySet[Order], kind: str, actor: User, **values: Any) -> int:
    """Updates in chunks, each a transaction of its own with its facts and events."""
    ids = list(orders.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), CHUNK):
        with transaction.atomic():
            _change_chunk(ids[start : start + CHUNK], kind, actor, values)
    return len(ids)


def _change_chunk(ids: Sequence[int], kind: str, actor: User, values: dict[str, Any]) -> None:
    chunk = list(Order.objects.select_for_update(no_key=True).filter(pk__in=ids))
    now = timezone.now()
    rows = Order.objects.filter(pk__in=[order.pk for order in chunk])
    rows.update(**values, version=F("version") + 1, updated_at=now)
    if "is_counted" in values:
        facts.refresh({order.client_id for order in chunk if order.client_id})
    emit_many(
        [
            NewEvent(
                kind,
                order.client_id,
                "order",
                order.pk,
                {
                    "number": order.number,
                    "kind": order.kind,
                    "total": order.total,
                    "currency": order.currency,
                }
                | _difference(order, values),
            )
            for order in chunk
        ],
        actor=actor,
    )


def _difference(order: Order, values: dict[str, Any]) -> dict[str, Any]:
    if "status" not in values:
        return {}
    return {"before": {"status": order.status}, "after": {"status": values["status"]}}


def delete_products(*, actor: User, products: QuerySet[Product]) -> tuple[datetime, int]:
    """Moves products to the bin; the moment names the batch for `restore_products`."""
    policy.require(actor, "products.edit")
    now = timezone.now()
    return now, _change_products(products, "product.deleted", actor, deleted_at=now)


def restore_products(*, actor: User, deleted_at: datetime) -> int:
    policy.require(actor, "products.edit")
    batch = Product.objects.in_bin().filter(deleted_at=deleted_at)
    return _change_products(batch, "product.restored", actor, deleted_at=None)


def put_on_sale(*, actor: User, products: QuerySet[Product], on_sale: bool) -> int:
    """Puts products on sale or takes them off; how many changed."""
    policy.require(actor, "products.edit")
    others = products.exclude(is_active=on_sale)
    return _change_products(others, "product.changed", actor, is_active=on_sale)


def _change_products(products: QuerySet[Product], kind: str, actor: User, **values: Any) -> int:
    with transaction.atomic():
        chosen = list(products.order_by("pk").values_list("pk", "name", "is_active"))
        rows = Product.objects.filter(pk__in=[pk for pk, _name, _active in chosen])
        rows.update(**values, version=F("version") + 1, updated_at=timezone.now())
        emit_many(
            [
                NewEvent(
                    kind,
                    None,
                    "product",
                    pk,
                    {"name": name}
                    | (
                        {
                            "before": {"is_active": active},
                            "after": {"is_active": values["is_active"]},
                        }
                        if "is_active" in values
                        else {}
                    ),
                )
                for pk, name, active in chosen
            ],
            actor=actor,
        )
    return len(chosen)
