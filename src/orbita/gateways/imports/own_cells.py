"""Own fields of clients in files: the columns they are known by, and how their cells are read."""

from typing import Any

from orbita.accounts.models import User
from orbita.clients.fields import kinds
from orbita.clients.fields.known import active, changed_by, seen
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
_TOLD = ("key", "label", "kind", "options", "holder")
# A cell cannot hold a file, and a client of the base is not known while a file is read.
_NOT_IN_FILES = (Kind.FILE, Kind.CLIENT)


def columns_of_files() -> tuple[Field, ...]:
    """The own fields of clients as columns: known by the name on the card and by the key."""
    return tuple(
        Field(
            field.name,
            ("clients", "sales"),
            tuple({normalise(field.label), header_key(field.label), field.name, field.key}),
            "date" if field.kind == Kind.DATE else "",
        )
        for field in active("client")
        if field.kind not in _NOT_IN_FILES
    )


def labels() -> dict[str, str]:
    """What they are called, by name."""
    return {
        field.name: field.label for field in active("client") if field.kind not in _NOT_IN_FILES
    }


def for_plan(actor: User) -> list[dict[str, Any]]:
    """What the reading process must know of the fields that the actor may set."""
    return [
        {name: getattr(field, name) for name in _TOLD}
        for field in changed_by(seen("client", actor), actor)
        if field.kind not in _NOT_IN_FILES
    ]


def handlers(plan: Plan) -> dict[str, Handler]:
    """How the columns of own fields are read, without the base."""
    found = {}
    for told in plan.own:
        field = FieldDefinition(subject="client", **told)
        field.currency = plan.currency
        found[field.name] = _handler(field)
    return found


def _handler(field: FieldDefinition) -> Handler:
    def handle(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
        try:
            if field.kind == Kind.DATE:
                day = values.parse_date(cell, order)
                stored: Any = day and day.isoformat()
            elif isinstance(cell, float | int) and field.kind in (Kind.NUMBER, Kind.MONEY):
                stored = kinds.read(field, cell)
            else:
                stored = kinds.read(field, values.to_text(cell))
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
