"""What an import would do, found out on its first rows.

The rows are really written, by the same code, in a transaction that is rolled back: a preview that
guessed by rules of its own would differ from the import one day.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import msgspec
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from orbita.accounts.models import User
from orbita.clients.contacts import Contact, reach
from orbita.core import context
from orbita.core.money import from_minor, scaled_to_price
from orbita.gateways.files import columns as columns_of_files
from orbita.gateways.files import values
from orbita.gateways.files.columns import Mapping
from orbita.gateways.files.fields import NEW_DOCUMENT
from orbita.gateways.files.isolation import isolated
from orbita.gateways.files.source import Sample, SheetSample, sample
from orbita.gateways.imports import new_fields, own_cells, reading
from orbita.gateways.imports.consents import in_words
from orbita.gateways.imports.engine import plan_of
from orbita.gateways.imports.records import Batch, ClientRow, OrderGroup, ProductRow
from orbita.gateways.imports.writing import Writer
from orbita.gateways.models import Import, ImportRow
from orbita.ui import formats

LOOKED_AT = 500
SHOWN = 50
SAMPLES = 4
OUTCOMES = ("created", "updated", "unchanged", "rejected")
_decoder = msgspec.msgpack.Decoder(Batch)


@dataclass(slots=True)
class PreviewColumn:
    """A column of the file: its place, heading, what it is taken for and some of its values."""

    index: int
    letter: str
    label: str
    field: str
    samples: list[str]


@dataclass(slots=True)
class PreviewRow:
    """A row of the file and what would become of it.

    `read` is what was understood, as label → text; `client_id` the known client it would change,
    or the one it looks like when `noted`.
    """

    number: int
    cells: list[str]
    outcome: str  # created, updated, unchanged, rejected
    reason: str = ""
    noted: bool = False
    client_id: int | None = None
    read: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class PreviewSheet:
    name: str
    rows: int
    hidden: bool


@dataclass(slots=True)
class Preview:
    """`counts` and `noted` are of the rows looked at; `estimate` is for the whole file.

    `reasons` says how often each reason of rejection was met. `earlier` is an import of the very
    same content that still stands.
    """

    mapping: Mapping
    sheets: list[PreviewSheet]
    columns: list[PreviewColumn]
    rows: list[PreviewRow]
    counts: dict[str, int]
    estimate: dict[str, int]
    looked_at: int
    total: int
    noted: int
    reasons: list[tuple[str, int]]
    notes: list[str]
    encoding: str = ""
    earlier: Import | None = None


def preview(row: Import, *, actor: User, rows: int = LOOKED_AT, shown: int = SHOWN) -> Preview:
    """What `start_import` would do with the file as it is configured now. Raises `FileError`."""
    found = sample(row.path)
    mapping = Mapping.from_json(row.mapping, found)
    looked = _look(row, actor, rows, found, mapping)
    counts = {name: looked.counts.get(name, 0) for name in OUTCOMES}
    seen = sum(counts.values())
    total = max(row.total, seen) if seen >= rows else seen
    looked.rows.sort(key=lambda one: one.number)
    return Preview(
        mapping=mapping,
        sheets=[PreviewSheet(one.name, one.height, one.hidden) for one in found.sheets],
        columns=_columns(found, mapping),
        rows=looked.rows[:shown],
        counts=counts,
        estimate={
            name: round(number * total / seen) if seen else 0 for name, number in counts.items()
        },
        looked_at=seen,
        total=total,
        noted=looked.counts.get("noted", 0),
        reasons=looked.reasons.most_common(20),
        notes=_notes(found, mapping, actor),
        encoding=found.encoding,
        earlier=Import.objects.filter(
            sha256=row.sha256, status__in=[Import.Status.DONE, Import.Status.CANCELLED]
        )
        .exclude(pk=row.pk)
        .last(),
    )


def _notes(found: Sample, mapping: Mapping, actor: User) -> list[str]:
    """What there is to say of the columns, but for those of which somebody has said it since."""
    guessed = new_fields.fitted(columns_of_files.guess(found, mapping.kind, mapping.sheet), actor)
    said = {new_fields.heading(mapping, index): name for index, name in mapping.columns.items()}
    return [
        str(note)
        for note in guessed.notes
        if not (note.code in ("unknown", "duplicate") and note.column in said)
        and not (note.code == "document" and said.get(note.column) != NEW_DOCUMENT)
    ]


@dataclass(slots=True)
class _Looked:
    counts: Counter[str]
    reasons: Counter[str]
    rows: list[PreviewRow]


def _look(row: Import, actor: User, limit: int, found: Sample, mapping: Mapping) -> _Looked:
    row = copy(row)
    with _new_fields(row, actor, found, mapping):
        plan = plan_of(row, actor, start=0, batch=limit + 1, limit=limit, cells=True)
    looked = _Looked(Counter(), Counter(), [])
    with translation.override(translation.get_language() or actor.language):
        # All is read before the lock is taken.
        for batch in [_decoder.decode(data) for data in isolated(reading.batches, plan)]:
            writer = Writer(row, actor)
            with _new_fields(row, actor, found, mapping):
                looked.counts.update(writer.write(batch))
                looked.rows += _rows(batch, writer)
            for told in writer.journal.rows:
                if told.outcome == ImportRow.Outcome.REJECTED:
                    looked.reasons[told.why] += 1
    return looked


@contextmanager
def _new_fields(row: Import, actor: User, found: Sample, mapping: Mapping) -> Iterator[None]:
    """A transaction that comes to nothing, with the own fields that the import would make."""
    try:
        with transaction.atomic():
            fitted, _made = new_fields.make_fields(actor=actor, mapping=mapping, sample=found)
            row.mapping = fitted.to_json()
            yield
            transaction.set_rollback(True)
    finally:
        # The company knew of the fields.
        context.forget("company")


def _rows(batch: Batch, writer: Writer) -> list[PreviewRow]:
    told: dict[int, ImportRow] = {one.number: one for one in writer.journal.rows}
    rows = [
        PreviewRow(one.number, one.cells, "rejected", one.why)
        for one in writer.journal.rows
        if one.outcome == ImportRow.Outcome.REJECTED
    ]
    taken: list[tuple[int, list[str], list[tuple[str, str]]]] = []
    for client in batch.clients:
        taken.append((client.number, client.cells, _read_client(client)))
    for order in batch.orders:
        taken += [
            (number, cells, _read_order(order, place))
            for place, (number, cells) in enumerate(order.cells)
        ]
    for product in batch.products:
        taken.append((product.number, product.cells, _read_product(product)))
    for number, cells, read in taken:
        resolved, note = writer.resolved.get(number), told.get(number)
        if resolved is None or resolved.outcome == "rejected":
            continue
        known = resolved.client_id if resolved.outcome != "created" else None
        noted = note is not None
        rows.append(
            PreviewRow(
                number,
                cells,
                resolved.outcome,
                note.why if note else "",
                noted,
                note.like_id if note else known,
                read,
            )
        )
    return rows


def _read_client(row: ClientRow) -> list[tuple[str, str]]:
    """What was understood of a client, in the words of the interface."""
    data = row.client
    read = [(_("company") if data.kind == "company" else _("client"), data.name)]
    read += [
        (
            "",
            reach(Contact(one.kind, one.value, one.key, one.service, one.label)).text,
        )
        for one in data.contacts
    ]
    given: list[tuple[Any, str]] = [
        (_("number"), ", ".join(value for _source, value in data.numbers)),
        (_("birthday"), formats.day(data.birthday) if data.birthday else ""),
        (_("city"), data.city),
        (_("INN"), data.inn),
        (_("tags"), ", ".join(data.tags)),
        (_("who recommended"), row.recommended_by[1] if row.recommended_by else ""),
        (_("advertising"), in_words(row.agreed)),
        (
            _("works at")
            if row.linked and row.linked.client.kind == "company"
            else _("contact person"),
            row.linked.client.name if row.linked else "",
        ),
    ]
    given += own_cells.in_words("client", data.own_told)
    if row.totals:
        if row.totals.total is not None:
            given.append((_("bought for"), formats.money(row.totals.total)))
        if row.totals.last_on:
            given.append((_("last purchase"), formats.day(row.totals.last_on)))
    return read + [(str(label), text) for label, text in given if text]


def _read_order(group: OrderGroup, place: int) -> list[tuple[str, str]]:
    when = group.ordered_on or (group.ordered_at and group.ordered_at.date())
    kind = _("return") if group.kind == "return" else _("order")
    read = [(kind, group.shown_number), (_("date"), formats.day(when) if when else "")]
    if place < len(group.lines):
        line = group.lines[place]
        price = f"{scaled_to_price(line.price).normalize():f}"
        quantity = f"{(from_minor(line.quantity, 'KWD')).normalize():f}"
        read.append((_("line"), f"{line.name} · {quantity} × {price}"))
    read += own_cells.in_words("order", group.own)
    if group.client:
        read += _read_client(group.client)
    return [(str(label), text) for label, text in read if text]


def _read_product(row: ProductRow) -> list[tuple[str, str]]:
    price = "" if row.price is None else f"{scaled_to_price(row.price).normalize():f}"
    read = [
        (_("product"), row.name),
        (_("article"), row.sku),
        (_("price"), price),
        (_("group"), row.group),
        *own_cells.in_words("product", row.own),
    ]
    return [(str(label), text) for label, text in read if text]


def _columns(found: Sample, mapping: Mapping) -> list[PreviewColumn]:
    sheet: SheetSample = next(one for one in found.sheets if one.name == mapping.sheet)
    below = [
        cells for number, cells in sheet.rows if number > mapping.header_row or not mapping.labels
    ]
    width = max([*(index + 1 for index in mapping.labels), *(len(cells) for cells in below), 0])
    columns = []
    for index in range(width):
        filled = (
            cells[index]
            for cells in below
            if index < len(cells) and not values.is_blank(cells[index])
        )
        samples = list(dict.fromkeys(values.to_text(cell)[:60] for cell in islice(filled, 40)))[
            :SAMPLES
        ]
        label = mapping.labels.get(index, "")
        if label or samples:
            columns.append(
                PreviewColumn(
                    index,
                    columns_of_files.column_letter(index),
                    label,
                    mapping.columns.get(index, ""),
                    samples,
                )
            )
    return columns
