"""Setting rules of keeping, confirming them, starting and stopping their runs."""

from datetime import timedelta
from typing import Any

from django.core import signing
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.models import RetentionRule, RetentionRun
from orbita.clients.privacy.retention import finding
from orbita.core.events import changes, emit
from orbita.core.sentences import keep
from orbita.core.text import clean_line

SALT = "orbita.retention.preview"
SEEN_FOR = timedelta(hours=8)
MOST_MONTHS, MOST_CLIENTS, MOST_NOTICE = 600, 5_000, 60
LEAST_NOTICE = 1
WIDER = ("segment", "since", "months")


def save_rule(
    *, actor: User, values: dict[str, Any], rule: RetentionRule | None = None
) -> RetentionRule:
    """A new rule, off; or another one of an old. A change of whom it takes switches it off.

    Raises `ValidationError` keyed by field.
    """
    policy.require(actor, "privacy.retention")
    row = rule or RetentionRule()
    before = _fields(row) if rule else {}
    clean = _read(actor, values)
    for name, value in clean.items():
        setattr(row, name, value)
    told = changes(before, _fields(row))
    if not told["after"]:
        return row
    with transaction.atomic():
        if rule and any(name in told["after"] for name in WIDER):
            _switch_off(row)
        row.save()
        _emit("retention.saved", actor, row, told)
    return row


def _read(actor: User, values: dict[str, Any]) -> dict[str, Any]:
    errors: dict[str, list[str]] = {}
    name = clean_line(values["name"])
    if not name or len(name) > 100:
        errors["name"] = [_("Give the rule a name of at most 100 characters.")]
    bounds = {"months": (1, MOST_MONTHS), "most": (1, MOST_CLIENTS)}
    bounds |= {"notice_days": (LEAST_NOTICE, MOST_NOTICE)}
    for key, (low, high) in bounds.items():
        if not low <= values[key] <= high:
            errors[key] = [_("From %(low)s to %(high)s.") % {"low": low, "high": high}]
    if values["since"] not in RetentionRule.Since.values:
        errors["since"] = [_("There is no such choice.")]
    segment = values["segment"]
    if segment is None or not type(segment).objects.visible_to(actor).filter(pk=segment.pk):
        errors["segment"] = [_("There is no such segment.")]
    if values["responsible"] is None or not values["responsible"].is_active:
        errors["responsible"] = [_("Choose somebody who works here.")]
    if errors:
        raise ValidationError(errors)
    return values | {"name": name}


def _fields(rule: RetentionRule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "segment": rule.segment_id,
        "since": rule.since,
        "months": rule.months,
        "most": rule.most,
        "responsible": rule.responsible_id,
        "notice_days": rule.notice_days,
    }


def _switch_off(rule: RetentionRule) -> None:
    rule.is_on, rule.confirmed_mark, rule.confirmed_at = False, "", None
    rule.next_run_on = rule.told_on = None


# ---- the preview that was looked at ----


def preview(*, actor: User, rule: RetentionRule) -> tuple[finding.Found, str]:
    """What the rule would do today, and the token that says who saw it. Raises `StoppedError`."""
    policy.require(actor, "privacy.retention")
    found = finding.look(rule, actor)
    return found, signing.dumps([rule.pk, actor.pk, found.mark, found.due], salt=SALT)


def _seen(actor: User, rule: RetentionRule, token: str) -> int:
    """How many clients the actor saw. Raises `ValidationError` for another or an old preview."""
    again = ValidationError(_("Look at the preview once more: something has changed since."))
    try:
        pk, user, mark, count = signing.loads(token, salt=SALT, max_age=SEEN_FOR)
        same = (pk, user, mark) == (rule.pk, actor.pk, finding.mark_of(rule))
    except (signing.BadSignature, ValueError, finding.StoppedError):
        raise again from None
    if not same:
        raise again
    return int(count)


def switch_on(*, actor: User, rule: RetentionRule, token: str) -> None:
    """Lets the rule run by schedule, as it was seen in the preview."""
    policy.require(actor, "privacy.retention")
    count = _seen(actor, rule, token)
    with transaction.atomic():
        rule.is_on, rule.stopped = True, ""
        rule.confirmed_at, rule.confirmed_by = timezone.now(), actor
        rule.confirmed_mark, rule.confirmed_count = finding.mark_of(rule), count
        rule.next_run_on = rule.told_on = None
        rule.save()
        _emit("retention.switched_on", actor, rule, {"count": count})


def switch_off(*, actor: User, rule: RetentionRule) -> bool:
    """Stops the schedule of the rule; False when it was off."""
    policy.require(actor, "privacy.retention")
    if not rule.is_on:
        return False
    with transaction.atomic():
        _switch_off(rule)
        rule.stopped = ""
        rule.save()
        _emit("retention.switched_off", actor, rule, {})
    return True


def stop_rule(rule: RetentionRule, why: object) -> None:
    """Switches the rule off by itself, with the reason, until somebody looks at it."""
    with transaction.atomic():
        _switch_off(rule)
        rule.stopped = keep(why)
        rule.save()
        _emit("retention.stopped", None, rule, {"why": str(why)})


def archive_rule(*, actor: User, rule: RetentionRule) -> bool:
    """Takes the rule out of use; its runs and acts stay. False when one is under way."""
    policy.require(actor, "privacy.retention")
    with transaction.atomic():
        if rule.runs.filter(status__in=[RetentionRun.Status.QUEUED, RetentionRun.Status.RUNNING]):
            return False
        _switch_off(rule)
        rule.archived_at = timezone.now()
        rule.save()
        _emit("retention.archived", actor, rule, {})
    return True


# ---- runs ----


def run_now(*, actor: User, rule: RetentionRule, token: str) -> RetentionRun:
    """Starts a run by hand, of what the actor has just seen."""
    policy.require(actor, "privacy.retention")
    count = _seen(actor, rule, token)
    if not count:
        raise ValidationError(_("There is nobody whose time is over."))
    return start_run(actor, rule, count)


def start_run(
    actor: User, rule: RetentionRule, count: int, *, is_scheduled: bool = False
) -> RetentionRun:
    """The start itself, for callers that have checked the right and the rule."""
    from orbita.clients.privacy.retention import jobs

    try:
        with transaction.atomic():
            run = RetentionRun.objects.create(
                rule=rule,
                actor=actor,
                is_scheduled=is_scheduled,
                cutoff=finding.cutoff_of(rule, finding.today()),
                mark=finding.mark_of(rule),
                total=min(count, rule.most),
            )
            jobs.run_rule.enqueue(run.pk)
            _emit("retention.run_started", actor, rule, {"run": run.pk, "count": run.total})
    except IntegrityError:
        raise ValidationError(_("A run of this rule is under way already.")) from None
    return run


def stop_run(*, actor: User, run: RetentionRun) -> bool:
    """Asks a run to stop after the client it is at; what was erased stays erased."""
    policy.require(actor, "privacy.retention")
    active = [RetentionRun.Status.QUEUED, RetentionRun.Status.RUNNING]
    with transaction.atomic():
        rows = RetentionRun.objects.filter(pk=run.pk, status__in=active, stop_asked=False)
        if not rows.update(stop_asked=True):
            return False
        _emit("retention.stop_asked", actor, run.rule, {"run": run.pk})
    return True


def _emit(kind: str, actor: User | None, rule: RetentionRule, data: dict[str, Any]) -> None:
    emit(
        kind,
        actor=actor,
        subject_type="retention_rule",
        subject_id=rule.pk,
        data={"rule": rule.name} | data,
    )
