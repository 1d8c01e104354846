"""Ways out of any list: what the screen shows, as a workbook or a text table."""

from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orbita.accounts import policy
from orbita.accounts.views.common import site_of
from orbita.core.rules import RuleError
from orbita.gateways.exports import actions, limits
from orbita.gateways.exports.forms import RulesForm
from orbita.gateways.exports.lists import Plan, plan_of
from orbita.gateways.exports.models import APPROVE, Export, ExportRules
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
        if limits.needs_approval(me(request), plan):
            return _ask(request, plan, back)
        if plan.total > actions.MOST_AT_ONCE:
            ordered = actions.order_export(actor=me(request), plan=plan)
            return redirect("gateways:export", ordered.pk)
        file = actions.export_now(actor=me(request), plan=plan)
    except (RuleError, SelectionError) as error:
        toasts.failure(request, str(error))
        return redirect(back)
    except ValidationError as error:
        toasts.failure(request, " ".join(error.messages))
        return redirect(back)
    return FileResponse(file, as_attachment=True, filename=plan.file_name)


def _ask(request: HttpRequest, plan: Plan, back: str) -> HttpResponse:
    """The question what the table is for, then the request to whoever approves."""
    error = ""
    if "reason" in request.POST:
        try:
            asked = actions.ask_for_export(
                actor=me(request),
                plan=plan,
                reason=request.POST["reason"],
                site=site_of(request),
            )
            return redirect("gateways:export", asked.pk)
        except ValidationError as refused:
            error = " ".join(refused.messages)
    kept = [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name not in ("csrfmiddlewaretoken", "reason")
    ]
    context = {
        "plan": plan,
        "rows": formats.number(plan.total),
        "kept": kept,
        "back": back,
        "error": error,
        "reason": request.POST.get("reason", ""),
    }
    return render(request, "gateways/export_ask.html", context, status=422 if error else 200)


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
    rows = Export.objects.visible_to(me(request)).select_related("decided_by")
    row = get_object_or_404(rows, pk=pk)
    spec = LISTS.get(row.list_name)
    context = {
        "export": row,
        "title": spec.label if spec else row.list_name,
        "back": reverse(spec.url_name) if spec else "/",
        "waits": row.status == Export.Status.ASKED,
        "decided_by": row.decided_by.display_name if row.decided_by else "",
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


# ---- what leaves, and who lets it ----

SHOWN = 100


@require_http_methods(["GET", "HEAD", "POST"])
def exports(request: HttpRequest) -> HttpResponse:
    """What waits for approval, what was taken by people one oversees, and the limits."""
    actor = me(request)
    policy.require(actor, APPROVE)
    may_limit = policy.allows(actor, "core.settings")
    form = RulesForm(
        request.POST if request.method == "POST" else None, rules=ExportRules.current()
    )
    if request.method == "POST":
        policy.require(actor, "core.settings")
        if form.is_valid():
            actions.change_rules(actor=actor, **form.cleaned_data)
            toasts.success(request, _("Saved"))
            return redirect("gateways:exports")
    rows = Export.objects.overseen_by(actor).select_related("owner", "decided_by")
    waiting = rows.filter(status=Export.Status.ASKED).order_by("created_at")
    taken = rows.exclude(status=Export.Status.ASKED).order_by("-created_at")[:SHOWN]
    context = {
        "form": form if may_limit else None,
        "waiting": [_line(one) for one in waiting[:SHOWN]],
        "taken": [_line(one) for one in taken],
    }
    return render(request, "gateways/exports.html", context, status=422 if form.errors else 200)


def _line(export: Export) -> dict[str, object]:
    spec = LISTS.get(export.list_name)
    return {
        "export": export,
        "list": spec.label if spec else export.list_name,
        "rows": formats.number(export.rows or export.total),
        "when": formats.full_moment(export.created_at),
    }


@require_POST
def decide_export(request: HttpRequest, pk: int) -> HttpResponse:
    """Lets a table out, or not."""
    actor, site = me(request), site_of(request)
    policy.require(actor, APPROVE)
    export = get_object_or_404(Export.objects.overseen_by(actor), pk=pk)
    try:
        if request.POST.get("do") == "approve":
            actions.approve_export(actor=actor, export=export, site=site)
            toasts.success(request, _("Approved: the table is being made."))
        else:
            reason = request.POST.get("reason", "")
            actions.refuse_export(actor=actor, export=export, reason=reason, site=site)
            toasts.success(request, _("Not approved."))
    except ValidationError as error:
        toasts.failure(request, " ".join(error.messages))
    return redirect("gateways:exports")
