"""Thousands of orders at once, for imports, exchange and the demo base.

One call is one chunk and one transaction: a loader calls it with a few thousand orders, again and
again, and may be killed between two calls without losing or doubling anything, since an order is
known by its origin and external id, and its lines by their ordinals.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from django.db import transaction
from django.utils import timezone

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients import facts
from orbita.clients.fields import in_bulk as own_in_bulk
from orbita.clients.fields import values as own_values
from orbita.commerce.actions.checking import fault
from orbita.commerce.models import Order, OrderLine
from orbita.commerce.records import LineData, OrderData
from orbita.commerce.sums import Clock, Rates, Sums, first_payment, line_totals, order_sums
from orbita.core.bulk import insert_rows, reserve_ids
from orbita.core.events import NewEvent, emit_many
from orbita.core.models import Company, Origin
from orbita.core.sentences import Sentence
from orbita.core.sentences import Sentence as _

SKIP, FILL, OVERWRITE = "skip", "fill", "overwrite"


class Outcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"


@dataclass(slots=True)
class Loaded:
    """What became of one order. `before` is what an updated one was, for `unload_orders`."""

    outcome: Outcome
    order_id: int | None = None
    version: int = 1
    reason: Sentence | str = ""
    before: OrderData | None = None


@dataclass(slots=True)
class Kept:
    """An order that the undo left as it is, and why."""

    order_id: int
    reason: Sentence


def load_orders(
    rows: Sequence[OrderData],
    *,
    actor: User,
    origin: str,
    on_match: str = FILL,
    event_origin: str = Origin.IMPORT,
    event_per_order: bool = False,
    defaults: Mapping[str, Any] | None = None,
) -> list[Loaded]:
    """Loads a chunk of orders, each known by (origin, external id); one outcome per row, in order.

    A known order is left alone ("skip"), gets what it lacks ("fill"), or takes everything given
    ("overwrite", its lines wholly). Rows without an external id are always new. A row that cannot
    be kept is rejected with a reason, and the rest are loaded. One event per client tells how much
    came; with `event_per_order`, each new order tells its own, on its own date. `defaults` are values
    of own fields by name for new orders that say nothing of them.
    """
    policy.require(actor, "clients.import")
    load = _Load(origin, on_match, defaults or {})
    with transaction.atomic():
        results = load.run(rows)
        facts.refresh(load.client_ids, but=("quality",), origin=event_origin)
        events = load.events_of_orders() if event_per_order else load.events_of_clients()
        emit_many(events, actor=actor, origin=event_origin)
    return results


def unload_orders(
    created: Mapping[int, int],
    updated: Iterable[tuple[int, int, OrderData]] = (),
    *,
    actor: User,
    event_origin: str = Origin.RESTORE,
) -> list[Kept]:
    """Undoes loading: removes created orders (id → version) and puts updated ones back as they were
    (id, version, before). Orders that changed since, or have returns, stay: they are returned.
    """
    policy.require(actor, "clients.import")
    before = {pk: (version, data) for pk, version, data in updated}
    wanted = dict(created) | {pk: version for pk, (version, _data) in before.items()}
    with transaction.atomic():
        orders = Order.objects.select_for_update(no_key=True).in_bulk(wanted)
        kept = _changed_since(orders, wanted, created)
        stay = {one.order_id for one in kept}
        gone = [pk for pk in created if pk in orders and pk not in stay]
        touched = {orders[pk].client_id for pk in gone}
        counts = _count_by_client(orders[pk] for pk in gone)
        OrderLine.objects.filter(order_id__in=gone).delete()
        own_in_bulk.unmark(gone, "order")
        Order.objects.filter(pk__in=gone).delete()
        load = _Load("", OVERWRITE)
        for pk, (_version, data) in before.items():
            if pk in orders and pk not in stay:
                if _is_anothers(pk, data):
                    kept.append(
                        Kept(pk, _("A value that is never repeated is another order's now."))
                    )
                    continue
                touched.add(orders[pk].client_id)
                load.put_back(orders[pk], data)
        load.write()
        facts.refresh(
            {pk for pk in touched | load.client_ids if pk}, but=("quality",), origin=event_origin
        )
        emit_many(
            [
                NewEvent("orders.unloaded", client_id, data={"orders": count})
                for client_id, count in counts.items()
            ],
            actor=actor,
            origin=event_origin,
        )
    return kept


def _changed_since(
    orders: Mapping[int, Order], wanted: Mapping[int, int], created: Mapping[int, int]
) -> list[Kept]:
    changed = [
        Kept(pk, _("It was changed after the import."))
        for pk, order in orders.items()
        if order.version != wanted[pk]
    ]
    with_returns = Order.objects.filter(return_of_id__in=created).exclude(pk__in=created)
    already = {one.order_id for one in changed}
    return changed + [
        Kept(pk, _("Something of it was returned after the import."))
        for pk in set(with_returns.values_list("return_of_id", flat=True)) - already
        if pk is not None
    ]


def _count_by_client(orders: Iterable[Order]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for order in orders:
        if order.client_id:
            counts[order.client_id] = counts.get(order.client_id, 0) + 1
    return counts


def _no_rate(currency: str) -> Sentence:
    return _("There is no exchange rate of %(currency)s for that day.") % {"currency": currency}


# ---- one chunk ----

_ORDER_FIELDS = (
    "id",
    "kind",
    "number",
    "origin",
    "external_id",
    "client",
    "return_of",
    "ordered_at",
    "business_date",
    "date_only",
    "status",
    "currency",
    "total",
    "discount",
    "cost",
    "gross_base",
    "cost_base",
    "is_counted",
    "payment",
    "paid",
    "delivery",
    "delivery_method",
    "delivery_address",
    "promised_on",
    "delivered_on",
    "responsible",
    "comment",
    "created_at",
    "updated_at",
    "version",
    "deleted_at",
    "own",
)
_LINE_FIELDS = (
    "id",
    "order",
    "ordinal",
    "product",
    "name",
    "quantity",
    "price",
    "discount",
    "total",
    "cost",
)
_REWRITTEN = tuple(
    name
    for name in _ORDER_FIELDS
    if name not in ("id", "origin", "external_id", "created_at", "deleted_at")
)


_ATTRIBUTES = {field.name: field.attname for field in Order._meta.concrete_fields}


@dataclass(slots=True)
class _Reckoned:
    """An order worked out: when, how much, with the lines as they will be kept."""

    data: OrderData
    currency: str
    moment: datetime
    day: Any
    date_only: bool
    sums: Sums
    gross: int
    cost_base: int | None
    lines: list[LineData]
    line_totals: list[int]


class _Load:
    def __init__(
        self, origin: str, on_match: str, defaults: Mapping[str, Any] = MappingProxyType({})
    ) -> None:
        company = Company.current()
        self._origin, self._on_match, self._defaults = origin, on_match, defaults
        self._rates, self._clock = Rates(company.currency), Clock(company)
        self._now = timezone.now()
        self._new: list[tuple[int, _Reckoned]] = []
        self._rewritten: list[tuple[Order, _Reckoned]] = []
        self._told: list[tuple[int, _Reckoned]] = []
        self.client_ids: set[int] = set()

    def run(self, rows: Sequence[OrderData]) -> list[Loaded]:
        known = self._known(rows)
        rows = _distinct(rows, known)
        results: list[Loaded] = []
        fresh: list[Loaded] = []
        seen: set[str] = set()
        for row in rows:
            name = row.external_id or ""
            if name and name in seen:
                result = Loaded(Outcome.REJECTED, reason=_("The same order came twice."))
            elif name in known:
                result = self._match(known[name], row)
            else:
                result = self._add(row, fresh)
            seen.add(name)
            results.append(result)
        keys = reserve_ids(Order, len(fresh)) if fresh else []
        self._new = [
            (key, reckoned) for key, (_none, reckoned) in zip(keys, self._new, strict=True)
        ]
        for key, result in zip(keys, fresh, strict=True):
            result.order_id = key
        self._told += self._new
        self.write()
        return results

    # -- reading

    def _known(self, rows: Sequence[OrderData]) -> dict[str, Order]:
        wanted = [row.external_id for row in rows if row.external_id]
        if not wanted:
            return {}
        found = (
            Order.objects.select_for_update(no_key=True)
            .filter(origin=self._origin, external_id__in=wanted)
            .prefetch_related("lines")
        )
        return {order.external_id or "": order for order in found}

    def _currency(self, row: OrderData) -> str:
        return row.currency.upper() or self._rates.base

    def _reckon(self, row: OrderData) -> _Reckoned | Sentence:
        """The order worked out, or why it cannot be kept."""
        sentence = fault(row)
        if sentence:
            return sentence
        currency = self._currency(row)
        moment, day, date_only = self._clock.read(row, self._now)
        lines = _positive(row.lines) if row.kind == Order.Kind.RETURN else list(row.lines)
        totals = line_totals(lines, currency)
        sums = order_sums(zip(lines, totals, strict=True), row.discount)
        gross = self._rates.to_base(sums.total, currency, day)
        if gross is None:
            return _no_rate(currency)
        cost = None if sums.cost is None else self._rates.to_base(sums.cost, currency, day)
        return _Reckoned(row, currency, moment, day, date_only, sums, gross, cost, lines, totals)

    # -- deciding

    def _add(self, row: OrderData, fresh: list[Loaded]) -> Loaded:
        if self._defaults:
            row = replace(row, own={**self._defaults, **row.own})
        reckoned = self._reckon(row)
        if isinstance(reckoned, Sentence):
            return Loaded(Outcome.REJECTED, reason=reckoned)
        result = Loaded(Outcome.CREATED)
        fresh.append(result)
        self._new.append((0, reckoned))
        if row.client_id:
            self.client_ids.add(row.client_id)
        return result

    def _match(self, order: Order, row: OrderData) -> Loaded:
        same = Loaded(Outcome.UNCHANGED, order.pk, order.version)
        if self._on_match == SKIP or order.deleted_at:
            return same
        before = as_data(order)
        row = self._normalised(row)
        merged = _overwritten(before, row) if self._on_match == OVERWRITE else _filled(before, row)
        if merged == before:
            return same
        reckoned = self._reckon(merged)
        if isinstance(reckoned, Sentence):
            return Loaded(Outcome.REJECTED, order.pk, order.version, reason=reckoned)
        self._rewrite(order, reckoned)
        return Loaded(Outcome.UPDATED, order.pk, order.version, before=before)

    def _normalised(self, row: OrderData) -> OrderData:
        """The row as `as_data` would say it once it was kept, for comparing."""
        lines = _positive(row.lines) if row.kind == Order.Kind.RETURN else row.lines
        numbered = [
            replace(line, ordinal=place) if line.ordinal is None else line
            for place, line in enumerate(lines, start=1)
        ]
        return replace(row, lines=numbered, currency=self._currency(row))

    def put_back(self, order: Order, data: OrderData) -> None:
        reckoned = self._reckon(data)
        if not isinstance(reckoned, Sentence):
            self._rewrite(order, reckoned)

    def _rewrite(self, order: Order, reckoned: _Reckoned) -> None:
        order.version += 1
        for client_id in (order.client_id, reckoned.data.client_id):
            if client_id:
                self.client_ids.add(client_id)
        self._rewritten.append((order, reckoned))
        self._told.append((order.pk, reckoned))

    # -- writing

    def write(self) -> None:
        if self._rewritten:
            for order, reckoned in self._rewritten:
                values = dict(zip(_ORDER_FIELDS, self._order_row(order.pk, reckoned), strict=True))
                for name in _REWRITTEN:
                    if name not in ("version", "own"):
                        setattr(order, _ATTRIBUTES[name], values[name])
                order.own = _own_column(reckoned.data.own, order.own)
            orders = [order for order, _reckoned in self._rewritten]
            Order.objects.bulk_update(orders, _REWRITTEN, batch_size=200)
            OrderLine.objects.filter(order__in=orders).delete()
        insert_rows(Order, _ORDER_FIELDS, [self._order_row(pk, new) for pk, new in self._new])
        own_in_bulk.mark(((pk, _own_column(new.data.own) or {}) for pk, new in self._new), "order")
        own_in_bulk.mark_again(
            ((order.pk, order.own or {}) for order, _reckoned in self._rewritten), "order"
        )
        written = [(order.pk, reckoned) for order, reckoned in self._rewritten] + self._new
        count = sum(len(reckoned.lines) for _pk, reckoned in written)
        keys = iter(reserve_ids(OrderLine, count) if count else [])
        insert_rows(
            OrderLine,
            _LINE_FIELDS,
            (
                (
                    next(keys),
                    pk,
                    place if line.ordinal is None else line.ordinal,
                    line.product_id,
                    line.name,
                    line.quantity,
                    line.price,
                    line.discount,
                    total,
                    line.cost,
                )
                for pk, reckoned in written
                for place, (line, total) in enumerate(
                    zip(reckoned.lines, reckoned.line_totals, strict=True), start=1
                )
            ),
        )

    def _order_row(self, pk: int, reckoned: _Reckoned) -> tuple[Any, ...]:
        data, sums = reckoned.data, reckoned.sums
        payment, paid = first_payment(data, sums.total)
        return (
            pk,
            data.kind,
            data.number or data.external_id or str(pk),
            self._origin,
            data.external_id,
            data.client_id,
            data.return_of_id,
            reckoned.moment,
            reckoned.day,
            reckoned.date_only,
            data.status or Order.Status.DONE,
            reckoned.currency,
            sums.total,
            data.discount,
            sums.cost,
            reckoned.gross,
            reckoned.cost_base,
            sums.counts and data.status != Order.Status.CANCELLED,
            payment,
            paid,
            data.delivery,
            data.delivery_method,
            data.delivery_address,
            data.promised_on,
            data.delivered_on,
            data.responsible_id,
            data.comment,
            self._now,
            self._now,
            1,
            None,
            own_in_bulk.as_json(_own_column(data.own)),
        )

    # -- telling

    def events_of_clients(self) -> list[NewEvent]:
        told: dict[int, dict[str, Any]] = {}
        for _pk, reckoned in self._told:
            client_id = reckoned.data.client_id
            if not client_id:
                continue
            known = told.setdefault(
                client_id, {"orders": 0, "total": 0, "currency": self._rates.base}
            )
            known["orders"] += 1
            if reckoned.data.kind == Order.Kind.SALE:
                known["total"] += reckoned.gross
        return [NewEvent("orders.loaded", pk, data=data) for pk, data in told.items()]

    def events_of_orders(self) -> list[NewEvent]:
        return [
            NewEvent(
                "order.returned" if reckoned.data.kind == Order.Kind.RETURN else "order.created",
                reckoned.data.client_id,
                "order",
                pk,
                {
                    "number": reckoned.data.number or reckoned.data.external_id or str(pk),
                    "kind": reckoned.data.kind,
                    "total": reckoned.sums.total,
                    "currency": reckoned.currency,
                },
                happened_at=reckoned.moment,
            )
            for pk, reckoned in self._told
        ]


def _distinct(rows: Sequence[OrderData], known: Mapping[str, Order]) -> Sequence[OrderData]:
    """The rows with own values that other orders have already in their comments."""
    if not any(row.own for row in rows):
        return rows
    own = [dict(row.own) for row in rows]
    owners = [order.pk if (order := known.get(row.external_id or "")) else None for row in rows]
    out = own_in_bulk.take_repeated(Order, "order", own, owners)
    return [
        replace(
            row, own=left, comment="; ".join(filter(None, [row.comment, *words.values()]))[:500]
        )
        for row, left, words in zip(rows, own, out, strict=True)
    ]


def _is_anothers(pk: int, before: OrderData) -> bool:
    """Whether another order has got an own value that this one would get back."""
    return any(own_in_bulk.take_repeated(Order, "order", [dict(before.own)], [pk]))


def _own_column(
    given: Mapping[str, Any], before: Mapping[str, Any] | None = None
) -> dict[str, Any] | None:
    return own_values.with_values(before, "order", own_values.read("order", given))


def _positive(lines: Iterable[LineData]) -> list[LineData]:
    """The lines of a return: what came back is counted above zero, however the source signs it."""
    return [replace(line, quantity=-line.quantity) if line.quantity < 0 else line for line in lines]


# ---- what is known already, as data ----


def as_data(order: Order) -> OrderData:
    """The order as the data it could be loaded from; its lines must be at hand."""
    return OrderData(
        lines=[
            LineData(
                name=line.name,
                product_id=line.product_id,
                quantity=line.quantity,
                price=line.price,
                discount=line.discount,
                cost=line.cost,
                ordinal=line.ordinal,
            )
            for line in order.lines.all()
        ],
        client_id=order.client_id,
        kind=order.kind,
        number=order.number,
        external_id=order.external_id,
        ordered_at=None if order.date_only else order.ordered_at,
        ordered_on=order.business_date if order.date_only else None,
        status=order.status,
        currency=order.currency,
        discount=order.discount,
        payment=order.payment,
        paid=order.paid,
        delivery=order.delivery,
        delivery_method=order.delivery_method,
        delivery_address=order.delivery_address,
        promised_on=order.promised_on,
        delivered_on=order.delivered_on,
        responsible_id=order.responsible_id,
        comment=order.comment,
        return_of_id=order.return_of_id,
        own=own_in_bulk.plain_all(order, "order"),
    )


_BLANKS = tuple(
    field.name
    for field in fields(OrderData)
    if field.name
    not in (
        "lines",
        "kind",
        "status",
        "currency",
        "discount",
        "ordered_at",
        "ordered_on",
        "paid",
        "own",
    )
)


def _filled(before: OrderData, given: OrderData) -> OrderData:
    """What was known, with its gaps filled from what is given; lines that were not there added."""
    gaps = {name: getattr(given, name) for name in _BLANKS if not getattr(before, name)}
    if not before.payment and not before.paid:
        gaps["paid"] = given.paid
    known = {line.ordinal for line in before.lines}
    lines = [*before.lines, *(line for line in given.lines if line.ordinal not in known)]
    lines.sort(key=lambda line: line.ordinal or 0)
    own = own_in_bulk.joined(before.own, given.own, overwrites=False)
    return replace(before, **gaps, lines=lines, own=own)


def _overwritten(before: OrderData, given: OrderData) -> OrderData:
    """What is given, with its gaps filled from what was known."""
    named = {name: getattr(given, name) for name in _BLANKS if getattr(given, name)}
    if given.paid not in (0, before.paid) or given.payment not in ("", before.payment):
        named["payment"], named["paid"] = given.payment, given.paid
    if given.discount:
        named["discount"] = given.discount
    if given.ordered_at or given.ordered_on:
        named["ordered_at"], named["ordered_on"] = given.ordered_at, given.ordered_on
    return replace(
        before,
        **named,
        kind=given.kind,
        status=given.status or before.status,
        currency=given.currency,
        lines=given.lines or before.lines,
        own=own_in_bulk.joined(before.own, given.own, overwrites=True),
    )
