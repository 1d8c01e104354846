"""The page where a file is brought, and what was brought before."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orbita.accounts import policy
from orbita.gateways import actions
from orbita.gateways.meanings import KIND_LABELS
from orbita.gateways.models import Import
from orbita.gateways.uploads import ToDisk, check_room
from orbita.gateways.views.common import (
    PERMISSION,
    REFUSALS,
    counted,
    me,
    own_import,
    sentence,
)
from orbita.ui import toasts

PAGE = 20
SAMPLES = {
    "salon.xlsx": gettext_noop("a workbook of a nail salon"),
    "sales-cp1251.csv": gettext_noop("a table of sales"),
}
_TONES = {
    Import.Status.DONE: "good",
    Import.Status.FAILED: "bad",
    Import.Status.CANCELLED: "warn",
    Import.Status.UNDONE: "mute",
    Import.Status.DRAFT: "mute",
}


# The token is checked below, once the size is: Django would read the file to find it.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """The way in for files. A file that cannot be read is refused here, in one sentence."""
    policy.require(request.user, PERMISSION)
    if request.method != "POST":
        return _page(request)
    try:
        check_room(request)
    except REFUSALS as error:
        return _page(request, sentence(error), 413)
    request.upload_handlers = [ToDisk(request)]
    return _receive(request)


@csrf_protect
def _receive(request: HttpRequest) -> HttpResponse:
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        return _page(request, _("Choose a file first."), 422)
    row = None
    try:
        row = actions.receive_file(
            actor=me(request), chunks=file.chunks(1 << 20), name=file.name or ""
        )
        actions.propose_mapping(actor=me(request), row=row)
    except REFUSALS as error:
        if row:
            actions.discard_import(actor=me(request), row=row)
        return _page(request, f"{file.name}: {sentence(error)}", 422)
    return redirect("gateways:import-columns", row.pk)


def _page(request: HttpRequest, error: str = "", status: int = 200) -> HttpResponse:
    before = counted(request.GET.get("before"))
    found = Import.objects.visible_to(me(request)).select_related("actor")
    if before:
        found = found.filter(pk__lt=before)
    rows = list(found.defer("state")[: PAGE + 1])
    context = {
        "error": error,
        "imports": [_line(row) for row in rows[:PAGE]],
        "more": rows[PAGE - 1].pk if len(rows) > PAGE else None,
        "later": bool(before),
        "samples": samples(),
    }
    return render(request, "gateways/start.html", context, status=status)


def _line(row: Import) -> dict[str, Any]:
    """An import in the table of earlier ones."""
    return {
        "row": row,
        "kind": KIND_LABELS.get(row.kind, ""),
        "state": row.get_status_display(),
        "tone": _TONES.get(Import.Status(row.status), ""),
        "url_name": "gateways:import-columns"
        if row.status == Import.Status.DRAFT
        else "gateways:import-result",
        "is_draft": row.status == Import.Status.DRAFT,
    }


def samples() -> list[tuple[str, str]]:
    """The files to try the import on, where there are some: name and what it is."""
    folder = Path(settings.ORBITA_DATA) / "samples"
    return [(name, _(words)) for name, words in SAMPLES.items() if (folder / name).is_file()]


@require_safe
def sample(request: HttpRequest, name: str) -> HttpResponse | FileResponse:
    policy.require(request.user, PERMISSION)
    if name not in dict(samples()):
        raise Http404
    path = Path(settings.ORBITA_DATA) / "samples" / name
    return FileResponse(path.open("rb"), as_attachment=True, filename=name)


@require_POST
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Forgets a file that was brought and not loaded."""
    row = own_import(request, pk)
    try:
        with transaction.atomic():
            actions.discard_import(actor=me(request), row=row)
    except REFUSALS as error:
        toasts.failure(request, sentence(error))
        return redirect("gateways:import-result", pk)
    toasts.info(request, _("The file “%(name)s” was not loaded.") % {"name": row.file_name})
    return redirect("gateways:import")
