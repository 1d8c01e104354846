"""What a card has several of: contacts, addresses, accounts, outside numbers, tags.

A collection is read and written as plain entries, without ids, so that an event can keep what was
taken away and what was put there, and an undo can do the reverse.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from orbita.clients import checks
from orbita.clients.contacts import ENTRY as CONTACT_COLUMNS
from orbita.clients.contacts import entry as contact_entry
from orbita.clients.contacts import from_entry, with_one_main
from orbita.clients.models import (
    Address,
    BankAccount,
    Client,
    ClientTag,
    ContactPoint,
    ExternalId,
    Tag,
)
from orbita.core.text import clean_line, normalise

Entry = dict[str, Any]
MOST = 100


@dataclass(frozen=True)
class Collection:
    """`read` puts given entries right or raises `ValidationError`; `identity` tells rows apart."""

    name: str
    model: Any
    columns: tuple[str, ...]
    flag: str
    read: Callable[[Iterable[Any]], list[Entry]]
    identity: Callable[[Mapping[str, Any]], Hashable]
    derived: Callable[[Entry], Entry] = lambda entry: {}

    def current(self, client: Client) -> list[Entry]:
        rows = self.model.objects.filter(client=client).order_by("pk").values(*self.columns)
        return sorted((dict(row) for row in rows), key=lambda row: not row.get(self.flag))

    def write(self, client: Client, entries: Sequence[Entry]) -> None:
        """Makes the stored rows equal to the entries; rows that stay keep their ids."""
        wanted = {self.identity(entry): entry for entry in entries}
        kept: dict[Hashable, Any] = {}
        for row in self.model.objects.filter(client=client).order_by("pk"):
            key = self.identity({name: getattr(row, name) for name in self.columns})
            if key in wanted and key not in kept:
                kept[key] = row
            else:
                row.delete()
        # One main at a time: the old one steps down before the new one steps up.
        for raised in (False, True):
            for key, entry in wanted.items():
                if bool(self.flag and entry[self.flag]) is raised:
                    self._store(client, kept.get(key), entry)

    def _store(self, client: Client, row: Any, entry: Entry) -> None:
        if row is None:
            row = self.model(client=client)
        elif all(getattr(row, name) == entry[name] for name in self.columns):
            return
        for name, value in (entry | self.derived(entry)).items():
            setattr(row, name, value)
        row.save()


def difference(before: Sequence[Entry], after: Sequence[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Entries that went and entries that came; one that changed is in both."""
    return [entry for entry in before if entry not in after], [
        entry for entry in after if entry not in before
    ]


def _limited(entries: Iterable[Any]) -> list[Any]:
    found = list(entries)
    if len(found) > MOST:
        raise ValidationError(_("There are too many entries."))
    return found


# ---- contacts ----


def _read_contacts(contacts: Iterable[Any]) -> list[Entry]:
    given = [from_entry(item) if isinstance(item, Mapping) else item for item in _limited(contacts)]
    return [contact_entry(contact) for contact in with_one_main(given)]


# ---- addresses ----

ADDRESS_COLUMNS = ("kind", "country", "region", "city", "postcode", "text", "is_main")


def _read_addresses(addresses: Iterable[Any]) -> list[Entry]:
    read: list[Entry] = []
    for given in _limited(addresses):
        entry: Entry = {
            name: _fitting(Address, name, given.get(name)) for name in ADDRESS_COLUMNS[1:-1]
        }
        entry["kind"] = given.get("kind") or Address.Kind.ACTUAL
        entry["is_main"] = bool(given.get("is_main"))
        if entry["kind"] not in Address.Kind.values:
            raise ValidationError(_("There is no such kind of address."))
        if any(entry[name] for name in ("region", "city", "postcode", "text")):
            read.append({name: entry[name] for name in ADDRESS_COLUMNS})
    return _one_flagged(_unique(read, _address_identity), "is_main")


def _address_identity(entry: Mapping[str, Any]) -> Hashable:
    return tuple(normalise(str(entry[name])) for name in ADDRESS_COLUMNS[:-1])


def _region_key(entry: Entry) -> Entry:
    return {"region_key": normalise(entry["region"])[:100]}


# ---- bank accounts ----

ACCOUNT_COLUMNS = ("bank", "bik", "account", "correspondent")


def _read_accounts(accounts: Iterable[Any]) -> list[Entry]:
    read: list[Entry] = []
    for given in _limited(accounts):
        if not any(str(given.get(name) or "").strip() for name in ACCOUNT_COLUMNS):
            continue
        try:
            bik = checks.check_bik(given.get("bik") or "")
            account = checks.check_account(bik, given.get("account") or "")
            correspondent = given.get("correspondent") or ""
            if correspondent:
                correspondent = checks.check_account(bik, correspondent)
        except ValueError as error:
            raise ValidationError(str(error)) from None
        bank = _fitting(BankAccount, "bank", given.get("bank"))
        read.append(dict(zip(ACCOUNT_COLUMNS, (bank, bik, account, correspondent), strict=True)))
    return _unique(read, _account_identity)


