"""How an import goes, what it did, and the way back."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from orbita.clients.models import Client
from orbita.core.sentences import say
from orbita.gateways import actions, meanings
from orbita.gateways.exports.rejected import rejected_workbook
from orbita.gateways.files.errors import FileError
from orbita.gateways.files.source import sample
from orbita.gateways.models import Import, ImportChange, ImportRow
from orbita.gateways.views.columns import card_url
from orbita.gateways.views.common import REFUSALS, counted, me, own_import, sentence
from orbita.ui import formats, toasts
from orbita.ui.lists import LISTS, address_of
from orbita.ui.menu import MENU, address, permitted

PAGE = 50
MOST_SHOWN_CELLS = 12
MOST_NOTED = 20
Status = Import.Status


@require_safe
def result(request: HttpRequest, pk: int) -> HttpResponse:
    """The page of one import from its start to its undo; `part=progress` is its moving part."""
    row = own_import(request, pk)
    if row.status == Status.DRAFT:
        return redirect("gateways:import-columns", pk)
    if request.GET.get("part") == "sheets":
        return render(request, "gateways/_sheets.html", {"row": row, "sheets": _other_sheets(row)})
    if request.GET.get("part") == "progress":
        if not row.is_active:
            return HttpResponse(headers={"HX-Refresh": "true"})
        return render(request, "gateways/_progress.html", {"row": row, "progress": _progress(row)})
    context: dict[str, Any] = {"row": row, "kind": meanings.KIND_LABELS.get(row.kind, "")}
    if row.is_active:
        context["progress"] = _progress(row)
    else:
        context |= _outcome(request, row)
    return render(request, "gateways/result.html", context)


def _progress(row: Import) -> dict[str, Any]:
    """Where it is, in words and as a share of a hundred; no share while it waits."""
    if row.status == Status.UNDOING:
        total, done = row.changes.count(), row.undone + row.kept
    else:
        total, done = row.total, row.done
    share = None if row.status == Status.QUEUED else min(99, done * 100 // total) if total else 0
    return {
        "share": share,
        "done": formats.number(done),
        "total": formats.number(total),
        "undoing": row.status == Status.UNDOING,
        "took": formats.duration(timezone.now() - row.started_at) if row.started_at else "",
    }


def _outcome(request: HttpRequest, row: Import) -> dict[str, Any]:
    undone = row.status == Status.UNDONE
    context: dict[str, Any] = {
        "equation": _equation(row),
        "made": [] if undone else _made(row),
        "took": formats.duration(row.finished_at - row.started_at)
        if row.finished_at and row.started_at
        else "",
        "rejected": _rejected(request, row),
        "noted": [] if undone else _noted(request, row),
        "kept": _kept(request, row) if undone else [],
        "more_noted": max(0, row.noted - MOST_NOTED),
        "next": _next_steps(request, row),
        "undo_words": _undo_words(row),
    }
    return context


def _equation(row: Import) -> list[tuple[str, str, str]]:
    """Number, word and tone of what the rows of the file became."""
    found = [
        (row.created, _("new"), "good" if row.created else ""),
        (row.updated, _("supplemented"), ""),
        (row.unchanged, _("already known"), ""),
        (row.rejected, _("left out"), "bad" if row.rejected else ""),
    ]
    return [(formats.number(count), word, tone) for count, word, tone in found]


def _made(row: Import) -> list[str]:
    """«198 cards, 390 orders»: what there is now that was not, and what changed."""
    counts = {
        (each["subject"], each["is_new"]): each["n"]
        for each in row.changes.values("subject", "is_new").order_by().annotate(n=Count("pk"))
    }
    found = []
    for is_new in (True, False):
        for subject in ImportChange.Subject.values:
            if count := counts.get((subject, is_new)):
                words = _thing(subject, count)
                found.append(words if is_new else _("%(what)s changed") % {"what": words})
    return found


def _thing(subject: str, count: int) -> str:
    if subject == ImportChange.Subject.CLIENT:
        words = ngettext("%(n)s card", "%(n)s cards", count)
    elif subject == ImportChange.Subject.ORDER:
        words = ngettext("%(n)s order", "%(n)s orders", count)
    elif subject == ImportChange.Subject.PRODUCT:
        words = ngettext("%(n)s product", "%(n)s products", count)
    elif subject in (ImportChange.Subject.RELATION, ImportChange.Subject.SAID):
        words = ngettext("%(n)s recommendation", "%(n)s recommendations", count)
    elif subject == ImportChange.Subject.CONSENT:
        words = ngettext("%(n)s answer about advertising", "%(n)s answers about advertising", count)
    elif subject == ImportChange.Subject.FIELD:
        words = ngettext("%(n)s own field", "%(n)s own fields", count)
    else:
        words = ngettext("%(n)s sum of earlier purchases", "%(n)s sums of earlier purchases", count)
    return words % {"n": formats.number(count)}


def _other_sheets(row: Import) -> list[tuple[str, int]]:
    """The sheets of the same file that nobody has loaded yet, with the rows they have."""
    if not row.path.is_file():
        return []
    alike = Import.objects.filter(sha256=row.sha256).exclude(status=Status.UNDONE)
    loaded = {(each.mapping or {}).get("sheet") for each in alike}
    try:
        found = sample(row.path, rows=2)
    except FileError:
        return []
    return [
        (sheet.name, sheet.height)
        for sheet in found.sheets
        if sheet.height > 1 and not sheet.hidden and sheet.name not in loaded
    ]


def _undo_words(row: Import) -> str:
    if not row.may_undo:
        return ""
    return _(
        "New cards and purchases of this file will go, changed ones will be as they were before. "
        "What was edited after the import stays, and you will see a list of it."
    )


def _rejected(request: HttpRequest, row: Import) -> dict[str, Any] | None:
    """A page of the rows that were left out, with their reasons."""
    if not row.rejected:
        return None
    after = counted(request.GET.get("after"))
    found = list(
        row.rows.filter(outcome=ImportRow.Outcome.REJECTED, number__gt=after).order_by("number")[
            : PAGE + 1
        ]
    )
    shown = found[:PAGE]
    used = sorted(
        {place for each in shown for place, cell in enumerate(each.cells) if str(cell).strip()}
    )[:MOST_SHOWN_CELLS]
    labels = (row.mapping or {}).get("labels", {})
    return {
        "labels": [labels.get(str(place), "") for place in used],
        "rows": [
            (
                each.number,
                each.why,
                [str(each.cells[place]) if place < len(each.cells) else "" for place in used],
            )
            for each in shown
        ],
        "next": shown[-1].number if len(found) > PAGE else None,
        "later": bool(after),
        "count": row.rejected,
    }


def _noted(request: HttpRequest, row: Import) -> list[dict[str, Any]]:
    """Cards that were made though they look like known ones."""
    found = list(row.rows.filter(outcome=ImportRow.Outcome.NOTED).order_by("number")[:MOST_NOTED])
    names = _names(request, [pk for each in found for pk in (each.client_id, each.like_id)])
    return [
        {
            "number": each.number,
            "reason": each.why,
            "client": names.get(each.client_id or 0),
            "url": card_url(each.client_id) if each.client_id in names else "",
            "like": names.get(each.like_id or 0),
            "like_url": card_url(each.like_id) if each.like_id in names else "",
        }
        for each in found
    ]


def _names(request: HttpRequest, ids: Sequence[int | None]) -> dict[int, str]:
    known = {pk for pk in ids if pk}
    visible = Client.objects.visible_to(me(request)).filter(pk__in=known)
    return dict(visible.values_list("pk", "name"))


def _kept(request: HttpRequest, row: Import) -> list[dict[str, Any]]:
    """What the undo left, and why."""
    found = list(row.changes.exclude(kept="").order_by("number", "pk")[:PAGE])
    clients = ("client", "balance")
    names = _names(request, [each.subject_id for each in found if each.subject in clients])
    return [
        {
            "number": each.number,
            "what": each.get_subject_display(),
            "name": names.get(each.subject_id, "")
            if each.subject in clients
            else f"№ {each.subject_id}",
            "url": card_url(each.subject_id)
            if each.subject in clients and each.subject_id in names
            else "",
            "why": say(each.kept),
        }
        for each in found
    ]


def _next_steps(request: HttpRequest, row: Import) -> list[tuple[str, str, str, bool]]:
    """Address, words and icon of where to go on; the first one is the main one."""
    again = (address("gateways:import") or "", _("Load one more file"), "upload")
    if row.status == Status.UNDONE:
        return [(*again, False)]
    steps = []
    rfm = MENU.get("rfm")
    # The room of analytics is a stranger: what it put into the menu is all that is known of it.
    url = address(rfm.url_name) if rfm and permitted(request.user, rfm.permission) else None
    if rfm and url and row.kind != "products":
        steps.append((url, _("See RFM"), rfm.icon, True))
    clients = LISTS.get("clients")
    if clients and row.kind != "products" and address(clients.url_name):
        rule = {"fact": "import", "op": "in", "value": [row.pk]}
        steps.append((address_of(clients, {"all": [rule]}), _("Clients of this file"), "users", False))  # fmt: skip
    steps.append((*again, not steps))
    return steps


@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    row = own_import(request, pk)
    try:
        actions.cancel_import(actor=me(request), row=row)
    except REFUSALS as error:
        toasts.failure(request, sentence(error))
    else:
        toasts.info(request, _("The import stops. What is in already can be undone."))
    return redirect("gateways:import-result", pk)


@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    row = own_import(request, pk)
    try:
        actions.undo_import(actor=me(request), row=row)
    except ValidationError as error:
        toasts.failure(request, sentence(error))
    return redirect("gateways:import-result", pk)


@require_POST
def next_sheet(request: HttpRequest, pk: int) -> HttpResponse:
    """Brings another sheet of a file that is here already."""
    row = own_import(request, pk)
    try:
        with row.path.open("rb") as file:
            chunks = iter(lambda: file.read(1 << 20), b"")
            new = actions.receive_file(actor=me(request), chunks=chunks, name=row.file_name)
        try:
            actions.configure_import(
                actor=me(request), row=new, mapping={"sheet": request.POST.get("sheet", "")}
            )
        except REFUSALS:
            actions.discard_import(actor=me(request), row=new)
            raise
    except OSError:
        toasts.failure(request, _("The file is no longer kept here: bring it once more."))
        return redirect("gateways:import")
    except REFUSALS as error:
        toasts.failure(request, sentence(error))
        return redirect("gateways:import-result", pk)
    return redirect("gateways:import-columns", new.pk)


@require_safe
def rejected(request: HttpRequest, pk: int) -> FileResponse:
    """The rows that were left out as a workbook: to be corrected and brought again."""
    row = own_import(request, pk)
    stem = slugify(row.file_name.rpartition(".")[0]) or "import"
    file = rejected_workbook(actor=me(request), row=row)
    return FileResponse(file, as_attachment=True, filename=f"{stem}-rejected-{row.pk}.xlsx")
