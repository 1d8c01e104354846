from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Router

from orbita.accounts.models import User
from orbita.api.auth import actor
from orbita.api.idempotency import once
from orbita.api.paging import json_response
from orbita.api.problems import WRITING
from orbita.api.schemas import CartIn, CartRow, ProductViewIn, ProductViewRow
from orbita.clients.models import Client
from orbita.commerce import actions
from orbita.commerce.models import Cart, Product
from orbita.commerce.records import LineData
from orbita.core.money import from_minor, price_to_scaled

router = Router(tags=["carts"])


@router.put("/carts", response={200: CartRow, **WRITING}, summary="Put a cart")
def put_cart(request: HttpRequest, data: CartIn) -> HttpResponse:
    """Makes the cart known by (origin, external_id) or puts it into the given state."""
    user = actor(request)
    products = Product.objects.visible_to(user).in_bulk(
        [line.product_id for line in data.lines if line.product_id]
    )
    cart = actions.create_or_update_cart(
        actor=user,
        external_id=data.external_id,
        origin=data.origin,
        client=_client(user, data.client_id),
        currency=data.currency,
        lines=[
            LineData(
                name=line.name,
                product_id=line.product_id if line.product_id in products else None,
                quantity=round(line.quantity * 1000),
                price=price_to_scaled(line.price),
            )
            for line in data.lines
        ],
    )
    return json_response(_as_json(cart))


@router.post(
    "/product-views", response={201: ProductViewRow, **WRITING}, summary="Record a product view"
)
@once
def add_product_view(request: HttpRequest, data: ProductViewIn) -> tuple[int, Any]:
    """Keeps that a client looked at a product."""
    user = actor(request)
    view = actions.add_product_view(
        actor=user,
        client=get_object_or_404(Client.objects.visible_to(user).answering(data.client_id)),
        product=get_object_or_404(Product.objects.visible_to(user), pk=data.product_id),
        viewed_at=data.viewed_at,
    )
    return 201, {
        "id": view.pk,
        "client_id": view.client_id,
        "product_id": view.product_id,
        "viewed_at": view.viewed_at,
    }


def _client(user: User, client_id: int | None) -> Client | None:
    if client_id is None:
        return None
    return get_object_or_404(Client.objects.visible_to(user).answering(client_id))


def _as_json(cart: Cart) -> dict[str, Any]:
    return {
        "id": cart.pk,
        "origin": cart.origin,
        "external_id": cart.external_id,
        "client_id": cart.client_id,
        "currency": cart.currency,
        "total": str(from_minor(cart.total, cart.currency)),
        "order_id": cart.order_id,
    }
