"""Cursor paging by primary key: as fast on the last page as on the first, steady while rows arrive."""

from typing import Annotated, Any, Generic, TypeVar

import msgspec
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Schema
from pydantic import Field

from orbita.accounts import watching
from orbita.accounts.models import User
from orbita.core.rules import RuleError, compile_rule

Item = TypeVar("Item")
LONGEST_PAGE = 500
LAST_ID = 2**63 - 1


class Page(Schema, Generic[Item]):
    items: list[Item]
    next: str | None = Field(None, description="The cursor of the next page; null on the last one.")


class PageQuery(Schema):
    limit: int = Field(50, ge=1, le=LONGEST_PAGE)
    cursor: str | None = Field(
        None, pattern=r"^[0-9]{1,19}$", description="`next` of the page before."
    )
    filter: str | None = Field(
        None,
        max_length=20_000,
        description='A rule as in the lists: `{"all": [{"fact": "city", "op": "eq", "value": "Казань"}]}`.',
    )


PageParams = Annotated[PageQuery, Query()]
_encoder = msgspec.json.Encoder(enc_hook=str)


def page_of(
    rows: "QuerySet[Any, Any]", params: PageQuery, *, subject: str, actor: User
) -> tuple["QuerySet[Any, Any]", int]:
    """The rows of one page, one more than asked for so that the next page is known."""
    if params.filter:
        rows = rows.filter(compile_rule(subject, _decoded(params.filter), actor=actor))
    after = int(params.cursor) if params.cursor else 0
    if after > LAST_ID:
        raise RuleError(_("There is no such page."))
    return rows.filter(pk__gt=after).order_by("pk"), watching.most_rows(actor, params.limit)


def page_response(items: list[dict[str, Any]], limit: int) -> HttpResponse:
    """Encodes a page of plain dicts; a row beyond the limit only says that there is a next page."""
    following = str(items[limit - 1]["id"]) if len(items) > limit else None
    return json_response({"items": items[:limit], "next": following})


def json_response(data: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(_encoder.encode(data), status=status, content_type="application/json")


def _decoded(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        raise RuleError(_("The filter is not readable JSON.")) from None
