"""Pages of incidents: the register, one of them with its clocks and notices."""

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.audit import words as log
from orbita.clients.forms import into_form
from orbita.clients.models import Incident
from orbita.clients.privacy.incidents import actions, words
from orbita.clients.privacy.incidents.forms import IncidentForm, SentForm
from orbita.clients.views.common import actor_of, form_page
from orbita.core.models import Event
from orbita.ui import formats, toasts

MOST = 100


def _incident(request: HttpRequest, pk: int) -> Incident:
    policy.require(request.user, "privacy.incidents")
    return get_object_or_404(Incident.objects.select_related("responsible"), pk=pk)


@require_safe
def incidents(request: HttpRequest) -> HttpResponse:
    """The register, the newest first, each with its next deadline."""
    policy.require(request.user, "privacy.incidents")
    rows = list(Incident.objects.select_related("responsible")[:MOST])
    context = {"incidents": [(row, *words.standing(row)) for row in rows]}
    return render(request, "clients/privacy/incidents/incidents.html", context)


@form_page
def edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Writes an incident down, or more of it."""
    actor = actor_of(request)
    policy.require(actor, "privacy.incidents")
    row = _incident(request, pk) if pk else None
    form = IncidentForm(
        request.POST if request.method == "POST" else None, actor=actor, incident=row
    )
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            saved = actions.save_incident(actor=actor, values=form.cleaned_data, incident=row)
            toasts.success(request, _("Written down"))
            return redirect("clients:incident", pk=saved.pk)
    status = 422 if form.errors else 200
    context = {"form": form, "incident": row}
    return render(request, "clients/privacy/incidents/edit.html", context, status=status)


@require_safe
def incident(request: HttpRequest, pk: int) -> HttpResponse:
    """One incident: its clocks, its notices to copy, who did what."""
    row, actor = _incident(request, pk), actor_of(request)
    rows = Event.objects.filter(subject_type="incident", subject_id=row.pk)
    events = list(rows.select_related("payload").order_by("-pk")[:MOST])
    people = User.objects.in_bulk({event.actor_id for event in events} - {None})
    context = {
        "incident": row,
        "found": formats.full_moment(row.found_at),
        "lines": words.lines(row),
        "form": SentForm(None),
        "log": [
            (
                formats.full_moment(event.recorded_at),
                log.sentence(event, log.told(event, actor)),
                people[event.actor_id].display_name if event.actor_id in people else "Orbita",
            )
            for event in events
        ],
    }
    return render(request, "clients/privacy/incidents/incident.html", context)


@require_POST
def sent(request: HttpRequest, pk: int, clock: str) -> HttpResponse:
    """Writes down that a notice was sent."""
    row = _incident(request, pk)
    form = SentForm(request.POST)
    try:
        if not form.is_valid():
            raise ValidationError(_("Say when it was sent."))
        at = form.cleaned_data["at"]
        if actions.note_sent(actor=actor_of(request), incident=row, clock=clock, at=at):
            toasts.success(request, _("Marked as sent"))
    except ValidationError as error:
        toasts.failure(request, " ".join(error.messages))
    return redirect("clients:incident", pk=pk)


@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Closes an incident, or opens it again."""
    row = _incident(request, pk)
    try:
        actions.close_incident(
            actor=actor_of(request), incident=row, closed=request.POST.get("open") != "1"
        )
    except ValidationError as error:
        toasts.failure(request, " ".join(error.messages))
    return redirect("clients:incident", pk=pk)
