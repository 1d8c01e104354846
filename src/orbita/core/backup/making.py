"""Makes one backup: copies, packs, encrypts, proves, and only then gives it its name."""

import errno
import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pyrage
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from orbita import __version__
from orbita.core.backup import SECRET_FILES, BackupError, alone, archive, database, left_out, proof
from orbita.core.events import Actor, emit
from orbita.core.models import Backup, BackupPlan, Company
from orbita.core.sentences import Sentence as _
from orbita.core.sentences import keep

Status = Backup.Status
Progress = Callable[[int], None]
INTERRUPTED = _("It was interrupted.")
NO_SPACE = _("There is not enough free space on the disk.")


@dataclass(frozen=True)
class Made:
    """A backup that lies under its name. `unproved` says what its proof lacks."""

    path: Path
    size: int
    sha256: str
    encrypted: bool
    proof: proof.Proof | None
    unproved: BackupError | None = None


def folder_of(plan: BackupPlan) -> Path:
    return Path(plan.folder) if plan.folder else Path(settings.ORBITA_DATA) / "backups"


def name_for(moment: datetime, encrypted: bool) -> str:
    return f"orbita-{moment:%Y%m%d-%H%M%S}.tar" + (".age" if encrypted else "")


def back_up(
    *,
    cause: str,
    target: Path | None = None,
    backup: Backup | None = None,
    actor: Actor | None = None,
    progress: Progress = lambda percent: None,
) -> Backup:
    """Makes a backup and keeps its row: good, not proved, or failed with the reason.

    `target` is the whole name of the file; without it, one of its own in the folder of the plan.
    Raises `BackupError` when another backup runs, and whatever stops a job between two steps.
    """
    with told_in_words(), alone():
        Backup.objects.filter(status=Status.RUNNING).exclude(pk=backup.pk if backup else 0).update(
            status=Status.FAILED, error=keep(INTERRUPTED), finished_at=timezone.now()
        )
        plan = BackupPlan.current()
        row = backup or Backup.objects.create(cause=cause, started_at=timezone.now())
        recipients = [plan.recipient] if plan.recipient else []
        path = target or folder_of(plan) / name_for(timezone.now(), bool(recipients))

        def told(percent: int) -> None:
            Backup.objects.filter(pk=row.pk).update(progress=percent)
            progress(percent)

        try:
            with told_in_words(), working() as work:
                made = write(path, recipients, work=work, progress=told)
        except BackupError as error:
            # On a full disk that cannot be written down either; then it is only said.
            try:
                _failed(row, error, actor)
            except DatabaseError:
                raise error from None
            return row
        _kept(row, made, actor)
    return row


def _failed(row: Backup, error: BackupError, actor: Actor | None) -> None:
    row.status, row.error, row.finished_at = Status.FAILED, keep(error), timezone.now()
    with transaction.atomic():
        row.save(update_fields=["status", "error", "finished_at"])
        emit(
            "backup.failed",
            actor=actor,
            subject_type="backup",
            subject_id=row.pk,
            data={"error": str(error)},
        )


def _kept(row: Backup, made: Made, actor: Actor | None) -> None:
    fill(row, made)
    with transaction.atomic():
        row.save()
        if row.status == Status.GOOD:
            Company.objects.update(backed_up_at=row.started_at)
        emit(
            "backup.made",
            actor=actor,
            subject_type="backup",
            subject_id=row.pk,
            data={"path": row.path, "size": row.size, "encrypted": row.encrypted, **row.proof},
        )


def fill(row: Backup, made: Made) -> None:
    """Writes into the row what has been made; does not save it."""
    row.status = Status.UNPROVED if made.unproved else Status.GOOD
    row.path, row.size, row.sha256 = str(made.path), made.size, made.sha256
    row.encrypted, row.progress, row.finished_at = made.encrypted, 100, timezone.now()
    row.proof = made.proof.plain() if made.proof else {}
    row.error = keep(made.unproved) if made.unproved else ""


