"""A row of cells as a client: names taken apart, contacts with their keys, doubts kept as typed."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, cast

from django.utils.translation import gettext as _

from orbita.clients import checks, naming
from orbita.clients.contacts import read_contact
from orbita.clients.models import Client
from orbita.clients.names import looks_like_company, parse_company
from orbita.clients.records import (
    NAME_PARTS,
    AccountData,
    AddressData,
    ClientData,
    ContactData,
    UserData,
    prepare,
)
from orbita.core.money import to_minor
from orbita.core.phones import format_phone, split_phones
from orbita.core.text import clean_line, normalise
from orbita.gateways.files import values
from orbita.gateways.files.columns import Mapping
from orbita.gateways.files.source import Cell
from orbita.gateways.imports.plan import Plan
from orbita.gateways.imports.records import ClientRow, Linked, Totals, UnreadableError

_LONGEST = {
    field.name: field.max_length
    for field in Client._meta.concrete_fields
    if getattr(field, "max_length", None)
}
LONGEST_COMMENT = 20_000
LONGEST_NUMBER = 100
_NO_ANSWER = frozenset(["нет", "не дал", "не дала", "no", "none", "x", "х", "?", "отказ"])
_SUMS_UP = frozenset(["итого", "всего", "итог", "итого по всем", "total", "grand total", "sum"])
_PIECES = re.compile(r"[;,\s|]+")
_NO_YEAR = re.compile(r"\D*\d{1,2}[\s.\-/]*(?:\d{1,2}|[^\W\d_]{3,9})\.?\s*(?:г\.?)?\s*")
_SERVICES = {"раб": "work", "work": "work", "дом": "home", "home": "home", "моб": "mobile"}
_PLAIN = {
    name: name
    for name in (
        "occupation",
        "income_level",
        "family",
        "education",
        "hobbies",
        "interests",
        "payment_terms",
        "delivery_terms",
        "special_terms",
        "difficulties",
        "working_hours",
    )
}
_CHANNELS = {
    "телефон": "phone", "звонок": "phone", "phone": "phone", "call": "phone",
    "почта": "email", "email": "email", "e-mail": "email", "смс": "sms", "sms": "sms",
    "telegram": "telegram", "телеграм": "telegram", "тг": "telegram",
    "whatsapp": "whatsapp", "ватсап": "whatsapp", "вотсап": "whatsapp",
    "vk": "vk", "вк": "vk", "вконтакте": "vk", "max": "max", "макс": "max",
}  # fmt: skip


class _Draft:
    """What a row has said so far."""

    __slots__ = (
        "accounts",
        "addresses",
        "birthday",
        "company",
        "contacts",
        "created_on",
        "doubts",
        "external_id",
        "full_name",
        "inn",
        "kind",
        "kpp",
        "notes",
        "ogrn",
        "parts",
        "person_of_company",
        "plain",
        "position",
        "responsible",
        "sex",
        "source",
        "tags",
        "totals",
    )

    def __init__(self) -> None:
        self.external_id = self.full_name = self.company = self.kind = ""
        self.person_of_company = self.position = self.inn = self.kpp = self.ogrn = ""
        self.sex = self.source = ""
        self.birthday: date | None = None
        self.created_on: date | None = None
        self.responsible: UserData | None = None
        self.parts: dict[str, str] = {}
        self.plain: dict[str, str] = {}
        self.accounts: dict[str, str] = {}
        self.addresses: dict[str, dict[str, str]] = {}
        self.contacts: list[ContactData] = []
        self.tags: list[str] = []
        self.notes: list[str] = []
        self.doubts: list[str] = []
        self.totals: dict[str, Any] = {}

    @property
    def is_somebody(self) -> bool:
        return bool(
            self.external_id
            or self.full_name
            or self.company
            or any(self.parts.values())
            or any(contact.key for contact in self.contacts)
        )

    def keep(self, label: str, cell: Cell, *, doubt: bool = True) -> None:
        """Puts a value without a place of its own into the comment."""
        self.notes.append(f"{label}: {values.to_text(cell)}" if label else values.to_text(cell))
        if doubt:
            self.doubts.append(label)


Handler = Callable[["ClientReader", _Draft, str, Cell, Any], None]


class ClientReader:
    """Reads the client's columns of a sheet. `fields` says which; the rest are somebody else's."""

    def __init__(self, plan: Plan, mapping: Mapping) -> None:
        self._plan = plan
        self._columns = [
            (
                index,
                _HANDLERS[name],
                mapping.labels.get(index, ""),
                mapping.date_orders.get(index, "dmy"),
            )
            for index, name in sorted(mapping.columns.items())
            if name in _HANDLERS
        ]
        self._nameless = _("Client %(number)s")
        self._anybody = mapping.kind in ("sales", "orders")

    def read(self, number: int, cells: list[Cell]) -> ClientRow | None:
        """The client of a row; None when the row says nothing of one. Raises UnreadableError.

        A purchase may be anybody's: then a country alone makes no client.
        """
        draft = _Draft()
        width, any_filled = len(cells), False
        for index, handler, label, order in self._columns:
            if index < width:
                cell = cells[index]
                if cell != "" and not values.is_blank(cell):
                    any_filled = True
                    handler(self, draft, label, cell, order)
        if not any_filled or (self._anybody and not draft.is_somebody):
            return None
        return self._finish(number, draft)

    def _finish(self, number: int, draft: _Draft) -> ClientRow:
        if normalise(draft.full_name or draft.company).strip(" :.") in _SUMS_UP:
            raise UnreadableError(_("This row sums up others."))
        data, linked = self._named(draft)
        self._fill(data, draft)
        comment = "\n".join(dict.fromkeys(draft.notes))
        data.comment = comment[:LONGEST_COMMENT]
        prepare(data)
        if linked:
            prepare(linked.client)
        doubts = ", ".join(dict.fromkeys(draft.doubts))
        return ClientRow(number, data, self._totals(draft), linked, doubts)

    # -- who it is

    def _named(self, draft: _Draft) -> tuple[ClientData, Linked | None]:
        whole, company = draft.full_name, draft.company
        parts = any(draft.parts.values())
        if whole and not parts and (draft.kind == "company" or _is_company(whole)):
            company, whole = company or whole, ""
        if (whole or parts) and draft.kind != "company":
            return self._person(draft, whole, company)
        if company:
            return self._company(draft, company, whole)
        return self._stand_in(draft), None

    def _person(self, draft: _Draft, whole: str, company: str) -> tuple[ClientData, Linked | None]:
        if any(draft.parts.values()):
            last, first, middle = (draft.parts.get(part, "") for part in NAME_PARTS)
            if whole:
                draft.keep("", whole, doubt=False)
            shown = naming.person_name(last, first, middle)
            read = naming.ReadName(shown.name, shown.key, last, first, middle)
            sex = draft.sex or naming.read_person(shown.name).sex
        else:
            read = naming.read_person(whole)
            sex = draft.sex or read.sex
            if read.rest:
                draft.notes.append(read.rest)
        data = ClientData(
            name=read.name,
            name_key=read.key,
            last_name=read.last_name,
            first_name=read.first_name,
            middle_name=read.middle_name,
            sex=sex,
        )
        if not company:
            data.inn, data.ogrn = draft.inn, draft.ogrn
            return data, None
        parsed = parse_company(company)
        if parsed.form == "ИП" and (parsed.person is None or parsed.person.last == read.last_name):
            # A sole trader named twice is one card.
            data.legal_name, data.inn, data.ogrn = clean_line(company)[:300], draft.inn, draft.ogrn
            return data, None
        if len(draft.inn) == 12:
            data.inn, draft.inn = draft.inn, ""
        other = _company_data(company)
        other.inn, other.kpp, other.ogrn = draft.inn, draft.kpp, draft.ogrn
        draft.kpp = ""
        return data, Linked(other, draft.position[:200])

    def _company(
        self, draft: _Draft, company: str, person: str
    ) -> tuple[ClientData, Linked | None]:
        data = _company_data(company)
        data.inn, data.ogrn = draft.inn, draft.ogrn
        name = draft.person_of_company or person
        if not name:
            return data, None
        draft.person_of_company = ""
        read = naming.read_person(name)
        other = ClientData(
            name=read.name,
            name_key=read.key,
            last_name=read.last_name,
            first_name=read.first_name,
            middle_name=read.middle_name,
            sex=read.sex,
            comment=read.rest,
        )
        position, draft.position = draft.position[:200], ""
        return data, Linked(other, position)

    def _stand_in(self, draft: _Draft) -> ClientData:
        """A client known by a number or a contact only."""
        name = ""
        if draft.external_id:
            name = self._nameless % {"number": draft.external_id}
        else:
            for contact in draft.contacts:
                if contact.key:
                    phone = contact.kind == "phone"
                    name = format_phone(contact.key) if phone else contact.key
                    break
        if not name:
            raise UnreadableError(
                _("There is no name, no number and no way to reach the client in this row.")
            )
        return ClientData(name=name[:300], name_key=normalise(name)[:300], sex=draft.sex)

    # -- the rest of the card

    def _fill(self, data: ClientData, draft: _Draft) -> None:
        if draft.person_of_company:
            draft.notes.append(draft.person_of_company)
        if data.kind == "company":
            data.kpp = draft.kpp
        elif draft.kpp:
            draft.notes.append(f"КПП: {draft.kpp}")
        for name, text in draft.plain.items():
            setattr(data, name, text)
        data.position = data.position or draft.position[:200]
        data.birthday, data.source = draft.birthday, draft.source
        data.responsible, data.created_on = draft.responsible, draft.created_on
        data.tags = draft.tags
        data.contacts = _with_mains(draft.contacts)
        data.addresses = [
            AddressData(kind, **cast("Any", parts)) for kind, parts in draft.addresses.items()
        ]
        if data.addresses:
            first = next((a for a in data.addresses if a.kind == "actual"), data.addresses[0])
            first.is_main = True
            data.addresses.sort(key=lambda address: not address.is_main)
        data.accounts = self._accounts(draft)
        if draft.external_id:
            data.numbers = [(self._plan.source, draft.external_id)]

    def _accounts(self, draft: _Draft) -> list[AccountData]:
        given = draft.accounts
        if not given:
            return []
        try:
            bik = checks.check_bik(given.get("bik", ""))
            account = checks.check_account(bik, given.get("account", ""))
        except ValueError:
            for name, text in given.items():
                draft.keep(_ACCOUNT_LABELS.get(name, name), text)
            return []
        correspondent = given.get("correspondent_account", "")
        try:
            correspondent = checks.check_account(bik, correspondent) if correspondent else ""
        except ValueError:
            draft.keep(_ACCOUNT_LABELS["correspondent_account"], correspondent)
            correspondent = ""
        return [AccountData(given.get("bank", "")[:200], bik, account, correspondent)]

    def _totals(self, draft: _Draft) -> Totals | None:
        given = draft.totals
        total, count = given.get("orders_total"), given.get("orders_count")
        if total is None and count and "orders_average" in given:
            total = given["orders_average"] * count
        first, last = given.get("first_order_on"), given.get("last_order_on")
        if not total and not count and not first and not last:
            return None
        if total is not None and total < 0:
            raise UnreadableError(_("The sum of purchases is below zero."))
        if first and last and first > last:
            raise UnreadableError(_("The first order is later than the last."))
        return Totals(
            None if total is None else to_minor(Decimal(total), self._plan.currency),
            count,
            first,
            last,
            given.get("last_service", "")[:300],
        )

    # -- columns

    def number(self, draft: _Draft, label: str, cell: Cell, order: Any) -> None:
        text = values.to_identifier(cell)
        if len(text) > LONGEST_NUMBER:
            raise UnreadableError(
                _("“%(column)s” is longer than %(n)s characters.")
                % {"column": label, "n": LONGEST_NUMBER}
            )
        draft.external_id = text

    def full_name(self, draft: _Draft, label: str, cell: Cell, order: Any) -> None:
        draft.full_name = values.to_text(cell)[:300]

    def company(self, draft: _Draft, label: str, cell: Cell, order: Any) -> None:
        draft.company = values.to_text(cell)[:300]

    def contact_person(self, draft: _Draft, label: str, cell: Cell, order: Any) -> None:
        draft.person_of_company = values.to_text(cell)[:300]

    def kind(self, draft: _Draft, label: str, cell: Cell, order: Any) -> None:
        word = normalise(values.to_text(cell))
        if word.startswith(("юр", "комп", "орг", "company", "legal", "b2b", "business")):
            draft.kind = "company"
        elif word.startswith(("физ", "чел", "person", "individual", "b2c", "част")):
            draft.kind = "person"

    def phone(self, draft: _Draft, label: str, cell: Cell, order: Any) -> None:
        if isinstance(cell, str) and "@" in cell:
            for piece in _PIECES.split(cell):
                if "@" in piece:
                    self.email(draft, label, piece, order)
            cell = " ".join(piece for piece in _PIECES.split(cell) if "@" not in piece)
            if not cell:
                return
        phones, unread = split_phones(
            cell if isinstance(cell, str) else values.to_text(cell), self._plan.region
        )
        service = _service_of(label)
        for phone in phones:
            typed = clean_line(phone.typed)[:300]
            extension = (
                _("ext. %(number)s") % {"number": phone.extension} if phone.extension else ""
            )
            kind = service or ("mobile" if phone.is_mobile else "")
            draft.contacts.append(ContactData("phone", kind, typed, phone.e164, extension))
        for piece in unread:
            self._unread_phone(draft, label, piece)

    def _unread_phone(self, draft: _Draft, label: str, piece: str) -> None:
        text = clean_line(piece)
        digits = sum(map(str.isdigit, text))
        if digits >= 5 and len(text) <= 100:
            draft.contacts.append(ContactData("phone", "", text, ""))
            draft.doubts.append(label)
        elif normalise(text).strip(" .!") not in _NO_ANSWER:
            draft.keep(label, text, doubt=False)

    def email(self, draft: _Draft, label: str, cell: Cell, order: Any) -> None:
        text = values.to_text(cell)
        for piece in _PIECES.split(text) if "@" in text else [text]:
            try:
                draft.contacts.append(
                    ContactData("email", "", piece[:300], checks.check_email(piece))
                )
            except ValueError:
                if "@" in piece:
                    draft.contacts.append(ContactData("email", "", piece[:300], ""))
                    draft.doubts.append(label)
                elif normalise(piece) not in _NO_ANSWER:
                    draft.keep(label, piece)

    def inn(self, draft: _Draft, label: str, cell: Cell, order: Any) -> None:
        text = values.to_identifier(cell)
        number, _slash, kpp = text.partition("/")
        try:
            draft.inn = checks.check_inn(number)
        except ValueError:
            draft.keep(label, text)
            return
        if kpp:
            self.kpp(draft, "КПП", kpp, order)

    def kpp(self, draft: _Draft, label: str, cell: Cell, order: Any) -> None:
        try:
            draft.kpp = checks.check_kpp(values.to_identifier(cell))
        except ValueError:
            draft.keep(label, cell)

    def ogrn(self, draft: _Draft, label: str, cell: Cell, order: Any) -> None:
        try:
            draft.ogrn = checks.check_ogrn(values.to_identifier(cell))
        except ValueError:
            draft.keep(label, cell)

    def birthday(self, draft: _Draft, label: str, cell: Cell, order: Any) -> None:
        try:
            draft.birthday = values.parse_birthday(cell, order)
        except ValueError as error:
            text = values.to_text(cell)
            if not _NO_YEAR.fullmatch(text):
                raise UnreadableError(_refused(label, text, error)) from None
            # A day without a year is no date, and worth keeping all the same.
            draft.keep(label, text, doubt=False)

    def sex(self, draft: _Draft, label: str, cell: Cell, order: Any) -> None:
        try:
            draft.sex = values.parse_sex(cell) or ""
        except ValueError:
            draft.keep(label, cell)

    def source(self, draft: _Draft, label: str, cell: Cell, order: Any) -> None:
        draft.source = values.to_text(cell)[:100]

    def responsible(self, draft: _Draft, label: str, cell: Cell, order: Any) -> None:
        known = self._plan.users.get(normalise(values.to_text(cell)))
        if known:
            draft.responsible = UserData(*known)
        else:
            draft.keep(label, cell, doubt=False)

    def tags(self, draft: _Draft, label: str, cell: Cell, order: Any) -> None:
        tags = [tag.strip("# ")[:60] for tag in values.parse_list(cell)]
        draft.tags += [tag for tag in tags if tag and tag not in draft.tags]

    def note(self, draft: _Draft, label: str, cell: Cell, order: Any) -> None:
        draft.notes.append(values.to_note(cell))

    def created_on(self, draft: _Draft, label: str, cell: Cell, order: Any) -> None:
        try:
            draft.created_on = values.parse_date(cell, order)
        except ValueError:
            draft.keep(label, cell)

    def channel(self, draft: _Draft, label: str, cell: Cell, order: Any) -> None:
        known = _CHANNELS.get(normalise(values.to_text(cell)))
        if known:
            draft.plain["preferred_channel"] = known
        else:
            draft.keep(label, cell, doubt=False)

    def position(self, draft: _Draft, label: str, cell: Cell, order: Any) -> None:
        draft.position = values.to_text(cell)


def _is_company(text: str) -> bool:
    return _looks_like_company(text)


@lru_cache(maxsize=8192)
def _looks_like_company(text: str) -> bool:
    return looks_like_company(text)


def _company_data(text: str) -> ClientData:
    read = naming.read_company(text)
    return ClientData(
        kind="company", name=read.name, name_key=read.key, legal_form=read.legal_form[:30]
    )


@lru_cache(maxsize=256)
def _service_of(label: str) -> str:
    key = normalise(label)
    return next((service for word, service in _SERVICES.items() if word in key), "")


def _with_mains(contacts: list[ContactData]) -> list[ContactData]:
    """Without repeats; the first of each kind is the main one."""
    seen: set[tuple[str, str]] = set()
    mains: set[str] = set()
    kept = []
    for contact in contacts:
        identity = (contact.kind, contact.key or contact.value)
        if identity not in seen:
            seen.add(identity)
            contact.is_main = contact.kind not in mains
            mains.add(contact.kind)
            kept.append(contact)
    return kept


def _refused(label: str, text: str, error: ValueError) -> str:
    return _("“%(column)s”: %(value)s. %(why)s") % {
        "column": label,
        "value": text[:60],
        "why": error,
    }


_ACCOUNT_LABELS = {
    "bank": "Банк",
    "bik": "БИК",
    "account": "Р/с",
    "correspondent_account": "К/с",
}


def _plain(name: str) -> Handler:
    longest = _LONGEST[name] or 0

    def handle(reader: ClientReader, draft: _Draft, label: str, cell: Cell, order: Any) -> None:
        text = values.to_text(cell)
        if len(text) > longest:
            draft.keep(label, text)
        else:
            draft.plain[name] = text

    return handle


def _part(name: str) -> Handler:
    def handle(reader: ClientReader, draft: _Draft, label: str, cell: Cell, order: Any) -> None:
        draft.parts[name] = values.to_text(cell)[:100]

    return handle


_ADDRESS_LONGEST = {"country": 60, "region": 100, "city": 100, "postcode": 12, "text": 300}


def _place(name: str, kind: str = "actual") -> Handler:
    longest = _ADDRESS_LONGEST[name]

    def handle(reader: ClientReader, draft: _Draft, label: str, cell: Cell, order: Any) -> None:
        text = values.to_identifier(cell) if name == "postcode" else values.to_text(cell)
        parts = draft.addresses.setdefault(kind, {})
        if len(text) > longest or name in parts:
            draft.keep(label, text, doubt=len(text) > longest)
        else:
            parts[name] = text

    return handle


def _bank(name: str) -> Handler:
    def handle(reader: ClientReader, draft: _Draft, label: str, cell: Cell, order: Any) -> None:
        draft.accounts[name] = values.to_identifier(cell)

    return handle


def _contact(kind: str, service: str) -> Handler:
    def handle(reader: ClientReader, draft: _Draft, label: str, cell: Cell, order: Any) -> None:
        text = values.to_text(cell)
        for piece in text.split(";") if ";" in text else [text]:
            try:
                found = read_contact(kind, piece, service=service, region=reader._plan.region)
            except ValueError:
                draft.keep(label, piece)
            else:
                draft.contacts.append(
                    ContactData(found.kind, found.service, found.value, found.key)
                )

    return handle


def _instagram(reader: ClientReader, draft: _Draft, label: str, cell: Cell, order: Any) -> None:
    handle = values.to_text(cell).lstrip("@")
    text = handle if "/" in handle or "." in handle else f"instagram.com/{handle}"
    _contact("link", "social")(reader, draft, label, text, order)


def _comment(reader: ClientReader, draft: _Draft, label: str, cell: Cell, order: Any) -> None:
    draft.keep(label, cell, doubt=False)


def _total(name: str) -> Handler:
    parse: Callable[[Cell], Any] = {
        "orders_total": values.parse_money,
        "orders_average": values.parse_money,
        "orders_count": values.parse_count,
    }.get(name, values.to_text)
    is_date = name.endswith("_on")

    def handle(reader: ClientReader, draft: _Draft, label: str, cell: Cell, order: Any) -> None:
        try:
            draft.totals[name] = values.parse_date(cell, order) if is_date else parse(cell)
        except ValueError as error:
            raise UnreadableError(_refused(label, values.to_text(cell), error)) from None

    return handle


_HANDLERS: dict[str, Handler] = {
    "external_id": ClientReader.number,
    "full_name": ClientReader.full_name,
    "company": ClientReader.company,
    "contact_person": ClientReader.contact_person,
    "client_kind": ClientReader.kind,
    "phone": ClientReader.phone,
    "email": ClientReader.email,
    "telegram": _contact("messenger", "telegram"),
    "whatsapp": _contact("messenger", "whatsapp"),
    "vk": _contact("messenger", "vk"),
    "viber": _comment,
    "instagram": _instagram,
    "link": _contact("link", ""),
    "preferred_channel": ClientReader.channel,
    "country": _place("country"),
    "region": _place("region"),
    "city": _place("city"),
    "postcode": _place("postcode"),
    "address": _place("text"),
    "delivery_address": _place("text", "delivery"),
    "legal_address": _place("text", "legal"),
    "time_zone": _comment,
    "inn": ClientReader.inn,
    "kpp": ClientReader.kpp,
    "ogrn": ClientReader.ogrn,
    "bik": _bank("bik"),
    "account": _bank("account"),
    "correspondent_account": _bank("correspondent_account"),
    "bank": _bank("bank"),
    "birthday": ClientReader.birthday,
    "sex": ClientReader.sex,
    "position": ClientReader.position,
    "source": ClientReader.source,
    "responsible": ClientReader.responsible,
    "tags": ClientReader.tags,
    "created_on": ClientReader.created_on,
    "note": ClientReader.note,
    **{name: _part(name) for name in NAME_PARTS},
    **{name: _plain(name) for name in _PLAIN},
    **{
        name: _total(name)
        for name in (
            "last_order_on",
            "first_order_on",
            "orders_total",
            "orders_count",
            "orders_average",
            "last_service",
        )
    },
}
