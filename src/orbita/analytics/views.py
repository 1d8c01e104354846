from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.analytics import actions, pictures
from orbita.analytics.forms import RfmForm
from orbita.analytics.jobs import is_under_way
from orbita.analytics.models import RfmRun, RfmSettings
from orbita.analytics.overview import Overview
from orbita.analytics.rfm.compute import Summary, summarise
from orbita.analytics.rfm.measure import measured
from orbita.analytics.rfm.scoring import Edges, Params
from orbita.core.models import Company, Event
from orbita.ui import toasts
from orbita.ui.menu import MENU, QUICK_CREATE, address, permitted


def _actor(request: HttpRequest) -> User:
    """The signed-in user: the door of the house lets nobody else in."""
    return cast(User, request.user)


@require_safe
def rfm(request: HttpRequest) -> HttpResponse:
    """The map, the moves and the groups, with one group on the rail."""
    policy.require(request.user, "analytics.view")
    run = RfmRun.current()
    overview = Overview(_actor(request), run)
    under_way = is_under_way()
    if not overview.clients:
        context = {"run": run, "under_way": under_way, "import_url": _import_address(request)}
        return render(request, "analytics/rfm_empty.html", context)
    row = overview.row(request.GET.get("group", ""))
    return render(
        request,
        "analytics/rfm.html",
        {
            "run": run,
            "under_way": under_way,
            "overview": overview,
            "page": pictures.RfmPage(_actor(request), overview, row),
            "may_edit": policy.allows(request.user, "analytics.edit"),
        },
    )


def _import_address(request: HttpRequest) -> str | None:
    """The page that loads a base, when a room brings one and the user may."""
    entry = QUICK_CREATE.get("import") or MENU.get("import")
    if entry is None or not permitted(request.user, entry.permission):
        return None
    return address(entry.url_name)


@require_safe
def moves(request: HttpRequest) -> HttpResponse:
    """Every pair of groups between which clients moved."""
    policy.require(request.user, "analytics.view")
    overview = Overview(_actor(request), RfmRun.current())
    page = pictures.RfmPage(_actor(request), overview, overview.row(""))
    return render(request, "analytics/rfm_moves.html", {"overview": overview, "page": page})


@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest) -> HttpResponse:
    """Bands, period and cut points, with a preview of the groups they would make."""
    policy.require(request.user, "analytics.view")
    may_edit = policy.allows(request.user, "analytics.edit")
    params = RfmSettings.current().params
    if request.method != "POST":
        summary = _preview(params)
        form = RfmForm(None, params=params, edges=summary.edges)
        return _settings_page(request, form, params, summary, may_edit)
    policy.require(request.user, "analytics.edit")
    form = RfmForm(request.POST, params=params, edges=_shown_edges(request))
    if not form.is_valid():
        return _settings_page(request, form, params, None, may_edit, status=422)
    if "save" in request.POST and not form.dropped:
        _save(request, form.params)
        return redirect("analytics:rfm")
    params, summary = form.params, _preview(form.params)
    if form.dropped:
        toasts.info(request, _("The cut points were worked out anew for this number of bands."))
    form = RfmForm(None, params=params, edges=summary.edges)
    return _settings_page(request, form, params, summary, may_edit)


def _preview(params: Params) -> Summary:
    with measured(Company.current().business_date(), params) as base:
        return summarise(base, params)


def _shown_edges(request: HttpRequest) -> Edges:
    """As many cut points as the posted page had; their values come from its fields."""
    count = sum(name.startswith("recency_") and name[8:].isdigit() for name in request.POST)
    nothing = (0,) * min(max(count, 2), 5)
    return Edges(nothing, nothing, nothing)


def _settings_page(
    request: HttpRequest,
    form: RfmForm,
    params: Params,
    summary: Summary | None,
    may_edit: bool,
    status: int = 200,
) -> HttpResponse:
    preview = pictures.Preview(summary, params, RfmRun.current()) if summary else None
    context: dict[str, Any] = {
        "form": form,
        "preview": preview,
        "tables": pictures.thresholds(form, summary),
        "may_edit": may_edit,
        "sign": pictures.currency_sign(),
    }
    return render(request, "analytics/rfm_settings.html", context, status=status)


def _save(request: HttpRequest, params: Params) -> None:
    event = actions.change_settings(
        actor=_actor(request),
        bands=params.bands,
        months=params.months,
        net=params.net,
        fixed={measure: list(edges) for measure, edges in params.fixed.items()},
    )
    if event is None:
        messages.info(request, _("Nothing was changed."))
        return
    toasts.success(
        request,
        _("Saved. The scores are being counted anew."),
        undo=reverse("analytics:rfm-settings-undo", args=[event]),
    )


@require_POST
def undo_settings(request: HttpRequest, pk: int) -> HttpResponse:
    policy.require(request.user, "analytics.edit")
    event = get_object_or_404(Event, pk=pk, kind="rfm.settings_changed")
    actions.restore_settings(actor=_actor(request), event=event)
    toasts.success(request, _("The former settings are back."))
    return redirect("analytics:rfm")


@require_POST
def refresh(request: HttpRequest) -> HttpResponse:
    """Queues a calculation as of now."""
    policy.require(request.user, "analytics.view")
    actions.request_refresh(actor=_actor(request))
    return redirect("analytics:rfm")


@require_safe
def progress(request: HttpRequest) -> HttpResponse:
    """How far the calculation is, asked for again and again by the page until it is done."""
    policy.require(request.user, "analytics.view")
    if not is_under_way():
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "analytics/_rfm_progress.html", {"run": RfmRun.current()})