@contextmanager
def told_in_words() -> Iterator[None]:
    """Turns what the disk and the database say into a `BackupError`."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise BackupError(NO_SPACE) from error
        where = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        raise BackupError(
            _("A file cannot be read or written: %(cause)s") % {"cause": where}
        ) from error
    except (DatabaseError, sqlite3.Error, psycopg.Error) as error:
        if "disk is full" in str(error) or isinstance(
            error.__cause__ or error, psycopg.errors.DiskFull
        ):
            raise BackupError(NO_SPACE) from error
        raise BackupError(
            _("The database cannot be read or written: %(cause)s") % {"cause": error}
        ) from error


def write(
    path: Path,
    recipients: Sequence[str],
    *,
    work: Path,
    progress: Progress = lambda percent: None,
) -> Made:
    """Writes, proves and names one archive; needs no row. Leaves nothing behind when it fails."""
    path = path.absolute()
    if path.exists():
        raise BackupError(_("%(path)s is there already.") % {"path": path})
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    # The server keeps no key that opens its backups. A second one, forgotten as soon as the proof is
    # over, lets it read this one file back.
    witness = pyrage.x25519.Identity.generate()
    everybody = [*recipients, str(witness.to_public())] if recipients else []
    step = _Steps(progress)
    try:
        _require_room(work, path.parent)
        _pack(part, work, everybody, step)
        found, unproved = _prove(part, work, [witness] if recipients else [], step)
        digest = _digest(part)
        size = part.stat().st_size
        _name(part, path)
    finally:
        part.unlink(missing_ok=True)
    _sync(path.parent)
    return Made(path, size, digest, bool(recipients), found, unproved)


def _name(part: Path, path: Path) -> None:
    """Gives the finished file its name; nobody else's file of that name is overwritten."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise BackupError(_("%(path)s is there already.") % {"path": path}) from None
    except OSError:  # a disk without hard links
        part.rename(path)


def _prove(
    part: Path, work: Path, identities: Sequence[Any], step: "_Steps"
) -> tuple[proof.Proof | None, BackupError | None]:
    from orbita.core.backup.postgres import NoRightError

    try:
        found = proof.prove(part, work, identities, lambda share: step(60, 98, share))
        return found, found.wrong
    except NoRightError as error:
        return None, error


class _Steps:
    """Percents of the whole, told when they change."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._told = progress, -1

    def __call__(self, start: int, end: int, share: float) -> None:
        percent = int(start + (end - start) * share)
        if percent > self._told:
            self._told = percent
            self._progress(percent)


@contextmanager
def working() -> Iterator[Path]:
    """A folder for what is half done; what a killed process left in it is removed first."""
    folder = Path(settings.ORBITA_DATA) / "backup-work"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _require_room(work: Path, target: Path) -> None:
    """At its most there are the base once more and two packed copies of it, say half its size."""
    base = database().size()
    if shutil.disk_usage(work).free < base * 1.5 or shutil.disk_usage(target).free < base / 4:
        raise BackupError(NO_SPACE)


def _pack(part: Path, work: Path, recipients: Sequence[str], step: _Steps) -> None:
    attachments = Path(settings.ORBITA_DATA) / "files"
    without = left_out()
    packed, figures, unpacked = database().copy(work, without, lambda share: step(0, 45, share))
    # After the copy of the base: every file that it names is there.
    listed = list(files_below(attachments))
    secret = [
        one
        for one in SECRET_FILES
        if recipients and (Path(settings.ORBITA_DATA) / one.name).is_file()
    ]
    manifest = {
        "format": archive.FORMAT,
        "format_version": archive.VERSION,
        "orbita": __version__,
        "made_at": timezone.now().isoformat(timespec="seconds"),
        "database": {
            "kind": database().KIND,
            "size": unpacked,
            "packed": packed.stat().st_size,
        },
        "migrations": sorted(MigrationRecorder(connection).applied_migrations()),
        "tables": figures,
        "left_out": without,
        "files": {"count": len(listed), "size": sum(size for _path, size in listed)},
        "secrets": [one.name for one in secret],
    }
    with archive.sink(part, recipients) as stream:
        writer = archive.Writer(stream)
        writer.add_bytes(archive.MANIFEST, json.dumps(manifest, indent=1).encode())
        writer.add_file(packed.name, packed)
        packed.unlink()
        for one in secret:
            writer.add_file(f"secrets/{one.name}", Path(settings.ORBITA_DATA) / one.name)
        for number, (path, _size) in enumerate(listed):
            writer.add_file(f"files/{path.relative_to(attachments).as_posix()}", path)
            step(45, 60, (number + 1) / len(listed))
        writer.finish()


def files_below(folder: Path) -> Iterator[tuple[Path, int]]:
    """Every plain file below, in order, with its size; links lead out of the folder and stay out."""
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(root) / name
            with suppress(FileNotFoundError):
                if not path.is_symlink() and path.is_file():
                    yield path, path.stat().st_size


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(folder: Path) -> None:
    """Has the folder itself written to the disk, with the new name in it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_whole(backup: Backup) -> bool:
    """Whether the file is still the one that was proved, byte by byte."""
    with suppress(OSError):
        return backup.file.stat().st_size == backup.size and _digest(backup.file) == backup.sha256
    return False
