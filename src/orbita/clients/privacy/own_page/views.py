"""The page of a client by his link, and the buttons that make and end the link."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from orbita.accounts import policy
from orbita.accounts.middleware import public
from orbita.accounts.views.common import site_of
from orbita.clients.forms import into_form
from orbita.clients.models import ClientLink, DataRequest
from orbita.clients.privacy import shown
from orbita.clients.privacy.consents import lines_of
from orbita.clients.privacy.own_page import actions, kept, links
from orbita.clients.privacy.own_page.forms import AskForm, ChoicesForm, CorrectionForm
from orbita.clients.privacy.requests.actions import PERMISSION
from orbita.clients.privacy.requests.views import request_or_404
from orbita.clients.views.common import actor_of, client_or_404
from orbita.core.limits import Limit, network_of
from orbita.core.middleware import client_address
from orbita.core.models import Company
from orbita.ui import formats, toasts
from orbita.ui.errors import too_many

# Whoever guesses has 256 bits before him; this keeps him from trying at all.
LOOKS = Limit("own pages", most=60, seconds=60)
WRITES = Limit("changes of an own page", most=20, seconds=3600)
MOST_REQUESTS = 10
_DONE: dict[str, Callable[[], str]] = {
    "answers": lambda: _("Your choice is saved and counts from now on."),
    "withdrawn": lambda: _("Everything is withdrawn and counts from now on."),
    "correct": lambda: _("Thank you. We have your corrections."),
    "ask": lambda: _("We have your request and answer it in time."),
    "same": lambda: _("Nothing was changed."),
}
View = Callable[..., HttpResponse]


def unstored(view: View) -> View:
    """Keeps the page out of every cache and of search engines. Its address goes nowhere: there is no
    link out of it, and `Referrer-Policy: same-origin` holds as everywhere.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response["Cache-Control"] = "private, no-store"
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return guarded


@public
@unstored
@require_http_methods(["GET", "HEAD", "POST"])
def own_page(request: HttpRequest, token: str) -> HttpResponse:
    """What is kept of the client, what he agrees to; by POST he chooses, corrects, withdraws, asks.

    A GET writes nothing: programs that look through letters open every link in them.
    """
    if LOOKS.wait(network_of(client_address(request))):
        return too_many(request)
    link = links.find(token)
    if link is None:
        return render(request, "clients/privacy/own_page_closed.html", status=404)
    forms = _forms(request, link)
    if request.method == "POST":
        if WRITES.wait(str(link.pk)):
            return too_many(request, wait_minutes=60)
        done = _act(request, link, forms)
        if done:
            return redirect(f"{request.path}?done={done}")
    status = 422 if any(form.errors for form in forms.values()) else 200
    return render(
        request, "clients/privacy/own_page.html", _shown(request, link, forms), status=status
    )


def _forms(request: HttpRequest, link: ClientLink) -> dict[str, Any]:
    """The forms of the page; the one that was sent is filled."""
    sent = request.POST.get("do", "") if request.method == "POST" else ""

    def data(name: str) -> Any:
        return request.POST if sent == name else None

    return {
        "answers": ChoicesForm(data("answers"), lines=lines_of(link.client)),
        "correct": CorrectionForm(data("correct"), client=link.client),
        "ask": AskForm(data("ask")),
    }


def _act(request: HttpRequest, link: ClientLink, forms: dict[str, Any]) -> str:
    """Does what was sent; the name of what is said then, "" when the form has errors."""
    do, address = request.POST.get("do", ""), client_address(request)
    if do == "withdraw":
        return "withdrawn" if actions.withdraw_all(link=link, address=address) else "same"
    form = forms.get(do)
    if form is None or not form.is_valid():
        return "" if form else "same"
    with into_form(form):
        if do == "answers":
            count = actions.answer(link=link, answers=form.answers(), address=address)
            return "answers" if count else "same"
        if do == "correct":
            return "correct" if actions.correct(link=link, values=form.cleaned_data) else "same"
        actions.ask(link=link, **form.cleaned_data)
        return "ask"
    return ""


def _shown(request: HttpRequest, link: ClientLink, forms: dict[str, Any]) -> dict[str, Any]:
    client = link.client
    said = _DONE.get(request.GET.get("done", ""))
    rows = DataRequest.objects.filter(client=client).order_by("-pk")[:MOST_REQUESTS]
    return {
        "company": Company.current().name,
        "name": kept.called(client),
        "told": kept.told(client),
        "counted": kept.counted(client),
        "texts": shown.texts_in_force(),
        "forms": forms,
        "requests": [
            (row.pk, row.get_kind_display(), row.get_status_display(), _due(row)) for row in rows
        ],
        "done": said() if said and request.method == "GET" else "",
        "until": formats.day(link.expires_at.date()),
    }


def _due(row: DataRequest) -> str:
    return formats.day(row.due_on) if row.is_open else ""


# ---- for employees ----


@require_POST
def make(request: HttpRequest, pk: int) -> HttpResponse:
    """Makes the link and shows it, once: afterwards nobody can read it here."""
    client = client_or_404(request, pk)
    token = links.make_link(actor=actor_of(request), client=client)
    link = links.link_of(client)
    context = {
        "client": client,
        "address": site_of(request).rstrip("/") + reverse("clients:own-page", args=[token]),
        "until": formats.day(link.expires_at.date()) if link else "",
    }
    response = render(request, "clients/privacy/own_link.html", context)
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends every link of the client."""
    client = client_or_404(request, pk)
    try:
        links.revoke_links(actor=actor_of(request), client=client)
    except ValidationError as error:
        toasts.failure(request, error.messages[0])
    else:
        toasts.success(request, _("The link does not work any more"))
    return redirect("clients:privacy", pk=client.pk)


@require_POST
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Writes to the card what the client corrected on his page."""
    actor = actor_of(request)
    policy.require(actor, PERMISSION)
    row = request_or_404(actor, pk)
    try:
        actions.accept(actor=actor, request=row)
    except ValidationError as error:
        toasts.failure(request, error.messages[0])
    else:
        toasts.success(request, _("Written to the card"))
    return redirect("clients:request", pk=pk)
