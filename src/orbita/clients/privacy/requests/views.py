"""Pages of requests: the register, one request with its steps, its letters, the rules, the calendar."""

import secrets
from collections.abc import Callable
from datetime import date
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from orbita.accounts import policy, watching
from orbita.accounts.models import User
from orbita.clients.forms import into_form
from orbita.clients.guarding import sight
from orbita.clients.models import CalendarDay, Client, ContactPoint, DataRequest, RequestRules
from orbita.clients.privacy import copying
from orbita.clients.privacy.requests import actions, calendar, letters, shown
from orbita.clients.privacy.requests.actions import PERMISSION
from orbita.clients.privacy.requests.forms import (
    ORBITA,
    OTHERWISE,
    ClientOfRequestForm,
    DayForm,
    LetterForm,
    RequestForm,
    ResponsibleForm,
    RulesForm,
    StepForm,
)
from orbita.clients.privacy.requests.rules import change_rules
from orbita.clients.privacy.requests.terms import TERMS, latest_of, term_of, words
from orbita.clients.views.common import actor_of, form_page
from orbita.core.models import Company
from orbita.ui import formats, toasts

PAGE, MOST_PAGES = 50, 1000


@require_safe
def register(request: HttpRequest) -> HttpResponse:
    """Open requests, those whose term ends first on top; or the ended ones, the newest on top."""
    policy.require(request.user, PERMISSION)
    ended = request.GET.get("show") == "ended"
    rows = shown.requests_for(actor_of(request)).select_related("responsible")
    if ended:
        rows = rows.exclude(status=DataRequest.Status.OPEN).order_by("-closed_at", "-pk")
    else:
        rows = rows.filter(status=DataRequest.Status.OPEN).order_by("due_on", "pk")
    number = _page_number(request)
    found = list(rows[(number - 1) * PAGE : number * PAGE + 1])
    page, today = found[:PAGE], Company.current().business_date()
    watching.note_rows(request.user, len(page))
    seen = shown.seen_clients(actor_of(request), page)
    context = {
        "lines": [shown.line(row, seen, today) for row in page],
        "ended": ended,
        "before": number - 1,
        "next": number + 1 if len(found) > PAGE else None,
        "may_rule": policy.allows(request.user, calendar.PERMISSION),
    }
    return render(request, "clients/privacy/requests.html", context)


def _page_number(request: HttpRequest) -> int:
    given = request.GET.get("page", "")
    known = given.isascii() and given.isdigit() and len(given) < 5
    return min(max(int(given), 1), MOST_PAGES) if known else 1


@form_page
def new(request: HttpRequest) -> HttpResponse:
    """Enters a request that came."""
    actor = actor_of(request)
    policy.require(actor, PERMISSION)
    form = RequestForm(
        request.POST if request.method == "POST" else None,
        actor=actor,
        initial=_of_client(request) | _usual(actor.pk),
    )
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            row = actions.receive(actor=actor, **form.cleaned_data)
            toasts.success(
                request,
                _("Request № %(number)s: to be answered by %(day)s")
                % {"number": row.pk, "day": formats.day(row.due_on)},
            )
            return toasts.redirect(request, reverse("clients:request", args=[row.pk]))
    context = {"form": form, "terms": _terms()}
    status = 422 if form.errors else 200
    return render(request, "clients/privacy/request_new.html", context, status=status)


def _usual(user_id: int) -> dict[str, Any]:
    return {
        "received_on": timezone.localdate(),
        "regime": RequestRules.current().regime,
        "responsible": str(user_id),
    }


def _of_client(request: HttpRequest) -> dict[str, Any]:
    """What is known when the form was opened from a card."""
    given = request.GET.get("client", "")
    if not (given.isascii() and given.isdigit() and len(given) < 18):
        return {}
    client = Client.objects.visible_to(actor_of(request)).answering(int(given)).first()
    if client is None:
        return {}
    return {
        "client": f"№ {client.pk} {client.name}",
        "who": client.name,
        "contact": email_of(request, client),
    }


def email_of(request: HttpRequest, client: Client | None) -> str:
    """The main e-mail of the client, when the reader may see it whole."""
    if client is None or not sight(actor_of(request)).shows("email"):
        return ""
    rows = ContactPoint.objects.filter(client=client, kind=ContactPoint.Kind.EMAIL)
    found = rows.order_by("-is_main", "pk").first()
    return found.value if found else ""


def _terms() -> list[tuple[str, str, str]]:
    """Kind of request, its term and article, by the company's law."""
    regime = RequestRules.current().regime
    kinds = dict(DataRequest.Kind.choices)
    return [(str(kinds[kind]), words(term), term.basis) for kind, term in TERMS[regime].items()]


