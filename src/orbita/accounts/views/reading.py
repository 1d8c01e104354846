"""How much people read, and what one of them looked at and took."""

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orbita.accounts import actions, policy, watching
from orbita.accounts.forms import ReadingRulesForm
from orbita.accounts.middleware import in_own_name
from orbita.accounts.models import ReadingRules, User
from orbita.accounts.views.common import accepted, tabbed
from orbita.accounts.views.profile import me
from orbita.core.events import payload_of
from orbita.core.models import Company, Event

PAST, ALARMS, DAYS_SHOWN = 30, 50, 30


@require_http_methods(["GET", "HEAD", "POST"])
def reading(request: HttpRequest) -> HttpResponse:
    """Everybody's reading today beside his busiest day of the month; alarms; the rules."""
    policy.require(request.user, "accounts.manage")
    rules = ReadingRules.current()
    kept = {name: getattr(rules, name) for name in ReadingRulesForm.base_fields}
    form = ReadingRulesForm(request.POST if request.method == "POST" else None, initial=kept)
    if request.method == "POST" and form.is_valid():
        accepted(form, lambda: actions.change_reading_rules(actor=me(request), **form.cleaned_data))
        messages.success(request, _("Saved."))
        return redirect("accounts:reading")
    people = list(User.objects.people().filter(is_active=True).order_by("name")[:500])
    slows = rules.answer == ReadingRules.Answer.SLOW
    context = {
        "form": form,
        "kinds": list(watching.KINDS.values()),
        "lines": _lines(people, watching.slowed_today() if slows else frozenset()),
        "alarms": _alarms(),
    }
    return tabbed(request, "reading", context)


@require_POST
def let_read_on(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody who is slowed goes on as ever for today."""
    policy.require(request.user, "accounts.manage")
    person = get_object_or_404(User.objects.people(), pk=pk)
    actions.let_read_on(actor=me(request), user=person)
    messages.success(request, _("%(name)s reads on as ever.") % {"name": person.display_name})
    return redirect("accounts:reading")


@in_own_name
@require_POST
def copied(request: HttpRequest) -> HttpResponse:
    """The page says that much of it was copied, or that it is being printed."""
    watching.note(request.user, watching.COPY)
    return HttpResponse(status=204)


def _lines(people: list[User], slowed: frozenset[int]) -> list[dict[str, Any]]:
    today = Company.current().business_date()
    now: dict[tuple[int, str], int] = {}
    most: dict[tuple[int, str], int] = defaultdict(int)
    ids = [user.pk for user in people]
    for user, day, kind, count in watching.readings_of(ids, today - timedelta(days=PAST)):
        if day == today:
            now[user, kind] = count
        else:
            most[user, kind] = max(most[user, kind], count)
    return [
        {
            "person": user,
            "is_slowed": user.pk in slowed,
            "cells": [
                (now.get((user.pk, kind), 0), most[user.pk, kind]) for kind in watching.KINDS
            ],
        }
        for user in people
    ]


def _alarms() -> list[dict[str, Any]]:
    events = Event.objects.filter(kind="user.read_much").select_related("payload")
    found = []
    for event in events.order_by("-id")[:ALARMS]:
        said = payload_of(event)
        found.append(
            {
                "moment": event.recorded_at,
                "who": said.get("user", ""),
                "pk": event.subject_id,
                "what": watching.KINDS.get(said.get("kind", ""), ""),
                "count": said.get("count", 0),
                "usual": said.get("usual", 0),
            }
        )
    return found


@require_safe
def person_reading(request: HttpRequest, pk: int) -> HttpResponse:
    """What a person looked at and took in the last 90 days."""
    policy.require(request.user, "accounts.manage")
    person = get_object_or_404(User.objects.people().select_related("role"), pk=pk)
    since = Company.current().business_date() - timedelta(days=watching.KEPT)
    days: dict[date, dict[str, int]] = defaultdict(dict)
    for _user, day, kind, count in watching.readings_of([person.pk], since):
        days[day][kind] = count
    context = {
        "person": person,
        "kinds": list(watching.KINDS.values()),
        "days": [
            (day, [days[day].get(kind, 0) for kind in watching.KINDS])
            for day in sorted(days, reverse=True)[:DAYS_SHOWN]
        ],
        "trails": [
            (trail.label, trail.lines(person, since, me(request))) for trail in watching.TRAILS
        ],
    }
    return tabbed(request, "users", context, "person_reading")
