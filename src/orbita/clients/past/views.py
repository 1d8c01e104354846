"""The page of a card's past."""

from datetime import date, datetime, time, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from orbita.accounts import watching
from orbita.clients.models import Client
from orbita.clients.past.rebuilding import card_at
from orbita.clients.past.shown import show
from orbita.clients.views.common import actor_of


@require_safe
def past(request: HttpRequest, pk: int) -> HttpResponse:
    """The card as it was on a day, at a time of it, or right after one change."""
    actor = actor_of(request)
    rows = Client.objects.visible_to(actor).select_related(
        "responsible", "source", "ladder", "facts"
    )
    client = get_object_or_404(rows.answering(pk))
    if client.pk != pk:
        return redirect("clients:past", pk=client.pk)
    watching.note(request.user, watching.CARD, client.pk)
    event = _number(request.GET.get("event", ""))
    moment = None if event else _moment(request.GET.get("day", ""), request.GET.get("time", ""))
    rebuilt = card_at(client, at=moment, event=event)
    context = {
        "client": client,
        "past": rebuilt,
        "shown": show(rebuilt, client, actor),
        "all": "all" in request.GET,
        "today": f"{timezone.localdate():%Y-%m-%d}",
        "query": f"event={event}" if event else "",
    }
    return render(request, "clients/past/past.html", context)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None


def _moment(day: str, clock: str) -> datetime:
    """The moment asked for: the end of the day without a time; a month ago when nothing is asked."""
    try:
        asked = date.fromisoformat(day)
    except ValueError:
        asked = timezone.localdate() - timedelta(days=30)
    try:
        at = time.fromisoformat(clock).replace(tzinfo=None)
    except ValueError:
        at = time.max
    if at.second == 0 and at.microsecond == 0 and clock:
        at = at.replace(second=59, microsecond=999_999)
    try:
        return timezone.make_aware(datetime.combine(asked, at))
    except OverflowError:
        return timezone.now()
