"""What each column of a sheet says of a client, gathered in a draft; doubts are kept as typed."""

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Any

from orbita.clients import checks
from orbita.clients.contacts import read_contact
from orbita.clients.models import Client
from orbita.clients.records import (
    NAME_PARTS,
    ContactData,
    UserData,
)
from orbita.core.phones import split_phones
from orbita.core.sentences import Sentence
from orbita.core.sentences import Sentence as _
from orbita.core.text import clean_line, normalise
from orbita.gateways.files import values
from orbita.gateways.files.header import header_key
from orbita.gateways.files.source import Cell
from orbita.gateways.imports.consents import ABOUT
from orbita.gateways.imports.plan import Plan
from orbita.gateways.imports.records import UnreadableError

_LONGEST = {
    field.name: field.max_length
    for field in Client._meta.concrete_fields
    if getattr(field, "max_length", None)
}
LONGEST_NUMBER = 100
_NO_ANSWER = frozenset(["нет", "не дал", "не дала", "no", "none", "x", "х", "?", "отказ"])
_PIECES = re.compile(r"[;,\s|]+")
_NO_YEAR = re.compile(r"\D*\d{1,2}[\s.\-/]*(?:\d{1,2}|[^\W\d_]{3,9})\.?\s*(?:г\.?)?\s*")
_COMPACT_DAY = re.compile(r"\d{8}")
_MORE = re.compile(r"(?:address|line|street)\W*[23]")
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


