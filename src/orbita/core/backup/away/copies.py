"""Copies of backups in the storage: sent, compared byte by byte, looked after, rotated.

A copy has a row of its own, so whatever happens to it the backup on this machine stays as good as it
is. What this base did not send it never removes: two bases may share a place.
"""

import fcntl
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from orbita.core import context
from orbita.core.backup import BackupError, pause
from orbita.core.backup.away import storage as storages
from orbita.core.backup.away.storage import Entry, Storage
from orbita.core.backup.making import folder_of, told_in_words
from orbita.core.backup.plan import FAILED_ONES_KEPT, OLD, kept
from orbita.core.events import emit
from orbita.core.models import Backup, BackupCopy, BackupPlan, Company
from orbita.core.sentences import Sentence as _
from orbita.core.sentences import keep

Status = BackupCopy.Status
Progress = Callable[[int], None]
FIRST_RETRY, LONGEST_RETRY = timedelta(minutes=10), timedelta(hours=6)
CHANGED = _("The file has changed since it was made.")
DIFFERENT = _("What lies in the storage differs from what was sent.")
BUSY = _("Another copy is being sent.")


def is_set() -> bool:
    """Whether there is a storage, and this is no restored copy that has to keep still."""
    return bool(settings.ORBITA_S3) and not pause.is_paused()


def are_old(company: Company, now: datetime | None = None) -> bool:
    """Whether the newest copy in the storage is older than one should ever be; reads nothing more."""
    made = company.stored_at
    paused = company.sending_paused_at
    return bool(settings.ORBITA_S3 and made and not paused and (now or timezone.now()) - made > OLD)


def at_hand() -> Backup | None:
    """The newest proved backup of the plan, if its file is there to be sent."""
    newest = (
        Backup.objects.filter(
            status=Backup.Status.GOOD, cause__in=[Backup.Cause.SCHEDULE, Backup.Cause.BY_HAND]
        )
        .order_by("-started_at", "-pk")
        .first()
    )
    if newest is None or newest.file.parent != folder_of(BackupPlan.current()):
        return None
    return newest if newest.file.is_file() else None


def enter(backup: Backup) -> BackupCopy:
    """The row of a backup's copy in the storage of now; made when there is none."""
    return BackupCopy.objects.get_or_create(
        place=storages.required().place,
        name=backup.file.name,
        defaults={
            "backup": backup,
            "made_at": backup.started_at,
            "size": backup.size or 0,
            "sha256": backup.sha256,
        },
    )[0]


def due(*, at_once: bool = False) -> BackupCopy | None:
    """What has to be sent now: the newest backup, unless it is there or waits for another try."""
    newest = at_hand() if is_set() else None
    if newest is None:
        return None
    copy = enter(newest)
    waits = copy.retry_at is not None and copy.retry_at > timezone.now() and not at_once
    return None if copy.status == Status.THERE or waits else copy


def send(copy: BackupCopy, progress: Progress = lambda percent: None) -> BackupCopy:
    """Sends and compares; afterwards the row says there, or not sent with the reason and when next.

    Raises `BackupError` when another copy is being sent, and whatever stops a job between two parts.
    """
    with _alone():
        copy.status, copy.attempts, copy.progress = Status.SENDING, copy.attempts + 1, 0
        copy.save(update_fields=["status", "attempts", "progress"])

        def told(percent: int) -> None:
            BackupCopy.objects.filter(pk=copy.pk).update(progress=percent)
            progress(percent)

        try:
            with told_in_words():
                _put_and_compare(storages.required(), copy, told)
        except BackupError as error:
            _failed(copy, error)
        else:
            _there(copy)
    return copy


def _put_and_compare(storage: Storage, copy: BackupCopy, told: Progress) -> None:
    source = copy.backup.file if copy.backup else Path()
    if not copy.backup or not source.is_file():
        raise BackupError(_("The file is not there any more."))
    size = storage.size_of(copy.name)
    # A try that was killed may have come to its end over there.
    if size == copy.size and _is_same(storage, copy, lambda percent: None):
        return
    if size is not None and copy.attempts == 1:
        raise BackupError(
            _("In the storage there is another file named %(name)s.") % {"name": copy.name}
        )
    storage.put(copy.name, _blocks(source, copy, told), copy.size)
    if storage.size_of(copy.name) != copy.size or not _is_same(storage, copy, told):
        storage.remove(copy.name)
        raise BackupError(DIFFERENT)


