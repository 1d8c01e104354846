from typing import Any

from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from ninja import Router

from orbita.accounts import policy, watching
from orbita.analytics.models import RfmRun, RfmScore
from orbita.analytics.rfm.groups import GROUPS
from orbita.api.auth import actor
from orbita.api.paging import Page, PageParams, json_response, page_of, page_response
from orbita.api.problems import COMMON
from orbita.api.schemas import RfmOverview, RfmRow
from orbita.clients.models import Client, ExternalId
from orbita.core.models import Company
from orbita.core.money import from_minor

router = Router(tags=["rfm"])


@router.get("", response={200: RfmOverview, **COMMON}, summary="How the scores were made")
def overview(request: HttpRequest) -> HttpResponse:
    """The day, the settings and the cut points of the last calculation, and the named groups."""
    policy.require(actor(request), "analytics.view")
    run = RfmRun.current()
    return json_response(
        {
            "as_of": run.as_of,
            "computed_at": run.computed_at,
            "settings": run.settings,
            "cut_points": run.edges,
            "groups": [{"key": key, "name": str(group.label)} for key, group in GROUPS.items()],
        }
    )


@router.get("/scores", response={200: Page[RfmRow], **COMMON}, summary="List the scores of clients")
def scores(request: HttpRequest, params: PageParams) -> HttpResponse:
    """One row per client who has bought, as of the last calculation."""
    user = actor(request)
    policy.require(user, "analytics.view")
    clients, limit = page_of(Client.objects.visible_to(user), params, subject="client", actor=user)
    primary = ExternalId.objects.filter(client=OuterRef("client"), is_primary=True).values("value")
    rows = (
        RfmScore.objects.filter(client__in=clients.order_by())
        .order_by("client_id")
        .values(
            "client_id",
            "last_on",
            "frequency",
            "monetary",
            "r",
            "f",
            "m",
            "group",
            external_id=Subquery(primary[:1]),
        )
    )
    currency = Company.current().currency
    found = [_as_json(dict(row), currency) for row in rows[: limit + 1]]
    watching.note_rows(user, min(len(found), limit))
    return page_response(found, limit)


def _as_json(row: dict[str, Any], currency: str) -> dict[str, Any]:
    row["id"] = row.pop("client_id")
    row["monetary"] = str(from_minor(row["monetary"], currency))
    return row