@form_page
def card(request: HttpRequest, pk: int) -> HttpResponse:
    """One request: what is asked, until when, what was done, and what can be done next."""
    actor = actor_of(request)
    policy.require(actor, PERMISSION)
    row = request_or_404(actor, pk)
    form = StepForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            actions.write_step(actor=actor, request=row, **form.cleaned_data)
            toasts.success(request, _("Written down"))
            return redirect("clients:request", pk=pk)
    status = 422 if form.errors else 200
    return render(request, "clients/privacy/request.html", _card(request, row, form), status=status)


def request_or_404(actor: User, pk: int) -> DataRequest:
    """The request of this number, for those whose right was looked at."""
    rows = shown.requests_for(actor).select_related("responsible", "client", "erasure")
    return get_object_or_404(rows, pk=pk)


def _card(request: HttpRequest, row: DataRequest, form: StepForm) -> dict[str, Any]:
    actor, today = actor_of(request), Company.current().business_date()
    seen = shown.seen_clients(actor, [row])
    client = seen.get(row.client_id or 0)
    term = term_of(row.kind, row.regime)
    steps = row.steps.select_related("actor", "mail")
    return {
        "row": row,
        "line": shown.line(row, seen, today),
        "client": client,
        "term": words(term),
        "basis": term.basis,
        "first_due": formats.day(row.first_due_on),
        "may_prolong": row.is_open and latest_of(row) > row.due_on and today <= row.due_on,
        "may_copy": _may_copy(actor, client),
        "erases": row.kind in actions.ERASING,
        "may_erase": client is not None and policy.allows(actor, "privacy.erase", client),
        "may_edit": client is not None and policy.allows(actor, "clients.edit", client),
        "may_stop": client is not None
        and actions.withdraws(row)
        and policy.allows(actor, "clients.note", client),
        "proposal": shown.proposal_words(row),
        "steps": [shown.step_words(step) for step in steps],
        "form": form,
        "responsible_form": ResponsibleForm(None, row=row),
    }


def _may_copy(actor: Any, client: Client | None) -> bool:
    if client is None or not policy.allows(actor, "privacy.copy", client):
        return False
    return copying.sees_everything(actor)


@form_page
def letter(request: HttpRequest, pk: int, purpose: str) -> HttpResponse:
    """A letter about the request, with a draft to change, in either language."""
    actor = actor_of(request)
    policy.require(actor, PERMISSION)
    if purpose not in letters.PURPOSES:
        raise Http404
    row = request_or_404(actor, pk)
    if not row.is_open:
        return redirect("clients:request", pk=pk)
    can_send = bool(settings.ORBITA_SMTP_URL)
    language = request.GET.get("lang", get_language() or "ru")[:2]
    language = language if language in letters.LANGUAGES else "ru"
    form = LetterForm(
        request.POST if request.method == "POST" else None,
        purpose=purpose,
        can_send=can_send,
        initial=_draft(request, row, purpose, language, can_send),
    )
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            actions.write_letter(actor=actor, request=row, letter=form.letter(purpose))
            toasts.success(request, _("Written down"))
            return redirect("clients:request", pk=pk)
    context = {
        "form": form,
        "row": row,
        "purpose": purpose,
        "title": _TITLES[purpose](),
        "language": language,
        "can_send": can_send,
        "latest": formats.day(latest_of(row)),
    }
    status = 422 if form.errors else 200
    return render(request, "clients/privacy/request_letter.html", context, status=status)


_TITLES: dict[str, Callable[[], str]] = {
    letters.RECEIVED: lambda: _("The request is received"),
    letters.IDENTITY: lambda: _("Ask to prove who he is"),
    letters.PROLONG: lambda: _("Prolong the term"),
    letters.ANSWER: lambda: _("Answer and end the request"),
    letters.REFUSE: lambda: _("Refuse and end the request"),
}


def _draft(
    request: HttpRequest, row: DataRequest, purpose: str, language: str, can_send: bool
) -> dict[str, Any]:
    latest = latest_of(row)
    subject, text = letters.draft(row, purpose, language, latest)
    seen = shown.seen_clients(actor_of(request), [row]).get(row.client_id or 0)
    written = row.contact if "@" in row.contact else ""
    to = written or email_of(request, seen)
    return {
        "key": secrets.token_hex(8),
        "way": ORBITA if can_send and to else OTHERWISE,
        "until": latest,
        "to": to,
        "subject": subject,
        "text": text,
    }


@form_page
def client(request: HttpRequest, pk: int) -> HttpResponse:
    """Finds whose request it is."""
    actor = actor_of(request)
    policy.require(actor, PERMISSION)
    row = request_or_404(actor, pk)
    form = ClientOfRequestForm(request.POST if request.method == "POST" else None, actor=actor)
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            actions.attach_client(actor=actor, request=row, client=form.cleaned_data["client"])
            toasts.success(request, _("The client is found"))
            return toasts.redirect(request, reverse("clients:request", args=[pk]))
    status = 422 if form.errors else 200
    context = {"form": form, "row": row}
    return render(request, "clients/privacy/request_client.html", context, status=status)


