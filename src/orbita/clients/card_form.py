"""The form of a whole card: its fields, and rows of contacts, addresses and accounts."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from orbita.accounts.models import User
from orbita.clients.actions.contacts import read as read_contact
from orbita.clients.collections import COLLECTIONS, Entry
from orbita.clients.contacts import Contact
from orbita.clients.fields.inputs import input_of, own_initial
from orbita.clients.fields.known import changed_by, grouped, is_own, seen
from orbita.clients.forms import (
    CONTACT_TYPES,
    SuggestInput,
    form_field,
    initial_of,
    known_tags,
    split_tags,
)
from orbita.clients.guarding import sight
from orbita.clients.models import Address, BankAccount, Client
from orbita.clients.models.fields import FieldDefinition
from orbita.ui.forms import UiForm, dress

LONGEST_SEEN = 200_000
Kind = FieldDefinition.Kind

# ---- rows of contacts, addresses, accounts ----


@dataclass
class Row:
    """A row of a collection in the whole form: what was typed, and what is wrong with it."""

    index: int
    values: dict[str, str] = field(default_factory=dict)
    error: str = ""

    @property
    def is_blank(self) -> bool:
        return not any(
            value.strip()
            for name, value in self.values.items()
            if name not in ("type", "kind", "main")
        )


@dataclass(frozen=True)
class RowKind:
    """How a collection is typed in rows: the names of its inputs, and both ways of translation."""

    name: str
    inputs: tuple[str, ...]
    blanks: int
    to_values: Callable[[Entry], dict[str, str]]
    to_entry: Callable[[dict[str, str], bool], Any]


MOST_ROWS = 60


class Rows:
    """The rows of one collection of a form; inputs are called `contacts-0-value`."""

    def __init__(self, kind: RowKind, data: QueryDict | None, entries: Sequence[Entry]) -> None:
        self.kind = kind
        self._before = entries
        blanks = kind.blanks
        if data is None:
            values = [kind.to_values(entry) for entry in entries]
            self.main = "0"
        else:
            values = list(self._read(data))
            self.main = data.get(f"{kind.name}-main", "")
            blanks = 3 if data.get("more") == kind.name else 0
        empty = [dict.fromkeys(kind.inputs, "") for _i in range(blanks)]
        self.rows = [Row(index, row) for index, row in enumerate([*values, *empty][:MOST_ROWS])]

    def _read(self, data: QueryDict) -> Iterator[dict[str, str]]:
        for index in range(MOST_ROWS):
            prefix = f"{self.kind.name}-{index}-"
            if prefix + self.kind.inputs[0] not in data:
                return
            yield {name: data.get(prefix + name, "").replace("\0", "") for name in self.kind.inputs}

    def entries(self) -> list[Entry] | None:
        """What the rows say, put right; None when some row is wrong and says why."""
        found: list[Any] = []
        for row in self.rows:
            if row.is_blank:
                continue
            try:
                found.append(self.kind.to_entry(row.values, self.main == str(row.index)))
                COLLECTIONS[self.kind.name].read(found[-1:])
            except ValidationError as error:
                row.error = " ".join(error.messages)
        if any(row.error for row in self.rows):
            return None
        if self.kind is CONTACTS:
            found = self._with_new_mains(found)
        return COLLECTIONS[self.kind.name].read(found)

    def _with_new_mains(self, contacts: Sequence[Contact]) -> list[Contact]:
        """Of two marked as main the one that was not main before is meant."""
        old = {(entry["kind"], entry["key"]) for entry in self._before if entry["is_main"]}
        fresh = {c.kind for c in contacts if c.is_main and (c.kind, c.key) not in old}
        return [
            replace(c, is_main=c.is_main and (c.kind, c.key) not in old) if c.kind in fresh else c
            for c in contacts
        ]


def _contact_values(entry: Entry) -> dict[str, str]:
    return {
        "type": f"{entry['kind']}:{entry['service']}",
        "value": entry["value"],
        "label": entry["label"],
        "main": "1" if entry["is_main"] else "",
    }


def _contact_entry(values: dict[str, str], is_main: bool) -> Any:
    kind, _colon, service = values["type"].partition(":")
    return read_contact(
        kind,
        values["value"],
        service=service,
        label=values["label"],
        is_main=values["main"] == "1",
    )


def _address_entry(values: dict[str, str], is_main: bool) -> Entry:
    return {**values, "is_main": is_main}


ADDRESS_INPUTS = ("kind", "country", "region", "city", "postcode", "text")
ACCOUNT_INPUTS = ("bank", "bik", "account", "correspondent")
CONTACTS = RowKind(
    "contacts", ("type", "value", "label", "main"), 2, _contact_values, _contact_entry
)
ADDRESSES = RowKind(
    "addresses",
    ADDRESS_INPUTS,
    1,
    lambda entry: {name: entry[name] for name in ADDRESS_INPUTS},
    _address_entry,
)
ACCOUNTS = RowKind(
    "bank_accounts",
    ACCOUNT_INPUTS,
    1,
    lambda entry: {name: entry[name] for name in ACCOUNT_INPUTS},
    lambda values, is_main: dict(values),
)
ROW_KINDS = (CONTACTS, ADDRESSES, ACCOUNTS)

PERSON_NAMES = ("last_name", "first_name", "middle_name")
PERSON_FIELDS = (
    *PERSON_NAMES,
    "birthday",
    "sex",
    "occupation",
    "position",
    "income_level",
    "family",
    "education",
    "hobbies",
    "interests",
)
COMPANY_FIELDS = ("name", "legal_name", "inn", "kpp", "ogrn")
SHARED_FIELDS = (
    "responsible",
    "source",
    "preferred_channel",
    "working_hours",
    "time_zone",
    "payment_terms",
    "delivery_terms",
    "special_terms",
    "difficulties",
    "comment",
)


class CardForm(UiForm):
    """The whole card. It remembers what its user saw, so that only his changes are written."""

    tags = forms.CharField(
        label=gettext_lazy("Tags"),
        required=False,
        max_length=2000,
        widget=SuggestInput(known_tags),
        help_text=gettext_lazy("Separated by commas."),
    )

    def __init__(
        self, data: QueryDict | None, *, kind: str, actor: User, client: Client | None = None
    ) -> None:
        self.kind, self.client = kind, client
        self.actor_sees = sight(actor)
        self.is_company = kind == Client.Kind.COMPANY
        proper = (*(COMPANY_FIELDS if self.is_company else (*PERSON_FIELDS, "inn")), *SHARED_FIELDS)
        self.names = tuple(name for name in proper if self.offers(name))
        # A file is put on a card in place, where there is a card to put it on.
        self.own = [
            field
            for field in changed_by(seen("client", actor, kind), actor)
            if field.kind != Kind.FILE
        ]
        self.names += tuple(field.name for field in self.own)
        entries: dict[str, list[Entry]] = {name: [] for name in (*COLLECTIONS,)}
        initial: dict[str, Any] = {}
        if client:
            entries = {
                name: COLLECTIONS[name].current(client) if self.offers(name) else []
                for name in COLLECTIONS
            }
            entries["contacts"] = [one for one in entries["contacts"] if self.offers(one["kind"])]
            initial = initial_of(client, self.names, actor)
            initial["tags"] = ", ".join(entry["name"] for entry in entries["tags"])
        else:
            initial = own_initial(self.own)
        super().__init__(data, initial=initial)
        self.fields |= {name: form_field(name) for name in self.names if not is_own(name)}
        for own in self.own:
            self.fields[own.name] = input_of(own, actor, whole=True, value=initial.get(own.name))
        if not self.offers("tags"):
            del self.fields["tags"]
        self._dress()
        self.rows = {row.name: Rows(row, data, entries[row.name]) for row in ROW_KINDS}
        self.contacts, self.addresses = self.rows["contacts"], self.rows["addresses"]
        self.accounts = self.rows["bank_accounts"]
        self._now = {"values": initial, "parts": entries}
        self.seen = self._seen(data)
        self.version = self._version(data)

    def offers(self, name: str) -> bool:
        """Whether the actor fills the field in: of a new card all but what is hidden from him."""
        if self.client is None:
            return not self.actor_sees.hides(name)
        return self.actor_sees.allows(name)

    def _dress(self) -> None:
        for name in self.names:
            dress(self.fields[name])
        if self.is_company:
            self.fields["name"].required = True
        if "inn" in self.fields:
            self.fields["inn"].widget.attrs["inputmode"] = "numeric"

    def _bound(self, names: Sequence[str]) -> list[forms.BoundField]:
        return [self[name] for name in names if name in self.fields]

    def _seen(self, data: QueryDict | None) -> dict[str, Any]:
        """What the page showed when it was opened; the present state when that is not known."""
        text = data.get("seen", "") if data else ""
        if not text or len(text) > LONGEST_SEEN:
            return self._now
        try:
            seen = json.loads(text)
        except (ValueError, RecursionError):
            return self._now
        valid = isinstance(seen, dict) and all(
            isinstance(seen.get(name), dict) for name in ("values", "parts")
        )
        return seen if valid else self._now

    def _version(self, data: QueryDict | None) -> int | None:
        text = data.get("version", "") if data else ""
        if text.isascii() and text.isdigit() and len(text) < 10:
            return int(text)
        return self.client.version if self.client else None

    @property
    def seen_json(self) -> str:
        return json.dumps(self.seen, ensure_ascii=False, default=str)

    @property
    def contact_types(self) -> Sequence[tuple[str, str | Promise]]:
        return [kind for kind in CONTACT_TYPES if self.offers(kind[0].partition(":")[0])]

    @property
    def has_addresses(self) -> bool:
        return self.offers("addresses")

    @property
    def address_kinds(self) -> Sequence[tuple[str, Any]]:
        return Address.Kind.choices

    @property
    def address_rows(self) -> list[tuple[Row, list[tuple[str, str, str]]]]:
        return _cells(self.addresses, Address, ADDRESS_INPUTS[1:])

    @property
    def account_rows(self) -> list[tuple[Row, list[tuple[str, str, str]]]]:
        return _cells(self.accounts, BankAccount, ACCOUNT_INPUTS)

    @property
    def has_accounts(self) -> bool:
        """Companies have accounts; a person's are shown when there are some."""
        if not self.offers("bank_accounts"):
            return False
        return self.is_company or any(not row.is_blank for row in self.accounts.rows)

    @property
    def main_fields(self) -> list[forms.BoundField]:
        own = COMPANY_FIELDS if self.is_company else PERSON_FIELDS[:7]
        return self._bound(own)

    @property
    def about_fields(self) -> list[forms.BoundField]:
        return [] if self.is_company else self._bound((*PERSON_FIELDS[7:], "inn"))

    @property
    def work_fields(self) -> list[forms.BoundField]:
        return self._bound(("responsible", "source", "tags", "preferred_channel"))

    @property
    def term_fields(self) -> list[forms.BoundField]:
        names = ("working_hours", "time_zone", *SHARED_FIELDS[5:9])
        return self._bound(names)

    @property
    def comment_field(self) -> forms.BoundField | None:
        return self["comment"] if "comment" in self.fields else None

    @property
    def own_groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The own fields under the names of their groups, in the order of the card."""
        return [
            (group, [self[field.name] for field in of_it]) for group, of_it in grouped(self.own)
        ]

    def clean(self) -> dict[str, Any]:
        for name, rows in self.rows.items():
            entries = rows.entries()
            if entries is None:
                wrong = "; ".join(row.error for row in rows.rows if row.error)
                self.add_error(None, wrong)
            else:
                self.cleaned_data[f"rows:{name}"] = entries
        return self.cleaned_data

    def values(self) -> dict[str, Any]:
        """The fields as typed, for a new card."""
        typed = {name: self.cleaned_data.get(name) for name in self.names}
        given = {name: value for name, value in typed.items() if value}
        # An emptied default is not wanted.
        own = {field.name: typed[field.name] or None for field in self.own}
        return {"kind": self.kind} | given | own

    def parts(self) -> dict[str, Any]:
        """The collections as typed."""
        found = {name: self.cleaned_data[f"rows:{name}"] for name in self.rows}
        found["tags"] = split_tags(self.cleaned_data.get("tags", ""))
        return {name: typed for name, typed in found.items() if self.offers(name)}

    def changed_inputs(self) -> set[str]:
        """The names of the inputs whose text differs from what the card holds."""
        if not self.is_bound:
            return set()
        now = {name: str(value or "") for name, value in self._now["values"].items()}
        own = {name for name in self.names if self.data.get(name, "") != now.get(name, "")}
        values = {entry["value"] for entry in self._now["parts"]["contacts"]}
        rows = {
            f"contacts-{row.index}-value"
            for row in self.contacts.rows
            if row.values["value"].strip() not in values
        }
        return own | rows

    def changed_values(self) -> dict[str, Any]:
        """The fields that the user changed since he opened the page."""
        seen = self.seen["values"]
        return {
            name: self.cleaned_data.get(name)
            for name in self.names
            if str(self.cleaned_data.get(name) or "") != str(seen.get(name) or "")
        }

    def changed_parts(self) -> dict[str, Any]:
        """The collections that the user changed since he opened the page."""
        seen = self.seen["parts"]
        found = {}
        for name, typed in self.parts().items():
            entries = COLLECTIONS[name].read(typed)
            if entries != seen.get(name):
                found[name] = entries
        return found


def _label(model: Any, name: str) -> str:
    text = str(model._meta.get_field(name).verbose_name)
    return text[:1].upper() + text[1:]


def _cells(
    rows: Rows, model: Any, names: Sequence[str]
) -> list[tuple[Row, list[tuple[str, str, str]]]]:
    """Each row with the name, label and value of its inputs."""
    labels = [(name, _label(model, name)) for name in names]
    return [
        (row, [(name, label, row.values.get(name, "")) for name, label in labels])
        for row in rows.rows
    ]