def _blocks(source: Path, copy: BackupCopy, told: Progress) -> Iterator[bytes]:
    """The file, as long as it is the one that was proved; an error before its end undoes the upload."""
    digest, done, last = hashlib.sha256(), 0, -1
    with told_in_words(), source.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            done += len(block)
            if done >= copy.size and (file.read(1) or digest.hexdigest() != copy.sha256):
                raise BackupError(CHANGED)
            if (percent := done * 60 // max(copy.size, 1)) > last:
                last = percent
                told(percent)
            yield block
    if done != copy.size:
        raise BackupError(CHANGED)


def _is_same(storage: Storage, copy: BackupCopy, told: Progress) -> bool:
    """Whether what lies there is what was proved here: read back whole, since of the sums that
    servers tell none means the same on all of them.
    """
    digest, done = hashlib.sha256(), 0
    for block in storage.read(copy.name, copy.size):
        digest.update(block)
        done += len(block)
        told(60 + done * 39 // max(copy.size, 1))
    return digest.hexdigest() == copy.sha256


def _there(copy: BackupCopy) -> None:
    now = timezone.now()
    copy.status, copy.sent_at, copy.error, copy.retry_at = Status.THERE, now, "", None
    with transaction.atomic():
        copy.progress = 100
        copy.save(update_fields=["status", "sent_at", "error", "retry_at", "progress"])
        _note_newest(copy.place)
        emit(
            "backup.sent",
            actor=None,
            subject_type="backup",
            subject_id=copy.backup_id,
            data={"place": copy.place, "file": copy.name, "size": copy.size},
        )


def _failed(copy: BackupCopy, error: BackupError) -> None:
    wait = min(FIRST_RETRY * 2 ** min(copy.attempts - 1, 10), LONGEST_RETRY)
    copy.status, copy.error, copy.retry_at = Status.FAILED, keep(error), timezone.now() + wait
    with transaction.atomic():
        copy.save(update_fields=["status", "error", "retry_at"])
        emit(
            "backup.not_sent",
            actor=None,
            subject_type="backup",
            subject_id=copy.backup_id,
            data={"place": copy.place, "file": copy.name, "error": str(error)},
        )


def _note_newest(place: str) -> None:
    there = BackupCopy.objects.filter(place=place, status=Status.THERE).order_by("-made_at")
    Company.objects.update(stored_at=there.values_list("made_at", flat=True).first())
    context.forget("company")


def look() -> int:
    """Compares the rows with what the storage lists: what is gone, cut or not ours gets to be known.

    Returns how many backups lie there. Raises `BackupError` when the storage does not answer.
    """
    storage = storages.required()
    listed = {entry.name: entry for entry in storage.entries()}
    with transaction.atomic():
        rows = {row.name: row for row in BackupCopy.objects.filter(place=storage.place)}
        for row in rows.values():
            _compare_row(row, listed.get(row.name))
        for name in listed.keys() - rows.keys():
            _enter_unknown(storage.place, listed[name])
        _note_newest(storage.place)
    return len(listed)


def _compare_row(row: BackupCopy, entry: Entry | None) -> None:
    if row.status == Status.UNKNOWN and entry is None:
        row.delete()
    if row.status != Status.THERE:
        return
    if entry is None:
        row.status, row.error = Status.GONE, ""
    elif entry.size != row.size:
        row.status, row.error = Status.FAILED, keep(DIFFERENT)
    else:
        return
    # It is sent again if its file is still here.
    row.retry_at = None
    row.save(update_fields=["status", "error", "retry_at"])
    emit(
        "backup.copy_lost",
        actor=None,
        subject_type="backup",
        subject_id=row.backup_id,
        data={"place": row.place, "file": row.name, "found": entry.size if entry else None},
    )


def _enter_unknown(place: str, entry: Entry) -> None:
    BackupCopy.objects.create(
        place=place,
        name=entry.name,
        made_at=entry.made_at,
        size=entry.size,
        status=Status.UNKNOWN,
    )


def rotate() -> int:
    """Removes copies that need not be kept, by the rule of the folder. Returns how many.

    Only compared copies of this base count, and only they go. One that the storage would not let go
    stays with the reason.
    """
    storage = storages.required()
    plan, zone = BackupPlan.current(), Company.current().zone
    there = list(BackupCopy.objects.filter(place=storage.place, status=Status.THERE))
    stay = kept([(row.pk, row.made_at.astimezone(zone)) for row in there], plan)
    gone = []
    for row in there:
        if row.pk in stay:
            continue
        try:
            storage.remove(row.name)
            gone.append(row.pk)
        except BackupError as error:
            told = _("It could not be removed: %(cause)s") % {"cause": error}
            BackupCopy.objects.filter(pk=row.pk).update(error=keep(told))
    BackupCopy.objects.filter(pk__in=gone).delete()
    BackupCopy.objects.filter(
        status__in=[Status.WAITING, Status.FAILED, Status.GONE],
        made_at__lt=timezone.now() - FAILED_ONES_KEPT,
    ).delete()
    return len(gone)


def trouble() -> BackupCopy | None:
    """The newest copy here when it was not sent or is gone; None when all is well."""
    if not is_set():
        return None
    newest = (
        BackupCopy.objects.filter(place=storages.required().place)
        .exclude(status__in=[Status.UNKNOWN, Status.WAITING, Status.SENDING])
        .order_by("-made_at")
        .first()
    )
    return newest if newest and newest.status != Status.THERE else None


@contextmanager
def _alone() -> Iterator[None]:
    """One sending at a time in a data directory, whoever asks for it."""
    with (Path(settings.ORBITA_DATA) / "sending.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError(BUSY) from None
        yield
