"""Making a card and changing it: whole, quick, one field, one contact."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from orbita.accounts import policy, watching
from orbita.accounts.models import User
from orbita.clients import actions, wording
from orbita.clients.card import EDITABLE, Card
from orbita.clients.card_form import CardForm
from orbita.clients.collections import COLLECTIONS
from orbita.clients.contacts import Contact, entry, from_entry, keys_of
from orbita.clients.duplicates.exact import Known, already_here
from orbita.clients.entry import Answer, Match, answer_to, matches_of, typed
from orbita.clients.fields.known import changed_by, seen
from orbita.clients.forms import ContactForm, FieldForm, QuickForm, into_form, split_tags
from orbita.clients.guarding import sight
from orbita.clients.models import Client, ContactPoint
from orbita.clients.quality.typing_hints import pending, with_taken
from orbita.clients.views.common import actor_of, client_or_404, form_page, is_part
from orbita.clients.views.files import limited
from orbita.core.models import Event
from orbita.ui import toasts


def _created(request: HttpRequest, client: Client) -> None:
    event = Event.objects.filter(client_id=client.pk, kind="client.created").latest("pk")
    toasts.success(
        request,
        _("Client added: %(name)s") % {"name": client.name},
        undo=reverse("clients:undo", args=[event.pk]),
    )


def _changed(request: HttpRequest, event: Event | None, text: str) -> None:
    if event:
        toasts.success(request, text, undo=reverse("clients:undo", args=[event.pk]))
    else:
        toasts.info(request, _("Nothing was changed"))


def _where_to(request: HttpRequest, client: Client) -> str:
    """The card that was written, or the list with a word why when it lies beyond what its writer sees."""
    if _is_seen(request, client):
        return reverse("clients:card", args=[client.pk])
    toasts.info(
        request,
        _("The card is written, but your role does not show it to you: %(name)s")
        % {"name": client.name},
    )
    return reverse("clients:list")


def _is_seen(request: HttpRequest, client: Client) -> bool:
    return Client.objects.visible_to(actor_of(request)).filter(pk=client.pk).exists()


@dataclass
class _Asked:
    """What came of a form for a new client: the answer to go away with, or whom to show."""

    answer: HttpResponse | None = None
    matches: Sequence[Match] = ()
    may_add: bool = True


def _add(
    request: HttpRequest,
    form: Form,
    values: Mapping[str, Any],
    contacts: Sequence[Contact],
    **parts: Any,
) -> _Asked:
    """Adds the client as the rule for forms says, or tells whom he looks like."""
    actor = actor_of(request)
    matches = matches_of(
        actor, values=values, contacts=contacts, places=parts.get("addresses") or ()
    )
    answer = answer_to("form", matches)
    known = actions.taken_as(actor, matches) if answer == Answer.TAKE else None
    asked = _Asked(matches=matches, may_add=answer != Answer.BLOCK)
    ask = answer in (Answer.BLOCK, Answer.WARN) or (answer == Answer.TAKE and known is None)
    if ask and not (asked.may_add and "anyway" in request.POST):
        return asked
    with into_form(form):
        if known:
            client = actions.supplement(actor=actor, client=known, values=values, contacts=contacts)
            toasts.info(request, _("In the base already: %(name)s") % {"name": client.name})
        else:
            make = actions.create_and_queue if matches else actions.create_client
            client = make(actor=actor, values=values, contacts=contacts, **parts)
            _created(request, client)
        asked.answer = toasts.redirect(request, _where_to(request, client))
    return asked


@form_page
def quick(request: HttpRequest) -> HttpResponse:
    """A client in one small form, in a dialog or on a page."""
    actor = actor_of(request)
    policy.require(actor, "clients.edit")
    asked = _Asked()
    given = with_taken(request)
    form = QuickForm(given, actor=actor)
    fixes = pending(given)
    if given is not None and form.is_valid() and not fixes:
        data = form.cleaned_data
        values = {"kind": form.chosen_kind, "name": data["name"], "inn": data.get("inn", "")}
        values |= form.own_values
        addresses = [{"city": data["city"]}] if data.get("city") else []
        asked = _add(request, form, values, form.contacts, addresses=addresses)
        if asked.answer:
            return asked.answer
    status = 422 if asked.matches or fixes or form.errors else 200
    context = {"form": form, "matches": asked.matches, "may_add": asked.may_add, "hints": fixes}
    return render(request, "clients/quick.html", context, status=status)


@require_POST
def hints(request: HttpRequest) -> HttpResponse:
    """Whom the client that is being typed looks like: a piece of the form, without side effects."""
    actor = actor_of(request)
    policy.require(actor, "clients.edit")
    values, contacts, places = typed(request.POST.dict())
    matches = matches_of(actor, values=values, contacts=contacts, places=places)
    return render(request, "clients/_hints.html", {"matches": matches})


@form_page
def new(request: HttpRequest) -> HttpResponse:
    """The whole card of a new client."""
    actor = actor_of(request)
    policy.require(actor, "clients.edit")
    kind = request.POST.get("kind") or request.GET.get("kind") or Client.Kind.PERSON
    if kind not in Client.Kind.values:
        raise Http404
    given = with_taken(request)
    form = CardForm(given, kind=kind, actor=actor)
    if request.method == "GET":
        form.initial["responsible"] = str(actor.pk)
    asked = _Asked()
    fixes = pending(given)
    if given is not None and "more" not in given and form.is_valid() and not fixes:
        parts = form.parts()
        contacts = [from_entry(one) for one in COLLECTIONS["contacts"].read(parts.pop("contacts"))]
        asked = _add(request, form, form.values(), contacts, **parts)
        if asked.answer:
            return asked.answer
    return _whole(request, form, None, matches=asked.matches, may_add=asked.may_add, hints=fixes)


@form_page
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The whole card of a client. Only what its user changed is written."""
    client = client_or_404(request, pk)
    policy.require(request.user, "clients.edit", client)
    if request.method != "POST":
        watching.note(request.user, watching.CARD, client.pk)
    typed = with_taken(request)
    form = CardForm(typed, kind=client.kind, actor=actor_of(request), client=client)
    hints = pending(typed, changed=form.changed_inputs())
    conflicts: list[dict[str, str]] = []
    known: Sequence[Known] = []
    if typed is not None and "more" not in typed and form.is_valid() and not hints:
        try:
            with into_form(form):
                changes, parts = form.changed_values(), form.changed_parts()
                known = _elsewhere(request, client, changes, parts.get("contacts", []))
                if not known:
                    event = actions.update_client(
                        actor=actor_of(request),
                        client=client,
                        values=changes,
                        version=form.version,
                        **parts,
                    )
                    _changed(request, event, _("Card saved"))
                    return redirect(_where_to(request, client))
        except actions.ConflictError as error:
            conflicts = in_words(error)
            form.version = error.version
    return _whole(request, form, client, conflicts=conflicts, hints=hints, known=known)


