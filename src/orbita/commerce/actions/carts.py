"""Carts and product views, as a site or a shop reports them."""

from dataclasses import replace
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.aliases import settle
from orbita.clients.confining import require_within
from orbita.clients.models import Client
from orbita.commerce.actions.checking import fault
from orbita.commerce.actions.orders import create_order
from orbita.commerce.models import Cart, CartLine, Order, Product, ProductView
from orbita.commerce.records import LineData, OrderData
from orbita.commerce.sums import line_sum
from orbita.core.events import NewEvent, emit, emit_many
from orbita.core.models import Company

ABANDONED_AFTER = timedelta(hours=3)
AT_ONCE = 500


def create_or_update_cart(
    *,
    actor: User,
    external_id: str,
    lines: list[LineData],
    client: Client | None = None,
    origin: str = "",
    currency: str = "",
    changed_at: datetime | None = None,
) -> Cart:
    """The cart known by (origin, external id), put into the given state; the same twice is once.

    A cart that became an order changes no more. One without a client may get one later.
    """
    policy.require(actor, "orders.edit", client)
    currency = (currency or Company.current().currency).upper()
    external_id = external_id.strip()
    if not external_id or len(external_id) > 100 or len(origin) > 60:
        raise ValidationError({"external_id": _("Enter the number of the cart.")})
    sentence = fault(OrderData(lines=lines, currency=currency))
    if sentence or any(line.quantity <= 0 or line.price < 0 for line in lines):
        raise ValidationError({"lines": str(sentence or _("Quantity must be above zero."))})
    with transaction.atomic():
        known = Cart.objects.select_for_update(of=("self",), no_key=True)
        cart = known.filter(origin=origin, external_id=external_id).first()
        if cart and cart.client:  # a number is easily guessed
            policy.require(actor, "orders.edit", cart.client)
            require_within(actor, cart.client)
        if cart and cart.order_id:
            return cart
        cart = cart or Cart(origin=origin, external_id=external_id)
        before = (cart.client_id, cart.currency, _content(cart)) if cart.pk else None
        cart.client, cart.currency = client or cart.client, currency
        rows = _rows(lines)
        after = (cart.client_id, currency, [_of(row) for row in rows])
        if before == after:
            return cart
        cart.total = sum(line_sum(row.price, row.quantity, currency) for row in rows)
        cart.changed_at, cart.abandoned_at = changed_at or timezone.now(), None
        cart.save()
        cart.lines.all().delete()
        for row in rows:
            row.cart = cart
        CartLine.objects.bulk_create(rows)
        if client:
            settle([client.pk])
        _emit("cart.changed", cart, actor)
    return cart


def order_cart(*, actor: User, cart: Cart, data: OrderData | None = None) -> Order:
    """Makes the order that the cart became; `data` may add delivery and the like to its lines."""
    with transaction.atomic():
        cart = Cart.objects.select_for_update(of=("self",), no_key=True).get(pk=cart.pk)
        if cart.order:
            return cart.order
        data = replace(
            data or OrderData(),
            client_id=cart.client_id,
            currency=cart.currency,
            lines=[
                LineData(
                    name=line.name,
                    product_id=line.product_id,
                    quantity=line.quantity,
                    price=line.price,
                )
                for line in cart.lines.all()
            ],
        )
        order = create_order(actor=actor, data=data)
        cart.order, cart.abandoned_at = order, None
        cart.save(update_fields=["order", "abandoned_at"])
    return order


def mark_abandoned_carts(*, actor: User | None, now: datetime | None = None) -> int:
    """Marks carts untouched for three hours, telling each on its client's timeline; how many."""
    now = now or timezone.now()
    with transaction.atomic():
        forgotten = list(
            Cart.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(
                order=None, abandoned_at=None, changed_at__lt=now - ABANDONED_AFTER, total__gt=0
            )
            .order_by("changed_at")[:AT_ONCE]
        )
        for cart in forgotten:
            cart.abandoned_at = cart.changed_at + ABANDONED_AFTER
        Cart.objects.bulk_update(forgotten, ["abandoned_at"])
        emit_many(
            [
                NewEvent(
                    "cart.abandoned",
                    cart.client_id,
                    "cart",
                    cart.pk,
                    {"total": cart.total, "currency": cart.currency},
                    # Told when it became so: a site that was away reports late.
                    happened_at=cart.abandoned_at,
                )
                for cart in forgotten
            ],
            actor=actor,
        )
    return len(forgotten)


def add_product_view(
    *, actor: User, client: Client, product: Product, viewed_at: datetime | None = None
) -> ProductView:
    """Keeps that the client looked at the product."""
    policy.require(actor, "orders.edit", client)
    with transaction.atomic():
        view = ProductView.objects.create(
            client=client, product=product, viewed_at=viewed_at or timezone.now()
        )
        settle([client.pk])
        emit(
            "product.viewed",
            actor=actor,
            client_id=client.pk,
            subject_type="product",
            subject_id=product.pk,
            happened_at=view.viewed_at,
            data={"product": product.name},
        )
    return view


def _rows(lines: list[LineData]) -> list[CartLine]:
    products = Product.objects.in_bulk([line.product_id for line in lines if line.product_id])
    rows = []
    for place, line in enumerate(lines, start=1):
        product = products.get(line.product_id) if line.product_id else None
        if line.product_id and product is None:
            raise ValidationError({"lines": _("There is no such product.")})
        rows.append(
            CartLine(
                ordinal=line.ordinal if line.ordinal is not None else place,
                product=product,
                name=line.name or (product.name if product else ""),
                quantity=line.quantity,
                price=line.price,
            )
        )
    return rows


def _of(line: CartLine) -> tuple[object, ...]:
    return (line.ordinal, line.product_id, line.name, line.quantity, line.price)


def _content(cart: Cart) -> list[tuple[object, ...]]:
    return [_of(line) for line in cart.lines.all()]


def _emit(kind: str, cart: Cart, actor: User) -> None:
    emit(
        kind,
        actor=actor,
        client_id=cart.client_id,
        subject_type="cart",
        subject_id=cart.pk,
        happened_at=cart.changed_at,
        data={
            "total": cart.total,
            "currency": cart.currency,
            "lines": cart.lines.count(),
        },
    )
