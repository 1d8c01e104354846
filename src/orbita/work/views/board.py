"""The board of a pipeline."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.core.text import normalise
from orbita.work.board import board as columns_of
from orbita.work.board import choose_pipeline
from orbita.work.confining import open_pipelines
from orbita.work.models import Deal, Pipeline
from orbita.work.views.common import actor_of

MORE = 300


@require_safe
def deals(request: HttpRequest) -> HttpResponse:
    """The board that the actor looked at last, or the first one; without pipelines, how to begin."""
    actor = actor_of(request)
    policy.require(actor, "deals.view")
    pipelines = list(Pipeline.objects.filter(open_pipelines(actor), archived_at=None))
    chosen = choose_pipeline(pipelines, request.session.get("pipeline"))
    if chosen is None:
        may_begin = policy.allows(actor, "deals.pipelines")
        return render(request, "work/no_pipelines.html", {"may_begin": may_begin})
    return redirect("work:board", pk=chosen.pk)


@require_safe
def board(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    policy.require(actor, "deals.view")
    pipelines = list(Pipeline.objects.filter(open_pipelines(actor), archived_at=None))
    pipeline = next((one for one in pipelines if one.pk == pk), None) or get_object_or_404(
        Pipeline.objects.filter(open_pipelines(actor)), pk=pk
    )
    rows, who, typed = filtered(request, actor)
    if stage_id := request.GET.get("stage", ""):
        return _one_column(request, pipeline, rows, stage_id)
    if request.session.get("pipeline") != pk:
        request.session["pipeline"] = pk
    columns = columns_of(rows, pipeline)
    context = {
        "pipelines": pipelines,
        "pipeline": pipeline,
        "columns": columns,
        "targets": [(column.stage.pk, column.stage.name) for column in columns],
        "who": who,
        "typed": typed,
        "people": _people(actor),
        "may_edit": policy.allows(actor, "deals.edit"),
        "may_set": policy.allows(actor, "deals.pipelines"),
        "is_filtered": bool(who or typed),
    }
    return render(request, "work/board.html", context)


def _one_column(
    request: HttpRequest, pipeline: Pipeline, rows: QuerySet[Deal], stage_id: str
) -> HttpResponse:
    """One column with many more deals: what its foot leads to."""
    if not (stage_id.isascii() and stage_id.isdecimal() and len(stage_id) < 18):
        raise Http404
    stage = get_object_or_404(pipeline.stages, pk=int(stage_id))
    [column] = columns_of(rows, pipeline, stage=stage, shown=MORE)
    stages = pipeline.stages.filter(removed_at=None).values_list("pk", "name")
    context = {
        "column": column,
        "pipeline": pipeline,
        "targets": list(stages),
        "may_edit": policy.allows(actor_of(request), "deals.edit"),
    }
    template = "work/_column.html" if request.headers.get("HX-Request") else "work/column.html"
    return render(request, template, context)


def filtered(request: HttpRequest, actor: User) -> tuple[QuerySet[Deal], str, str]:
    """The visible deals that fit the filter of the address: whose, and a part of the name."""
    rows = Deal.objects.visible_to(actor)
    who, typed = request.GET.get("who", ""), request.GET.get("q", "").strip()[:100]
    if who == "me":
        rows = rows.filter(responsible=actor)
    elif who.isascii() and who.isdecimal() and len(who) < 18:
        rows = rows.filter(responsible=int(who))
    else:
        who = ""
    if key := normalise(typed):
        rows = rows.filter(Q(name_key__contains=key) | Q(client__name_key__contains=key))
    return rows, who, typed


def _people(actor: User) -> list[tuple[str, Any]]:
    people = User.objects.people().filter(is_active=True).exclude(pk=actor.pk).order_by("name")
    return [
        ("", _("All deals")),
        ("me", _("Mine")),
        *((str(user.pk), user.display_name) for user in people),
    ]
