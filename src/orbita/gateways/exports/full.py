"""Clients and orders whole, as scripts take them: `./orbita export`, and what an import reads back.

The columns are named after the fields of an import, so that a file finds its way back without a
mapping. Numbers of cards are left out: they belong to one base, and a client is known elsewhere by
his external number. Nothing that changes by itself (versions, times of change) is written, and the
order is that in which things came: equal bases give equal files.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from orbita.accounts.models import User
from orbita.clients.fields import kinds
from orbita.clients.fields.known import seen
from orbita.clients.fields.values import stored
from orbita.clients.models import (
    Address,
    BankAccount,
    Client,
    ClientTag,
    Consent,
    ContactPoint,
    ExternalId,
    FieldDefinition,
    Purpose,
)
from orbita.clients.privacy.consents import CHANNELS
from orbita.commerce.models import OpeningBalance, Order, OrderLine
from orbita.core.models import Company
from orbita.core.money import from_minor, scaled_to_price
from orbita.core.rules import Rule, compile_rule

CHUNK = 1000
JOINT = "; "
MESSENGERS = ("telegram", "whatsapp", "viber", "vk", "instagram")
Row = list[Any]


@dataclass(frozen=True)
class Full:
    """A whole export: `rows(actor, rule)` are what the actor sees and the rule lets through."""

    name: str
    subject: str
    proper: Sequence[str]
    rows: Callable[[User, Rule], Iterator[Row]]

    def columns(self, actor: User) -> list[str]:
        """The headings: those that all have, then the own fields that the actor sees."""
        return [*self.proper, *(field.name for field in _own_fields(self.subject, actor))]


def _own_fields(subject: str, actor: User) -> list[FieldDefinition]:
    """The own fields of a table. What points at a card or a file means nothing elsewhere."""
    return [field for field in seen(subject, actor) if field.kind not in kinds.REFERENCES]


def _own_cells(record: Any, fields: Sequence[FieldDefinition]) -> list[Any]:
    """The values of own fields, as an import reads them whatever its language."""
    found = []
    for field in fields:
        value = kinds.plain(field, stored(record, field))
        if value is not None and field.kind == FieldDefinition.Kind.FLAG:
            value = "yes" if value else "no"
        elif value is not None and field.kind == FieldDefinition.Kind.CHOICES:
            value = JOINT.join(str(field.option(key)["label"]) for key in value)
        else:
            value = kinds.cell(field, value)
        found.append(value)
    return found


def _chunks(found: Any) -> Iterator[list[Any]]:
    """The rows of a queryset by key, a chunk at a time."""
    last = 0
    while chunk := list(found.filter(pk__gt=last).order_by("pk")[:CHUNK]):
        yield chunk
        last = chunk[-1].pk


def _grouped(rows: Any, owner: str = "client_id") -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[getattr(row, owner)].append(row)
    return found


# ---- clients ----

_OWN = (
    "inn", "kpp", "ogrn", "birthday", "sex", "position", "occupation", "income_level", "family",
    "education", "hobbies", "interests", "preferred_channel", "payment_terms", "delivery_terms",
    "special_terms", "difficulties", "working_hours", "time_zone",
)  # fmt: skip
CLIENT_COLUMNS = (
    "external_id", "client_kind", "company", "full_name", "last_name", "first_name", "middle_name",
    "phone", "email", *MESSENGERS, "link", "country", "region", "city", "postcode", "address",
    "delivery_address", "legal_address", *_OWN, "bank", "bik", "account", "correspondent_account",
    "source", "responsible", "tags", "advertising_email", "advertising_sms",
    "advertising_messenger", "advertising_call", "created_on", "note",
    "orders_count", "orders_total", "first_order_on", "last_order_on", "last_service",
)  # fmt: skip


def client_rows(actor: User, rule: Rule) -> Iterator[Row]:
    found = Client.objects.visible_to(actor).filter(compile_rule("client", rule, actor=actor))
    found = found.select_related("source", "responsible")
    own = _own_fields("client", actor)
    for clients in _chunks(found):
        yield from _clients(clients, own)


def _clients(clients: Sequence[Client], own: Sequence[FieldDefinition]) -> Iterator[Row]:
    ids = [client.pk for client in clients]
    of_these = {"client_id__in": ids}
    external = {
        row.client_id: row.value for row in ExternalId.objects.filter(is_primary=True, **of_these)
    }
    contacts = _grouped(ContactPoint.objects.filter(**of_these).order_by("-is_main", "pk"))
    addresses = _grouped(Address.objects.filter(**of_these).order_by("-is_main", "pk"))
    accounts = _grouped(BankAccount.objects.filter(**of_these).order_by("pk"))
    balances = OpeningBalance.objects.in_bulk(ids)
    answers = _grouped(
        Consent.objects.filter(purpose=Purpose.ADVERTISING, is_current=True, **of_these)
    )
    tags = _grouped(
        ClientTag.objects.filter(**of_these).select_related("tag").order_by("tag__name_key")
    )
    company = Company.current()
    for client in clients:
        row: dict[str, Any] = {name: getattr(client, name) for name in _OWN}
        row |= _who(client)
        row |= _reach(contacts[client.pk])
        row |= _places(addresses[client.pk])
        row |= _papers(accounts[client.pk])
        row |= _advertising(answers[client.pk])
        row |= _totals(balances.get(client.pk), company.currency)
        row["external_id"] = external.get(client.pk)
        row["source"] = client.source.name if client.source else None
        row["responsible"] = client.responsible.display_name if client.responsible else None
        row["tags"] = JOINT.join(each.tag.name for each in tags[client.pk])
        row["created_on"] = client.created_at.astimezone(company.zone).date()
        row["note"] = client.comment
        yield [*(row[name] for name in CLIENT_COLUMNS), *_own_cells(client, own)]


def _who(client: Client) -> dict[str, Any]:
    named = client.last_name or client.first_name or client.middle_name
    return {
        "client_kind": client.kind,
        "company": client.name if client.is_company else None,
        # Somebody known by a nickname only.
        "full_name": None if client.is_company or named else client.name,
        "last_name": client.last_name,
        "first_name": client.first_name,
        "middle_name": client.middle_name,
    }


def _reach(contacts: Sequence[ContactPoint]) -> dict[str, Any]:
    found: dict[str, list[str]] = defaultdict(list)
    for contact in contacts:
        if contact.kind == ContactPoint.Kind.PHONE:
            # As typed when it could not be understood; else in the one form all read.
            found["phone"].append(contact.key if contact.key.startswith("+") else contact.value)
        elif contact.kind == ContactPoint.Kind.EMAIL:
            found["email"].append(contact.value)
        elif contact.service in MESSENGERS:
            # A bare "@" at the beginning of a cell would need a guard.
            found[contact.service].append(contact.value.removeprefix("@"))
        else:
            found["link"].append(contact.value)
    return {name: JOINT.join(found[name]) for name in ("phone", "email", *MESSENGERS, "link")}


def _places(addresses: Sequence[Address]) -> dict[str, Any]:
    main = addresses[0] if addresses else Address()
    columns = {"actual": "address", "delivery": "delivery_address", "legal": "legal_address"}
    texts: dict[str, list[str]] = defaultdict(list)
    for address in addresses:
        text = address.text if address is main else str(address)
        if text:
            texts[columns[address.kind]].append(text)
    return {
        "country": main.country,
        "region": main.region,
        "city": main.city,
        "postcode": main.postcode,
        **{name: JOINT.join(texts[name]) for name in columns.values()},
    }


def _papers(accounts: Sequence[BankAccount]) -> dict[str, Any]:
    first = accounts[0] if accounts else BankAccount()
    return {
        "bank": first.bank,
        "bik": first.bik,
        "account": first.account,
        "correspondent_account": first.correspondent,
    }


def _advertising(answers: Sequence[Consent]) -> dict[str, Any]:
    said = {row.channel: "yes" if row.given else "no" for row in answers}
    return {
        f"advertising_{channel}": said.get(channel) for channel in CHANNELS[Purpose.ADVERTISING]
    }


def _totals(balance: OpeningBalance | None, currency: str) -> dict[str, Any]:
    """Purchases known from totals only: those known by orders are among the orders."""
    if balance is None:
        balance = OpeningBalance(total=0)
        total = None
    else:
        total = from_minor(balance.total, currency)
    return {
        "orders_count": balance.orders_count,
        "orders_total": total,
        "first_order_on": balance.first_on,
        "last_order_on": balance.last_on,
        "last_service": balance.service,
    }


# ---- orders ----

_ORDER_OWN = ("currency", "delivery_method", "delivery_address", "promised_on", "delivered_on")
ORDER_COLUMNS = (
    "order_id", "order_kind", "ordered_at", "customer_id", "customer_name", "order_status",
    "payment_status", "paid_amount", *_ORDER_OWN, "delivery_status", "order_total",
    "order_discount", "seller", "order_note", "line", "sku", "product", "quantity", "unit_price",
    "line_discount", "line_total", "cost_price",
)  # fmt: skip
_LINE = ("line", "sku", "product", "quantity", "unit_price", "line_discount", "line_total", "cost_price")  # fmt: skip


def order_rows(actor: User, rule: Rule) -> Iterator[Row]:
    """A row per line; an order without lines has one row. Returns have quantities below zero."""
    found = Order.objects.visible_to(actor).filter(compile_rule("order", rule, actor=actor))
    fields = _own_fields("order", actor)
    for orders in _chunks(found.select_related("client", "responsible")):
        lines = _grouped(
            OrderLine.objects.filter(order_id__in=[order.pk for order in orders])
            .select_related("product")
            .order_by("order_id", "ordinal"),
            "order_id",
        )
        clients = {order.client_id for order in orders if order.client_id}
        external = {
            row.client_id: row.value
            for row in ExternalId.objects.filter(is_primary=True, client_id__in=clients)
        }
        for order in orders:
            own = _order(order, external.get(order.client_id or 0))
            for line in lines[order.pk] or [None]:
                row = own | _line(order, line)
                yield [*(row[name] for name in ORDER_COLUMNS), *_own_cells(order, fields)]


def _order(order: Order, client: str | None) -> dict[str, Any]:
    moment = order.ordered_at.astimezone(Company.current().zone).replace(tzinfo=None)
    sign = -1 if order.kind == Order.Kind.RETURN else 1
    return {
        "order_id": order.external_id or order.number,
        "order_kind": order.kind,
        "ordered_at": order.business_date if order.date_only else moment.replace(microsecond=0),
        "customer_id": client,
        "customer_name": order.client.name if order.client else None,
        "order_status": order.status,
        "payment_status": order.payment,
        "paid_amount": from_minor(order.paid, order.currency),
        **{name: getattr(order, name) for name in _ORDER_OWN},
        "delivery_status": order.delivery,
        "order_total": sign * from_minor(order.total, order.currency),
        "order_discount": from_minor(order.discount, order.currency),
        "seller": order.responsible.display_name if order.responsible else None,
        "order_note": order.comment,
    }


def _line(order: Order, line: OrderLine | None) -> dict[str, Any]:
    if line is None:
        return dict.fromkeys(_LINE)
    sign = -1 if order.kind == Order.Kind.RETURN else 1
    cost = None
    if line.cost is not None and line.quantity:
        # The cost of the line, for one: what a catalogue and an import call a cost price.
        cost = from_minor(line.cost, order.currency) * 1000 / line.quantity
        cost = cost.quantize(Decimal("0.0001"))
    return {
        "line": line.ordinal,
        "sku": line.product.sku if line.product else None,
        "product": line.name or (line.product.name if line.product else None),
        "quantity": sign * Decimal(line.quantity) / 1000,
        "unit_price": scaled_to_price(line.price),
        "line_discount": from_minor(line.discount, order.currency),
        "line_total": sign * from_minor(line.total, order.currency),
        "cost_price": cost,
    }


FULL = {
    full.name: full
    for full in (
        Full("clients", "client", CLIENT_COLUMNS, client_rows),
        Full("orders", "order", ORDER_COLUMNS, order_rows),
    )
}
