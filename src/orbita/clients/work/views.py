from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.actions import assign_responsible
from orbita.clients.forms import AssignForm, into_form
from orbita.clients.models import WorkRules
from orbita.clients.views.common import actor_of, client_or_404, form_page
from orbita.clients.work.forms import StopForm, WorkRulesForm
from orbita.clients.work.lists import POOL
from orbita.clients.work.settings import PERMISSION, change_work_rules, restore_work_rules
from orbita.clients.work.stops import allow_contacting, stop_contacting
from orbita.core.models import Event
from orbita.ui import toasts
from orbita.ui.lists import list_page


@form_page
def pool(request: HttpRequest) -> HttpResponse:
    """Clients of nobody, to take."""
    policy.require(request.user, "clients.take")
    return list_page(request, POOL)


@form_page
def rules(request: HttpRequest) -> HttpResponse:
    """How clients are given out and worked."""
    actor = actor_of(request)
    policy.require(actor, PERMISSION)
    row = WorkRules.current()
    form = WorkRulesForm(request.POST if request.method == "POST" else None, rules=row.rules)
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            event = change_work_rules(actor=actor, values=form.values())
            if event:
                undo = reverse("clients:work-rules-undo", args=[event.pk])
                toasts.success(request, _("The rules of work are saved"), undo=undo)
            else:
                toasts.info(request, _("Nothing was changed"))
            return redirect("clients:work-rules")
    status = 422 if form.errors else 200
    return render(request, "clients/work_rules.html", {"form": form}, status=status)


@require_POST
def undo_rules(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    policy.require(actor, PERMISSION)
    events = Event.objects.select_related("payload")
    event = get_object_or_404(events, pk=pk, kind="work_rules.changed")
    restore_work_rules(actor=actor, event=event)
    toasts.success(request, _("The former rules are back."))
    return redirect("clients:work-rules")


@form_page
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """Gives the client to somebody else, with the reason."""
    client = client_or_404(request, pk)
    actor = actor_of(request)
    policy.require(actor, "clients.edit", client)
    form = AssignForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data["responsible"]
        person = None if chosen == "nobody" else get_object_or_404(User.objects.people(), pk=chosen)
        with into_form(form):
            result = assign_responsible(
                actor=actor,
                client_ids=[client.pk],
                responsible=person,
                reason=form.cleaned_data["reason"],
            )
            if result.changed:
                words = (
                    _("Handed over to %(name)s") % {"name": person.display_name}
                    if person
                    else _("Released to the free pool")
                )
                undo = reverse("clients:undo", args=[result.first_event])
                toasts.success(request, words, undo=undo)
            else:
                toasts.info(request, _("Nothing was changed"))
            # His new responsible may be one whose clients the actor does not see.
            row = type(client).objects.visible_to(actor).filter(pk=pk)
            to = reverse("clients:card", args=[pk]) if row.exists() else reverse("clients:list")
            return toasts.redirect(request, to)
    context = {
        "form": form,
        "client": client,
        "title": _("Hand over"),
        "button": _("Hand over"),
    }
    return render(request, "clients/work_form.html", context, status=422 if form.errors else 200)


@form_page
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Marks that nobody contacts this client any more."""
    client = client_or_404(request, pk)
    actor = actor_of(request)
    policy.require(actor, "clients.note", client)
    form = StopForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            event = stop_contacting(actor=actor, client=client, reason=form.cleaned_data["reason"])
            _tell(request, event, _("Nobody contacts this client any more"))
            return toasts.redirect(request, reverse("clients:card", args=[pk]))
    context = {
        "form": form,
        "client": client,
        "title": _("Stop contacting"),
        "button": _("Stop contacting"),
    }
    return render(request, "clients/work_form.html", context, status=422 if form.errors else 200)


@require_POST
def allow(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes the mark off."""
    client = client_or_404(request, pk)
    event = allow_contacting(actor=actor_of(request), client=client)
    _tell(request, event, _("The client may be contacted again"))
    return redirect("clients:card", pk=pk)


def _tell(request: HttpRequest, event: Event | None, text: str) -> None:
    if event:
        toasts.success(request, text, undo=reverse("clients:undo", args=[event.pk]))
    else:
        toasts.info(request, _("Nothing was changed"))
