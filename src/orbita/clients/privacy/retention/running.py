"""The run of a rule client by client, and the schedule that tells of it before."""

from collections.abc import Callable
from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.models import Client, Erasure, RetentionRule, RetentionRun
from orbita.clients.privacy.erasing import BusyError, cards_of, carry_out
from orbita.clients.privacy.retention import finding
from orbita.clients.privacy.retention.actions import start_run, stop_rule
from orbita.clients.privacy.retention.finding import StoppedError
from orbita.core import jobs
from orbita.core.backup import pause
from orbita.core.events import emit
from orbita.core.mail import queue_mail
from orbita.core.models import Company
from orbita.core.sentences import keep
from orbita.ui import formats

EVERY = timedelta(days=30)  # between two scheduled runs of a rule
Status = RetentionRun.Status


def run_to_end(run: RetentionRun) -> None:
    """Erases one client after another, each in a transaction of its own, from where it was left.

    Whom an earlier attempt has erased is not there any more: killed at any moment, a run goes on
    without doing anything twice. Raises `BusyError` when it has to wait.
    """
    if not run.is_active:
        return
    job = jobs.current_job()
    last = ((job and job.state) or {}).get("last", 0)
    RetentionRun.objects.filter(pk=run.pk).update(status=Status.RUNNING)
    run.status = Status.RUNNING
    while True:
        try:
            client = _next(run, last)
        except StoppedError as error:
            _end(run, Status.STOPPED, error.args[0])
            stop_rule(run.rule, error.args[0])
            return
        if client is None or run.erasures.count() >= run.rule.most:
            _end(run, Status.DONE)
            return
        if _is_to_stop(run):
            _end(run, Status.STOPPED, finding.ASKED_TO_STOP)
            return
        _take(run, client)
        last = client.pk
        with transaction.atomic():
            RetentionRun.objects.filter(pk=run.pk).update(kept=run.kept)
            done = run.erasures.count()
            jobs.checkpoint({"last": last}, done=done, total=max(run.total, done))


def _next(run: RetentionRun, last: int) -> Client | None:
    """The next client, of the rule as it is now: it must be the one that the run began with."""
    run.rule = RetentionRule.objects.select_related("segment").get(pk=run.rule_id)
    actor = User.objects.select_related("role").filter(pk=run.actor_id or 0).first()
    if actor is None or not actor.is_active or not policy.allows(actor, "privacy.retention"):
        raise StoppedError(finding.STARTER_GONE)
    if finding.mark_of(run.rule) != run.mark:
        raise StoppedError(finding.CHANGED)
    run.actor = actor
    rows = finding.due(run.rule, actor, run.cutoff).filter(pk__gt=last)
    found: Client | None = rows.order_by("pk").first()
    return found


def _is_to_stop(run: RetentionRun) -> bool:
    asked = RetentionRun.objects.filter(pk=run.pk, stop_asked=True).exists()
    return asked or jobs.is_cancelled()


def _take(run: RetentionRun, client: Client) -> None:
    """Erases the client, unless something has come between: then it is told why."""
    actor = run.actor
    assert actor is not None  # noqa: S101
    with translation.override(actor.language or None):
        reason = _("Term of keeping is over: rule № %(n)s") % {"n": run.rule_id}

    def still() -> None:
        if not finding.due(run.rule, actor, run.cutoff).filter(pk=client.pk).exists():
            raise ValidationError(_("His time is not over any more."))

    erasure = Erasure(cards=cards_of(client), reason=reason, actor=actor, run=run)
    try:
        if finding.is_busy(client.pk):
            raise ValidationError(_("This client is being erased already."))
        carry_out(erasure, actor, still)
    except BusyError:
        raise
    except ValidationError as error:
        run.kept = [*run.kept, [client.pk, error.messages[0]]]


def _end(run: RetentionRun, status: str, why: object = None) -> None:
    with transaction.atomic():
        run.status, run.finished_at = status, timezone.now()
        run.why = keep(why) if why else ""
        run.save(update_fields=["status", "finished_at", "why", "kept"])
        emit(
            "retention.run_finished",
            actor=run.actor,
            subject_type="retention_rule",
            subject_id=run.rule_id,
            data={
                "rule": run.rule.name,
                "run": run.pk,
                "erased": run.erasures.count(),
                "kept": len(run.kept),
            },
        )


