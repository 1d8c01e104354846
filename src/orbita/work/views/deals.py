"""A deal's own page, its forms, and the way from stage to stage."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django import forms as django_forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.fields.shown import groups_of, open_part
from orbita.clients.models import Client
from orbita.core.events import KINDS, payload_of
from orbita.core.models import Company, Event
from orbita.ui import formats, toasts
from orbita.work import actions
from orbita.work.actions.moving import CONFLICT
from orbita.work.board import age_words, heads, marks_of
from orbita.work.cells import sees_sources
from orbita.work.forms import DealForm, MoveForm
from orbita.work.models import Deal, Pipeline, Stage
from orbita.work.views.board import filtered
from orbita.work.views.common import actor_of, deal_or_404, deleted_or_404, form_page

HISTORY = 50


@contextmanager
def into_form(form: django_forms.Form) -> Iterator[None]:
    """Puts what an action says against the input to the form's fields."""
    try:
        yield
    except ValidationError as error:
        if not hasattr(error, "error_dict"):
            form.add_error(None, error)
            return
        for name, messages in error.message_dict.items():
            for message in messages:
                form.add_error(name if name in form.fields else None, message)


@dataclass(frozen=True, slots=True)
class Said:
    """An event of the deal in words."""

    moment: str
    words: str
    icon: str
    who: str


@dataclass(frozen=True, slots=True)
class Step:
    """A stage of the deal's pipeline, and whether the deal has been or is there."""

    stage: Stage
    css: str
    is_current: bool