class Draft:
    """What a row has said so far."""

    __slots__ = (
        "accounts",
        "addresses",
        "agreed",
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
        "only_house",
        "own",
        "parts",
        "person_of_company",
        "plain",
        "position",
        "recommended_by",
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
        # Whether the address so far is the number of the house.
        self.only_house = False
        self.birthday: date | None = None
        self.created_on: date | None = None
        self.responsible: UserData | None = None
        # The heading and the cell.
        self.recommended_by: tuple[str, str] | None = None
        self.parts: dict[str, str] = {}
        self.plain: dict[str, str] = {}
        self.own: dict[str, Any] = {}
        self.accounts: dict[str, str] = {}
        self.addresses: dict[str, dict[str, str]] = {}
        self.contacts: list[ContactData] = []
        self.tags: list[str] = []
        self.notes: list[str] = []
        self.doubts: list[str] = []
        self.totals: dict[str, Any] = {}
        # Channel of advertising → what he said.
        self.agreed: dict[str, bool] = {}

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


Handler = Callable[[Plan, Draft, str, Cell, Any], None]


def _number(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
    text = values.to_identifier(cell)
    if len(text) > LONGEST_NUMBER:
        raise UnreadableError(
            _("“%(column)s” is longer than %(n)s characters.")
            % {"column": label, "n": LONGEST_NUMBER}
        )
    draft.external_id = text


def _full_name(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
    draft.full_name = values.to_text(cell)[:300]


def _company(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
    draft.company = values.to_text(cell)[:300]


def _contact_person(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
    draft.person_of_company = values.to_text(cell)[:300]


def _kind(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
    word = normalise(values.to_text(cell))
    if word.startswith(("юр", "комп", "орг", "company", "legal", "b2b", "business")):
        draft.kind = "company"
    elif word.startswith(("физ", "чел", "person", "individual", "b2c", "част")):
        draft.kind = "person"


def _phone(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
    if isinstance(cell, str) and "@" in cell:
        for piece in _PIECES.split(cell):
            if "@" in piece:
                _email(plan, draft, label, piece, order)
        cell = " ".join(piece for piece in _PIECES.split(cell) if "@" not in piece)
        if not cell:
            return
    phones, unread = split_phones(
        cell if isinstance(cell, str) else values.to_text(cell), plan.region
    )
    service = _service_of(label)
    for phone in phones:
        typed = clean_line(phone.typed)[:300]
        extension = (
            str(_("ext. %(number)s") % {"number": phone.extension}) if phone.extension else ""
        )
        kind = service or ("mobile" if phone.is_mobile else "")
        draft.contacts.append(ContactData("phone", kind, typed, phone.e164, extension))
    for piece in unread:
        _unread_phone(draft, label, piece)


def _unread_phone(draft: Draft, label: str, piece: str) -> None:
    text = clean_line(piece)
    digits = sum(map(str.isdigit, text))
    if digits >= 5 and len(text) <= 100:
        draft.contacts.append(ContactData("phone", "", text, ""))
        draft.doubts.append(label)
    elif normalise(text).strip(" .!") not in _NO_ANSWER:
        draft.keep(label, text, doubt=False)


def _email(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
    text = values.to_text(cell)
    for piece in _PIECES.split(text) if "@" in text else [text]:
        try:
            draft.contacts.append(ContactData("email", "", piece[:300], checks.check_email(piece)))
        except ValueError:
            if "@" in piece:
                draft.contacts.append(ContactData("email", "", piece[:300], ""))
                draft.doubts.append(label)
            elif normalise(piece) not in _NO_ANSWER:
                draft.keep(label, piece)


def _inn(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
    text = values.to_identifier(cell)
    number, _slash, kpp = text.partition("/")
    try:
        draft.inn = checks.check_inn(number)
    except ValueError:
        draft.keep(label, text)
        return
    if kpp:
        _kpp(plan, draft, "КПП", kpp, order)


def _kpp(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
    try:
        draft.kpp = checks.check_kpp(values.to_identifier(cell))
    except ValueError:
        draft.keep(label, cell)


def _ogrn(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
    try:
        draft.ogrn = checks.check_ogrn(values.to_identifier(cell))
    except ValueError:
        draft.keep(label, cell)


def _birthday(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
    try:
        draft.birthday = values.parse_birthday(cell, order)
    except ValueError as error:
        text = values.to_text(cell)
        if _COMPACT_DAY.fullmatch(text):
            # A program's day with a wrong digit: the client is no less a client.
            draft.keep(label, text)
            return
        if not _NO_YEAR.fullmatch(text):
            raise UnreadableError(_refused(label, text, error)) from None
        # A day without a year is no date, and worth keeping all the same.
        draft.keep(label, text, doubt=False)


def _sex(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
    try:
        draft.sex = values.parse_sex(cell) or ""
    except ValueError:
        draft.keep(label, cell)


def _source(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
    draft.source = values.to_text(cell)[:100]


def _responsible(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
    known = plan.users.get(normalise(values.to_text(cell)))
    if known:
        draft.responsible = UserData(*known)
    else:
        draft.keep(label, cell, doubt=False)


def _tags(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
    tags = [tag.strip("# ")[:60] for tag in values.parse_list(cell)]
    draft.tags += [tag for tag in tags if tag and tag not in draft.tags]


def _note(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
    draft.notes.append(values.to_note(cell))


def _created_on(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
    try:
        draft.created_on = values.parse_date(cell, order)
    except ValueError:
        draft.keep(label, cell)


def _channel(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
    known = _CHANNELS.get(normalise(values.to_text(cell)))
    if known:
        draft.plain["preferred_channel"] = known
    else:
        draft.keep(label, cell, doubt=False)


def _position(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
    draft.position = values.to_text(cell)


@lru_cache(maxsize=256)
def _service_of(label: str) -> str:
    key = normalise(label)
    return next((service for word, service in _SERVICES.items() if word in key), "")


def _refused(label: str, text: str, error: ValueError) -> Sentence:
    return _("“%(column)s”: %(value)s. %(why)s") % {
        "column": label,
        "value": text[:60],
        "why": error,
    }


def _plain(name: str) -> Handler:
    longest = _LONGEST[name] or 0

    def handle(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
        text = values.to_text(cell)
        if len(text) > longest:
            draft.keep(label, text)
        else:
            draft.plain[name] = text

    return handle


def _part(name: str) -> Handler:
    def handle(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
        draft.parts[name] = values.to_text(cell)[:100]

    return handle


_ADDRESS_LONGEST = {"country": 60, "region": 100, "city": 100, "postcode": 12, "text": 300}


def _place(name: str, kind: str = "actual") -> Handler:
    longest = _ADDRESS_LONGEST[name]

    def handle(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
        text = values.to_identifier(cell) if name == "postcode" else values.to_text(cell)
        parts = draft.addresses.setdefault(kind, {})
        if name == "text" and kind == "actual":
            text = _joined(draft, label, text)
        if len(text) > longest or name in parts:
            draft.keep(label, text, doubt=len(text) > longest)
        else:
            parts[name] = text

    return handle


def _joined(draft: Draft, label: str, text: str) -> str:
    """The address with what stands in earlier columns: its house, or its first line."""
    parts = draft.addresses["actual"]
    if draft.only_house:
        draft.only_house = False
        return f"{parts.pop('text')} {text}"
    if "text" in parts and _MORE.fullmatch(header_key(label)):
        return f"{parts.pop('text')}, {text}"
    return text


def _house(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
    text = values.to_identifier(cell)
    parts = draft.addresses.setdefault("actual", {})
    if len(text) > 20:
        draft.keep(label, text)
    elif "text" in parts:
        parts["text"] = f"{parts['text']}, {text}"
    else:
        parts["text"], draft.only_house = text, True


def _recommended_by(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
    draft.recommended_by = (label, values.to_identifier(cell)[:300])


def _agreed(*channels: str) -> Handler:
    def handle(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
        try:
            given = values.parse_boolean(cell)
        except ValueError:
            draft.keep(label, cell)
            return
        for channel in channels if given is not None else ():
            # Of two columns about one channel the stricter one counts.
            draft.agreed[channel] = bool(given) and draft.agreed.get(channel, True)

    return handle


def _bank(name: str) -> Handler:
    def handle(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
        draft.accounts[name] = values.to_identifier(cell)

    return handle


def _contact(kind: str, service: str) -> Handler:
    def handle(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
        text = values.to_text(cell)
        for piece in text.split(";") if ";" in text else [text]:
            try:
                found = read_contact(kind, piece, service=service, region=plan.region)
            except ValueError:
                draft.keep(label, piece)
            else:
                draft.contacts.append(
                    ContactData(found.kind, found.service, found.value, found.key)
                )

    return handle


def _instagram(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
    handle = values.to_text(cell).lstrip("@")
    text = handle if "/" in handle or "." in handle else f"instagram.com/{handle}"
    _contact("link", "social")(plan, draft, label, text, order)


def _comment(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
    draft.keep(label, cell, doubt=False)


def _total(name: str) -> Handler:
    parse: Callable[[Cell], Any] = {
        "orders_total": values.parse_money,
        "orders_average": values.parse_money,
        "orders_count": values.parse_count,
    }.get(name, values.to_text)
    is_date = name.endswith("_on")

    def handle(plan: Plan, draft: Draft, label: str, cell: Cell, order: Any) -> None:
        try:
            draft.totals[name] = values.parse_date(cell, order) if is_date else parse(cell)
        except ValueError as error:
            raise UnreadableError(_refused(label, values.to_text(cell), error)) from None

    return handle


HANDLERS: dict[str, Handler] = {
    "external_id": _number,
    "full_name": _full_name,
    "company": _company,
    "contact_person": _contact_person,
    "client_kind": _kind,
    "phone": _phone,
    "email": _email,
    "telegram": _contact("messenger", "telegram"),
    "whatsapp": _contact("messenger", "whatsapp"),
    "vk": _contact("messenger", "vk"),
    "viber": _comment,
    "instagram": _instagram,
    "link": _contact("link", ""),
    "preferred_channel": _channel,
    "country": _place("country"),
    "region": _place("region"),
    "city": _place("city"),
    "postcode": _place("postcode"),
    "address": _place("text"),
    "house": _house,
    "delivery_address": _place("text", "delivery"),
    "legal_address": _place("text", "legal"),
    "time_zone": _comment,
    "inn": _inn,
    "kpp": _kpp,
    "ogrn": _ogrn,
    "bik": _bank("bik"),
    "account": _bank("account"),
    "correspondent_account": _bank("correspondent_account"),
    "bank": _bank("bank"),
    "birthday": _birthday,
    "sex": _sex,
    "position": _position,
    "source": _source,
    "responsible": _responsible,
    "recommended_by": _recommended_by,
    **{name: _agreed(*channels) for name, channels in ABOUT.items()},
    "tags": _tags,
    "created_on": _created_on,
    "note": _note,
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
