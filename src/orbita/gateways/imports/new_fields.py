"""Columns that Orbita has no field for: the own fields that an import makes of them.

Until the start a mapping only says that a column shall become one; `make_fields` makes it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.fields import kinds
from orbita.clients.fields.actions import archive_field, define_field, stamp
from orbita.clients.fields.column import path
from orbita.clients.fields.known import active
from orbita.clients.fields.subjects import model_of
from orbita.clients.models import FieldDefinition
from orbita.core.sentences import Sentence
from orbita.core.sentences import Sentence as _
from orbita.core.text import clean_line, normalise
from orbita.gateways.files.columns import Mapping, Note, column_letter
from orbita.gateways.files.content import is_compact_date
from orbita.gateways.files.fields import NEW_DOCUMENT, NEW_FIELD
from orbita.gateways.files.source import Cell, Sample
from orbita.gateways.files.values import DateOrder, detect_date_order, is_blank, to_text
from orbita.gateways.imports.own_cells import NOT_IN_FILES, column_of, read_cell

Kind = FieldDefinition.Kind
PERMISSION = "fields.edit"
NEW = (NEW_FIELD, NEW_DOCUMENT)
LONGEST_LABEL = 80
# Longer numbers are codes: nobody adds them up.
MOST_DIGITS = 9


def subject_of(kind: str) -> str:
    """Whose fields a kind of file makes: a sheet of sales makes those of clients."""
    return {"orders": "order", "products": "product"}.get(kind, "client")


def fitted(mapping: Mapping, actor: User) -> Mapping:
    """The mapping as it suits the base and the actor.

    A field that is there by now is pointed at; a column that cannot become a field, or that the actor
    may not make one of, is left out, and the notes say so.
    """
    if not any(name in NEW for name in mapping.columns.values()):
        return mapping
    subject, may_make = subject_of(mapping.kind), policy.allows(actor, PERMISSION)
    known = {normalise(field.label): field for field in active(subject)}
    pointed = set(mapping.columns.values())
    called: set[str] = set()
    columns, left = {}, []
    for index, name in mapping.columns.items():
        if name in NEW:
            key = normalise(_label(mapping, index))
            field = known.get(key)
            name = _settled(name, subject, field) if field or may_make else ""
            if key in called or (field and name in pointed):
                name = ""
            called.add(key)
        if name:
            columns[index] = name
        else:
            left.append(index)
    told = {heading(mapping, index) for index in left}
    notes = [note for note in mapping.notes if note.code != "document" or note.column not in told]
    notes += [Note("unknown", heading(mapping, index)) for index in left]
    return replace(mapping, columns=columns, notes=notes)


def _settled(name: str, subject: str, known: FieldDefinition | None) -> str:
    """What a column means with the field of its name that is there already; "" for nothing."""
    if known is not None:
        return "" if known.kind in NOT_IN_FILES else column_of(known)
    return name if subject == "client" else NEW_FIELD


def make_fields(
    *, actor: User, mapping: Mapping, sample: Sample
) -> tuple[Mapping, list[FieldDefinition]]:
    """The mapping with the fields that it asks for, and those of them that were made for it.

    Inside the caller's transaction. Raises `ValidationError` when there are too many fields.
    """
    if not any(name in NEW for name in mapping.columns.values()):
        return mapping, []
    stamp()  # whoever makes the same fields at this moment waits
    mapping = fitted(mapping, actor)
    columns, orders = dict(mapping.columns), dict(mapping.date_orders)
    made = []
    for index, name in mapping.columns.items():
        if name not in NEW:
            continue
        cells = list(_cells(sample, mapping, index))
        order = detect_date_order(cells)
        field = _field_of(actor, mapping, index, cells, order)
        made.append(field)
        columns[index] = column_of(field)
        if field.kind == Kind.DATE:
            orders[index] = order
    return replace(mapping, columns=columns, date_orders=orders), made


def _field_of(
    actor: User, mapping: Mapping, index: int, cells: Sequence[Cell], order: DateOrder
) -> FieldDefinition:
    """The field that a column becomes: a new one, or the one that an undone import had made of it."""
    subject, label = subject_of(mapping.kind), _label(mapping, index)
    is_document = mapping.columns[index] == NEW_DOCUMENT
    kind = Kind.TEXT if is_document else kind_of(cells, order)
    archived = FieldDefinition.objects.filter(subject=subject, kind=kind, is_compared=is_document)
    for field in archived.exclude(archived_at=None).order_by("-archived_at"):
        if normalise(field.label) == normalise(label) and not _has_values(field):
            archive_field(actor=actor, field=field, archived=False)
            return field
    return define_field(
        actor=actor,
        subject=subject,
        kind=kind,
        label=label,
        is_searchable=is_document,
        is_compared=is_document,
    )


def kind_of(cells: Sequence[Cell], order: DateOrder) -> str:
    """The type of field that holds all these values: a number, a date, else a text."""
    for kind, suits in ((Kind.DATE, _is_date), (Kind.NUMBER, _is_number)):
        if cells and all(suits(cell, order) for cell in cells):
            return kind
    return Kind.TEXT


def _is_date(cell: Cell, order: DateOrder) -> bool:
    # A bare number may be read as a day too: 45000 as a spreadsheet counts them.
    if _fits(cell, Kind.NUMBER, order) and not is_compact_date(cell):
        return False
    return _fits(cell, Kind.DATE, order)


def _is_number(cell: Cell, order: DateOrder) -> bool:
    digits = to_text(cell).lstrip("-").partition(".")[0].partition(",")[0]
    is_code = len(digits) > MOST_DIGITS or (len(digits) > 1 and digits.startswith("0"))
    return not is_code and _fits(cell, Kind.NUMBER, order)


def _fits(cell: Cell, kind: str, order: DateOrder) -> bool:
    try:
        return read_cell(FieldDefinition(kind=kind), cell, order) is not None
    except ValueError:
        return False


def _cells(sample: Sample, mapping: Mapping, index: int) -> Iterator[Cell]:
    """The filled cells of a column in the beginning of the sheet."""
    sheet = next(one for one in sample.sheets if one.name == mapping.sheet)
    for number, cells in sheet.rows:
        below = number > mapping.header_row or not mapping.labels
        if below and index < len(cells) and not is_blank(cells[index]):
            yield cells[index]


def heading(mapping: Mapping, index: int) -> str:
    """What notes call a column."""
    return mapping.labels.get(index) or column_letter(index)


def _label(mapping: Mapping, index: int) -> str:
    """What the field of a column is called: its heading."""
    label = clean_line(mapping.labels.get(index, ""))[:LONGEST_LABEL].strip()
    return label or str(_("Column %(letter)s") % {"letter": column_letter(index)})


def put_away(actor: User, field_ids: Sequence[int]) -> dict[int, Sentence]:
    """Archives fields that an import made, those that hold nothing any more; the others with why not."""
    kept: dict[int, Sentence] = {}
    for field in FieldDefinition.objects.filter(pk__in=field_ids, archived_at=None):
        if _has_values(field):
            kept[field.pk] = _("Some records have a value in the field.")
        elif not policy.allows(actor, PERMISSION):
            kept[field.pk] = _("Own fields are changed by those who set them up.")
        else:
            archive_field(actor=actor, field=field)
    return kept


def _has_values(field: FieldDefinition) -> bool:
    how = path(kinds.TYPES[field.kind].how, field.key)
    return model_of(field.subject)._base_manager.filter(**{f"{how}__isnull": False}).exists()
