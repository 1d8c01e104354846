"""Rows of cells as orders with lines.

Of an order in several rows, the first that says something of the order as a whole is believed. One
bad row spoils the order: half an order would count for something that never was.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from orbita.commerce.models import Order
from orbita.commerce.sums import LARGEST_FACTOR, LARGEST_SUM
from orbita.core.money import exponent
from orbita.core.sentences import Sentence as _
from orbita.core.text import clean_line, normalise
from orbita.gateways.files import values
from orbita.gateways.files.columns import Mapping
from orbita.gateways.files.source import Cell, Row
from orbita.gateways.imports.own_cells import OwnColumns
from orbita.gateways.imports.people import ClientReader
from orbita.gateways.imports.plan import Plan
from orbita.gateways.imports.records import Line, OrderGroup, UnreadableError

# The line that delivery makes of an order stands behind all others.
DELIVERY_ORDINAL = 1_000_000
_RETURN_NUMBER = re.compile(r"[CС]\d+")
_CURRENCIES = {"руб": "RUB", "р": "RUB", "₽": "RUB", "rur": "RUB", "$": "USD", "€": "EUR", "тг": "KZT", "₸": "KZT", "£": "GBP"}  # fmt: skip
_STATUSES = (
    (("отмен", "cancel", "аннул", "отказ"), Order.Status.CANCELLED),
    (("нов", "new", "создан"), Order.Status.NEW),
    (("подтв", "в работе", "в обраб", "confirm", "process", "собир", "отправ", "ship"), Order.Status.CONFIRMED),
    (("выполн", "заверш", "достав", "закрыт", "выдан", "оплач", "done", "compl", "deliver", "closed", "paid", "готов"), Order.Status.DONE),
)  # fmt: skip
_RETURNED = ("возврат", "return", "refund")
_PAYMENTS = (
    (("не опл", "неопл", "unpaid", "pending", "ожида", "нет", "no"), Order.Payment.UNPAID),
    (("част", "part"), Order.Payment.PARTLY),
    (("возвр", "refund"), Order.Payment.REFUNDED),
    (("опл", "paid", "да", "yes"), Order.Payment.PAID),
)
_DELIVERIES = (
    (("не дост", "fail", "возврат"), Order.Delivery.FAILED),
    (("достав", "вруч", "получ", "выдан", "deliver", "fulfilled"), Order.Delivery.DELIVERED),
    (("отправ", "в пути", "ship", "transit", "sent"), Order.Delivery.SENT),
    (("план", "ожид", "собир", "plan", "wait", "unfulfilled"), Order.Delivery.PLANNED),
)
_COMMENTED = (
    "order_note",
    "payment_method",
    "seller",
    "order_source",
    "product_kind",
    "responsible",
)


class OrderReader:
    def __init__(self, plan: Plan, mapping: Mapping) -> None:
        self._plan = plan
        self._zone = ZoneInfo(plan.zone)
        self._labels = mapping.labels
        self._orders = mapping.date_orders
        self._at: dict[str, list[int]] = {}
        for index, name in sorted(mapping.columns.items()):
            self._at.setdefault(name, []).append(index)
        self.client = ClientReader(plan, _without_responsible(mapping))
        self._own = OwnColumns(plan, "order", mapping.columns, mapping.date_orders)
        self._shift = exponent(plan.currency)

    # -- which order a row belongs to

    @property
    def has_numbers(self) -> bool:
        return "order_id" in self._at

    def order_number(self, cells: list[Cell]) -> str:
        cell = self._cell(cells, "order_id")
        return "" if cell == "" else values.to_identifier(cell)

    def fingerprint(self, cells: list[Cell]) -> str:
        """What tells a row without an order number from others, and finds it again next time."""
        text = "\x1f".join(
            values.to_text(cells[index]) if index < len(cells) else ""
            for name in sorted(self._at)
            for index in self._at[name]
        )
        return hashlib.blake2b(normalise(text).encode(), digest_size=10).hexdigest()

    def has_purchase(self, cells: list[Cell]) -> bool:
        """Whether the row says anything of a purchase; a sheet of sales may list clients without."""
        return any(
            not values.is_blank(self._cell(cells, name))
            for name in ("order_id", "ordered_at", "line_total", "order_total", "unit_price")
        )

    # -- reading

    def read(self, rows: Sequence[Row], external_id: str) -> OrderGroup:
        """The order of these rows. Raises UnreadableError."""
        cells = [row[1] for row in rows]
        group = OrderGroup(number=rows[0][0], rows=len(rows), external_id=external_id)
        self._head(group, cells)
        for ordinal, row in enumerate(cells, start=1):
            group.lines.append(self._line(row, ordinal))
        self._sums(group, cells)
        for number, row in rows:
            group.client = self.client.read(number, row)
            if group.client is not None:
                break
        return group

    def _head(self, group: OrderGroup, cells: list[list[Cell]]) -> None:
        number = self._first(cells, "order_id")
        group.shown_number = values.to_identifier(number) if number != "" else ""
        if len(group.shown_number) > 60:
            raise UnreadableError(_("The number of the order is longer than 60 characters."))
        self._moment(group, cells)
        self._status(group, cells)
        self._delivery(group, cells)
        group.currency = self._currency(cells)
        notes = []
        for name in _COMMENTED:
            for index in self._at.get(name, ()):
                text = values.to_text(
                    next(
                        (
                            c[index]
                            for c in cells
                            if index < len(c) and not values.is_blank(c[index])
                        ),
                        "",
                    )
                )
                if not text:
                    continue
                if name in ("seller", "responsible") and (
                    user := self._plan.users.get(normalise(text))
                ):
                    group.responsible_id = user[0]
                else:
                    notes.append(
                        text if name == "order_note" else f"{self._labels.get(index, '')}: {text}"
                    )
        group.own, doubts = self._own.read(cells)
        group.comment = "; ".join([*filter(None, [group.comment]), *notes, *doubts])[:500]
        if _RETURN_NUMBER.fullmatch(group.shown_number):
            group.kind = Order.Kind.RETURN

    def _moment(self, group: OrderGroup, cells: list[list[Cell]]) -> None:
        found = self._parsed(
            cells, "ordered_at", lambda cell, order: values.parse_moment(cell, order)
        )
        if found is None:
            raise UnreadableError(_("The purchase has no date."))
        if isinstance(found, datetime):
            group.ordered_at = found if found.tzinfo else found.replace(tzinfo=self._zone)
        else:
            group.ordered_on = found

    def _status(self, group: OrderGroup, cells: list[list[Cell]]) -> None:
        if text := self._text(cells, "order_status"):
            word = normalise(text)
            if any(part in word for part in _RETURNED):
                group.kind = Order.Kind.RETURN
            elif not (status := _match(word, _STATUSES)):
                group.comment = text[:200]
            else:
                group.status = status
        if text := self._text(cells, "payment_status"):
            group.payment = _match(normalise(text), _PAYMENTS)
            if not group.payment:
                group.comment = "; ".join(filter(None, [group.comment, text[:200]]))
        paid = self._money(cells, "paid_amount")
        if paid:
            group.paid = paid
            if group.payment == Order.Payment.PAID:
                group.payment = ""

    def _delivery(self, group: OrderGroup, cells: list[list[Cell]]) -> None:
        group.delivery = _match(normalise(self._text(cells, "delivery_status")), _DELIVERIES)
        group.delivery_method = self._text(cells, "delivery_method")[:100]
        group.delivery_address = self._text(cells, "delivery_address")[:300]
        group.promised_on = self._parsed(cells, "promised_on", values.parse_date)
        group.delivered_on = self._parsed(cells, "delivered_on", values.parse_date)

    def _currency(self, cells: list[list[Cell]]) -> str:
        text = normalise(self._text(cells, "currency")).rstrip(".")
        if not text:
            return ""
        known = _CURRENCIES.get(text, text.upper())
        return "" if known == self._plan.currency else known

    # -- lines

    def _line(self, cells: list[Cell], ordinal: int) -> Line:
        row = [cells]
        quantity = self._parsed(row, "quantity", lambda cell, order: values.parse_quantity(cell))
        if quantity is None:
            quantity = Decimal(1)
        price = self._parsed(row, "unit_price", lambda cell, order: values.parse_money(cell))
        total = self._parsed(row, "line_total", lambda cell, order: values.parse_money(cell))
        discount = self._discount(row, price, quantity)
        if price is None:
            price = total / quantity if total is not None and quantity else Decimal(0)
            if total is not None and quantity:
                discount = Decimal(0)
        elif total is not None and quantity:
            # Of price, quantity and sum, the sum is what was paid.
            full = price * quantity
            if abs(total) > abs(full):
                price, discount = total / quantity, Decimal(0)
            elif quantity > 0 and price > 0:
                discount = full - total
        cost = self._parsed(row, "cost_price", lambda cell, order: values.parse_money(cell))
        sku = values.to_identifier(self._cell(cells, "sku"))[:60]
        name = self._text(row, "product") or sku
        return Line(
            name[:300],
            sku,
            _scaled(quantity, 3, LARGEST_FACTOR),
            _scaled(price, 4, LARGEST_FACTOR),
            max(_scaled(discount, self._shift, LARGEST_SUM), 0),
            None if cost is None else _scaled(cost * abs(quantity), self._shift, LARGEST_SUM),
            ordinal,
        )

    def _discount(self, row: list[list[Cell]], price: Decimal | None, quantity: Decimal) -> Decimal:
        discount: Decimal | None = self._parsed(
            row, "line_discount", lambda cell, order: values.parse_money(cell)
        )
        if discount is not None:
            text = self._text(row, "line_discount")
            if not text.endswith("%"):
                return abs(discount)
            percent = discount
        else:
            percent = self._parsed(
                row, "discount_percent", lambda cell, order: values.parse_money(cell)
            )
        if percent is None or price is None:
            return Decimal(0)
        # A cell formatted as a percentage holds 0.1 for ten.
        share = percent if 0 < percent < 1 else percent / 100
        return abs(price * quantity * min(share, Decimal(1)))

    def _sums(self, group: OrderGroup, cells: list[list[Cell]]) -> None:
        """Makes the lines come to the sum of the order where the sheet gives one."""
        delivery = self._money(cells, "delivery_cost") or 0
        group.discount = abs(self._money(cells, "order_discount") or 0)
        total = self._money(cells, "order_total")
        if total is not None:
            total = abs(total) if group.kind == Order.Kind.RETURN else total
        lines = sum(
            line.price * abs(line.quantity) * 10**self._shift // 10**7 - line.discount
            for line in group.lines
            if line.price > 0
        )
        if total is not None and not lines:
            first = group.lines[0]
            first.quantity = first.quantity or 1000
            first.price = (total - delivery) * 10**7 // (abs(first.quantity) * 10**self._shift)
        elif total is not None and "order_discount" not in self._at and lines - total > 0:
            group.discount = lines - total
        if delivery > 0:
            label = self._labels.get(self._at["delivery_cost"][0], "")
            price = delivery * 10**4 // 10**self._shift
            group.lines.append(Line(label[:300], "", 1000, price, 0, None, DELIVERY_ORDINAL))

    # -- cells

    def _cell(self, cells: list[Cell], name: str) -> Cell:
        for index in self._at.get(name, ()):
            if index < len(cells) and not values.is_blank(cells[index]):
                return cells[index]
        return ""

    def _first(self, cells: list[list[Cell]], name: str) -> Cell:
        if name in self._at:
            for row in cells:
                if (cell := self._cell(row, name)) != "":
                    return cell
        return ""

    def _text(self, cells: list[list[Cell]], name: str) -> str:
        cell = self._first(cells, name)
        return "" if cell == "" else clean_line(values.to_text(cell))

    def _parsed(self, cells: list[list[Cell]], name: str, parse: Callable[[Cell, Any], Any]) -> Any:
        cell = self._first(cells, name)
        if cell == "":
            return None
        index = self._at[name][0]
        try:
            return parse(cell, self._orders.get(index, "dmy"))
        except ValueError as error:
            raise UnreadableError(
                _("“%(column)s”: %(value)s. %(why)s")
                % {
                    "column": self._labels.get(index, name),
                    "value": values.to_text(cell)[:60],
                    "why": error,
                }
            ) from None

    def _money(self, cells: list[list[Cell]], name: str) -> int | None:
        amount = self._parsed(cells, name, lambda cell, order: values.parse_money(cell))
        return None if amount is None else _scaled(amount, self._shift, LARGEST_SUM)


def _match(word: str, table: Sequence[tuple[Sequence[str], Any]]) -> str:
    if word:
        for stems, value in table:
            if any(stem in word for stem in stems):
                return str(value)
    return ""


def _scaled(number: Decimal, places: int, largest: int) -> int:
    scaled = int((number * 10**places).to_integral_value())
    if abs(scaled) > largest:
        raise UnreadableError(_("A number is too large to be true."))
    return scaled


def _without_responsible(mapping: Mapping) -> Mapping:
    """The columns of the client: in a list of orders, notes and colleagues belong to the order."""
    if mapping.kind != "orders":
        return mapping
    from dataclasses import replace

    kept = {i: name for i, name in mapping.columns.items() if name == "external_id"}
    return replace(mapping, columns=kept)
