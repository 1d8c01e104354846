from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from orbita.accounts import policy
from orbita.api.auth import actor
from orbita.api.paging import json_response
from orbita.api.problems import COMMON
from orbita.api.schemas import OwnFieldRow
from orbita.clients.fields.known import seen
from orbita.clients.models import FieldDefinition

router = Router(tags=["fields"])
VIEWS = {
    "client": "clients.view",
    "order": "orders.view",
    "product": "products.view",
    "deal": "deals.view",
}


@router.get("", response={200: list[OwnFieldRow], **COMMON}, summary="List own fields")
def list_fields(request: HttpRequest) -> HttpResponse:
    """The own fields of clients, orders, products and deals that the token's user may see."""
    user = actor(request)
    rows = [
        _row(field, user)
        for subject, permission in VIEWS.items()
        if policy.allows(user, permission)
        for field in seen(subject, user)
    ]
    return json_response(rows)


def _row(field: FieldDefinition, user: Any) -> dict[str, Any]:
    names = ("subject", "key", "label", "kind", "group", "help", "holder")
    return {name: getattr(field, name) for name in names} | {
        "is_required": field.required == FieldDefinition.Required.ALWAYS,
        "is_unique": field.is_unique,
        "is_filterable": field.is_filterable,
        "is_compared": field.is_compared,
        "may_change": field.is_changed_by(user),
        "options": [
            {name: option.get(name, "") for name in ("key", "label", "colour")}
            for option in field.live_options
        ],
    }
