"""Puts a backup in the place of what is there: tried first, swapped at the end, calm afterwards."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from orbita.core.backup import (
    AFTERWARDS,
    BackupError,
    alone,
    archive,
    database,
    making,
    proof,
)
from orbita.core.backup.away import fetching
from orbita.core.events import emit
from orbita.core.models import Backup, BackupPlan, Origin
from orbita.core.seals import checkpoints
from orbita.core.sentences import Sentence as _

Say = Callable[[str], object]


@dataclass(frozen=True)
class Saved:
    """Where the former base is: a backup, or, with the reason why not, the bare file set aside."""

    path: Path
    made: making.Made | None
    reason: BackupError | None


@dataclass
class Restored:
    """What a restore did: of which moment the base is now, and where the former one was kept."""

    made_at: str
    orbita: str
    proof: proof.Proof
    saved: Saved | None = None
    secrets: list[str] = field(default_factory=list)
    # Name of the work that followed → how much of it there was.
    afterwards: dict[str, int] = field(default_factory=dict)


def restore(
    source: Path | str,
    identities: Sequence[Any] = (),
    *,
    over: bool = False,
    say: Say = lambda words: None,
) -> Restored:
    """Restores an archive: a file, or `s3:NAME` in the storage. `over` allows it where a base is at
    work already, after saving that one.

    The archive is taken apart, loaded into a temporary base, compared, brought up to this version
    and looked at before anything of what is there is touched. Raises `BackupError` otherwise.
    """
    with alone(), making.told_in_words(), making.working() as work:
        full = _is_full()
        if isinstance(source, str):
            # Before it is fetched: that may take an hour.
            _require_leave(full, over)
            say("Fetching it from the storage...")
            path = fetching.fetch(source, work)
        else:
            path = source
        _accept(archive.read_manifest(path, identities))
        _require_leave(full, over)
        folder = work / "restored"
        folder.mkdir(mode=0o700)
        say("Reading the archive...")
        contents = archive.extract(path, folder, identities, keep_files=True, accept=_accept)
        say("Restoring into a temporary database and comparing...")
        with proof.restored(contents, folder) as copy:
            looked = proof.look_at(copy, folder, "calm")
            done = Restored(
                made_at=contents.manifest["made_at"],
                orbita=contents.manifest["orbita"],
                proof=proof.figures_of(contents, *looked),
                secrets=contents.secrets,
            )
            if full:
                say("Saving what is there...")
                done.saved = _save(work, done)
            say("Putting it in its place...")
            database().replace(copy, folder)
        _put_files(folder / "files", work)
        _put_secrets(contents, folder)
        # Those of the former base say that the end of the log was cut off, and so it was.
        checkpoints.set_aside()
        _tell(done)
        for work_left in AFTERWARDS:
            done.afterwards[work_left.name] = work_left.run()
    return done


def _require_leave(full: bool, over: bool) -> None:
    if full and not over:
        raise BackupError(
            _("There is a base with data here. With --yes it is saved beside and replaced.")
        )


def _is_full() -> bool:
    attachments = Path(settings.ORBITA_DATA) / "files"
    return database().is_full() or any(making.files_below(attachments))


def _accept(manifest: dict[str, Any]) -> None:
    """Refuses what cannot be restored here, before anything of it is read."""
    kinds = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
    theirs, ours = manifest["database"]["kind"], database().KIND
    if theirs != ours:
        raise BackupError(
            _("The backup is of %(theirs)s and the base here is %(ours)s: set DATABASE_URL for it.")
            % {"theirs": kinds[theirs], "ours": kinds[ours]}
        )
    known = set(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)
    if {tuple(one) for one in manifest["migrations"]} - known:
        raise BackupError(_("The backup was made by a newer version of Orbita: update it first."))


def _save(work: Path, done: Restored) -> Saved:
    """A backup of what is there. An SQLite base that cannot be read any more is set aside as it is."""
    now = timezone.now()
    recipient = _recipient()
    name = "before-restore-" + making.name_for(now, bool(recipient))
    target = Path(settings.ORBITA_DATA) / "backups" / name
    try:
        with making.told_in_words():
            made = making.write(target, [recipient] if recipient else [], work=work)
    except BackupError as error:
        if not hasattr(database(), "set_aside"):
            raise BackupError(
                _("What is there could not be saved, so nothing was restored: %(cause)s")
                % {"cause": error}
            ) from error
        return Saved(database().set_aside(f"before-restore-{now:%Y%m%d-%H%M%S}"), None, error)
    return Saved(made.path, made, made.unproved)


def _recipient() -> str:
    try:
        return BackupPlan.current().recipient
    except DatabaseError:  # a base of a version that had no plans yet, or a damaged one
        return ""


def _put_files(new: Path, work: Path) -> None:
    """The attachments of the backup instead of those that are there; those are in the saved one."""
    place = Path(settings.ORBITA_DATA) / "files"
    new.mkdir(exist_ok=True, mode=0o700)
    if place.exists():
        place.rename(work / "former-files")
    new.rename(place)


def _put_secrets(contents: archive.Contents, folder: Path) -> None:
    for name in contents.secrets:
        new, place = folder / "secrets" / name, Path(settings.ORBITA_DATA) / name
        if place.exists() and place.read_bytes() != new.read_bytes():
            place.replace(place.with_name(f"{name}-before-restore"))
        new.replace(place)


def _tell(done: Restored) -> None:
    """Writes into the restored base what happened to it."""
    with transaction.atomic():
        if done.saved and done.saved.made:
            row = Backup(cause=Backup.Cause.RESTORE, started_at=timezone.now())
            making.fill(row, done.saved.made)
            row.save()
        emit(
            "backup.restored",
            actor=None,
            subject_type="backup",
            origin=Origin.RESTORE,
            data={"made_at": done.made_at, "saved": str(done.saved.path) if done.saved else ""},
        )
