"""Pages of quality: the state of the base and its repairs, the card's marks, the settings."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from orbita.accounts import policy
from orbita.clients.forms import into_form
from orbita.clients.guarding import sight
from orbita.clients.models import Client, ContactPoint, DeadMark, Repair
from orbita.clients.quality import actions, jobs
from orbita.clients.quality.forms import DeadForm, SettingsForm
from orbita.clients.quality.page import Page, RepairLine
from orbita.clients.quality.state import LINES, Line
from orbita.clients.views.common import actor_of, client_or_404, form_page
from orbita.core.models import Company, Event
from orbita.ui import formats, toasts
from orbita.ui.views import own_address

USUAL_REST = timedelta(days=90)


def _back(request: HttpRequest, client: Client) -> HttpResponse:
    return HttpResponseRedirect(own_address(request, reverse("clients:card", args=[client.pk])))


def _done(request: HttpRequest, event: Event | None, text: str) -> None:
    if event:
        toasts.success(request, text, undo=reverse("clients:undo", args=[event.pk]))
    else:
        toasts.info(request, _("Nothing was changed"))


@require_POST
def contact(request: HttpRequest, pk: int, contact: int) -> HttpResponse:
    """Marks a contact, takes the mark off, or confirms it."""
    client = client_or_404(request, pk)
    policy.require(request.user, "clients.edit", client)
    point = get_object_or_404(ContactPoint, pk=contact, client=client)
    actor, do = actor_of(request), request.POST.get("do", "")
    try:
        if do == "confirm":
            event = actions.confirm(actor=actor, client=client, contacts=[point])
            _done(request, event, _("The contact is confirmed"))
        elif do == "usable":
            event = actions.unmark_contact(actor=actor, client=client, contact=point)
            _done(request, event, _("It may be used again"))
        else:
            event = actions.mark_contact(
                actor=actor,
                client=client,
                contact=point,
                mark=do,
                reason=request.POST.get("reason", ""),
            )
            _done(request, event, _mark_words(do))
    except ValidationError as error:
        toasts.failure(request, " ".join(error.messages))
    return _back(request, client)


def _mark_words(mark: str) -> str:
    return {
        "wrong": _("Marked as wrong: nobody will be offered to use it"),
        "unreachable": _("Marked as unreachable"),
        "refused": _("Marked: asked not to use it"),
    }[mark]


@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """All contacts of the card are right: one click during a talk."""
    client = client_or_404(request, pk)
    policy.require(request.user, "clients.edit", client)
    event = actions.confirm(actor=actor_of(request), client=client)
    _done(request, event, _("The contacts are confirmed"))
    return _back(request, client)


@require_POST
def fix(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes an offered fix, or says that the value is right as it is."""
    client = client_or_404(request, pk)
    policy.require(request.user, "clients.edit", client)
    actor = actor_of(request)
    trouble, value = request.POST.get("trouble", ""), request.POST.get("value", "")
    try:
        if request.POST.get("do") == "accept":
            accepted = actions.accept(actor=actor, client=client, trouble=trouble, value=value)
            _done(request, accepted, _("It will not be complained of again"))
        else:
            event = actions.fix(actor=actor, client=client, trouble=trouble, value=value)
            _done(request, event, _("Put right"))
    except ValidationError as error:
        toasts.failure(request, " ".join(error.messages))
    return _back(request, client)


@form_page
def dead(request: HttpRequest, pk: int) -> HttpResponse:
    """Puts a client aside, for now or for good, or takes him back to work."""
    client = client_or_404(request, pk)
    policy.require(request.user, "clients.edit", client)
    actor = actor_of(request)
    if request.POST.get("do") == "revive":
        event = actions.revive(actor=actor, client=client)
        _done(request, event, _("The client is worked with again"))
        return _back(request, client)
    known = DeadMark.objects.filter(client=client).first()
    today = Company.current().business_date()
    form = DeadForm(
        request.POST if request.method == "POST" else None,
        known=known,
        usual=today + USUAL_REST,
        seen=sight(request.user),
    )
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            event = actions.mark_dead(
                actor=actor,
                client=client,
                reason=form.cleaned_data["reason"],
                look_again_on=form.cleaned_data["look_again_on"],
            )
            _done(request, event, _("The client is put aside"))
            return toasts.redirect(request, reverse("clients:card", args=[pk]))
    context = {"form": form, "client": client, "known": known}
    status = 422 if form.errors else 200
    return render(request, "clients/quality/dead.html", context, status=status)


