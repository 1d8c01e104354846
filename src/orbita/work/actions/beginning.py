"""What an installation begins with: ready pipelines and reasons of loss, chosen by name."""

from collections.abc import Sequence

from django.db import transaction

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.work.actions.pipelines import PERMISSION, create_pipeline, save_reason
from orbita.work.models import LossReason, Pipeline
from orbita.work.ready import PIPELINES, REASONS


def begin_with(*, actor: User | None, names: Sequence[str]) -> list[Pipeline]:
    """Makes the ready pipelines of these names, in the language of whoever asks; the reasons of loss
    too while there are none.
    """
    if actor is not None:
        policy.require(actor, PERMISSION)
    with transaction.atomic():
        if not LossReason.objects.exists():
            _make_reasons(actor)
        return [
            create_pipeline(actor=actor, name=str(ready.label), stages=ready.stages)
            for ready in PIPELINES
            if ready.name in names
        ]


def _make_reasons(actor: User | None) -> None:
    for group, parts in REASONS:
        parent = save_reason(actor=actor, name=str(group))
        for part in parts:
            save_reason(actor=actor, name=str(part), parent=parent)
