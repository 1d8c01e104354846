"""Pages of privacy: what a client agreed to, his copy, his erasure, acts and texts."""

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.forms import into_form
from orbita.clients.models import Client, DataRequest, Erasure, LegalHold
from orbita.clients.privacy import cleaning, consents, copying, erasing, shown
from orbita.clients.privacy.forms import (
    YES,
    ConsentForm,
    ErasureForm,
    HoldForm,
    TextForm,
    texts,
)
from orbita.clients.privacy.holds import hold_data, release_data
from orbita.clients.privacy.own_page import links
from orbita.clients.privacy.requests import actions as requests
from orbita.clients.privacy.requests import of_client as requests_of
from orbita.clients.views.common import actor_of, client_or_404, form_page
from orbita.core.models import Company
from orbita.ui import formats, toasts

PAGE = 50


@require_safe
def client_privacy(request: HttpRequest, pk: int) -> HttpResponse:
    """What the client agreed to and how that is known, what must be kept, his copy and erasure."""
    client = client_or_404(request, pk)
    actor = actor_of(request)
    context = {
        "client": client,
        "lines": [shown.line_words(line) for line in consents.lines_of(client)],
        "history": [shown.answer_words(row) for row in consents.history_of(client)],
        "holds": [
            (hold, formats.day(hold.until), hold.holds_on(Company.current().business_date()))
            for hold in LegalHold.objects.filter(client=client).select_related("actor")
        ],
        "may_note": policy.allows(actor, "clients.note", client),
        "may_copy": policy.allows(actor, "privacy.copy", client) and copying.sees_everything(actor),
        "may_erase": policy.allows(actor, "privacy.erase", client),
        "waiting": _waiting(client),
        "requests": requests_of.lines_of(actor, client),
        "may_answer": policy.allows(actor, requests.PERMISSION),
        "may_link": policy.allows(actor, links.PERMISSION, client),
        "link": links.link_of(client),
    }
    return render(request, "clients/privacy/client.html", context)


def _waiting(client: Client) -> Erasure | None:
    """An erasure of this client that the worker has not come to, or why the last was refused."""
    rows = Erasure.objects.exclude(status=Erasure.Status.DONE).order_by("-pk")[:PAGE]
    return next((row for row in rows if row.card == client.pk), None)


