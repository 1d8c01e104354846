"""Pipelines, stages and reasons of loss: how deals go here."""

from typing import Any

from django import forms as django_forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from orbita.accounts import policy
from orbita.ui import toasts
from orbita.work import actions
from orbita.work.actions.pipelines import PERMISSION
from orbita.work.forms.pipelines import PipelineForm, ReasonForm, StageForm
from orbita.work.models import LossReason, Pipeline, Stage
from orbita.work.ready import PIPELINES
from orbita.work.required import choices
from orbita.work.views.common import actor_of, form_page
from orbita.work.views.deals import into_form


@require_safe
def pipelines(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    policy.require(actor, PERMISSION)
    stages: dict[int, list[Stage]] = {}
    for stage in Stage.objects.filter(removed_at=None):
        stages.setdefault(stage.pipeline_id, []).append(stage)
    known = list(Pipeline.objects.order_by("archived_at", "position"))
    labels = dict(choices())
    names = {pipeline.name for pipeline in known}
    reasons = list(LossReason.objects.all())
    context = {
        "pipelines": [
            (
                pipeline,
                [
                    (stage, ", ".join(str(labels.get(name, name)) for name in stage.required))
                    for stage in stages.get(pipeline.pk, [])
                ],
            )
            for pipeline in known
        ],
        "ready": [one for one in PIPELINES if str(one.label) not in names],
        "reasons": [
            (one, [part for part in reasons if part.parent_id == one.pk])
            for one in reasons
            if one.parent_id is None
        ],
    }
    return render(request, "work/pipelines.html", context)


@form_page
def pipeline_edit(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    policy.require(actor, PERMISSION)
    pipeline = get_object_or_404(Pipeline, pk=pk)
    form = PipelineForm(request.POST or None, initial={"name": pipeline.name})
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            actions.save_pipeline(actor=actor, pipeline=pipeline, name=form.cleaned_data["name"])
            return _saved(request, _("Pipeline “%(name)s” saved") % {"name": pipeline.name})
    return _form(request, form, _("Pipeline"))


@require_POST
def pipeline_archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Out of use, or back in it."""
    actor = actor_of(request)
    policy.require(actor, PERMISSION)
    pipeline = get_object_or_404(Pipeline, pk=pk)
    back = pipeline.archived_at is not None
    try:
        actions.archive_pipeline(actor=actor, pipeline=pipeline, back=back)
    except ValidationError as error:
        toasts.failure(request, " ".join(error.messages))
        return redirect("work:pipelines")
    words = (
        _("Pipeline “%(name)s” is in use again") if back else _("Pipeline “%(name)s” is out of use")
    )
    return _saved(
        request,
        words % {"name": pipeline.name},
        undo=reverse("work:pipeline-archive", args=[pk]),
    )


@form_page
def stage_new(request: HttpRequest, pk: int) -> HttpResponse:
    policy.require(request.user, PERMISSION)
    return _stage(request, get_object_or_404(Pipeline, pk=pk), None)


@form_page
def stage_edit(request: HttpRequest, pk: int) -> HttpResponse:
    policy.require(request.user, PERMISSION)
    stage = get_object_or_404(Stage.objects.select_related("pipeline"), pk=pk)
    return _stage(request, stage.pipeline, stage)


def _stage(request: HttpRequest, pipeline: Pipeline, stage: Stage | None) -> HttpResponse:
    form = StageForm(request.POST if request.method == "POST" else None, stage=stage)
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            saved = actions.save_stage(
                actor=actor_of(request),
                pipeline=pipeline,
                stage=stage,
                values=form.cleaned_data,
            )
            return _saved(request, _("Stage “%(name)s” saved") % {"name": saved.name})
    title = stage.name if stage else _("New stage")
    return _form(request, form, title, pipeline.name, stage=stage)


@require_POST
def stage_move(request: HttpRequest, pk: int, place: int) -> HttpResponse:
    """Puts the stage to another place of its pipeline."""
    policy.require(request.user, PERMISSION)
    stage = get_object_or_404(Stage.objects.select_related("pipeline"), pk=pk)
    actions.move_stage(actor=actor_of(request), stage=stage, place=place)
    if request.headers.get("X-Board") == "1":
        return HttpResponse(status=204)
    return redirect("work:pipelines")


@require_POST
def stage_remove(request: HttpRequest, pk: int) -> HttpResponse:
    policy.require(request.user, PERMISSION)
    stage = get_object_or_404(Stage.objects.select_related("pipeline"), pk=pk)
    try:
        actions.remove_stage(actor=actor_of(request), stage=stage)
    except ValidationError as error:
        toasts.failure(request, " ".join(error.messages))
        return redirect("work:pipelines")
    return _saved(
        request,
        _("Stage “%(name)s” removed") % {"name": stage.name},
        undo=reverse("work:stage-restore", args=[pk]),
    )


@require_POST
def stage_restore(request: HttpRequest, pk: int) -> HttpResponse:
    policy.require(request.user, PERMISSION)
    stage = get_object_or_404(Stage.objects.select_related("pipeline"), pk=pk)
    actions.restore_stage(actor=actor_of(request), stage=stage)
    return _saved(request, _("Stage “%(name)s” is back") % {"name": stage.name})


@form_page
def reason_new(request: HttpRequest) -> HttpResponse:
    policy.require(request.user, PERMISSION)
    return _reason(request, None)


@form_page
def reason_edit(request: HttpRequest, pk: int) -> HttpResponse:
    policy.require(request.user, PERMISSION)
    return _reason(request, get_object_or_404(LossReason, pk=pk))


def _reason(request: HttpRequest, reason: LossReason | None) -> HttpResponse:
    form = ReasonForm(request.POST if request.method == "POST" else None, reason=reason)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        with into_form(form):
            saved = actions.save_reason(
                actor=actor_of(request),
                reason=reason,
                name=values["name"],
                parent=values["parent"],
                archived=values.get("archived", False),
            )
            return _saved(request, _("Reason “%(name)s” saved") % {"name": saved.name})
    return _form(request, form, _("Reason of loss"))


def _saved(request: HttpRequest, words: str, undo: str | None = None) -> HttpResponse:
    toasts.success(request, words, undo=undo)
    return toasts.redirect(request, reverse("work:pipelines"))


def _form(
    request: HttpRequest,
    form: django_forms.Form,
    title: str,
    about: str = "",
    **more: Any,
) -> HttpResponse:
    context = {"form": form, "title": title, "about": about, **more}
    status = 422 if form.errors else 200
    return render(request, "work/setting.html", context, status=status)
