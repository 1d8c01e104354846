from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Router

from orbita.accounts import policy, watching
from orbita.accounts.models import User
from orbita.api.auth import actor
from orbita.api.idempotency import once
from orbita.api.paging import Page, PageParams, json_response, page_of, page_response
from orbita.api.problems import COMMON, WRITING
from orbita.api.schemas import DealFull, DealIn, DealMoveIn, DealPatch, DealRow, Pipelines, RowId
from orbita.clients.fields.values import from_outside, to_outside
from orbita.core.models import Company
from orbita.core.money import from_minor, to_minor
from orbita.work import actions
from orbita.work.confining import open_pipelines
from orbita.work.models import Deal, LossReason, Pipeline, Stage
from orbita.work.records import Closing, DealData

router = Router(tags=["deals"])
pipelines_router = Router(tags=["deals"])
FIELDS = (
    "id", "name", "client_id", "pipeline_id", "stage_id", "state", "stage_since", "currency",
    "amount", "expected_on", "source_id", "responsible_id", "next_step", "next_step_on",
    "loss_reason_id", "come_back_on", "order_id", "repeats_id", "created_at", "closed_at",
    "updated_at", "version", "own",
)  # fmt: skip

_NAMES = {
    "client": "client_id",
    "stage": "stage_id",
    "source": "source_id",
    "responsible": "responsible_id",
    "helpers": "helper_ids",
    "reason": "loss_reason_id",
}


def as_json(row: dict[str, Any], user: User) -> dict[str, Any]:
    row["fields"] = to_outside("deal", row.pop("own"), user)
    row["amount"] = _sum(row["amount"], row["currency"])
    return row


@router.get("", response={200: Page[DealRow], **COMMON}, summary="List deals")
def list_deals(request: HttpRequest, params: PageParams) -> HttpResponse:
    """Deals that the token's user may see, without the recycle bin."""
    user = actor(request)
    policy.require(user, "deals.view")
    rows, limit = page_of(Deal.objects.visible_to(user), params, subject="deal", actor=user)
    found = [as_json(row, user) for row in rows.values(*FIELDS)[: limit + 1]]
    watching.note_rows(user, min(len(found), limit))
    return page_response(found, limit)


@router.get("/{deal_id}", response={200: DealFull, **COMMON}, summary="Get a deal")
def get_deal(request: HttpRequest, deal_id: RowId) -> HttpResponse:
    """The deal with its helpers and its way through the stages, the oldest first."""
    user = actor(request)
    return json_response(full(user, visible(user, deal_id)))


@router.post("", response={201: DealFull, **WRITING}, summary="Add a deal")
@once
def add_deal(request: HttpRequest, data: DealIn) -> tuple[int, Any]:
    """A new deal in the named stage, else in the first of the named pipeline, else of the first
    pipeline. Without a name it is called after its client.
    """
    user = actor(request)
    given = data.dict(exclude_unset=True)
    currency = data.currency or Company.current().currency
    with _as_named():
        deal = actions.create_deal(actor=user, data=DealData(**_values(given, currency)))
    return 201, full(user, visible(user, deal.pk))


@router.patch("/{deal_id}", response={200: DealFull, **WRITING}, summary="Change a deal")
def change_deal(request: HttpRequest, deal_id: RowId, data: DealPatch) -> HttpResponse:
    """Changes the fields that are given; null empties one. The stage is changed by `move`.

    With `version`, a deal that somebody else changed since is a conflict.
    """
    user = actor(request)
    deal = visible(user, deal_id)
    given = data.dict(exclude_unset=True)
    version = given.pop("version", None)
    currency = given.get("currency") or deal.currency
    if "amount" not in given and currency != deal.currency and deal.amount is not None:
        given["amount"] = from_minor(deal.amount, deal.currency)
    values = _kept(deal) | _values(given, currency)
    with _as_named():
        actions.update_deal(actor=user, deal=deal, data=DealData(**values), version=version)
    return json_response(full(user, visible(user, deal_id)))


