"""What imports and exports keep of a client: rows, journals and the files themselves."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext as _

from orbita.clients.privacy.own import scrub
from orbita.clients.privacy.registry import (
    HINDRANCES,
    PERSONAL,
    SETTLED,
    STORES,
    TRACES,
    Hindrance,
    Personal,
    Settled,
    Store,
    Trace,
)
from orbita.clients.privacy.values import Values
from orbita.commerce.models import Order
from orbita.gateways.exports.models import Export, folder
from orbita.gateways.files import values as cells
from orbita.gateways.files.errors import FileError
from orbita.gateways.files.source import read_batches, sample
from orbita.gateways.models import Import, ImportChange, ImportRow, SavedMapping

if TYPE_CHECKING:
    from orbita.clients.privacy.erasing import Erasing

Status = Import.Status
Subject = ImportChange.Subject
ACTIVE = (Status.QUEUED, Status.RUNNING, Status.UNDOING)


def _changes(cards: Sequence[int]) -> Q:
    """What imports remember of the client and of his orders, to take themselves back."""
    orders = Order.objects.filter(client__in=cards).values("pk")
    own = Q(subject__in=(Subject.CLIENT, Subject.BALANCE), subject_id__in=cards)
    return own | Q(subject=Subject.ORDER, subject_id__in=orders)


def _running(cards: Sequence[int]) -> str:
    if not Import.objects.filter(status__in=ACTIVE).exists():
        return ""
    return _("An import is running. Erase the client when it is through.")


def _import_files(work: "Erasing") -> None:
    """Files that the person came from, or is found in. The rest of what was imported stays."""
    touched = ImportChange.objects.filter(_changes(work.cards)).values_list("batch_id", flat=True)
    noted = ImportRow.objects.filter(Q(client_id__in=work.cards) | Q(like_id__in=work.cards))
    known = {*touched, *noted.values_list("batch_id", flat=True)}
    for row in Import.objects.exclude(stored_as=""):
        if row.pk not in known and not is_in_file(row.path, work.values):
            continue
        # The command puts rejected rows into a workbook beside the file.
        both = (row.path, row.path.with_name(f"rejected-{row.pk}.xlsx"))
        work.files |= {path for path in both if path.is_file()}
        if row.status == Status.DRAFT:
            row.delete()
        else:
            Import.objects.filter(pk=row.pk).update(stored_as="")


def is_in_file(path: Path, values: Values) -> bool:
    """Whether a table has any of the values in it; one that cannot be read counts as having them."""
    if not path.is_file():
        return False
    if values.pattern is None:
        return False
    try:
        return any(values.found_in(line) for line in _lines(path))
    except FileError:
        return True


def _lines(path: Path) -> Iterator[str]:
    for sheet in sample(path, rows=1).sheets:
        for batch in read_batches(path, sheet.name):
            for _number, row in batch:
                yield "\t".join(cells.to_text(cell) for cell in row)


def _export_files(work: "Erasing") -> None:
    """Tables that wait a day for whoever asked for them: they may be made again without the client."""
    ready = Export.objects.exclude(stored_as="")
    work.files |= {folder() / name for name in ready.values_list("stored_as", flat=True)}
    ready.update(stored_as="", status=Export.Status.EXPIRED)


def _file_names(work: "Erasing", rows: Sequence[Any]) -> None:
    for row in rows:
        row.file_name = row.file_name if not work.values.found_in(row.file_name) else "…"
        row.error = row.error if not work.values.found_in(row.error) else ""
        row.save(update_fields=["file_name", "error"])


def register() -> None:
    """Puts the tables and files of this room into the registries."""
    PERSONAL.register(
        Personal(ImportChange, where=_changes),
        Personal(
            ImportRow,
            of=("client_id", "like_id"),
            empty={"cells": [], "reason": "", "client_id": None, "like_id": None},
        ),
    )
    TRACES.register(
        Trace(ImportRow, ("cells", "reason"), empty={"cells": [], "reason": ""}),
        Trace(
            Import,
            ("file_name", "error"),
            empty={},
            stay=("stored_as", "sha256", "mapping", "match", "source", "state"),
            put=_file_names,
        ),
        Trace(
            Export,
            ("query", "file_name", "error", "reason", "filter_text"),
            empty={},
            stay=("list_name", "format", "ids", "columns", "stored_as", "mark"),
            put=scrub("query", "file_name", "error", "reason", "filter_text"),
        ),
    )
    HINDRANCES.register(Hindrance("imports", _running))
    STORES.register(Store("imports", _import_files), Store("exports", _export_files))
    SETTLED.register(Settled("headings of files and what they mean", (SavedMapping,)))
