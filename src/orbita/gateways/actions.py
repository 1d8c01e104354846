"""Everything that changes imports: bringing a file, telling what it holds, starting, undoing."""

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.core import jobs as core_jobs
from orbita.core.events import emit
from orbita.core.models import Job
from orbita.core.text import clean_line, normalise
from orbita.gateways import jobs
from orbita.gateways.files import columns, limits
from orbita.gateways.files.errors import FileError
from orbita.gateways.files.fields import KINDS
from orbita.gateways.files.source import Sample, sample
from orbita.gateways.imports import new_fields
from orbita.gateways.models import Import, ImportChange, SavedMapping

Status = Import.Status
PERMISSION = "clients.import"


def receive_file(*, actor: User, chunks: Iterable[bytes], name: str) -> Import:
    """Stores a file as it comes in and makes a draft import of it. Nothing in it is read yet.

    `chunks` may be an uploaded file's `chunks()`. Raises `ValidationError` when there is nothing in
    it or too much.
    """
    policy.require(actor, PERMISSION)
    folder = Path(settings.ORBITA_DATA) / "imports"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    stored_as, digest, size = secrets.token_hex(16), hashlib.sha256(), 0
    path = folder / stored_as
    try:
        with path.open("xb") as target:
            for chunk in chunks:
                size += len(chunk)
                if size > limits.MAX_TEXT:
                    raise ValidationError(_("The file is too large. Split it into parts."))
                digest.update(chunk)
                target.write(chunk)
        if not size:
            raise ValidationError(_("The file is empty."))
        with transaction.atomic():
            row = Import.objects.create(
                file_name=clean_line(Path(name).name)[:255] or "file",
                stored_as=stored_as,
                size=size,
                sha256=digest.hexdigest(),
                match=[Import.Key.EXTERNAL_ID],
                actor=actor,
            )
            _emit("import.brought", row, actor, size=size)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return row


def propose_mapping(*, actor: User, row: Import, kind: str = "auto") -> columns.Mapping:
    """Reads the beginning of the file and stores what it seems to hold, or the mapping saved for
    files with the same headings. Raises `FileError` when the file cannot be read.
    """
    policy.require(actor, PERMISSION)
    found = sample(row.path)
    mapping = columns.guess(found, None if kind == "auto" else _kind(kind))
    saved = SavedMapping.objects.filter(signature=signature_of(mapping)).first()
    if saved and kind == "auto":
        row.match, row.on_match, row.source = saved.match, saved.on_match, saved.source
        mapping = columns.Mapping.from_json(saved.mapping, found)
    mapping = new_fields.fitted(mapping, actor)
    row.mapping, row.total = mapping.to_json(), _rows_in(found, mapping)
    row.save(update_fields=["mapping", "match", "on_match", "source", "total"])
    return mapping


def configure_import(
    *,
    actor: User,
    row: Import,
    mapping: Mapping[str, Any] | None = None,
    match: Sequence[str] | None = None,
    on_match: str | None = None,
    source: str | None = None,
) -> Import:
    """Sets what the columns mean and what is done with known clients; only before the start.

    `mapping` is the JSON of `files.columns.Mapping`; what it does not say is guessed. Raises
    `FileError` for a mapping that does not fit the file, `ValidationError` for the rest.
    """
    policy.require(actor, PERMISSION)
    _require_status(row, Status.DRAFT)
    if mapping is not None:
        found = sample(row.path)
        fitted = new_fields.fitted(columns.Mapping.from_json(mapping, found), actor)
        row.mapping, row.total = fitted.to_json(), _rows_in(found, fitted)
    if match is not None:
        unknown = set(match) - set(Import.Key.values)
        if unknown:
            raise ValidationError(
                _("Clients cannot be matched by “%(key)s”.") % {"key": str(sorted(unknown)[0])[:50]}
            )
        row.match = list(dict.fromkeys(match))
    if on_match is not None:
        if on_match not in Import.OnMatch.values:
            raise ValidationError(_("There is no such way of handling known clients."))
        row.on_match = on_match
    if source is not None:
        row.source = clean_line(source)[:60] or "file"
    row.save(update_fields=["mapping", "total", "match", "on_match", "source"])
    return row


def start_import(*, actor: User, row: Import, queue: bool = True) -> Import:
    """Hands the import to the worker; with `queue` off the caller runs `engine.run` himself.

    The own fields that its columns are to become are made now, with the import.
    """
    policy.require(actor, PERMISSION)
    found = sample(row.path) if _asks_for_fields(row) else None
    with transaction.atomic():
        row = _locked(row)
        _require_status(row, Status.DRAFT)
        if found is not None and _asks_for_fields(row):
            _make_fields(actor, row, found)
        if not (row.mapping or {}).get("columns"):
            raise ValidationError(_("Say what at least one column means."))
        if row.kind == "products":
            policy.require(actor, "products.edit")
        row.status, row.started_at, row.actor = Status.QUEUED, timezone.now(), actor
        if queue:
            row.job_id = int(jobs.run_import.enqueue(row.pk).id)
        row.save()
        _emit("import.started", row, actor, **_settings(row))
    return row


def _asks_for_fields(row: Import) -> bool:
    return any(name in new_fields.NEW for name in (row.mapping or {}).get("columns", {}).values())