@router.post("/{deal_id}/move", response={200: DealFull, **WRITING}, summary="Move a deal")
@once
def move_deal(request: HttpRequest, deal_id: RowId, data: DealMoveIn) -> tuple[int, Any]:
    """Moves the deal to a stage of any pipeline; what the stage asks for must be filled in, a lost
    deal needs `loss_reason_id`.

    With `seen_stage_id`, a deal that somebody else moved since is a conflict and stays where it is.
    """
    user = actor(request)
    deal = visible(user, deal_id)
    stage = Stage.objects.filter(pk=data.stage_id).first()
    if stage is None:
        raise ValidationError({"stage_id": _("There is no such stage.")})
    closing = Closing(
        reason_id=data.loss_reason_id, comment=data.comment, come_back_on=data.come_back_on
    )
    with _as_named():
        actions.move_deal(
            actor=user, deal=deal, stage=stage, seen=data.seen_stage_id, closing=closing
        )
    return 200, full(user, visible(user, deal_id))


@router.delete("/{deal_id}", response={204: None, **WRITING}, summary="Delete a deal")
def delete_deal(request: HttpRequest, deal_id: RowId) -> HttpResponse:
    """Puts the deal into the recycle bin."""
    user = actor(request)
    actions.delete_deal(actor=user, deal=visible(user, deal_id))
    return HttpResponse(status=204)


@pipelines_router.get("", response={200: Pipelines, **COMMON}, summary="List pipelines")
def list_pipelines(request: HttpRequest) -> HttpResponse:
    """Pipelines with their stages in order, and the reasons why deals are lost. What is out of use
    is there too, for the deals that name it.
    """
    user = actor(request)
    policy.require(user, "deals.view")
    stages: dict[int, list[dict[str, Any]]] = {}
    for stage in Stage.objects.order_by("position", "pk"):
        stages.setdefault(stage.pipeline_id, []).append(_stage(stage))
    return json_response(
        {
            "pipelines": [
                {
                    "id": pipeline.pk,
                    "name": pipeline.name,
                    "in_use": pipeline.archived_at is None,
                    "stages": stages.get(pipeline.pk, []),
                }
                for pipeline in Pipeline.objects.filter(open_pipelines(user))
            ],
            "loss_reasons": [
                {
                    "id": reason.pk,
                    "parent_id": reason.parent_id,
                    "name": reason.name,
                    "in_use": reason.archived_at is None,
                }
                for reason in LossReason.objects.all()
            ],
        }
    )


def _stage(stage: Stage) -> dict[str, Any]:
    names = ("name", "kind", "colour", "probability", "limit_days", "required")
    return {
        "id": stage.pk,
        **{name: getattr(stage, name) for name in names},
        "in_use": stage.removed_at is None,
    }


def visible(user: User, deal_id: int) -> Deal:
    return get_object_or_404(Deal.objects.visible_to(user).select_related("client"), pk=deal_id)


def full(user: User, deal: Deal) -> dict[str, Any]:
    row = as_json({name: getattr(deal, name) for name in FIELDS}, user)
    return row | {
        "comment": deal.comment,
        "helper_ids": _helpers(deal),
        "stays": list(deal.stays.order_by("n").values("stage_id", "entered_at", "left_at")),
    }


@contextmanager
def _as_named() -> Iterator[None]:
    """Tells what the actions refuse under the names that the fields have here."""
    try:
        yield
    except ValidationError as error:
        if not hasattr(error, "error_dict"):
            raise
        raise ValidationError(
            {_NAMES.get(name, name): items for name, items in error.error_dict.items()}
        ) from None


def _helpers(deal: Deal) -> list[int]:
    return sorted(deal.helpers.values_list("pk", flat=True))


def _sum(minor: int | None, currency: str) -> str | None:
    return None if minor is None else str(from_minor(minor, currency))


def _values(given: dict[str, Any], currency: str) -> dict[str, Any]:
    """What came in, in the shape of the actions."""
    values = dict(given)
    values["own"] = from_outside(values.pop("fields", None))
    if values.get("amount") is not None:
        values["amount"] = to_minor(values["amount"], currency)
    return values


def _kept(deal: Deal) -> dict[str, Any]:
    names = (
        *("name", "client_id", "amount", "currency", "expected_on", "source_id"),
        *("responsible_id", "next_step", "next_step_on", "comment"),
    )
    return {name: getattr(deal, name) for name in names} | {"helper_ids": _helpers(deal)}
