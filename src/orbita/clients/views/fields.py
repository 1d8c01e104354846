"""Settings of own fields: what there is, its order, a definition, templates of trades."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from orbita.accounts import policy
from orbita.accounts.models import Role
from orbita.clients.fields import actions, trades
from orbita.clients.fields.indexing import REPEATED
from orbita.clients.fields.settings_form import FieldSettingsForm
from orbita.clients.fields.subjects import subjects
from orbita.clients.forms import into_form
from orbita.clients.models.fields import FieldDefinition
from orbita.clients.views.common import actor_of, form_page
from orbita.ui import toasts

Kind = FieldDefinition.Kind
Subject = FieldDefinition.Subject


@dataclass(frozen=True, slots=True)
class Line:
    """A field as the settings list it."""

    field: FieldDefinition
    rules: str
    index: str
    roles: str


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    form = context.get("form")
    wrong = form is not None and form.is_bound and bool(form.errors)
    context |= {"tab": "fields"}
    return render(request, f"clients/{template}.html", context, status=422 if wrong else 200)


def _subject(request: HttpRequest) -> str:
    wanted = request.GET.get("subject") or Subject.CLIENT
    if wanted not in subjects():
        raise Http404
    return wanted


def _address(subject: str) -> str:
    return f"{reverse('clients:fields')}?subject={subject}"


@require_safe
def fields(request: HttpRequest) -> HttpResponse:
    policy.require(request.user, "fields.edit")
    subject = _subject(request)
    rows = FieldDefinition.objects.filter(subject=subject).select_related("required_segment")
    roles = {role.pk: str(role) for role in Role.objects.all()}
    lines = [_line(field, roles) for field in rows]
    return _page(
        request,
        "fields",
        {
            "lines": [line for line in lines if line.field.is_active],
            "archived": [line for line in lines if not line.field.is_active],
            "subject": subject,
            "subjects": [(name, Subject(name).label, _address(name)) for name in subjects()],
        },
    )


def _line(field: FieldDefinition, roles: dict[int, str]) -> Line:
    rules = [
        str(FieldDefinition.Holder(field.holder).label) if field.holder else "",
        _("required") if field.required == FieldDefinition.Required.ALWAYS else "",
        _("required for “%(segment)s”") % {"segment": field.required_segment}
        if field.required_segment
        else "",
        _("never repeated") if field.is_unique else "",
        _("searched") if field.is_searchable else "",
        _("tells duplicates") if field.is_compared else "",
    ]
    index = ""
    if field.index_state:
        index = str(FieldDefinition.IndexState(field.index_state).label)
    if field.index_note == REPEATED:
        index = _("not made: some values are repeated")
    seen = ", ".join(roles[pk] for pk in field.see_roles if pk in roles)
    return Line(field, ", ".join(rule for rule in rules if rule), index, seen)


@form_page
def new(request: HttpRequest) -> HttpResponse:
    """First the type, then the rest."""
    policy.require(request.user, "fields.edit")
    subject, kind = _subject(request), request.GET.get("kind", "")
    kinds = [one for one in Kind.choices if subject == Subject.CLIENT or one[0] != Kind.FILE]
    if kind not in dict(kinds):
        context = {"kinds": kinds, "subject": subject, "back": _address(subject)}
        return _page(request, "field_kinds", context)
    actor = actor_of(request)
    form = FieldSettingsForm(
        request.POST if request.method == "POST" else None, actor=actor, subject=subject, kind=kind
    )
    if request.method == "POST" and "more" not in request.POST and form.is_valid():
        with into_form(form):
            field = actions.define_field(actor=actor, subject=subject, kind=kind, **form.values())
            toasts.success(request, _("Field added: %(name)s") % {"name": field.label})
            return redirect(_address(subject))
    return _settings(request, form, subject, None)


@form_page
def change(request: HttpRequest, pk: int) -> HttpResponse:
    policy.require(request.user, "fields.edit")
    field = get_object_or_404(FieldDefinition, pk=pk)
    actor = actor_of(request)
    form = FieldSettingsForm(
        request.POST if request.method == "POST" else None,
        actor=actor,
        subject=field.subject,
        kind=field.kind,
        field=field,
    )
    if request.method == "POST" and "more" not in request.POST and form.is_valid():
        with into_form(form):
            if actions.change_field(actor=actor, field=field, **form.values()):
                toasts.success(request, _("Field saved: %(name)s") % {"name": field.label})
            else:
                toasts.info(request, _("Nothing was changed"))
            return redirect(_address(field.subject))
    return _settings(request, form, field.subject, field)


def _settings(
    request: HttpRequest, form: FieldSettingsForm, subject: str, field: FieldDefinition | None
) -> HttpResponse:
    context = {
        "form": form,
        "field": field,
        "subject": Subject(subject).label,
        "back": _address(subject),
        "show_errors": request.method == "POST" and "more" not in request.POST,
    }
    return _page(request, "field_settings", context)


@require_POST
def move(request: HttpRequest, pk: int) -> HttpResponse:
    policy.require(request.user, "fields.edit")
    field = get_object_or_404(FieldDefinition, pk=pk)
    actions.move_field(actor=actor_of(request), field=field, up=request.POST.get("do") == "up")
    return redirect(f"{_address(field.subject)}#field-{field.pk}")


@require_POST
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Out of use, or back into it: what the button of the toast undoes."""
    policy.require(request.user, "fields.edit")
    field = get_object_or_404(FieldDefinition, pk=pk)
    back = request.GET.get("do") == "restore"
    try:
        done = actions.archive_field(actor=actor_of(request), field=field, archived=not back)
    except ValidationError as error:
        toasts.failure(request, " ".join(error.messages))
        return redirect(_address(field.subject))
    if done and not back:
        address = f"{reverse('clients:field-archive', args=[pk])}?do=restore"
        words = _("Archived: %(name)s. Its values stay.") % {"name": field.label}
        toasts.success(request, words, undo=address)
    elif done:
        toasts.success(request, _("Back in use: %(name)s") % {"name": field.label})
    return redirect(_address(field.subject))


@form_page
def templates(request: HttpRequest) -> HttpResponse:
    """Fields, sources and tags of a trade in one click."""
    policy.require(request.user, "fields.edit")
    if request.method == "POST":
        trade = trades.TRADES.get(request.POST.get("trade", ""))
        if trade is None:
            raise Http404
        added = trades.apply(actor=actor_of(request), trade=trade)
        toasts.success(request, trades.in_words(added))
        return redirect("clients:fields")
    shown = [trades.preview(trade) for trade in trades.TRADES.values()]
    return _page(request, "field_templates", {"trades": shown})