@form_page
def settings(request: HttpRequest) -> HttpResponse:
    """What a whole card is, and how old contacts may grow."""
    policy.require(request.user, "quality.edit")
    form = SettingsForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            event = actions.change_settings(actor=actor_of(request), **form.given())
            if event:
                toasts.success(
                    request,
                    _("Saved. The cards are being weighed anew."),
                    undo=reverse("clients:quality-settings-undo", args=[event.pk]),
                )
            else:
                toasts.info(request, _("Nothing was changed"))
            return redirect("clients:quality-settings")
    status = 422 if form.errors else 200
    return render(request, "clients/quality/settings.html", {"form": form}, status=status)


@require_POST
def undo_settings(request: HttpRequest, pk: int) -> HttpResponse:
    policy.require(request.user, "quality.edit")
    event = get_object_or_404(Event, pk=pk, kind="quality.settings_changed")
    actions.restore_settings(actor=actor_of(request), event=event)
    toasts.success(request, _("The former rules are back."))
    return redirect("clients:quality-settings")


# ---- the state of the base ----


@require_safe
def state(request: HttpRequest) -> HttpResponse:
    """What there is to put right in the base, each number a list."""
    policy.require(request.user, "clients.view")
    context = {
        "page": Page(actor_of(request)),
        "is_counting": jobs.is_counting(),
        "may_edit": policy.allows(request.user, "quality.edit"),
    }
    return render(request, "clients/quality/state.html", context)


@require_POST
def count(request: HttpRequest) -> HttpResponse:
    """Queues a count of the base as of now."""
    policy.require(request.user, "clients.view")
    actions.request_count(actor=actor_of(request))
    toasts.info(request, _("The base is being counted; look at this page again in a moment."))
    return redirect("clients:quality")


EXAMPLES = 25


def _mendable(name: str) -> Line:
    line = LINES.get(name)
    if line is None or not line.mends or line.rule is None:
        raise Http404
    return line


@form_page
def repair(request: HttpRequest, name: str) -> HttpResponse:
    """Shows what a repair would change; the button does it."""
    policy.require(request.user, "clients.edit")
    line, actor = _mendable(name), actor_of(request)
    assert line.rule is not None  # noqa: S101
    if request.method == "POST":
        made = actions.request_repair(actor=actor, rule=line.rule, line=line.name)
        return redirect("clients:repair-result", pk=made.pk)
    found = actions.offered(actor, line, EXAMPLES + 1)
    context = {"line": line, "examples": found[:EXAMPLES], "more": len(found) > EXAMPLES}
    return render(request, "clients/quality/repair.html", context)


def _repair_or_404(request: HttpRequest, pk: int) -> Repair:
    """The actor's own repair; everybody's for those who may change everybody."""
    policy.require(request.user, "clients.edit")
    rows = Repair.objects.select_related("actor")
    if not policy.covers_all(request.user, "clients.edit"):
        rows = rows.filter(actor=actor_of(request))
    return get_object_or_404(rows, pk=pk)


@require_safe
def repair_result(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a repair is, and what it did."""
    made = _repair_or_404(request, pk)
    context = {
        "line": RepairLine(made),
        "repair": made,
        "looked_at": formats.number(made.looked_at),
        "changed": formats.number(made.changed),
    }
    part = request.headers.get("HX-Request") == "true"
    template = "clients/quality/_repair.html" if part else "clients/quality/repair_result.html"
    return render(request, template, context)


@require_POST
def repair_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a repair back."""
    made = _repair_or_404(request, pk)
    try:
        actions.request_undo(actor=actor_of(request), repair=made)
    except ValidationError as error:
        toasts.failure(request, " ".join(error.messages))
    return redirect("clients:repair-result", pk=pk)
