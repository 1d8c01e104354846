"""A row of cells as a client: the draft that its columns made becomes a card."""

from decimal import Decimal
from functools import lru_cache
from typing import Any, cast

from orbita.clients import checks, naming
from orbita.clients.names import looks_like_company, parse_company
from orbita.clients.records import (
    NAME_PARTS,
    AccountData,
    AddressData,
    ClientData,
    ContactData,
    prepare,
)
from orbita.core.money import to_minor
from orbita.core.phones import format_phone
from orbita.core.sentences import Sentence as _
from orbita.core.text import clean_line, normalise
from orbita.gateways.files import values
from orbita.gateways.files.columns import Mapping
from orbita.gateways.files.source import Cell
from orbita.gateways.imports import own_cells
from orbita.gateways.imports.client_cells import HANDLERS, Draft
from orbita.gateways.imports.plan import Plan
from orbita.gateways.imports.records import ClientRow, Linked, Totals, UnreadableError

LONGEST_COMMENT = 20_000
_SUMS_UP = frozenset(["итого", "всего", "итог", "итого по всем", "total", "grand total", "sum"])
_ACCOUNT_LABELS = {
    "bank": "Банк",
    "bik": "БИК",
    "account": "Р/с",
    "correspondent_account": "К/с",
}


class ClientReader:
    """Reads the client's columns of a sheet. `fields` says which; the rest are somebody else's."""

    def __init__(self, plan: Plan, mapping: Mapping) -> None:
        self._plan = plan
        known = HANDLERS | own_cells.handlers(plan)
        self._columns = [
            (
                index,
                known[name],
                mapping.labels.get(index, ""),
                mapping.date_orders.get(index, "dmy"),
            )
            for index, name in sorted(mapping.columns.items())
            if name in known
        ]
        self._nameless = str(_("Client %(number)s"))
        self._anybody = mapping.kind in ("sales", "orders")

    def read(self, number: int, cells: list[Cell]) -> ClientRow | None:
        """The client of a row; None when the row says nothing of one. Raises UnreadableError.

        A purchase may be anybody's: then a country alone makes no client.
        """
        draft = Draft()
        width, any_filled = len(cells), False
        for index, handler, label, order in self._columns:
            if index < width:
                cell = cells[index]
                if cell != "" and not values.is_blank(cell):
                    any_filled = True
                    handler(self._plan, draft, label, cell, order)
        if not any_filled or (self._anybody and not draft.is_somebody):
            return None
        return self._finish(number, draft)

    def _finish(self, number: int, draft: Draft) -> ClientRow:
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
        return ClientRow(
            number,
            data,
            self._totals(draft),
            linked,
            doubts,
            recommended_by=draft.recommended_by,
            agreed=draft.agreed,
        )

    # -- who it is

    def _named(self, draft: Draft) -> tuple[ClientData, Linked | None]:
        whole, company = draft.full_name, draft.company
        parts = any(draft.parts.values())
        if whole and not parts and (draft.kind == "company" or _is_company(whole)):
            company, whole = company or whole, ""
        if (whole or parts) and (draft.kind != "company" or not company):
            return self._person(draft, whole, company)
        if company:
            return self._company(draft, company, whole)
        return self._stand_in(draft), None

    def _person(self, draft: Draft, whole: str, company: str) -> tuple[ClientData, Linked | None]:
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

    def _company(self, draft: Draft, company: str, person: str) -> tuple[ClientData, Linked | None]:
        data = _company_data(company)
        data.inn, data.ogrn = draft.inn, draft.ogrn
        parts = naming.person_name(*(draft.parts.get(part, "") for part in NAME_PARTS))
        name = draft.person_of_company or person or parts.name
        if data.legal_form == "ИП" and name:
            # The person of a sole trader is the sole trader.
            if normalise(name) != data.name_key:
                draft.notes.append(name)
            name = draft.person_of_company = ""
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

    def _stand_in(self, draft: Draft) -> ClientData:
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

    def _fill(self, data: ClientData, draft: Draft) -> None:
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
        own_cells.fill(data, draft)
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

    def _accounts(self, draft: Draft) -> list[AccountData]:
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

    def _totals(self, draft: Draft) -> Totals | None:
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


@lru_cache(maxsize=8192)
def _is_company(text: str) -> bool:
    return looks_like_company(text)


def _company_data(text: str) -> ClientData:
    read = naming.read_company(text)
    return ClientData(
        kind="company", name=read.name, name_key=read.key, legal_form=read.legal_form[:30]
    )


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
