from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from orbita.accounts import policy, watching
from orbita.clients import actions
from orbita.clients.card import Card, card_rows
from orbita.clients.forms import NoteForm, into_form
from orbita.clients.models import Client
from orbita.clients.timeline import groups_for, timeline
from orbita.clients.views.common import actor_of, client_or_404
from orbita.clients.views.files import limited
from orbita.core.models import Event
from orbita.ui import toasts


@require_safe
def card(request: HttpRequest, pk: int) -> HttpResponse:
    client = get_object_or_404(card_rows(actor_of(request)).answering(pk))
    if client.pk != pk:
        return redirect("clients:card", pk=client.pk)
    watching.note(request.user, watching.CARD, client.pk)
    return _page(request, client, NoteForm(actor=actor_of(request)))


def _page(request: HttpRequest, client: Client, form: NoteForm, status: int = 200) -> HttpResponse:
    actor = actor_of(request)
    shown = Card(request, client)
    group = request.GET.get("group", "")
    return render(
        request,
        "clients/card.html",
        {
            "card": shown,
            "client": client,
            "form": form,
            "groups": groups_for(actor, client),
            "timeline": timeline(actor, client, group=group, after=request.GET.get("after", "")),
        },
        status=status,
    )


@require_safe
def history(request: HttpRequest, pk: int) -> HttpResponse:
    """The timeline alone: another group, or more below."""
    client = client_or_404(request, pk)
    actor = actor_of(request)
    watching.note(actor, watching.CARD, client.pk)
    group, after = request.GET.get("group", ""), request.GET.get("after", "")
    context = {
        "client": client,
        "groups": groups_for(actor, client),
        "timeline": timeline(actor, client, group=group, after=after),
    }
    part = "clients/_days.html" if after else "clients/_history.html"
    return render(request, part, context)


@limited
@require_POST
def note(request: HttpRequest, pk: int) -> HttpResponse:
    """Writes a note down, with files."""
    client = get_object_or_404(card_rows(actor_of(request)).answering(pk))
    policy.require(request.user, "clients.note", client)
    form = NoteForm(request.POST, actor=actor_of(request))
    if form.is_valid():
        with into_form(form):
            added = actions.add_note(
                actor=actor_of(request),
                client=client,
                text=form.cleaned_data["text"],
                kind=form.cleaned_data["kind"],
                files=request.FILES.getlist("files"),
            )
            event = Event.objects.filter(
                kind="note.added", subject_type="note", subject_id=added.pk
            ).latest("pk")
            toasts.success(
                request, _("Written down"), undo=reverse("clients:undo", args=[event.pk])
            )
            return redirect("clients:card", pk=pk)
    return _page(request, client, form, status=422)


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    client = client_or_404(request, pk)
    event = actions.delete_client(actor=actor_of(request), client=client)
    if event:
        toasts.success(
            request,
            _("In the recycle bin: %(name)s") % {"name": client.name},
            undo=reverse("clients:undo", args=[event.pk]),
        )
    return redirect("clients:list")


@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    policy.require(actor, "clients.delete")
    client = get_object_or_404(Client.objects.in_bin_of(actor), pk=pk)
    try:
        actions.restore_client(actor=actor, client=client)
    except ValidationError as error:
        toasts.failure(request, " ".join(error.messages))
        return redirect("clients:bin")
    toasts.success(request, _("Restored: %(name)s") % {"name": client.name})
    return redirect("clients:card", pk=pk)