def _elsewhere(
    request: HttpRequest,
    client: Client,
    values: Mapping[str, Any],
    contacts: Sequence[Mapping[str, Any]] = (),
) -> Sequence[Known]:
    """Who else has what the user is about to write on this card; nobody once he says "all the same"."""
    if "anyway" in request.POST:
        return []
    written = {(one.kind, one.key) for one in client.contacts.all()}
    new = [one for one in map(from_entry, contacts) if (one.kind, one.key) not in written]
    return already_here(actor_of(request), client, keys=keys_of(new), values=values)


def in_words(error: actions.ConflictError) -> list[dict[str, str]]:
    """Other people's changes of the same fields, for the page that asks which is right."""
    names = dict(
        User.objects.filter(
            pk__in=[change.actor_id for change in error.changes if change.actor_id]
        ).values_list("pk", "name")
    )
    return [
        {
            "label": wording.label_of(change.field),
            "value": ""
            if change.field in wording.COLLECTION_LABELS
            else wording.value_of(change.field, change.value) or "—",
            "who": names.get(change.actor_id or 0, ""),
        }
        for change in error.changes
    ]


_QUESTIONS = ("matches", "known", "conflicts", "hints")


def _whole(
    request: HttpRequest, form: CardForm, client: Client | None, **more: Any
) -> HttpResponse:
    wrong = bool(form.errors or any(more.get(name) for name in _QUESTIONS))
    wrong = wrong and "more" not in request.POST
    return render(
        request,
        "clients/edit.html",
        {"form": form, "client": client, "show_errors": wrong, **more},
        status=422 if wrong else 200,
    )


# ---- one field in place ----


