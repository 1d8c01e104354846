from decimal import Decimal
from typing import Any

from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Router

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.api.auth import actor
from orbita.api.idempotency import once
from orbita.api.paging import Page, PageParams, json_response, page_of, page_response
from orbita.api.problems import COMMON, WRITING
from orbita.api.schemas import ProductIn, ProductPatch, ProductRow, RowId
from orbita.clients.fields.values import from_outside, to_outside
from orbita.commerce import actions
from orbita.commerce.actions.catalogue import ProductData
from orbita.commerce.models import Product
from orbita.core.money import price_to_scaled, scaled_to_price

router = Router(tags=["products"])


def product_rows(products: Any) -> Any:
    return products.values(
        "id", "kind", "name", "sku", "unit", "currency", "price", "cost", "is_active", "version", "own",
        group_name=F("group__name"),
    )  # fmt: skip


def as_json(row: dict[str, Any], user: User, *, costs: bool) -> dict[str, Any]:
    row["fields"] = to_outside("product", row.pop("own"), user)
    row["group"] = row.pop("group_name")
    row["price"] = decimal_text(row["price"])
    row["cost"] = decimal_text(row["cost"]) if costs else None
    return row


def decimal_text(scaled: int | None) -> str | None:
    return None if scaled is None else format(scaled_to_price(scaled).normalize(), "f")


@router.get("", response={200: Page[ProductRow], **COMMON}, summary="List products")
def list_products(request: HttpRequest, params: PageParams) -> HttpResponse:
    """The catalogue, without products in the recycle bin."""
    user = actor(request)
    policy.require(user, "products.view")
    rows, limit = page_of(Product.objects.visible_to(user), params, subject="product", actor=user)
    costs = policy.allows(user, "commerce.costs")
    return page_response(
        [as_json(row, user, costs=costs) for row in product_rows(rows)[: limit + 1]], limit
    )


@router.get("/{product_id}", response={200: ProductRow, **COMMON}, summary="Get a product")
def get_product(request: HttpRequest, product_id: RowId) -> HttpResponse:
    return json_response(one(request, product_id))


def one(request: HttpRequest, product_id: int) -> dict[str, Any]:
    user = actor(request)
    row = get_object_or_404(product_rows(Product.objects.visible_to(user)), pk=product_id)
    return as_json(dict(row), user, costs=policy.allows(user, "commerce.costs"))


@router.post("", response={201: ProductRow, **WRITING}, summary="Add a product")
@once
def add_product(request: HttpRequest, data: ProductIn) -> tuple[int, Any]:
    """Adds a good or a service. An article that another product has is a conflict."""
    product = actions.save_product(actor=actor(request), data=_data(data.dict()))
    return 201, one(request, product.pk)


@router.patch("/{product_id}", response={200: ProductRow, **WRITING}, summary="Change a product")
def change_product(request: HttpRequest, product_id: RowId, data: ProductPatch) -> HttpResponse:
    """Changes the fields that are given. With `version`, only when nobody changed it meanwhile."""
    user = actor(request)
    product = get_object_or_404(
        Product.objects.visible_to(user).select_related("group"), pk=product_id
    )
    given = data.dict(exclude_unset=True)
    version = given.pop("version", None)
    present = {
        "name": product.name,
        "kind": product.kind,
        "sku": product.sku,
        "group": product.group.name if product.group else "",
        "unit": product.unit,
        "currency": product.currency,
        "price": product.price,
        "cost": product.cost,
        "is_active": product.is_active,
        "description": product.description,
    }
    actions.save_product(
        actor=user, product=product, data=ProductData(**present | _plain(given)), version=version
    )
    return json_response(one(request, product_id))


def _data(given: dict[str, Any]) -> ProductData:
    return ProductData(**_plain(given))


def _plain(given: dict[str, Any]) -> dict[str, Any]:
    """Prices in 1/10 000 of the major unit, as the actions take them."""
    given["own"] = from_outside(given.pop("fields", None))
    for name in ("price", "cost"):
        if isinstance(given.get(name), Decimal):
            given[name] = price_to_scaled(given[name])
    return given
