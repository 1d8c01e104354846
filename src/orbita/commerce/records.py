"""Plain records that orders are made of: what the actions and the bulk loader take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any


@dataclass(slots=True, kw_only=True)
class LineData:
    """One line. `quantity` is in 1/1000, `price` in 1/10 000 of the currency's major unit.

    `discount` (off the whole line) and `cost` (of the whole line, None when not known) are in minor
    units. `ordinal` numbers the line within its order; left out, it is the place in the list.
    """

    name: str = ""
    product_id: int | None = None
    quantity: int = 1000
    price: int = 0
    discount: int = 0
    cost: int | None = None
    ordinal: int | None = None


@dataclass(slots=True, kw_only=True)
class OrderData:
    """One order or return with all its lines. Sums are minor units of `currency` ("" is the base).
    Without a status, an order entered by hand is new and a loaded one is done.

    The moment is `ordered_at`, or `ordered_on` when the source knew only the day. A return may give
    its quantities with either sign. Of "paid" without a sum, all was paid; of a sum without a
    state, the state follows. `return_of_id` is for loaders: what came back from which order. `own` are
    values of own fields by name; those that are not named stay as they are.
    """

    lines: Sequence[LineData] = field(default_factory=list)
    client_id: int | None = None
    kind: str = "sale"
    number: str = ""
    external_id: str | None = None
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
    return_of_id: int | None = None
    own: Mapping[str, Any] = field(default_factory=dict)
