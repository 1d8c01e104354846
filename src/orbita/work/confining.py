"""Roles that work only with deals of chosen pipelines."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from orbita.accounts import confining, policy
from orbita.work.models import Deal, Pipeline, Stage

PIPELINES = "deals.pipelines"


def open_pipelines(actor: Any) -> Q:
    """The condition that the bounds of the actor's role put on pipelines; empty when it has none."""
    chosen = confining.chosen_of(actor, PIPELINES)
    return Q() if chosen is None else Q(pk__in=sorted(chosen))


def require_open(actor: Any, stage: Stage) -> None:
    """For a stage that a deal begins in or goes to. Raises `Denied`."""
    chosen = confining.chosen_of(actor, PIPELINES)
    if chosen is not None and stage.pipeline_id not in chosen:
        raise policy.Denied(_("Your role works only with deals of other pipelines."))


def choices() -> Mapping[int, str]:
    """The pipelines that a role may be bound to."""
    return dict(Pipeline.objects.values_list("pk", "name"))


def seen_deals(actor: Any) -> Q | None:
    """For the timeline: events of the deals that the actor sees; None when he sees all."""
    if policy.covers_all(actor, "deals.view"):
        return None
    return Q(subject_id__in=Deal.objects.visible_to(actor).values("pk"))
