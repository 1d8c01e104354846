from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from pydantic import Field, StringConstraints

from orbita.accounts import watching
from orbita.api.auth import actor
from orbita.api.paging import json_response
from orbita.api.problems import COMMON
from orbita.api.schemas import NO_NUL
from orbita.ui.menu import found_by

router = Router(tags=["search"])
Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=NO_NUL)
]


class Hit(Schema):
    kind: str
    id: int | None
    external_id: str | None
    title: str
    subtitle: str
    why: str
    url: str


class Found(Schema):
    query: str
    hits: list[Hit]


@router.get("", response={200: Found, **COMMON}, summary="Search everything")
def search(
    request: HttpRequest, q: Query[Text], limit: Annotated[int, Query(), Field(ge=1, le=100)] = 10
) -> HttpResponse:
    """What the search box finds: clients, notes, orders and products, at most `limit` of each kind.

    Forgives typos, the wrong keyboard layout, transliteration and everyday forms of names. Only
    what the token's user may see; `why` says in words by what it was found.
    """
    user = actor(request)
    watching.note(user, watching.SEARCH)
    hits = [
        {name: getattr(hit, name) for name in Hit.model_fields}
        for _provider, found in found_by(user, q, limit)
        for hit in found
    ]
    return json_response({"query": q, "hits": hits})