@form_page
def consent_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Writes down what the client said about one or several purposes."""
    client = client_or_404(request, pk)
    actor = actor_of(request)
    policy.require(actor, "clients.note", client)
    may_agree = policy.allows(actor, "clients.edit", client)
    asked = request.GET.get("about", "")
    form = ConsentForm(
        request.POST if request.method == "POST" else None,
        may_agree=may_agree,
        initial={"about": [asked]} if asked else None,
    )
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            _record(actor, client, form)
            toasts.success(request, _("The answer is written down"))
            return toasts.redirect(request, reverse("clients:privacy", args=[client.pk]))
    context = {"form": form, "client": client, "texts": shown.texts_in_force()}
    status = 422 if form.errors else 200
    return render(request, "clients/privacy/consent.html", context, status=status)


def _record(actor: User, client: Client, form: ConsentForm) -> None:
    given, moment = form.cleaned_data["given"] == YES, form.moment()
    for purpose, channels in form.purposes().items():
        consents.record_consent(
            actor=actor,
            client=client,
            purpose=purpose,
            channels=channels,
            given=given,
            source=form.cleaned_data["source"],
            at=moment,
            text=consents.text_in_force(purpose) if given else None,
            address=form.cleaned_data["address"] or None,
            proof=form.cleaned_data["proof"],
        )


@require_POST
def copy(request: HttpRequest, pk: int) -> FileResponse:
    """Everything that is kept of the client, to be given to him."""
    client = client_or_404(request, pk)
    package = copying.copy_client(actor=actor_of(request), client=client)
    response = FileResponse(
        package,
        as_attachment=True,
        filename=f"client-{client.pk}-{timezone.localdate():%Y-%m-%d}.zip",
        content_type="application/zip",
    )
    response["Cache-Control"] = "private, no-store"
    return response


@form_page
def hold(request: HttpRequest, pk: int) -> HttpResponse:
    """Forbids erasing the client until a day."""
    client = client_or_404(request, pk)
    actor = actor_of(request)
    policy.require(actor, "privacy.erase", client)
    form = HoldForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            hold_data(actor=actor, client=client, **form.cleaned_data)
            toasts.success(request, _("The data are kept until that day"))
            return toasts.redirect(request, reverse("clients:privacy", args=[client.pk]))
    context = {"form": form, "client": client}
    status = 422 if form.errors else 200
    return render(request, "clients/privacy/hold.html", context, status=status)


@require_POST
def release(request: HttpRequest, pk: int, hold: int) -> HttpResponse:
    """Ends a hold before its day."""
    client = client_or_404(request, pk)
    row = get_object_or_404(LegalHold.objects.select_related("client"), pk=hold, client=client)
    if release_data(actor=actor_of(request), hold=row):
        toasts.success(request, _("The data need not be kept any more"))
    return redirect("clients:privacy", pk=client.pk)


@form_page
def erase(request: HttpRequest, pk: int) -> HttpResponse:
    """Says what an erasure would take and what it leaves, and has it done; also of a card in the bin."""
    actor = actor_of(request)
    binned = Client.objects.in_bin_of(actor).filter(pk=pk).first()
    client = binned or client_or_404(request, pk)
    policy.require(actor, "privacy.erase", client)
    form = ErasureForm(
        request.POST if request.method == "POST" else None,
        client=client,
        initial=requests_of.reason_of(request, client),
    )
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            asked = _ask_erasure(actor, client, form)
            return toasts.redirect(request, reverse("clients:erasure", args=[asked.pk]))
    cards = erasing.cards_of(client)
    kept = erasing.hold_of(cards)
    context = {
        "form": form,
        "client": client,
        "from": reverse("clients:bin") if binned else reverse("clients:privacy", args=[client.pk]),
        "cards": cards,
        "kept": kept,
        "kept_until": formats.day(kept.until) if kept else "",
        "alike": erasing.look_alikes(actor, cards),
        "counts": shown.counts_of(cards),
    }
    status = 422 if form.errors else 200
    return render(request, "clients/privacy/erase.html", context, status=status)


def _ask_erasure(actor: User, client: Client, form: ErasureForm) -> Erasure:
    reason, number = form.cleaned_data["reason"], form.cleaned_data["request"]
    if number is None:
        return erasing.ask_erasure(actor=actor, client=client, reason=reason)
    row = get_object_or_404(DataRequest, pk=number, client=client)
    return requests.ask_erasure(actor=actor, request=row, client=client, reason=reason)


# ---- acts ----


@require_safe
def erasures(request: HttpRequest) -> HttpResponse:
    """The acts of everything that was erased, the newest first."""
    policy.require(request.user, "privacy.view")
    before = request.GET.get("before", "")
    rows = Erasure.objects.select_related("actor")
    if before.isascii() and before.isdigit() and len(before) < 18:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows[: PAGE + 1])
    context = {
        "erasures": [shown.act_line(row) for row in found[:PAGE]],
        "next": found[PAGE - 1].pk if len(found) > PAGE else None,
    }
    return render(request, "clients/privacy/erasures.html", context)


@require_safe
def erasure(request: HttpRequest, pk: int) -> HttpResponse:
    """The act of one erasure: while it is under way, how far it has come; then the document."""
    policy.require(request.user, "privacy.view")
    row = get_object_or_404(Erasure.objects.select_related("actor"), pk=pk)
    context = {
        "erasure": row,
        "act": shown.act_line(row),
        "company": Company.current(),
        "tables": shown.tables_of(row),
        "extract": [shown.log_line(event) for event in cleaning.log_extract(row)],
    }
    return render(request, "clients/privacy/act.html", context)


# ---- texts ----


@form_page
def consent_texts(request: HttpRequest) -> HttpResponse:
    """The texts that clients agree to, version by version, and a form for a new one."""
    policy.require(request.user, "privacy.view")
    actor = actor_of(request)
    may_edit = policy.allows(actor, "privacy.texts")
    form = TextForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        policy.require(actor, "privacy.texts")
        if form.is_valid():
            with into_form(form):
                consents.add_text(actor=actor, **form.cleaned_data)
                toasts.success(request, _("The new text is in force"))
                return redirect("clients:consent-texts")
    context = {"form": form, "texts": texts(), "may_edit": may_edit}
    status = 422 if form.errors else 200
    return render(request, "clients/privacy/texts.html", context, status=status)
