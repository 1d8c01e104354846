"""Pipelines, their stages, and the reasons why deals are lost."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.core.events import changes, emit
from orbita.core.models import Event
from orbita.core.rules import RuleError, compile_rule
from orbita.core.text import clean_line, normalise
from orbita.work.models import LossReason, Pipeline, Stage
from orbita.work.ready import ReadyStage
from orbita.work.required import choices

PERMISSION = "deals.pipelines"
MOST_STAGES = 30
_STAGE = (
    "name",
    "kind",
    "colour",
    "probability",
    "limit_days",
    "required",
    "entry",
    "instruction",
    "script",
)


def create_pipeline(*, actor: User | None, name: str, stages: Sequence[ReadyStage]) -> Pipeline:
    """A pipeline with its stages, behind the others. Without an actor: what an installation begins with."""
    if actor is not None:
        policy.require(actor, PERMISSION)
    last = Pipeline.objects.aggregate(last=Max("position"))["last"]
    pipeline = Pipeline(name=_named(name, 100), position=0 if last is None else last + 1)
    _require_free(pipeline)
    with transaction.atomic():
        pipeline.save()
        for place, ready in enumerate(stages):
            stage = Stage(pipeline=pipeline, position=place, **ready.fields())
            _check(stage, actor)
            stage.save()
        _require_ends(pipeline)
        _tell("pipeline.created", actor, pipeline, after={"name": pipeline.name})
    return pipeline


def save_pipeline(*, actor: User, pipeline: Pipeline, name: str) -> Pipeline:
    """Another name for the pipeline."""
    policy.require(actor, PERMISSION)
    before = {"name": pipeline.name}
    pipeline.name = _named(name, 100)
    _require_free(pipeline)
    difference = changes(before, {"name": pipeline.name})
    if difference["after"]:
        with transaction.atomic():
            pipeline.save()
            _tell("pipeline.changed", actor, pipeline, **difference)
    return pipeline


def archive_pipeline(*, actor: User, pipeline: Pipeline, back: bool = False) -> Pipeline:
    """Out of use, or `back` in it. Its deals stay as they are; one pipeline is always in use."""
    policy.require(actor, PERMISSION)
    with transaction.atomic():
        others = Pipeline.objects.select_for_update(no_key=True).filter(archived_at=None)
        if not back and not [one for one in others if one.pk != pipeline.pk]:
            raise ValidationError(_("One pipeline has to stay in use."))
        pipeline.archived_at = None if back else timezone.now()
        pipeline.save()
        _tell("pipeline.changed", actor, pipeline, after={"archived": not back})
    return pipeline


def save_stage(
    *, actor: User, pipeline: Pipeline, values: Mapping[str, Any], stage: Stage | None = None
) -> Stage:
    """A stage of the pipeline, a new one at the end of those of its kind. Raises `ValidationError`
    keyed by field.
    """
    policy.require(actor, PERMISSION)
    with transaction.atomic():
        known = list(_stages_held(pipeline))
        fresh = stage is None
        if fresh and len(known) >= MOST_STAGES:
            raise ValidationError(_("A pipeline has at most %(n)s stages.") % {"n": MOST_STAGES})
        stage = stage or Stage(pipeline=pipeline, position=len(known))
        before = {} if fresh else _fields(stage)
        was = stage.kind
        for name in _STAGE:
            if name in values:
                setattr(stage, name, values[name])
        _check(stage, actor)
        if not fresh and stage.kind != was and stage.deals.exists():
            raise ValidationError({"kind": _("There are deals in this stage: its kind stays.")})
        stage.save()
        if fresh:
            _put_in_order([*known, stage])
        _require_ends(pipeline)
        difference = changes(before, _fields(stage))
        if difference["after"]:
            kind = "stage.created" if fresh else "stage.changed"
            _tell(kind, actor, pipeline, stage=stage.name, **difference)
    return stage


def move_stage(*, actor: User, stage: Stage, place: int) -> Stage:
    """Puts the stage to another place (from 0) of its pipeline; won and lost stay behind the others."""
    policy.require(actor, PERMISSION)
    with transaction.atomic():
        stages = [one for one in _stages_held(stage.pipeline) if one.pk != stage.pk]
        stages.insert(max(0, min(place, len(stages))), stage)
        _put_in_order(stages)
        _tell("stage.changed", actor, stage.pipeline, stage=stage.name, after={"place": place})
    return stage


def remove_stage(*, actor: User, stage: Stage) -> Stage:
    """Takes a stage that no deal stands in off the pipeline; the history keeps its name."""
    policy.require(actor, PERMISSION)
    with transaction.atomic():
        list(_stages_held(stage.pipeline))
        if stage.deals.filter(deleted_at=None).exists():
            raise ValidationError(_("There are deals in this stage: move them first."))
        stage.removed_at = timezone.now()
        stage.save()
        _require_ends(stage.pipeline)
        _tell("stage.removed", actor, stage.pipeline, stage=stage.name)
    return stage


def restore_stage(*, actor: User, stage: Stage) -> Stage:
    """Back in the pipeline."""
    policy.require(actor, PERMISSION)
    with transaction.atomic():
        stage.removed_at = None
        stage.save()
        _put_in_order(list(_stages_held(stage.pipeline)))
        _tell("stage.created", actor, stage.pipeline, stage=stage.name)
    return stage


def save_reason(
    *,
    actor: User | None,
    name: str,
    parent: LossReason | None = None,
    reason: LossReason | None = None,
    archived: bool = False,
) -> LossReason:
    """A reason of loss, under another one or by itself; `archived` ones are not offered any more."""
    if actor is not None:
        policy.require(actor, PERMISSION)
    if parent is not None and parent.parent_id:
        raise ValidationError({"parent": _("Reasons stand in two levels.")})
    if reason is not None and parent is not None and reason.parts.exists():
        raise ValidationError({"parent": _("Reasons stand in two levels.")})
    with transaction.atomic():
        if reason is None:
            reason = LossReason(position=LossReason.objects.count())
        reason.name, reason.parent = _named(name, 100), parent
        reason.archived_at = (reason.archived_at or timezone.now()) if archived else None
        reason.save()
        emit(
            "loss_reason.saved",
            actor=actor,
            subject_type="loss_reason",
            subject_id=reason.pk,
            data={"name": str(reason), "archived": archived},
        )
    return reason


# ---- what they share ----


def _named(name: str, longest: int) -> str:
    name = clean_line(name)
    if not name or len(name) > longest:
        raise ValidationError(
            {"name": _("Give a name of at most %(n)s characters.") % {"n": longest}}
        )
    return name


def _require_free(pipeline: Pipeline) -> None:
    others = Pipeline.objects.exclude(pk=pipeline.pk).values_list("name", flat=True)
    if any(normalise(other) == normalise(pipeline.name) for other in others):
        raise ValidationError({"name": _("There is a pipeline with this name already.")})


def _stages_held(pipeline: Pipeline) -> Sequence[Stage]:
    """The stages in use, held with the pipeline until the transaction ends."""
    Pipeline.objects.select_for_update(no_key=True).get(pk=pipeline.pk)
    return list(Stage.objects.filter(pipeline=pipeline, removed_at=None))


def _put_in_order(stages: Sequence[Stage]) -> None:
    """Numbers the stages as they stand; won ones come behind the open ones, lost ones at the end."""
    ranks = {Stage.Kind.OPEN: 0, Stage.Kind.WON: 1, Stage.Kind.LOST: 2}
    for place, stage in enumerate(sorted(stages, key=lambda one: ranks[Stage.Kind(one.kind)])):
        if stage.position != place:
            stage.position = place
            Stage.objects.filter(pk=stage.pk).update(position=place)


def _require_ends(pipeline: Pipeline) -> None:
    kinds = set(
        Stage.objects.filter(pipeline=pipeline, removed_at=None).values_list("kind", flat=True)
    )
    if kinds != set(Stage.Kind.values):
        raise ValidationError(_("A pipeline needs a stage at work, a won and a lost one."))


def _check(stage: Stage, actor: User | None) -> None:
    errors: dict[str, str] = {}
    stage.name = clean_line(stage.name)
    if not stage.name or len(stage.name) > 60:
        errors["name"] = _("Give a name of at most %(n)s characters.") % {"n": 60}
    if stage.kind not in Stage.Kind.values:
        errors["kind"] = _("There is no such choice.")
    if stage.colour not in Stage.Colour.values:
        errors["colour"] = _("There is no such choice.")
    if not 0 <= stage.probability <= 100:
        errors["probability"] = _("Between %(low)s and %(high)s.") % {"low": 0, "high": 100}
    if stage.limit_days is not None and not 1 <= stage.limit_days <= 3650:
        errors["limit_days"] = _("Between %(low)s and %(high)s.") % {"low": 1, "high": 3650}
    if set(stage.required) - {name for name, _label in choices()}:
        errors["required"] = _("There is no such field.")
    try:
        compile_rule("deal", stage.entry or {}, actor=actor)
    except RuleError as error:
        errors["entry"] = str(error)
    if errors:
        raise ValidationError(errors)
    stage.probability = {Stage.Kind.WON: 100, Stage.Kind.LOST: 0}.get(
        Stage.Kind(stage.kind), stage.probability
    )


def _fields(stage: Stage) -> dict[str, Any]:
    return {name: getattr(stage, name) for name in _STAGE}


def _tell(kind: str, actor: User | None, pipeline: Pipeline, **data: Any) -> Event:
    return emit(
        kind,
        actor=actor,
        subject_type="pipeline",
        subject_id=pipeline.pk,
        data={"name": pipeline.name} | data,
    )
