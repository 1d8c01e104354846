"""The copy of everything that is kept of a client, for him: JSON, a document to read, his files."""

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from django.conf import settings
from django.db import models, transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from orbita import __version__
from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.fields import kinds
from orbita.clients.fields.known import active, hidden_from
from orbita.clients.fields.values import stored
from orbita.clients.guarding import sight
from orbita.clients.models import Attachment, Client
from orbita.clients.privacy.erasing import cards_of
from orbita.clients.privacy.registry import Personal, personal_tables
from orbita.core.events import KINDS, emit, payload_of
from orbita.core.models import Company, Event
from orbita.core.money import from_minor
from orbita.ui import formats

FORMAT = "orbita-personal-data"
# Parts of a change that are about the client alone: others have a right to their own.
OF_OTHERS = frozenset({"people", "relations", "responsible", "merged", "others"})
MONEY = frozenset({"total", "gross", "returned"})


@dataclass(frozen=True)
class Section:
    """A part of the document: rows of label → words."""

    title: str
    rows: Sequence[Mapping[str, str]]


def gather(client: Client) -> dict[str, Any]:
    """Everything that the rooms keep of the client, as JSON: table → rows, history, files."""
    cards = cards_of(client)
    return {
        "format": FORMAT,
        "orbita": __version__,
        "made_at": timezone.now().isoformat(timespec="seconds"),
        "operator": Company.current().name,
        "cards": cards,
        "data": {
            table.name: [_plain(row, table.told) for row in _rows(table, cards)]
            for table in _told()
        },
        "history": list(_history(cards)),
    }


def sections(client: Client) -> list[Section]:
    """The same for people, in the language of the moment; empty parts are left out."""
    cards = cards_of(client)
    found = []
    for table in _told():
        lines = [_words(row, table.told) for row in _rows(table, cards)]
        if lines := [line for line in lines if line]:
            title = str(table.model._meta.verbose_name)
            found.append(Section(title[:1].upper() + title[1:], lines))
    return found


def copy_client(*, actor: User, client: Client) -> IO[bytes]:
    """An archive with data.json, document.html and the client's files, open at its beginning.

    That the copy was made is recorded. The file is nowhere on the disk any more.
    """
    policy.require(actor, "privacy.copy", client)
    if not sees_everything(actor):
        raise policy.Denied(
            _("The copy tells everything, and some fields are closed to your role.")
        )
    files = _files(cards_of(client))
    target = TemporaryFile(dir=settings.ORBITA_DATA)  # noqa: SIM115 - the caller closes it
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("data.json", as_json(client))
        package.writestr("document.html", document(client))
        for name, path in files:
            if path.is_file():
                package.write(path, f"files/{name}")
    record_copy(actor=actor, client=client, files=len(files))
    target.seek(0)
    return target


def sees_everything(actor: User) -> bool:
    """Whether no field of cards and orders is closed to the actor: a copy leaves nothing out."""
    return not sight(actor).closed and not hidden_from("order", actor)


def as_json(client: Client) -> str:
    """The JSON of the copy as text."""
    return json.dumps(gather(client), ensure_ascii=False, indent=1)


def document(client: Client) -> str:
    """The copy as a page of its own, to be read in any browser and printed."""
    context = {
        "client": client,
        "company": Company.current(),
        "made": formats.day(timezone.localdate(), date(1, 1, 1)),
        "sections": sections(client),
        "history": [(entry["at"], entry["words"]) for entry in _history(cards_of(client))],
        "files": [name for name, _path in _files(cards_of(client))],
    }
    return render_to_string("clients/privacy/document.html", context)


def record_copy(*, actor: User | None, client: Client, files: int) -> None:
    """Writes into the log that a copy has left."""
    person = actor if actor and not actor.is_service else None
    with transaction.atomic():
        emit(
            "privacy.copied",
            actor=person,
            client_id=client.pk,
            subject_type="client",
            subject_id=client.pk,
            data={"files": files},
        )


def _told() -> list[Personal]:
    """What the copy shows, the card itself first."""
    return [table for table in reversed(personal_tables()) if table.told]


def _rows(table: Personal, cards: Sequence[int]) -> Any:
    return table.rows(cards).order_by("pk")


def _files(cards: Sequence[int]) -> list[tuple[str, Path]]:
    rows = Attachment.objects.filter(client__in=cards).order_by("pk")
    folder = Path(settings.ORBITA_DATA) / "files"
    return [(f"{row.pk}-{row.name.replace('/', '_')}", folder / str(row.file.name)) for row in rows]


# ---- for programs ----


def _plain(row: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: _value(row, name) for name in names}


def _value(row: Any, name: str) -> Any:
    column = row._meta.get_field(name)
    if name == "own":
        return {
            field.label: kinds.plain(field, stored(row, field))
            for field in active(_subject(row))
            if stored(row, field) is not None
        }
    if column.many_to_many:
        return [str(one) for one in getattr(row, name).all()]
    value = getattr(row, name)
    if name in MONEY and isinstance(value, int):
        currency = getattr(row, "currency", "") or Company.current().currency
        return str(from_minor(value, currency))
    if isinstance(value, date):  # a moment too
        return value.isoformat()
    return str(value) if isinstance(value, models.Model) else value


def _subject(row: Any) -> str:
    return "client" if isinstance(row, Client) else str(row._meta.model_name)


# ---- for people ----


def _words(row: Any, names: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        if name == "own":
            for field in active(_subject(row)):
                value = kinds.plain(field, stored(row, field))
                if words := kinds.words(field, value):
                    found[field.label] = words
        elif words := _said(row, name):
            label = str(row._meta.get_field(name).verbose_name)
            found[label[:1].upper() + label[1:]] = words
    return found


def _said(row: Any, name: str) -> str:
    value = _value(row, name)
    if value in (None, "", [], {}):
        return ""
    raw = getattr(row, name, None)
    if isinstance(raw, datetime):
        return date_format(timezone.localtime(raw), "j E Y, H:i")
    if isinstance(raw, date):
        return formats.day(raw, date(1, 1, 1))
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if row._meta.get_field(name).flatchoices:
        return str(getattr(row, f"get_{name}_display")())
    if isinstance(value, Mapping):
        return ", ".join(map(str, value.values()))
    return ", ".join(value) if isinstance(value, list) else str(value)


# ---- what happened ----


def _history(cards: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Every entry of the log about the client, oldest first; parts about other people are left out."""
    events = Event.objects.filter(client_id__in=cards).select_related("payload")
    for event in events.order_by("happened_at", "pk").iterator(chunk_size=500):
        kind = KINDS.get(event.kind)
        told = payload_of(event)
        yield {
            "at": event.happened_at.isoformat(timespec="seconds"),
            "kind": event.kind,
            "words": str(kind.label) if kind else event.kind,
            **{part: own for part in ("before", "after") if (own := _own(told.get(part)))},
        }


def _own(part: Any) -> dict[str, Any]:
    if not isinstance(part, Mapping):
        return {}
    return {name: value for name, value in part.items() if name not in OF_OTHERS}