# ---- the schedule ----


def go_round() -> int:
    """Once a day: tells of runs that come, starts those that were told of. Returns how many began.

    A restored copy begins nothing while its sending is paused.
    """
    if pause.is_paused():
        return 0
    began = 0
    rows = RetentionRule.objects.filter(is_on=True, archived_at=None)
    for rule in rows.select_related("segment", "responsible", "confirmed_by__role"):
        try:
            began += _look_after(rule, finding.today())
        except StoppedError as error:
            stop_rule(rule, error.args[0])
            _write(rule, _stopped_words, f"stopped:{timezone.now().isoformat()}")
    return began


def _look_after(rule: RetentionRule, today: date) -> int:
    actor = rule.confirmed_by
    count = finding.require_same(rule, actor, finding.cutoff_of(rule, today))
    assert actor is not None  # noqa: S101 - require_same has looked
    notice = timedelta(days=rule.notice_days)
    if rule.responsible is None or not rule.responsible.is_active:
        raise StoppedError(finding.NOBODY_TO_TELL)
    if rule.next_run_on is None:
        rule.next_run_on, rule.told_on = today + notice, None
    if rule.told_on is None and today + notice >= rule.next_run_on:
        return _announce(rule, count, today)
    if rule.told_on and today >= rule.next_run_on and count:
        start_run(actor, rule, count, is_scheduled=True)
        _plan(rule, today + EVERY)
        return 1
    if rule.told_on and today >= rule.next_run_on:
        _plan(rule, today + EVERY)
    return 0


def _announce(rule: RetentionRule, count: int, today: date) -> int:
    """Tells the responsible person; with nobody to erase the day is put off instead."""
    if not count:
        _plan(rule, today + EVERY)
        return 0
    # Whoever is told late has his days all the same.
    rule.next_run_on, rule.told_on = today + timedelta(days=rule.notice_days), today
    with transaction.atomic():
        rule.save(update_fields=["next_run_on", "told_on"])
        emit(
            "retention.told",
            actor=None,
            subject_type="retention_rule",
            subject_id=rule.pk,
            data={
                "rule": rule.name,
                "count": min(count, rule.most),
                "day": rule.next_run_on.isoformat(),
                "to": rule.responsible_id,
            },
        )
        _write(rule, lambda one: _told_words(one, count), f"told:{rule.next_run_on}")
    return 0


def _plan(rule: RetentionRule, day: date) -> None:
    rule.next_run_on, rule.told_on = day, None
    rule.save(update_fields=["next_run_on", "told_on"])


Words = Callable[[RetentionRule], tuple[str, list[str]]]


def _write(rule: RetentionRule, words: Words, key: str) -> None:
    to = rule.responsible
    if to is None or not to.is_active:
        return
    with translation.override(to.language or None):
        subject, lines = words(rule)
        lines.append(
            _("Settings → Terms of keeping (%(path)s)") % {"path": reverse("clients:retention")}
        )
        queue_mail(
            key=f"retention:{rule.pk}:{key}", to=to.email, subject=subject, text="\n".join(lines)
        )


def _told_words(rule: RetentionRule, count: int) -> tuple[str, list[str]]:
    assert rule.next_run_on is not None  # noqa: S101
    day = formats.day(rule.next_run_on, date(1, 1, 1))
    company = Company.current().name
    subject = _("%(company)s: clients will be erased on %(day)s") % {"company": company, "day": day}
    lines = [
        _("The rule of keeping “%(rule)s” runs on %(day)s.") % {"rule": rule.name, "day": day},
        _("Clients to be erased for good: %(n)s.") % {"n": formats.number(min(count, rule.most))},
        _("To keep somebody, forbid his erasing on his card; to keep all, switch the rule off."),
    ]
    return subject, lines


def _stopped_words(rule: RetentionRule) -> tuple[str, list[str]]:
    subject = _("The rule of keeping “%(rule)s” has stopped") % {"rule": rule.name}
    return subject, [rule.why_stopped, _("Nobody is erased by it until somebody looks at it.")]