@require_POST
def responsible(request: HttpRequest, pk: int) -> HttpResponse:
    """Says who answers."""
    actor = actor_of(request)
    policy.require(actor, PERMISSION)
    row = request_or_404(actor, pk)
    form = ResponsibleForm(request.POST, row=row)
    if form.is_valid():
        user = form.cleaned_data["responsible"]
        _do(request, lambda: actions.name_responsible(actor=actor, request=row, user=user))
    return redirect("clients:request", pk=pk)


@require_POST
def copy(request: HttpRequest, pk: int) -> HttpResponse | FileResponse:
    """The copy of all data of the client, put together because of the request."""
    actor = actor_of(request)
    policy.require(actor, PERMISSION)
    row = request_or_404(actor, pk)
    try:
        package = actions.copy_for(actor=actor, request=row)
    except ValidationError as error:
        toasts.failure(request, error.messages[0])
        return redirect("clients:request", pk=pk)
    response = FileResponse(
        package,
        as_attachment=True,
        filename=f"request-{row.pk}-{timezone.localdate():%Y-%m-%d}.zip",
        content_type="application/zip",
    )
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Writes down that the client refuses what the request is about."""
    actor = actor_of(request)
    policy.require(actor, PERMISSION)
    row = request_or_404(actor, pk)
    _do(
        request,
        lambda: actions.stop_at_once(actor=actor, request=row),
        _("Withdrawn: it counts at once"),
    )
    return redirect("clients:request", pk=pk)


@require_POST
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes up a request that was ended by mistake."""
    actor = actor_of(request)
    policy.require(actor, PERMISSION)
    row = request_or_404(actor, pk)
    _do(
        request,
        lambda: actions.take_up_again(actor=actor, request=row),
        _("The request is in work again"),
    )
    return redirect("clients:request", pk=pk)


def _do(request: HttpRequest, act: Callable[[], object], done: str = "") -> None:
    """Does it and says so, or says why not."""
    try:
        act()
    except ValidationError as error:
        toasts.failure(request, error.messages[0])
    else:
        toasts.success(request, done or _("Saved"))


# ---- rules and calendar ----


@form_page
def rules(request: HttpRequest) -> HttpResponse:
    """By which law requests are answered, when is reminded, how own pages of clients work."""
    actor = actor_of(request)
    policy.require(actor, calendar.PERMISSION)
    row = RequestRules.current()
    names = ("regime", "remind_before", "corrections", "link_days")
    form = RulesForm(
        request.POST if request.method == "POST" else None,
        initial={name: getattr(row, name) for name in names},
    )
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            if change_rules(actor=actor, **form.cleaned_data):
                toasts.success(request, _("Saved"))
            else:
                toasts.info(request, _("Nothing was changed"))
            return redirect("clients:request-rules")
    context = {"form": form, "terms": _terms()}
    status = 422 if form.errors else 200
    return render(request, "clients/privacy/request_rules.html", context, status=status)


@form_page
def work_calendar(request: HttpRequest) -> HttpResponse:
    """The days of a year that are not what their weekday says, and a form to put one right."""
    actor = actor_of(request)
    policy.require(actor, calendar.PERMISSION)
    form = DayForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        day, works = form.cleaned_data["day"], form.cleaned_data["works"] == "yes"
        if calendar.set_day(actor=actor, day=day, is_working=works):
            toasts.success(request, _("Saved"))
        else:
            toasts.info(request, _("Nothing was changed"))
        return redirect(f"{reverse('clients:work-calendar')}?year={day.year}")
    year = _year(request)
    context = {
        "form": form,
        "year": str(year),
        "years": [str(year - 1), str(year + 1)],
        "is_known": year <= calendar.last_known_year(),
        "days": _moved(year),
        "working": calendar.between(date(year - 1, 12, 31), date(year, 12, 31)),
    }
    status = 422 if form.errors else 200
    return render(request, "clients/privacy/calendar.html", context, status=status)


def _year(request: HttpRequest) -> int:
    given = request.GET.get("year", "")
    if given.isascii() and given.isdigit() and len(given) == 4 and 2000 <= int(given) <= 2100:
        return int(given)
    return Company.current().business_date().year


def _moved(year: int) -> list[dict[str, Any]]:
    """The days off on weekdays and working days at the weekend, and what the company says itself."""
    own = dict(CalendarDay.objects.filter(day__year=year).values_list("day", "works"))
    days = dict(calendar.moved_in(year)) | own
    return [
        {
            "name": day.isoformat(),
            "words": formats.weekday(day),
            "works": is_working,
            "own": day in own,
        }
        for day, is_working in sorted(days.items())
    ]


@require_POST
def forget_day(request: HttpRequest, day: str) -> HttpResponse:
    """Lets the calendar speak of a day again."""
    try:
        given = date.fromisoformat(day)
    except ValueError:
        raise Http404 from None
    if calendar.forget_day(actor=actor_of(request), day=given):
        toasts.success(request, _("The calendar counts again"))
    return redirect(f"{reverse('clients:work-calendar')}?year={given.year}")
