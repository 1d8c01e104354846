"""Backups as jobs: by the schedule, and when somebody asks for one."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_tasks import task

from orbita.core import jobs
from orbita.core.backup import BackupError, making, plan
from orbita.core.backup.away import copies
from orbita.core.models import Backup, BackupCopy, BackupPlan, Job


@task(queue_name="long", atomic=False, max_attempts=3, label=_("Backup"))
def make_backup(backup_id: int) -> str:
    """Makes the backup of a row; from its beginning when a worker was killed. Returns its state."""
    row = Backup.objects.filter(pk=backup_id).first()
    if row is None or row.status != Backup.Status.RUNNING:
        return row.status if row else ""
    making.back_up(cause=row.cause, backup=row, progress=_told)
    if row.status == Backup.Status.GOOD:
        plan.rotate()
        ask_to_send()
    return row.status


@task(queue_name="long", atomic=False, max_attempts=3, label=_("Backup to the storage"))
def send_copy(copy_id: int) -> str:
    """Sends a copy to the storage, then rotates there. Returns its state."""
    copy = BackupCopy.objects.select_related("backup").filter(pk=copy_id).first()
    if copy is None or not copies.is_set() or copy.status == BackupCopy.Status.THERE:
        return copy.status if copy else ""
    copies.send(copy, progress=_told)
    if copy.status == BackupCopy.Status.THERE:
        copies.rotate()
    return copy.status


@task(atomic=False, max_attempts=1, label=_("See whether a copy has to be sent"))
def send_when_due() -> bool:
    """Queues what is not in the storage yet, or again after its wait; True when it did."""
    return ask_to_send(at_once=False) is not None


@task(atomic=False, max_attempts=3, label=_("Look what lies in the storage"))
def look_into_storage() -> int:
    """Returns how many backups lie there; 0 without a storage."""
    return copies.look() if copies.is_set() else 0


def ask_to_send(*, at_once: bool = True) -> BackupCopy | None:
    """Queues the newest backup for the storage; None when it is there, or there is no storage."""
    copy = copies.due(at_once=at_once)
    if copy is None:
        return None
    with transaction.atomic():
        waiting = Job.objects.filter(
            task=send_copy.module_path, status__in=[Job.Status.QUEUED, Job.Status.RUNNING]
        )
        if [copy.pk] not in list(waiting.values_list("args", flat=True)):
            send_copy.enqueue(copy.pk)
    return copy


def _told(percent: int) -> None:
    if jobs.is_cancelled():
        raise BackupError(making.INTERRUPTED)
    with transaction.atomic():
        jobs.checkpoint(None, done=percent, total=100)


@task(label=_("See whether a backup is due"))
def back_up_when_due() -> bool:
    """Queues the daily backup, once for its hour; True when it did."""
    current = BackupPlan.current()
    now = timezone.now()
    due = plan.last_due(current, now)
    # One that was missed while the machine was off is made up for, one before the plan is not.
    if not current.is_on or due < current.changed_at:
        return False
    if Backup.objects.filter(cause=Backup.Cause.SCHEDULE, started_at__gte=due).exists():
        return False
    ask(cause=Backup.Cause.SCHEDULE)
    return True


def ask(*, cause: str) -> Backup:
    """Queues a backup; the one that is under way already when there is one."""
    with transaction.atomic():
        waiting = Job.objects.filter(
            task=make_backup.module_path, status__in=[Job.Status.QUEUED, Job.Status.RUNNING]
        )
        for args in waiting.values_list("args", flat=True):
            found = Backup.objects.filter(pk=args[0], status=Backup.Status.RUNNING).first()
            if found:
                return found
        row = Backup.objects.create(cause=cause, started_at=timezone.now())
        make_backup.enqueue(row.pk)
    return row