@require_safe
def deal(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    one = deal_or_404(actor, pk)
    today, now = Company.current().business_date(), timezone.now()
    stages = list(one.pipeline.stages.filter(removed_at=None))
    seen = one.client and policy.allows(actor, "clients.view", one.client)
    return render(
        request,
        "work/deal.html",
        {
            "deal": one,
            "steps": _steps(one, stages),
            "targets": [(stage.pk, stage.name) for stage in stages],
            "sum": formats.money(one.amount, one.currency) if one.amount is not None else "",
            "marks": marks_of(one, now, today),
            "age": age_words(one, now),
            "client_url": reverse("clients:card", args=[one.client_id]) if seen else "",
            "helpers": list(one.helpers.all()),
            "sees_source": sees_sources(actor),
            "own": groups_of(one, "deal", actor),
            "history": _history(one, actor),
            "may_edit": policy.allows(actor, "deals.edit", one),
            "may_delete": policy.allows(actor, "deals.delete", one),
        },
    )


def _steps(one: Deal, stages: list[Stage]) -> list[Step]:
    """The stages at work, and the one that closed the deal."""
    place = one.stage.position
    return [
        Step(
            stage,
            "done" if stage.is_open and (stage.position < place or not one.is_open) else "",
            stage.pk == one.stage_id,
        )
        for stage in stages
        if stage.is_open or stage.pk == one.stage_id
    ]


def _history(one: Deal, actor: User) -> list[Said]:
    """The last events of the deal, newest first; two reads."""
    events = list(
        Event.objects.filter(subject_type="deal", subject_id=one.pk)
        .select_related("payload")
        .order_by("-id")[:HISTORY]
    )
    people = User.objects.in_bulk({event.actor_id for event in events if event.actor_id})
    said, known = [], set()
    for event in events:
        kind = KINDS.get(event.kind)
        if kind is None or (event.request_id and (event.kind, event.request_id) in known):
            continue  # a moved deal is told to both clients; here once
        known.add((event.kind, event.request_id))
        data = open_part(payload_of(event), "deal", actor)
        who = people.get(event.actor_id or 0)
        said.append(
            Said(
                formats.full_moment(event.happened_at),
                kind.sentence(data) if kind.sentence else str(kind.label),
                kind.icon,
                who.display_name if who else "",
            )
        )
    return said


# ---- making and changing ----


@form_page
def deal_new(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    policy.require(actor, "deals.edit")
    form = DealForm(
        request.POST if request.method == "POST" else None,
        actor=actor,
        stage=_stage_of(request),
        client=_client_of(request, actor),
    )
    return _edited(
        request, form, None, lambda: actions.create_deal(actor=actor, data=form.record())
    )


@form_page
def deal_edit(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    one = deal_or_404(actor, pk)
    policy.require(actor, "deals.edit", one)
    form = DealForm(request.POST if request.method == "POST" else None, actor=actor, deal=one)
    version = _number(request.POST.get("version", "")) or one.version
    return _edited(
        request,
        form,
        one,
        lambda: actions.update_deal(actor=actor, deal=one, data=form.record(), version=version),
        version,
    )


def _edited(
    request: HttpRequest,
    form: DealForm,
    one: Deal | None,
    save: Callable[[], Deal],
    version: int = 0,
) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            saved = save()
            toasts.success(request, _("Deal “%(name)s” saved") % {"name": saved.name})
            return toasts.redirect(request, reverse("work:deal", args=[saved.pk]))
    context = {"form": form, "deal": one, "version": version}
    status = 422 if form.errors else 200
    return render(request, "work/deal_form.html", context, status=status)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else None


def _stage_of(request: HttpRequest) -> Stage | None:
    """The stage whose column asked for a deal; else the first of the pipeline that is named."""
    stages = Stage.objects.filter(removed_at=None, kind=Stage.Kind.OPEN)
    if pk := _number(request.GET.get("stage", "")):
        return stages.filter(pk=pk).first()
    if pk := _number(request.GET.get("pipeline", "")):
        return stages.filter(pipeline=pk).first()
    return None


def _client_of(request: HttpRequest, actor: User) -> Client | None:
    """The client that a card asked a deal for."""
    pk = _number(request.GET.get("client", ""))
    return Client.objects.visible_to(actor).filter(pk=pk).first() if pk else None


# ---- from stage to stage ----


@form_page
def deal_move(request: HttpRequest, pk: int, stage: int) -> HttpResponse:
    """Moves the deal; asks for what the stage wants to know first.

    To a board's script it answers as JSON: where the deal stands now, and what to say.
    """
    actor = actor_of(request)
    one = deal_or_404(actor, pk)
    policy.require(actor, "deals.edit", one)
    to = get_object_or_404(Stage.objects.select_related("pipeline"), pk=stage)
    form = MoveForm(
        request.POST if request.method == "POST" else None, actor=actor, deal=one, stage=to
    )
    from_board = request.headers.get("X-Board") == "1"
    if request.method == "POST" and form.is_valid() and not form.elsewhere:
        was, conflict = one.stage, ""
        try:
            moved = actions.move_deal(
                actor=actor,
                deal=one,
                stage=to,
                seen=form.cleaned_data["seen"],
                closing=form.closing(),
                filled=form.filled(),
            )
        except ValidationError as error:
            if getattr(error, "code", "") != CONFLICT:
                _refuse(form, error)
            else:
                conflict = " ".join(error.messages)
        else:
            return _moved(request, moved, was, from_board)
        if conflict and from_board:
            one.refresh_from_db()
            answer = {"stage": one.stage_id, "message": conflict}
            return JsonResponse(answer, status=409)
        if conflict:
            toasts.failure(request, conflict)
            return toasts.redirect(request, reverse("work:deal", args=[pk]))
    if from_board:
        return JsonResponse({"ask": reverse("work:deal-move", args=[pk, stage])}, status=422)
    context = {"form": form, "deal": one, "stage": to}
    status = 422 if request.method == "POST" else 200
    return render(request, "work/deal_move.html", context, status=status)


def _refuse(form: MoveForm, error: ValidationError) -> None:
    with into_form(form):
        raise error


def _moved(request: HttpRequest, moved: Deal, was: Stage, from_board: bool) -> HttpResponse:
    words = _("%(deal)s: %(stage)s") % {"deal": moved.name, "stage": moved.stage.name}
    undo = reverse("work:deal-move", args=[moved.pk, was.pk]) if was.is_open else None
    if from_board:
        rows, _who, _typed = filtered(request, actor_of(request))
        answer = {"stage": moved.stage_id, "message": words, "undo": undo or ""}
        return JsonResponse(answer | {"heads": heads(rows, [was, moved.stage])})
    toasts.success(request, words, undo=undo)
    to_board = request.POST.get("back") == "board"
    if to_board:
        return toasts.redirect(request, reverse("work:board", args=[moved.pipeline_id]))
    return toasts.redirect(request, reverse("work:deal", args=[moved.pk]))


# ---- the bin, and how to begin ----


@require_POST
def deal_delete(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    one = deal_or_404(actor, pk)
    actions.delete_deal(actor=actor, deal=one)
    words = _("Deal “%(name)s” deleted") % {"name": one.name}
    toasts.success(request, words, undo=reverse("work:deal-restore", args=[pk]))
    return toasts.redirect(request, reverse("work:board", args=[one.pipeline_id]))


@require_POST
def deal_restore(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    one = deleted_or_404(actor, pk)
    actions.restore_deal(actor=actor, deal=one)
    toasts.success(request, _("Deal “%(name)s” restored") % {"name": one.name})
    return toasts.redirect(request, reverse("work:deal", args=[pk]))


@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """Makes the ready pipelines that were ticked."""
    actor = actor_of(request)
    names = request.POST.getlist("ready")
    if not names:
        raise Http404
    try:
        made = actions.begin_with(actor=actor, names=names)
    except ValidationError as error:
        toasts.failure(request, " ".join(error.messages))
        return redirect("work:pipelines")
    for pipeline in made:
        toasts.success(request, _("Pipeline “%(name)s” added") % {"name": pipeline.name})
    first = Pipeline.objects.filter(archived_at=None).first()
    return redirect("work:board", pk=first.pk) if first else redirect("work:deals-home")