def _make_fields(actor: User, row: Import, found: Sample) -> None:
    """Makes the own fields that the mapping asks for, and points it at them."""
    mapping = columns.Mapping.from_json(row.mapping, found)
    mapping, made = new_fields.make_fields(actor=actor, mapping=mapping, sample=found)
    row.mapping = mapping.to_json()
    ImportChange.objects.bulk_create(
        ImportChange(
            batch=row,
            subject=ImportChange.Subject.FIELD,
            subject_id=field.pk,
            number=mapping.header_row,
            is_new=True,
        )
        for field in made
    )


def cancel_import(*, actor: User, row: Import) -> Import:
    """Stops a waiting or running import between two chunks; what was written stays and can be undone."""
    policy.require(actor, PERMISSION)
    with transaction.atomic():
        # The job before the import, as a running chunk locks them: the other way round each would
        # wait for the other.
        row.refresh_from_db(fields=["job_id"])
        if row.job_id:
            core_jobs.request_cancel(row.job_id)
        row = _locked(row)
        if row.status not in (Status.QUEUED, Status.RUNNING):
            raise ValidationError(_("This import is not running."))
        _emit("import.cancel_asked", row, actor)
    return row


def undo_import(*, actor: User, row: Import, queue: bool = True) -> Import:
    """Takes everything back that still is as the import left it, in the background.

    What was edited since, or has got something attached, stays: `row.kept` counts it, and
    `row.changes.exclude(kept="")` tells why.
    """
    policy.require(actor, PERMISSION)
    with transaction.atomic():
        row = _locked(row)
        if not row.may_undo:
            raise ValidationError(_("There is nothing of this import to undo now."))
        row.status, row.state, row.undone, row.kept = Status.UNDOING, None, 0, 0
        row.job_id = int(jobs.undo.enqueue(row.pk, actor.pk).id) if queue else None
        row.save()
        _emit("import.undo_started", row, actor)
    return row


def settle(row: Import) -> Import:
    """Reads the import anew; one whose job has failed for good is said to have failed too."""
    row.refresh_from_db()
    if row.is_active and row.job_id:
        job = Job.objects.filter(pk=row.job_id).first()
        if job is None or job.status in (Job.Status.FAILED, Job.Status.DONE):
            row.refresh_from_db()
            if row.is_active:
                row.status, row.error = Status.FAILED, job.error if job else ""
                row.save(update_fields=["status", "error"])
    return row


def discard_import(*, actor: User, row: Import) -> None:
    """Forgets a file that was not imported."""
    policy.require(actor, PERMISSION)
    with transaction.atomic():
        row = _locked(row)
        _require_status(row, Status.DRAFT)
        path = row.path
        _emit("import.discarded", row, actor)
        row.delete()
        transaction.on_commit(lambda: path.unlink(missing_ok=True))


def save_mapping(*, actor: User, row: Import, name: str) -> SavedMapping:
    """Keeps the import's columns and settings for files with the same headings, under a name."""
    policy.require(actor, PERMISSION)
    name = clean_line(name)[:100]
    if not name or not row.mapping:
        raise ValidationError(_("Enter a name."))
    with transaction.atomic():
        saved, _made = SavedMapping.objects.update_or_create(
            name=name,
            defaults={
                "signature": _signature((row.mapping or {}).get("labels", {}).values()),
                "mapping": _without_place(row.mapping),
                "match": row.match,
                "on_match": row.on_match,
                "source": row.source,
                "author": actor,
            },
        )
        emit("import.mapping_saved", actor=actor, data={"name": name})
    return saved


def delete_mapping(*, actor: User, saved: SavedMapping) -> None:
    policy.require(actor, PERMISSION)
    with transaction.atomic():
        emit("import.mapping_deleted", actor=actor, data={"name": saved.name})
        saved.delete()


def signature_of(mapping: columns.Mapping) -> str:
    """What files with the same headings have in common; "" for a table without headings."""
    return _signature(mapping.labels.values())


def _signature(labels: Iterable[str]) -> str:
    return "\n".join(sorted(normalise(str(label)) for label in labels))[:10_000]


def _without_place(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping for other files: the sheet and the row of headings are looked for anew."""
    return {
        name: value
        for name, value in mapping.items()
        if name not in ("sheet", "header_row", "notes", "confidence")
    }


def _rows_in(found: Sample, mapping: columns.Mapping) -> int:
    """About how many rows of data the sheet has."""
    height = next(sheet.height for sheet in found.sheets if sheet.name == mapping.sheet)
    return max(height - mapping.header_row, 0)


def _kind(kind: str) -> Any:
    if kind not in KINDS:
        raise FileError(_("There is no such kind of file."))
    return kind


def _locked(row: Import) -> Import:
    return Import.objects.select_for_update(no_key=True, of=("self",)).get(pk=row.pk)


def _require_status(row: Import, *allowed: str) -> None:
    if row.status not in allowed:
        raise ValidationError(_("This import has been started already."))


def _settings(row: Import) -> dict[str, Any]:
    return {"kind": row.kind, "match": row.match, "on_match": row.on_match, "source": row.source}


def _emit(event: str, row: Import, actor: User | None, **data: Any) -> None:
    emit(
        event,
        actor=actor,
        subject_type="import",
        subject_id=row.pk,
        data={"file": row.file_name} | data,
    )
