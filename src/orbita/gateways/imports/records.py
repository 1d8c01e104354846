"""What the reading process hands to the writer: rows understood, and rows refused with a reason."""

from datetime import date, datetime
from typing import Any

import msgspec

from orbita.clients.records import ClientData


class Rejected(msgspec.Struct, array_like=True):
    """`reason` is a text of `core.sentences.keep`."""

    number: int
    reason: str
    cells: list[str]


class Totals(msgspec.Struct, array_like=True):
    """Purchases of a client as one row sums them up, in minor units of the base currency."""

    total: int | None = None
    orders_count: int | None = None
    first_on: date | None = None
    last_on: date | None = None
    service: str = ""


class Linked(msgspec.Struct, array_like=True):
    """The company of a person, or the person of a company, named in the same row."""

    client: ClientData
    position: str = ""


class ClientRow(msgspec.Struct, array_like=True):
    """`doubts` names the columns whose values were kept as typed, not being understood. `cells` are
    there when the writer may still refuse the row.
    """

    number: int
    client: ClientData
    totals: Totals | None = None
    linked: Linked | None = None
    doubts: str = ""
    cells: list[str] = []
    # Who recommended the client: the heading and the cell.
    recommended_by: tuple[str, str] | None = None
    # Channel of advertising → what he said.
    agreed: dict[str, bool] = {}


class Line(msgspec.Struct, array_like=True):
    """A line of an order in the units of `commerce.records.LineData`."""

    name: str
    sku: str
    quantity: int
    price: int
    discount: int
    cost: int | None
    ordinal: int


class OrderGroup(msgspec.Struct, array_like=True, kw_only=True):
    """An order with all its rows, or a row that is an order of its own."""

    number: int
    rows: int
    external_id: str
    shown_number: str = ""
    kind: str = "sale"
    ordered_at: datetime | None = None
    ordered_on: date | None = None
    status: str = ""
    currency: str = ""
    discount: int = 0
    payment: str = ""
    paid: int = 0
    delivery: str = ""
    delivery_method: str = ""
    delivery_address: str = ""
    promised_on: date | None = None
    delivered_on: date | None = None
    responsible_id: int | None = None
    comment: str = ""
    # Plain values of own fields by name, as `OrderData` takes them.
    own: dict[str, Any] = {}
    lines: list[Line] = []
    client: ClientRow | None = None
    # The cells of its rows, for the file of rejected ones: kept back until they are asked for.
    cells: list[tuple[int, list[str]]] = []


class ProductRow(msgspec.Struct, array_like=True, kw_only=True):
    number: int
    name: str
    sku: str = ""
    kind: str = ""
    group: str = ""
    unit: str = ""
    currency: str = ""
    price: int | None = None
    cost: int | None = None
    is_active: bool = True
    description: str = ""
    own: dict[str, Any] = {}
    cells: list[str] = []


class Batch(msgspec.Struct, array_like=True):
    """A chunk of the file. `upto` units of it are dealt with when this one is; `seen` source rows."""

    upto: int
    seen: int
    clients: list[ClientRow] = []
    orders: list[OrderGroup] = []
    products: list[ProductRow] = []
    rejected: list[Rejected] = []


class UnreadableError(ValueError):
    """A row that cannot be taken; the text says why, for its owner."""
