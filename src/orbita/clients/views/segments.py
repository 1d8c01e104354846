from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients import actions
from orbita.clients.forms import SegmentForm, into_form
from orbita.clients.lists import CLIENTS
from orbita.clients.models import Client, Segment
from orbita.clients.views.common import actor_of, form_page
from orbita.core.models import Event
from orbita.core.rules import Rule, RuleError, describe
from orbita.ui import formats, toasts
from orbita.ui.lists import State, address_of, bounded_count, compact, parse_rule
from orbita.ui.views import own_address

MOST = 200
FEW = 20


@dataclass(frozen=True, slots=True)
class Line:
    """A segment as its page shows it."""

    segment: Segment
    words: str
    url: str
    may_edit: bool


@require_safe
def segments(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    policy.require(actor, "clients.view")
    if "count" in request.GET:
        return _count(request, actor)
    if request.GET.get("part") == "menu":
        few = Segment.objects.visible_to(actor)[:FEW]
        lines = [(segment, list_address(segment)) for segment in few]
        return render(request, "clients/_segment_menu.html", {"segments": lines})
    rows = Segment.objects.visible_to(actor).select_related("author")[:MOST]
    shown = [
        Line(
            segment,
            _in_words(segment.rule, actor),
            list_address(segment),
            policy.allows(actor, "segments.edit", segment),
        )
        for segment in rows
    ]
    return render(
        request,
        "clients/segments.html",
        {"lines": shown, "may_make": policy.allows(actor, "segments.edit")},
    )


def list_address(segment: Segment) -> str:
    """The list of clients who are in the segment."""
    return address_of(CLIENTS, {"fact": "segment", "op": "in", "value": [segment.pk]})


def _in_words(rule: Rule, actor: User) -> str:
    try:
        return describe("client", rule, actor=actor)
    except (RuleError, LookupError):
        return _("Not open to you, or its conditions cannot be read any more.")


def _count(request: HttpRequest, actor: User) -> HttpResponse:
    """How many clients are in a segment, read after the page is shown."""
    text = request.GET.get("count", "")
    pk = int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0
    segment = get_object_or_404(Segment.objects.visible_to(actor), pk=pk)
    try:
        rows = Client.objects.visible_to(actor).matching(segment.rule, actor=actor)
        words = formats.bounded(bounded_count(rows, CLIENTS.count_limit), CLIENTS.count_limit)
    except RuleError:
        words = formats.DASH
    return HttpResponse(words, content_type="text/plain; charset=utf-8")


@form_page
def new(request: HttpRequest) -> HttpResponse:
    """Keeps the conditions of the list as a segment."""
    actor = actor_of(request)
    policy.require(actor, "segments.edit")
    form = SegmentForm(request.POST if request.method == "POST" else None)
    rule: Rule = {}
    if request.method == "POST":
        try:
            rule = parse_rule(request.POST.get("rule", ""))
        except RuleError as error:
            form.add_error(None, str(error))
    else:
        rule = State(CLIENTS, actor, request.GET.dict()).rule
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            segment = actions.create_segment(
                actor=actor,
                name=form.cleaned_data["name"],
                rule=rule,
                is_shared=form.cleaned_data["is_shared"],
            )
            toasts.success(request, _("Segment “%(name)s” saved") % {"name": segment.name})
            return toasts.redirect(request, reverse("clients:segments"))
    return _form(request, form, rule_text=compact(rule), words=_in_words(rule, actor), segment=None)


@form_page
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """The name of a segment and whose it is; its conditions come from the list."""
    actor = actor_of(request)
    segment = get_object_or_404(Segment.objects.visible_to(actor), pk=pk)
    policy.require(actor, "segments.edit", segment)
    initial = {"name": segment.name, "is_shared": segment.is_shared}
    form = SegmentForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            text = request.POST.get("rule", "")
            actions.change_segment(
                actor=actor,
                segment=segment,
                name=form.cleaned_data["name"],
                is_shared=form.cleaned_data["is_shared"],
                rule=_given(text),
            )
            toasts.success(request, _("Segment “%(name)s” saved") % {"name": segment.name})
            return toasts.redirect(request, reverse("clients:segments"))
        segment.refresh_from_db()
    words = _in_words(segment.rule, actor)
    return _form(request, form, rule_text="", words=words, segment=segment)


def _given(text: str) -> Rule | None:
    try:
        return parse_rule(text) if text else None
    except RuleError as error:
        raise ValidationError(str(error)) from None


def _form(request: HttpRequest, form: SegmentForm, **context: Any) -> HttpResponse:
    status = 422 if form.errors else 200
    return render(request, "clients/segment.html", {"form": form, **context}, status=status)


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    segment = get_object_or_404(Segment.objects.visible_to(actor), pk=pk)
    event = actions.delete_segment(actor=actor, segment=segment)
    toasts.success(
        request,
        _("Segment “%(name)s” deleted") % {"name": segment.name},
        undo=reverse("clients:segment-restore", args=[event.pk]),
    )
    return redirect("clients:segments")


@require_POST
def restore(request: HttpRequest, event: int) -> HttpResponse:
    """Brings a deleted segment back, from its toast."""
    policy.require(request.user, "segments.edit")
    deleted = get_object_or_404(
        Event.objects.filter(kind="segment.deleted").select_related("payload"), pk=event
    )
    try:
        segment = actions.restore_segment(actor=actor_of(request), event=deleted)
        toasts.success(request, _("Segment “%(name)s” is back") % {"name": segment.name})
    except ValidationError as error:
        toasts.failure(request, " ".join(error.messages))
    return HttpResponseRedirect(own_address(request, reverse("clients:segments")))
