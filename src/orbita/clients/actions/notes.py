"""Notes and files of a client."""

import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients import files as attached
from orbita.clients.aliases import settle
from orbita.clients.facts import refresh
from orbita.clients.models import Attachment, Client, Note
from orbita.clients.search import index_notes
from orbita.core.events import emit
from orbita.core.models import Event, Origin
from orbita.core.text import clean_text

LONGEST = 20_000


def add_note(
    *,
    actor: User,
    client: Client,
    text: str,
    kind: str = Note.Kind.NOTE,
    files: Sequence[UploadedFile[Any]] = (),
    happened_at: datetime | None = None,
    origin: str = Origin.LIVE,
) -> Note:
    """Writes down what was learned; a call, a meeting or a letter counts as the last contact."""
    policy.require(actor, "clients.note", client)
    text = clean_text(text)
    if kind not in Note.Kind.values:
        raise ValidationError(_("There is no such kind of note."))
    if not text and not files:
        raise ValidationError({"text": [_("The note is empty.")]})
    if len(text) > LONGEST:
        raise ValidationError({"text": [_("At most %(n)s characters.") % {"n": LONGEST}]})
    moment = happened_at or timezone.now()
    if moment > timezone.now():
        raise ValidationError({"happened_at": [_("This has not happened yet.")]})
    names = _checked(files)
    stored: list[Attachment] = []
    try:
        with transaction.atomic():
            note = Note.objects.create(
                client=client, kind=kind, text=text, author=actor, happened_at=moment
            )
            for file, name in zip(files, names, strict=True):
                stored.append(_store(actor, client, note, file, name))
            index_notes([note.pk])
            if kind != Note.Kind.NOTE:
                refresh([client.pk])
            settle([client.pk])
            emit(
                "note.added",
                actor=actor,
                client_id=client.pk,
                subject_type="note",
                subject_id=note.pk,
                origin=origin,
                happened_at=moment,
                data={"kind": kind, "text": text, "files": [_described(row) for row in stored]},
            )
    except BaseException:
        _forget(stored)
        raise
    return note


def delete_note(
    *, actor: User, note: Note, undoes: int | None = None, checked: bool = False
) -> Event | None:
    """Takes a note off the timeline; its author may, and whoever may change the client."""
    if not checked and note.author_id != actor.pk:
        policy.require(actor, "clients.edit", note.client)
    return _mark_note(actor, note, "note.deleted", timezone.now(), undoes)


def restore_note(
    *, actor: User, note: Note, undoes: int | None = None, checked: bool = False
) -> Event | None:
    if not checked and note.author_id != actor.pk:
        policy.require(actor, "clients.edit", note.client)
    return _mark_note(actor, note, "note.restored", None, undoes)


def _mark_note(
    actor: User, note: Note, event: str, deleted_at: datetime | None, undoes: int | None
) -> Event | None:
    with transaction.atomic():
        rows = Note.objects.filter(pk=note.pk, deleted_at__isnull=deleted_at is not None)
        if not rows.update(deleted_at=deleted_at):
            return None
        note.deleted_at = deleted_at
        refresh([note.client_id])
        return emit(
            event,
            actor=actor,
            client_id=note.client_id,
            subject_type="note",
            subject_id=note.pk,
            data={"undoes": undoes} if undoes else {},
        )


def add_file(
    *, actor: User, client: Client, file: UploadedFile[Any], field: str = ""
) -> Attachment:
    """A file of the client without a note; `field` is the own field that it is put into."""
    policy.require(actor, "clients.note", client)
    (name,) = _checked([file])
    stored: list[Attachment] = []
    try:
        with transaction.atomic():
            stored.append(_store(actor, client, None, file, name))
            settle([client.pk])
            emit(
                "file.added",
                actor=actor,
                client_id=client.pk,
                subject_type="file",
                subject_id=stored[0].pk,
                data={"files": [_described(stored[0])]} | ({"field": field} if field else {}),
            )
    except BaseException:
        _forget(stored)
        raise
    return stored[0]


def delete_file(*, actor: User, attachment: Attachment) -> Event | None:
    """Takes a file off the card: it cannot be downloaded any more."""
    if attachment.author_id != actor.pk:
        policy.require(actor, "clients.edit", attachment.client)
    with transaction.atomic():
        rows = Attachment.objects.filter(pk=attachment.pk, deleted_at=None)
        if not rows.update(deleted_at=timezone.now()):
            return None
        return emit(
            "file.deleted",
            actor=actor,
            client_id=attachment.client_id,
            subject_type="file",
            subject_id=attachment.pk,
            data={"files": [_described(attachment)]},
        )


def _checked(files: Sequence[UploadedFile[Any]]) -> list[str]:
    if len(files) > attached.MOST:
        raise ValidationError(
            {"files": [_("At most %(n)s files at a time.") % {"n": attached.MOST}]}
        )
    try:
        return [attached.check(file) for file in files]
    except ValidationError as error:
        raise ValidationError({"files": error.messages}) from None


def _store(
    actor: User, client: Client, note: Note | None, file: UploadedFile[Any], name: str
) -> Attachment:
    row = Attachment(client=client, note=note, name=name, size=file.size or 0, author=actor)
    row.file.save(secrets.token_hex(16), file, save=False)
    row.save()
    return row


def _forget(stored: Sequence[Attachment]) -> None:
    """The rows were rolled back: their files must not stay behind."""
    for row in stored:
        with suppress(OSError):
            row.file.storage.delete(str(row.file.name))


def _described(row: Attachment) -> dict[str, object]:
    return {"id": row.pk, "name": row.name, "size": row.size}
