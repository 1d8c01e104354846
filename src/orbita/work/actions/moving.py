"""A deal moves from stage to stage, and is closed so."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.core.rules import RuleError, describe
from orbita.work.actions.deals import emit_deal, locked, save_changed, update_deal
from orbita.work.confining import require_open
from orbita.work.models import Deal, LossReason, Stage, StageStay
from orbita.work.records import Closing, DealData
from orbita.work.required import missing

CONFLICT = "conflict"


def move_deal(
    *,
    actor: User,
    deal: Deal,
    stage: Stage,
    seen: int | None = None,
    closing: Closing | None = None,
    filled: DealData | None = None,
) -> Deal:
    """Moves the deal to a stage of any pipeline, with what was `filled` in on the way. `seen` is the stage that the actor saw it in: moved on
    by somebody since, it stays where that one put it, and the error has the code "conflict".

    Raises `ValidationError` keyed by field when the stage asks for more than the deal has.
    """
    with transaction.atomic():
        deal = locked(deal)
        policy.require(actor, "deals.edit", deal)
        require_open(actor, deal.stage)
        if deal.deleted_at is not None:
            raise ValidationError(_("The deal is in the bin: restore it first."))
        if deal.stage_id == stage.pk:
            return deal
        if seen is not None and seen != deal.stage_id:
            raise ValidationError(
                _("The deal has been moved to “%(stage)s” meanwhile. It stays there.")
                % {"stage": deal.stage.name},
                code=CONFLICT,
            )
        stage = Stage.objects.select_related("pipeline").get(pk=stage.pk)
        if filled is not None:
            deal = update_deal(actor=actor, deal=deal, data=filled)
        require_open(actor, stage)
        _require_entry(deal, stage, actor)
        was = deal.stage
        _close(deal, stage, closing or Closing())
        _step(deal, stage)
        save_changed(deal)
        emit_deal(
            _kind(was, stage),
            deal,
            actor=actor,
            before={"stage": was.name, "pipeline": was.pipeline_id},
            after={"stage": stage.name, "pipeline": stage.pipeline_id},
            stage_ids=[was.pk, stage.pk],
            **_why(deal, stage, closing),
        )
    return deal


def _kind(was: Stage, stage: Stage) -> str:
    if stage.kind == Stage.Kind.WON:
        return "deal.won"
    if stage.kind == Stage.Kind.LOST:
        return "deal.lost"
    return "deal.moved" if was.is_open else "deal.reopened"


def _why(deal: Deal, stage: Stage, closing: Closing | None) -> dict[str, Any]:
    if stage.kind != Stage.Kind.LOST:
        return {}
    return {
        "reason": str(deal.loss_reason) if deal.loss_reason else "",
        "words": closing.comment if closing else "",
        "come_back_on": deal.come_back_on,
    }


def _require_entry(deal: Deal, stage: Stage, actor: User) -> None:
    if stage.removed_at is not None or stage.pipeline.archived_at is not None:
        raise ValidationError(_("This stage is not in use any more."))
    lacking = missing(deal, stage)
    if lacking:
        raise ValidationError(
            {name: _("Needed for “%(stage)s”.") % {"stage": stage.name} for name in lacking}
        )
    if not stage.entry:
        return
    try:
        fits = Deal.objects.filter(pk=deal.pk).matching(stage.entry, actor=actor).exists()
        words = describe("deal", stage.entry, actor=actor)
    except RuleError as error:
        raise ValidationError(
            _("The conditions of “%(stage)s” cannot be read: %(why)s")
            % {"stage": stage.name, "why": error}
        ) from None
    if not fits:
        raise ValidationError(
            _("“%(stage)s” takes only deals with: %(rule)s.") % {"stage": stage.name, "rule": words}
        )


def _close(deal: Deal, stage: Stage, closing: Closing) -> None:
    lost = stage.kind == Stage.Kind.LOST
    if lost and not closing.reason_id:
        raise ValidationError({"reason": _("Say why the deal is lost.")})
    reasons = LossReason.objects.select_related("parent").filter(archived_at=None)
    reason = reasons.filter(pk=closing.reason_id).first() if closing.reason_id and lost else None
    if lost and reason is None:
        raise ValidationError({"reason": _("There is no such reason.")})
    deal.loss_reason = reason
    deal.come_back_on = closing.come_back_on if lost else None
    deal.state = stage.kind
    deal.closed_at = None if stage.is_open else timezone.now()
    if not stage.is_open:
        deal.next_step, deal.next_step_on = "", None


def _step(deal: Deal, stage: Stage) -> None:
    now = timezone.now()
    last = StageStay.objects.filter(deal=deal).order_by("-n").first()
    if last:
        last.left_at = now
        last.save(update_fields=["left_at"])
    StageStay.objects.create(deal=deal, n=last.n + 1 if last else 1, stage=stage, entered_at=now)
    deal.stage, deal.pipeline, deal.stage_since = stage, stage.pipeline, now
