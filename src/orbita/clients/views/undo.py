from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from orbita.clients import actions, wording
from orbita.clients.models import Client
from orbita.clients.views.common import actor_of, client_or_404
from orbita.core.models import Event
from orbita.ui import formats, toasts
from orbita.ui.views import own_address


@require_POST
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes one change back: from a toast, or from the timeline."""
    actor = actor_of(request)
    event = get_object_or_404(Event.objects.select_related("payload"), pk=pk)
    seen = Client.objects.visible_to(actor).filter(pk=event.client_id or 0).exists()
    if event.client_id is None or not (seen or event.actor_id == actor.pk):
        raise Http404
    try:
        undone = actions.undo_event(actor=actor, event=event)
    except ValidationError as error:
        toasts.failure(request, " ".join(error.messages))
    else:
        _tell(request, undone)
    return HttpResponseRedirect(_next(request, event))


@require_POST
def last(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes the newest change of a card back."""
    client = client_or_404(request, pk)
    actor = actor_of(request)
    event = actions.last_change(client)
    if event and not actions.may_undo(actor, event, client):
        actions.undo_event(actor=actor, event=event)  # refuses, with the reason
    try:
        undone = actions.undo_last_change(actor=actor, client=client)
    except ValidationError as error:
        toasts.failure(request, " ".join(error.messages))
    else:
        _tell(request, undone)
    return HttpResponseRedirect(reverse("clients:card", args=[pk]))


def _tell(request: HttpRequest, undone: actions.Undone) -> None:
    kept = ", ".join(wording.label_of(name) for name in undone.kept)
    if not undone.done:
        toasts.failure(
            request,
            _("Nothing was taken back: changed since then (%(fields)s)") % {"fields": kept}
            if kept
            else _("It is as it was already"),
        )
    elif kept:
        toasts.info(request, _("Taken back, except what was changed since: %(f)s") % {"f": kept})
    else:
        toasts.success(request, _("Taken back"))


def _next(request: HttpRequest, event: Event) -> str:
    """Back to where the button was, unless that page has gone with the undo."""
    asked = own_address(request, reverse("clients:list"))
    card = reverse("clients:card", args=[event.client_id])
    if event.kind == "client.created" and asked.startswith(card):
        return reverse("clients:list")
    return asked


@require_POST
def many(request: HttpRequest) -> HttpResponse:
    """Takes a bulk change back by the token of its toast."""
    try:
        undone = actions.undo_many(actor=actor_of(request), token=request.GET.get("token", ""))
    except ValidationError as error:
        toasts.failure(request, " ".join(error.messages))
    else:
        words = ngettext(
            "%(n)s client is as before", "%(n)s clients are as before", undone.restored
        )
        text = words % {"n": formats.number(undone.restored)}
        if undone.kept:
            text += ". " + ngettext(
                "%(n)s was changed since and stays",
                "%(n)s were changed since and stay",
                undone.kept,
            ) % {"n": formats.number(undone.kept)}
        toasts.success(request, text)
    return HttpResponseRedirect(own_address(request, reverse("clients:list")))
