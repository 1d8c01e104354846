"""Keeping the register of purposes."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.models import ProcessingPurpose
from orbita.clients.privacy.purposes.ready import ready_rows
from orbita.core.events import changes, emit
from orbita.core.text import clean_line, clean_text

TEXTS = ("data", "people", "ground", "ways", "term", "recipients", "destruction", "measures")
NEEDED = ("name", "data", "people", "ground", "term")
LONGEST = 4000
MOST = 100


def save_purpose(
    *, actor: User, values: dict[str, Any], purpose: ProcessingPurpose | None = None
) -> ProcessingPurpose:
    """A new row of the register, the last, or another text of an old one. Raises `ValidationError`."""
    policy.require(actor, "privacy.purposes")
    row = purpose or ProcessingPurpose()
    before = _fields(row) if purpose else {}
    for name, value in _read(values).items():
        setattr(row, name, value)
    told = changes(before, _fields(row))
    if not told["after"]:
        return row
    with transaction.atomic():
        if purpose is None:
            rows = ProcessingPurpose.objects.filter(archived_at=None)
            if rows.count() >= MOST:
                raise ValidationError(_("There are %(n)s purposes already.") % {"n": MOST})
            row.position = (rows.aggregate(last=Max("position"))["last"] or 0) + 1
        row.changed_at = timezone.now()
        row.save()
        _emit("purpose.saved", actor, row, told)
    return row


def add_ready(*, actor: User) -> int:
    """Fills an empty register with rows for a usual shop; returns how many were added."""
    policy.require(actor, "privacy.purposes")
    known = set(ProcessingPurpose.objects.filter(archived_at=None).values_list("name", flat=True))
    rows = [row for row in ready_rows() if row["name"] not in known]
    with transaction.atomic():
        for row in rows:
            save_purpose(actor=actor, values=row)
    return len(rows)


def archive_purpose(*, actor: User, purpose: ProcessingPurpose, archived: bool = True) -> bool:
    """Takes a row out of the register, or brings it back; False when it was so."""
    policy.require(actor, "privacy.purposes")
    if (purpose.archived_at is not None) == archived:
        return False
    with transaction.atomic():
        purpose.archived_at = timezone.now() if archived else None
        purpose.save(update_fields=["archived_at"])
        _emit("purpose.archived" if archived else "purpose.restored", actor, purpose, {})
    return True


def _read(values: dict[str, Any]) -> dict[str, str]:
    clean = {name: clean_text(str(values.get(name) or "")) for name in TEXTS}
    clean["name"] = clean_line(str(values.get("name") or ""))
    errors: dict[str, list[str]] = {}
    for name, value in clean.items():
        longest = 200 if name == "name" else LONGEST
        if name in NEEDED and not value:
            errors[name] = [_("Fill this in.")]
        elif len(value) > longest:
            errors[name] = [_("At most %(n)s characters.") % {"n": longest}]
    if errors:
        raise ValidationError(errors)
    return clean


def _fields(row: ProcessingPurpose) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("name", *TEXTS)}


def _emit(kind: str, actor: User, row: ProcessingPurpose, data: dict[str, Any]) -> None:
    emit(
        kind,
        actor=actor,
        subject_type="processing_purpose",
        subject_id=row.pk,
        data={"purpose": row.name} | data,
    )