def _account_identity(entry: Mapping[str, Any]) -> Hashable:
    return entry["bik"], entry["account"]


# ---- numbers in other systems ----

NUMBER_COLUMNS = ("source", "value", "is_primary")


def _read_numbers(numbers: Iterable[Any]) -> list[Entry]:
    read: list[Entry] = []
    for given in _limited(numbers):
        value = _fitting(ExternalId, "value", given.get("value"))
        source = _fitting(ExternalId, "source", given.get("source")) or "file"
        if value:
            read.append(
                {"source": source, "value": value, "is_primary": bool(given.get("is_primary"))}
            )
    return _one_flagged(_unique(read, _number_identity), "is_primary")


def _number_identity(entry: Mapping[str, Any]) -> Hashable:
    return entry["source"], entry["value"]


# ---- tags ----


class _Tags(Collection):
    """Tags are kept by name; one that nobody knows yet is made."""

    def current(self, client: Client) -> list[Entry]:
        rows = Tag.objects.filter(clienttag__client=client).order_by("name_key")
        return [{"name": tag.name} for tag in rows]

    def write(self, client: Client, entries: Sequence[Entry]) -> None:
        wanted = {tag.pk for tag in tags_named([entry["name"] for entry in entries])}
        rows = ClientTag.objects.filter(client=client)
        have = set(rows.values_list("tag_id", flat=True))
        rows.exclude(tag_id__in=wanted).delete()
        ClientTag.objects.bulk_create(
            ClientTag(client=client, tag_id=pk) for pk in sorted(wanted - have)
        )


def tags_named(names: Sequence[str]) -> list[Tag]:
    """The tags of these names in any spelling, made where there are none."""
    by_key = {normalise(name): clean_line(name) for name in names}
    known = {tag.name_key: tag for tag in Tag.objects.filter(name_key__in=by_key)}
    return [
        known.get(key) or Tag.objects.get_or_create(name_key=key, defaults={"name": name})[0]
        for key, name in by_key.items()
    ]


def _read_tags(tags: Iterable[Any]) -> list[Entry]:
    names = [item["name"] if isinstance(item, Mapping) else str(item) for item in _limited(tags)]
    clean = [_fitting(Tag, "name", name).strip("#, ") for name in names]
    known = {
        tag.name_key: tag.name
        for tag in Tag.objects.filter(name_key__in=[normalise(name) for name in clean])
    }
    read = [{"name": known.get(normalise(name), name)} for name in clean if name]
    return sorted(_unique(read, _tag_identity), key=_tag_key)


def _tag_identity(entry: Mapping[str, Any]) -> Hashable:
    return normalise(entry["name"])


def _tag_key(entry: Mapping[str, Any]) -> str:
    return normalise(entry["name"])


# ---- shared ----


def _fitting(model: Any, name: str, value: Any) -> str:
    text = clean_line("" if value is None else str(value))
    field = model._meta.get_field(name)
    if len(text) > field.max_length:
        raise ValidationError(
            _("%(field)s: at most %(n)s characters.")
            % {"field": str(field.verbose_name).capitalize(), "n": field.max_length}
        )
    return text


def _unique(entries: Sequence[Entry], identity: Callable[[Entry], Hashable]) -> list[Entry]:
    return list({identity(entry): entry for entry in reversed(entries)}.values())[::-1]


def _one_flagged(entries: Sequence[Entry], flag: str) -> list[Entry]:
    """The entries with exactly one flagged, which stands first."""
    chosen = next((entry for entry in entries if entry[flag]), entries[0] if entries else None)
    marked = [entry | {flag: entry is chosen} for entry in entries]
    return sorted(marked, key=lambda entry: not entry[flag])


def _contact_identity(entry: Mapping[str, Any]) -> Hashable:
    return entry["kind"], entry["key"] or entry["value"]


COLLECTIONS: dict[str, Collection] = {
    collection.name: collection
    for collection in (
        Collection(
            "contacts", ContactPoint, CONTACT_COLUMNS, "is_main", _read_contacts, _contact_identity
        ),
        Collection(
            "addresses",
            Address,
            ADDRESS_COLUMNS,
            "is_main",
            _read_addresses,
            _address_identity,
            _region_key,
        ),
        Collection(
            "bank_accounts", BankAccount, ACCOUNT_COLUMNS, "", _read_accounts, _account_identity
        ),
        Collection(
            "external_ids",
            ExternalId,
            NUMBER_COLUMNS,
            "is_primary",
            _read_numbers,
            _number_identity,
        ),
        _Tags("tags", ClientTag, ("name",), "", _read_tags, _tag_identity),
    )
}
