"""Backups as jobs: by the schedule, and when somebody asks for one."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_tasks import task

from orbita.core import jobs
from orbita.core.backup import BackupError, making, plan
from orbita.core.models import Backup, BackupPlan, Job


@task(queue_name="long", atomic=False, max_attempts=3, label=_("Backup"))
def make_backup(backup_id: int) -> str:
    """Makes the backup of a row; from its beginning when a worker was killed. Returns its state."""
    row = Backup.objects.filter(pk=backup_id).first()
    if row is None or row.status != Backup.Status.RUNNING:
        return row.status if row else ""
    making.back_up(cause=row.cause, backup=row, progress=_told)
    if row.status == Backup.Status.GOOD:
        plan.rotate()
    return row.status


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
