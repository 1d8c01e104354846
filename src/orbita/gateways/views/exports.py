"""Ways out of any list: what the screen shows, as a workbook or a text table."""

from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from orbita.accounts import policy
from orbita.core.rules import RuleError
from orbita.gateways.exports import actions
from orbita.gateways.exports.lists import Plan, plan_of
from orbita.gateways.exports.models import Export
from orbita.gateways.views.common import me
from orbita.ui import formats, toasts
from orbita.ui.lists import LISTS, SelectionError, selection_of


@require_POST
def export(
    request: HttpRequest, name: str, format: str, every_column: bool = False
) -> HttpResponseBase:
    """A list as a file at once, or as background work when it is long."""
    spec = LISTS.get(name)
    if spec is None or not spec.export:
        raise Http404
    policy.require(request.user, spec.export)
    back = reverse(spec.url_name) + "?" + request.GET.urlencode()
    try:
        plan = _plan(request, name, format, every_column)
        if plan.count(actions.MOST_AT_ONCE) > actions.MOST_AT_ONCE:
            ordered = actions.order_export(actor=me(request), plan=plan)
            return redirect("gateways:export", ordered.pk)
        file = actions.export_now(actor=me(request), plan=plan)
    except (RuleError, SelectionError) as error:
        toasts.failure(request, str(error))
        return redirect(back)
    return FileResponse(file, as_attachment=True, filename=plan.file_name)


def _plan(request: HttpRequest, name: str, format: str, every_column: bool) -> Plan:
    spec = LISTS[name]
    ids = None
    # The bar over selected rows posts `all`, the menu of the list does not.
    if "all" in request.POST:
        selection = selection_of(request, spec)
        ids = None if selection.whole else [int(value) for _name, value in selection.fields]
    return plan_of(
        actor=me(request),
        name=name,
        query=request.GET.dict(),
        format=format,
        every_column=every_column,
        ids=ids,
    )


@require_safe
def export_page(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a large export is; its file when it is ready."""
    row = get_object_or_404(Export.objects.visible_to(me(request)), pk=pk)
    spec = LISTS.get(row.list_name)
    context = {
        "export": row,
        "title": spec.label if spec else row.list_name,
        "back": reverse(spec.url_name) if spec else "/",
        "share": min(99, row.rows * 100 // row.total) if row.total else 0,
        "rows": formats.number(row.rows),
        "total": formats.number(row.total),
    }
    if request.GET.get("part") == "progress":
        if not row.is_active:
            return HttpResponse(headers={"HX-Refresh": "true"})
        return render(request, "gateways/_export_progress.html", context)
    return render(request, "gateways/export.html", context)


@require_POST
def export_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The file of a large export, once and to its owner."""
    row = get_object_or_404(Export.objects.visible_to(me(request)), pk=pk)
    spec = LISTS.get(row.list_name)
    if spec is None or not spec.export:
        raise Http404
    policy.require(request.user, spec.export)
    try:
        file = actions.fetch_export(actor=me(request), export=row)
    except ValidationError as error:
        toasts.failure(request, " ".join(error.messages))
        return redirect("gateways:export", pk)
    return FileResponse(file, as_attachment=True, filename=row.file_name)