@limited
@form_page
def field(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """One field of the card: a piece of it for htmx, a page of its own without scripts."""
    client = client_or_404(request, pk)
    policy.require(request.user, "clients.edit", client)
    closed = not sight(request.user).allows(name)
    if closed or (name not in EDITABLE and not _is_own_of(client, name, request)):
        raise Http404
    posted = request.method == "POST"
    form = FieldForm(
        request.POST if posted else None,
        request.FILES if posted else None,
        name=name,
        client=client,
        actor=actor_of(request),
    )
    version = client.version
    known: Sequence[Known] = []
    if posted and form.is_valid():
        try:
            with into_form(form):
                known = _elsewhere(request, client, {name: request.POST.get(name)})
                if not known:
                    event = _write_field(request, client, form)
                    return _field_saved(request, client, name, event)
        except actions.ConflictError as error:
            version = error.version
            (change, *_rest) = in_words(error)
            form.add_error(
                name,
                _("%(who)s has meanwhile written “%(value)s”. Save again to keep yours.") % change,
            )
    context = {"form": form, "client": client, "version": version, "name": name, "known": known}
    template = "clients/_field.html" if is_part(request) else "clients/field.html"
    return render(request, template, context, status=422 if form.errors or known else 200)


def _is_own_of(client: Client, name: str, request: HttpRequest) -> bool:
    fields = changed_by(seen("client", request.user, client.kind), actor_of(request))
    return name in (field.name for field in fields)


def _write_field(request: HttpRequest, client: Client, form: FieldForm) -> Event | None:
    typed = form.cleaned_data[form.name]
    if form.is_file:
        return _write_file(request, client, form.name, typed)
    text = request.POST.get("version", "")
    version = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
    given: dict[str, Any] = (
        {"tags": split_tags(typed)} if form.name == "tags" else {"values": {form.name: typed}}
    )
    return actions.update_client(actor=actor_of(request), client=client, version=version, **given)


def _write_file(request: HttpRequest, client: Client, name: str, file: Any) -> Event | None:
    """Attaches the file to the card and lets the field point at it; without one, at nothing."""
    actor = actor_of(request)
    with transaction.atomic():
        value = None
        if file:
            value = actions.add_file(actor=actor, client=client, file=file, field=name).pk
        return actions.update_client(actor=actor, client=client, values={name: value})


def _field_saved(
    request: HttpRequest, client: Client, name: str, event: Event | None
) -> HttpResponse:
    if not _is_seen(request, client):
        return toasts.redirect(request, _where_to(request, client))
    value = Card(request, client_or_404(request, client.pk)).value(name)
    shown = value.text if len(value.text) < 60 else value.text[:59] + "…"
    text = _("Saved: %(field)s “%(value)s”") % {"field": value.label.lower(), "value": shown}
    if event:
        toasts.success(request, text, undo=reverse("clients:undo", args=[event.pk]))
    if is_part(request):
        return render(
            request, "clients/_value_saved.html", {"value": value, "card": {"may_edit": True}}
        )
    return redirect("clients:card", pk=client.pk)


# ---- one contact ----


@form_page
def contact_new(request: HttpRequest, pk: int) -> HttpResponse:
    client = client_or_404(request, pk)
    policy.require(request.user, "clients.edit", client)
    typed = with_taken(request)
    form = ContactForm(typed, actor=actor_of(request))
    hints = pending(typed)
    known: Sequence[Known] = []
    if typed is not None and form.is_valid() and not hints:
        contact = form.cleaned_data["contact"]
        known = _elsewhere(request, client, {}, [entry(contact)])
        if not known:
            with into_form(form):
                event = actions.add_contact(
                    actor=actor_of(request),
                    client=client,
                    kind=contact.kind,
                    value=contact.value,
                    service=contact.service,
                    label=contact.label,
                )
                _changed(request, event, _("Contact added"))
                return toasts.redirect(request, reverse("clients:card", args=[pk]))
    status = 422 if known or hints or form.errors else 200
    context = {"form": form, "client": client, "known": known, "hints": hints}
    return render(request, "clients/contact.html", context, status=status)


@require_POST
def contact(request: HttpRequest, pk: int, contact: int) -> HttpResponse:
    """Makes a contact the main one, or takes it off the card."""
    client = client_or_404(request, pk)
    policy.require(request.user, "clients.edit", client)
    point = get_object_or_404(ContactPoint, pk=contact, client=client)
    try:
        if request.POST.get("do") == "main":
            event = actions.make_main(actor=actor_of(request), client=client, contact=point)
            _changed(request, event, _("It is the main one now"))
        else:
            event = actions.remove_contact(actor=actor_of(request), client=client, contact=point)
            _changed(request, event, _("Contact taken off the card"))
    except ValidationError as error:
        toasts.failure(request, " ".join(error.messages))
    return redirect("clients:card", pk=pk)
