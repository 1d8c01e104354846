"""Own fields in files: the columns they are known by, and how their cells are read."""

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

from orbita.accounts.models import User
from orbita.clients.fields import kinds
from orbita.clients.fields.known import active, changed_by, own_field, seen
from orbita.clients.fields.values import stored_pair
from orbita.clients.models import FieldDefinition
from orbita.core.text import normalise
from orbita.gateways.files import values
from orbita.gateways.files.fields import Field
from orbita.gateways.files.header import header_key
from orbita.gateways.files.source import Cell
from orbita.gateways.imports.client_cells import Draft, Handler
from orbita.gateways.imports.plan import Plan

Kind = FieldDefinition.Kind
_TOLD = ("subject", "key", "label", "kind", "options", "holder")
# A cell cannot hold a file, and a client of the base is not known while a file is read.
NOT_IN_FILES = (Kind.FILE, Kind.CLIENT)
# Whose fields the kinds of files may set. Where one heading fits two of them, the first has it.
_SHEETS = {
    "client": ("clients", "sales"),
    "order": ("orders", "sales"),
    "product": ("products",),
}


def column_of(field: FieldDefinition) -> str:
    """What a field is called among the columns of files: clients and orders meet in one sheet."""
    return field.name if field.subject == "client" else f"{field.subject}_{field.name}"


def _in_files() -> Iterator[FieldDefinition]:
    for subject in _SHEETS:
        yield from (field for field in active(subject) if field.kind not in NOT_IN_FILES)


def columns_of_files() -> tuple[Field, ...]:
    """The own fields as columns: known by the name on the card and by the key."""
    return tuple(
        Field(
            column_of(field),
            _SHEETS[field.subject],
            tuple({normalise(field.label), header_key(field.label), field.name, field.key}),
            "date" if field.kind == Kind.DATE else "",
        )
        for field in _in_files()
    )


def labels(kind: str) -> dict[str, dict[str, str]]:
    """What the columns of a kind of file are called, by subject and name."""
    found: dict[str, dict[str, str]] = {}
    for field in _in_files():
        if kind in _SHEETS[field.subject]:
            found.setdefault(field.subject, {})[column_of(field)] = field.label
    return found


def for_plan(actor: User) -> list[dict[str, Any]]:
    """What the reading process must know of the fields that the actor may set."""
    return [
        {name: getattr(field, name) for name in _TOLD}
        for subject in _SHEETS
        for field in changed_by(seen(subject, actor), actor)
        if field.kind not in NOT_IN_FILES
    ]


def defaults(subject: str, columns: Container[str]) -> dict[str, Any]:
    """What new records get in the fields that the file has no column for, by name."""
    return {
        field.name: field.default
        for field in active(subject)
        if not kinds.is_empty(field.default) and column_of(field) not in columns
    }


def fields_by_column(plan: Plan, subject: str) -> dict[str, FieldDefinition]:
    """The fields of a subject that the plan tells of, by the names of their columns."""
    found = {}
    for told in plan.own:
        if told["subject"] == subject:
            field = FieldDefinition(**told)
            field.currency = plan.currency
            found[column_of(field)] = field
    return found


def read_cell(field: FieldDefinition, cell: Cell, order: Any) -> Any:
    """The stored form of a cell, None for nothing. Raises `ValueError` for what does not fit."""
    if field.kind == Kind.DATE:
        day = values.parse_date(cell, order)
        return day and day.isoformat()
    if isinstance(cell, float | int) and field.kind in (Kind.NUMBER, Kind.MONEY):
        return kinds.read(field, cell)
    return kinds.read(field, values.to_text(cell))


# ---- clients ----


def handlers(plan: Plan) -> dict[str, Handler]:
    """How the columns of own fields of clients are read, without the base."""
    return {name: _handler(field) for name, field in fields_by_column(plan, "client").items()}


def _handler(field: FieldDefinition) -> Handler:
    def handle(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
        try:
            stored = read_cell(field, cell, order)
        except ValueError:
            draft.keep(label, cell)
            return
        if stored is not None:
            draft.own[field.name] = (field, stored)

    return handle


def fill(data: Any, draft: Draft) -> None:
    """Puts what the row says of own fields into the card's record."""
    for name, (field, stored) in draft.own.items():
        if not field.suits(data.kind):
            draft.notes.append(f"{field.label}: {kinds.words(field, kinds.plain(field, stored))}")
            continue
        data.own |= stored_pair(field, field.key, stored)
        data.own_told[name] = kinds.plain(field, stored)


# ---- orders and products ----


class OwnColumns:
    """The columns of a sheet that hold own fields of orders, or of products."""

    def __init__(
        self, plan: Plan, subject: str, columns: Mapping[int, str], orders: Mapping[int, str]
    ) -> None:
        known = fields_by_column(plan, subject)
        self._fields = [
            (index, known[name], orders.get(index, "dmy"))
            for index, name in sorted(columns.items())
            if name in known
        ]

    def read(self, rows: Sequence[Sequence[Cell]]) -> tuple[dict[str, Any], list[str]]:
        """The plain values by name that the first filled cells hold, and what could not be understood."""
        found: dict[str, Any] = {}
        doubts = []
        for index, field, order in self._fields:
            filled = (row[index] for row in rows if index < len(row))
            cell = next((one for one in filled if not values.is_blank(one)), None)
            if cell is None:
                continue
            try:
                value = kinds.plain(field, read_cell(field, cell, order))
            except ValueError:
                doubts.append(f"{field.label}: {values.to_text(cell)}")
                continue
            if value is not None:
                found[field.name] = value
        return found, doubts


def in_words(subject: str, told: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Plain values by name as a preview shows them: label and text."""
    return [
        (field.label, kinds.words(field, value))
        for name, value in told.items()
        if (field := own_field(subject, name))
    ]
