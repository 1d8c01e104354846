from pathlib import PurePath
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from ninja import File, Form, Router, Schema, UploadedFile
from pydantic import Field

from orbita.accounts import policy
from orbita.api.auth import actor
from orbita.api.idempotency import once
from orbita.api.paging import Page, PageParams, json_response, page_of, page_response
from orbita.api.problems import COMMON, WRITING
from orbita.api.schemas import ImportRow, RowId
from orbita.gateways import actions
from orbita.gateways.files.errors import FileError
from orbita.gateways.models import Import

router = Router(tags=["imports"])
FIELDS = (
    "id", "file_name", "status", "match", "on_match", "source", "total", "created", "updated",
    "unchanged", "rejected", "error", "created_at", "started_at", "finished_at", "undone_at",
)  # fmt: skip


class ImportIn(Schema):
    kind: Literal["auto", "clients", "orders", "sales", "products"] = "auto"
    match: Annotated[
        str,
        Field(
            pattern=r"^(external_id|phone|email|inn)(,(external_id|phone|email|inn))*$",
            description="Keys that find known clients, separated by commas.",
        ),
    ] = "external_id"
    on_match: Literal["skip", "fill", "overwrite"] = "fill"
    source: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00]*$")] = "file"


@router.get("", response={200: Page[ImportRow], **COMMON}, summary="List imports")
def list_imports(request: HttpRequest, params: PageParams) -> HttpResponse:
    user = actor(request)
    policy.require(user, "clients.import")
    rows, limit = page_of(Import.objects.visible_to(user), params, subject="import", actor=user)
    return page_response(list(rows.values(*FIELDS)[: limit + 1]), limit)


@router.get("/{import_id}", response={200: ImportRow, **COMMON}, summary="How an import goes")
def get_import(request: HttpRequest, import_id: RowId) -> HttpResponse:
    """The counters are of source rows: created + updated + unchanged + rejected = rows of the file."""
    return json_response(_one(request, import_id))


@router.post("", response={202: ImportRow, **WRITING}, summary="Import a file")
@once
def add_import(
    request: HttpRequest, data: Form[ImportIn], file: File[UploadedFile]
) -> tuple[int, Any]:
    """Takes a workbook or a text table, recognises its columns and runs in the background."""
    user = actor(request)
    name = PurePath(file.name or "file").name
    row = actions.receive_file(actor=user, chunks=file.chunks(), name=name)
    try:
        actions.propose_mapping(actor=user, row=row, kind=data.kind)
    except FileError:
        actions.discard_import(actor=user, row=row)
        raise
    row = actions.configure_import(
        actor=user, row=row, match=data.match.split(","), on_match=data.on_match, source=data.source
    )
    actions.start_import(actor=user, row=row)
    return 202, _one(request, row.pk)


@router.post("/{import_id}/undo", response={202: ImportRow, **WRITING}, summary="Undo an import")
@once
def undo_import(request: HttpRequest, import_id: RowId) -> tuple[int, Any]:
    """Takes back in the background what still is as the import left it."""
    user = actor(request)
    row = get_object_or_404(Import.objects.visible_to(user), pk=import_id)
    actions.undo_import(actor=user, row=row)
    return 202, _one(request, import_id)


def _one(request: HttpRequest, import_id: int) -> dict[str, Any]:
    rows = Import.objects.visible_to(actor(request))
    return dict(get_object_or_404(rows.values(*FIELDS), pk=import_id))
