"""The schedule of backups, and which of them are kept."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from orbita.core.backup import keys
from orbita.core.backup.making import folder_of
from orbita.core.events import Actor, changes, emit
from orbita.core.models import Backup, BackupPlan, Company
from orbita.core.sentences import Sentence as _

FIELDS = ("is_on", "hour", "keep_daily", "keep_weekly", "keep_monthly", "folder", "recipient")
# A night may be missed, a second one should not.
OLD = timedelta(hours=48)
FAILED_ONES_KEPT = timedelta(days=30)


def last_due(plan: BackupPlan, now: datetime) -> datetime:
    """The last moment, not after `now`, at which a backup was due by the company's clock."""
    local = now.astimezone(Company.current().zone)
    due = local.replace(hour=plan.hour, minute=0, second=0, microsecond=0)
    return due if due <= local else due - timedelta(days=1)


def is_old(company: Company, plan: BackupPlan | None = None, now: datetime | None = None) -> bool:
    """Whether the last proved backup is older than it should ever be, or there is none."""
    made = company.backed_up_at
    return made is None or (now or timezone.now()) - made > OLD


def change(*, actor: Actor | None, **given: object) -> BackupPlan:
    """Changes the plan. Raises `ValidationError` for what cannot be. Who may is asked above."""
    plan = BackupPlan.current()
    before = {name: getattr(plan, name) for name in FIELDS}
    for name, value in given.items():
        setattr(plan, name, value)
    _require_sound(plan)
    difference = changes(before, {name: getattr(plan, name) for name in FIELDS})
    if difference["after"] or plan.pk is None:
        with transaction.atomic():
            plan.save()
            emit(
                "backup.plan_changed",
                actor=actor,
                subject_type="backup_plan",
                subject_id=plan.pk,
                data=difference,
            )
    return plan


def _require_sound(plan: BackupPlan) -> None:
    if not 0 <= plan.hour <= 23:
        raise ValidationError({"hour": str(_("There is no such hour."))})
    if plan.keep_daily < 1:
        raise ValidationError({"keep_daily": str(_("At least one backup has to be kept."))})
    if plan.recipient and not keys.is_recipient(plan.recipient):
        raise ValidationError({"recipient": str(_("This is no public key of age (age1…)."))})
    if plan.folder:
        _require_folder(Path(plan.folder))


def _require_folder(folder: Path) -> None:
    """Refuses a folder that cannot be written, or that visitors or the next backup would read."""
    if not folder.is_absolute():
        raise ValidationError({"folder": str(_("Write the whole path, beginning with /."))})
    if (Path(settings.ORBITA_DATA) / "files") in [folder, *folder.parents]:
        raise ValidationError(
            {"folder": str(_("This folder is backed up itself: choose another."))}
        )
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = folder / ".orbita-probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        cause = _("The folder cannot be written: %(cause)s") % {"cause": error.strerror or error}
        raise ValidationError({"folder": str(cause)}) from None


def kept(made: Iterable[tuple[int, datetime]], plan: BackupPlan) -> set[int]:
    """Which of the backups stay, by key: the newest of each of the last days, weeks and months.

    `made` are keys and moments in the company's zone. The newest of all always stays.
    """
    newest_first = sorted(made, key=lambda one: one[1], reverse=True)
    stay = {key for key, _moment in newest_first[:1]}
    for count, period in (
        (plan.keep_daily, "%Y-%m-%d"),
        (plan.keep_weekly, "%G-%V"),
        (plan.keep_monthly, "%Y-%m"),
    ):
        seen: dict[str, int] = {}
        for key, moment in newest_first:
            seen.setdefault(moment.strftime(period), key)
        stay |= set(list(seen.values())[:count])
    return stay


def rotate() -> int:
    """Removes the backups that need not be kept; only proved ones make others superfluous.

    Files that somebody named himself (`./orbita backup FILE`) are never touched. Returns how many.
    """
    plan, zone = BackupPlan.current(), Company.current().zone
    ours = Backup.objects.filter(
        status=Backup.Status.GOOD, cause__in=[Backup.Cause.SCHEDULE, Backup.Cause.BY_HAND]
    )
    there = [row for row in ours if row.file.parent == folder_of(plan) and row.file.is_file()]
    stay = kept([(row.pk, row.started_at.astimezone(zone)) for row in there], plan)
    superfluous = [row for row in there if row.pk not in stay]
    for row in superfluous:
        row.file.unlink(missing_ok=True)
    gone = [row.pk for row in superfluous]
    Backup.objects.filter(pk__in=gone).delete()
    Backup.objects.filter(
        status=Backup.Status.FAILED, started_at__lt=timezone.now() - FAILED_ONES_KEPT
    ).delete()
    return len(gone)
