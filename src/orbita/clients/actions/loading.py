"""Thousands of clients at once, for imports and exchange.

One call is one chunk inside one transaction. Records are worked out beforehand (`clients.records`),
so that this side only numbers and writes them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any

import msgspec
from django.db import connection, transaction
from django.utils import timezone

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients import facts, naming
from orbita.clients.aliases import hold
from orbita.clients.card_fields import as_reference
from orbita.clients.fields import in_bulk as own_in_bulk
from orbita.clients.fields.values import searched_words
from orbita.clients.models import (
    AcquisitionSource,
    Address,
    BankAccount,
    Client,
    ClientTag,
    CompanyPerson,
    ContactPoint,
    ExternalId,
    Tag,
)
from orbita.clients.quality.record import Loading
from orbita.clients.records import (
    NAME_PARTS,
    PLAIN,
    TEXTS,
    ClientData,
    ContactData,
    entry,
)
from orbita.clients.search import index_clients, of_kinds, write_clients, write_texts
from orbita.clients.status.keeping import Cause, keep
from orbita.clients.work.limits import note_given
from orbita.core.bulk import insert_rows, reserve_ids, upsert_rows
from orbita.core.events import NewEvent, emit_bulk
from orbita.core.models import Origin
from orbita.core.sentences import Sentence
from orbita.core.text import clean_line, normalise

SKIP, FILL, OVERWRITE = "skip", "fill", "overwrite"
_CLIENT_FIELDS = (
    "id",
    *TEXTS,
    "birthday",
    "birthday_md",
    "source",
    "responsible",
    "city",
    "created_at",
    "updated_at",
    "version",
    "deleted_at",
    "own",
)
_CONTACT_FIELDS = ("client", "kind", "service", "value", "key", "label", "is_main")
_ADDRESS_FIELDS = (
    "client",
    "kind",
    "country",
    "region",
    "city",
    "postcode",
    "text",
    "is_main",
    "region_key",
)
_ACCOUNT_FIELDS = ("client", "bank", "bik", "account", "correspondent")
_NUMBER_FIELDS = ("client", "source", "value", "is_primary")


def load_clients(
    rows: Sequence[ClientData],
    *,
    actor: User,
    origin: str = Origin.IMPORT,
    marks: Mapping[str, Any] | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> list[int]:
    """Makes new clients of prepared records; their ids in the same order.

    The caller knows that their numbers are new. `marks` go into each event beside the card.
    `defaults` are values of own fields by name for those that a record says nothing of.
    """
    policy.require(actor, "clients.import")
    if not rows:
        return []
    with transaction.atomic():
        own_in_bulk.give_defaults(rows, defaults or {})
        own_in_bulk.keep_distinct(rows)
        ids = list(reserve_ids(Client, len(rows)))
        pairs = list(zip(ids, rows, strict=True))
        now = timezone.now()
        sources = _sources(row.source for row in rows if row.source)
        count = len(TEXTS)
        insert_rows(
            Client,
            _CLIENT_FIELDS,
            [
                (
                    pk,
                    *msgspec.structs.astuple(row)[:count],
                    row.birthday,
                    row.birthday and row.birthday.month * 100 + row.birthday.day,
                    (row.source and sources[normalise(row.source)[:100]]) or None,
                    row.responsible and row.responsible.id,
                    row.city,
                    _created(row, now),
                    now,
                    1,
                    None,
                    own_in_bulk.as_json(row.own),
                )
                for pk, row in pairs
            ],
        )
        _insert_parts(pairs)
        own_in_bulk.mark((pk, row.own) for pk, row in pairs)
        quality = Loading()
        facts.start((pk, row.city, *quality.values(row, _created(row, now))) for pk, row in pairs)
        write_clients({pk: of_kinds(row.words, row.places) for pk, row in pairs})
        write_texts({pk: row.texts for pk, row in pairs if row.texts})
        # The reader knows nothing of what the search looks for in own fields.
        index_clients(pk for pk, row in pairs if searched_words("client", row.own))
        said = {"version": 1} | dict(marks or {})
        emit_bulk(
            [
                NewEvent(
                    "client.created", pk, "client", pk, {"after": msgspec.Raw(row.told), **said}
                )
                for pk, row in pairs
            ],
            actor=actor,
            origin=origin,
        )
    return ids


def _created(row: ClientData, now: datetime) -> datetime:
    """When the card was made: a day that the source knows, at noon, so that it stays that day."""
    if row.created_on is None or row.created_on >= now.date():
        return now
    return datetime.combine(row.created_on, time(9), tzinfo=UTC)


def _sources(names: Iterable[str]) -> dict[str, int]:
    """The ids of sources by their keys, made where there are none."""
    wanted = {normalise(name)[:100]: clean_line(name)[:100] for name in names}
    if not wanted:
        return {}
    return _named(AcquisitionSource, wanted)


def _named(model: Any, wanted: Mapping[str, str]) -> dict[str, int]:
    known = dict(model.objects.filter(name_key__in=wanted).values_list("name_key", "pk"))
    missing = {key: name for key, name in wanted.items() if key not in known}
    if missing:
        model.objects.bulk_create(
            [model(name=name, name_key=key) for key, name in missing.items()],
            ignore_conflicts=True,
        )
        known |= dict(model.objects.filter(name_key__in=missing).values_list("name_key", "pk"))
    return known


def _insert_parts(pairs: Sequence[tuple[int, ClientData]]) -> None:
    astuple = msgspec.structs.astuple
    _insert(
        ContactPoint,
        _CONTACT_FIELDS,
        [(pk, *astuple(contact)) for pk, row in pairs for contact in row.contacts],
    )
    _insert(
        Address,
        _ADDRESS_FIELDS,
        [
            (pk, *astuple(address), normalise(address.region)[:100])
            for pk, row in pairs
            for address in row.addresses
        ],
    )
    _insert(
        BankAccount,
        _ACCOUNT_FIELDS,
        [(pk, *astuple(account)) for pk, row in pairs for account in row.accounts],
    )
    _insert(
        ExternalId,
        _NUMBER_FIELDS,
        [
            (pk, source, value, place == 0)
            for pk, row in pairs
            for place, (source, value) in enumerate(row.numbers)
        ],
    )
    wanted = {normalise(tag)[:60]: tag[:60] for _pk, row in pairs for tag in row.tags}
    if wanted:
        tags = _named(Tag, wanted)
        _insert(
            ClientTag,
            ("client", "tag"),
            [
                (pk, tag)
                for pk, row in pairs
                for tag in dict.fromkeys(tags[normalise(name)[:60]] for name in row.tags)
            ],
        )


def _insert(model: Any, fields: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    if rows:
        insert_rows(model, fields, rows)


@dataclass(slots=True)
class Kept:
    """A client that the undo left as it is, or left something of, and why."""

    client_id: int
    name: str
    reason: Sentence


# ---- changing known clients ----


@dataclass(slots=True)
class Changed:
    """What became of a known client: `before` and `after` as its event keeps them."""

    client_id: int
    version: int
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(slots=True)
class _Card:
    """A known client with all its parts."""

    row: Client
    contacts: list[ContactPoint] = field(default_factory=list)
    addresses: list[Address] = field(default_factory=list)
    accounts: list[BankAccount] = field(default_factory=list)
    numbers: list[ExternalId] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)


def update_clients(
    pairs: Sequence[tuple[int, ClientData]],
    *,
    actor: User,
    on_match: str = FILL,
    origin: str = Origin.IMPORT,
    marks: Mapping[str, Any] | None = None,
) -> list[Changed | None]:
    """Gives known clients what they lack ("fill") or everything that is given ("overwrite").

    One result per pair, None where nothing changed. Contacts, tags and numbers are only added, for
    nothing that somebody may still need is thrown away. A client may be named once in a call.
    """
    policy.require(actor, "clients.import")
    if on_match == SKIP or not pairs:
        return [None] * len(pairs)
    with transaction.atomic():
        own_in_bulk.keep_distinct([data for _pk, data in pairs], [pk for pk, _data in pairs])
        cards = _cards([pk for pk, _data in pairs])
        change = _Change(on_match, _sources(d.source for _pk, d in pairs if d.source))
        results = [change.merge(cards[pk], data) if pk in cards else None for pk, data in pairs]
        change.write()
        emit_bulk(
            [
                NewEvent(
                    "client.changed",
                    one.client_id,
                    "client",
                    one.client_id,
                    {"before": one.before, "after": one.after, "version": one.version}
                    | dict(marks or {}),
                )
                for one in results
                if one
            ],
            actor=actor,
            origin=origin,
        )
        note_given(one.client_id for one in results if one and "responsible" in one.after)
    return results


def _cards(ids: Sequence[int]) -> dict[int, _Card]:
    rows = Client.objects.select_related("source", "responsible").filter(pk__in=ids)
    if connection.features.has_select_for_update:
        rows = rows.select_for_update(of=("self",), no_key=True)
    cards = {row.pk: _Card(row) for row in rows.order_by("pk")}
    for contact in ContactPoint.objects.filter(client_id__in=cards):
        cards[contact.client_id].contacts.append(contact)
    for address in Address.objects.filter(client_id__in=cards):
        cards[address.client_id].addresses.append(address)
    for account in BankAccount.objects.filter(client_id__in=cards):
        cards[account.client_id].accounts.append(account)
    for number in ExternalId.objects.filter(client_id__in=cards):
        cards[number.client_id].numbers.append(number)
    for mark in ClientTag.objects.filter(client_id__in=cards).select_related("tag"):
        cards[mark.client_id].tags[mark.tag.name_key] = mark.tag.name
    return cards


class _Change:
    """Merges records into cards, then writes all that came out of it at once."""

    def __init__(self, on_match: str, sources: Mapping[str, int]) -> None:
        self._overwrites = on_match == OVERWRITE
        self._sources = AcquisitionSource.objects.in_bulk(list(set(sources.values())))
        self._source_ids = sources
        self._now = timezone.now()
        self._rows: list[Client] = []
        self._added: list[tuple[int, ClientData]] = []
        self._moved: list[Address] = []
        self._numbers: list[ExternalId] = []
        self._marked: list[Client] = []

    def merge(self, card: _Card, data: ClientData) -> Changed | None:
        row = card.row
        before: dict[str, Any] = {}
        after: dict[str, Any] = {}
        for name, old, new in (*self._names(row, data), *self._plain(row, data)):
            if old != new and new:
                before[name], after[name] = _told(old), _told(new)
                setattr(row, name, new)
        if data.own and (changed := own_in_bulk.merge(row, data, overwrites=self._overwrites)):
            before |= changed[0]
            after |= changed[1]
            self._marked.append(row)
        parts = ClientData(name="", name_key="")
        self._contacts(card, data, parts, before, after)
        self._addresses(card, data, parts, before, after)
        self._rest(card, data, parts, before, after)
        if not after:
            return None
        if before.keys() & {"name", "kind", "legal_form", *NAME_PARTS}:
            _rename(row)
        row.birthday_md = row.birthday.month * 100 + row.birthday.day if row.birthday else None
        row.version += 1
        row.updated_at = self._now
        self._rows.append(row)
        self._added.append((row.pk, parts))
        return Changed(row.pk, row.version, before, after)

    def _takes(self, old: Any) -> bool:
        return self._overwrites or not old

    def _names(self, row: Client, data: ClientData) -> list[tuple[str, Any, Any]]:
        nameless = row.kind == "person" and not (row.last_name or row.first_name or row.middle_name)
        if data.is_nameless:
            return []
        if row.kind != data.kind:
            if not (self._overwrites or nameless):
                return []
            names = ("kind", "name", "legal_form") if data.kind == "company" else ("kind",)
            given = [(name, getattr(row, name), getattr(data, name)) for name in names]
            return given + [(part, getattr(row, part), getattr(data, part)) for part in NAME_PARTS]
        if data.kind == "company":
            return [
                (name, getattr(row, name), getattr(data, name))
                for name in ("name", "legal_form")
                if self._takes(getattr(row, name))
            ]
        return [
            (part, getattr(row, part), getattr(data, part))
            for part in NAME_PARTS
            if self._takes(getattr(row, part))
        ]

    def _plain(self, row: Client, data: ClientData) -> list[tuple[str, Any, Any]]:
        given = [
            (name, getattr(row, name), getattr(data, name))
            for name in (*PLAIN, "birthday")
            if self._takes(getattr(row, name))
        ]
        if data.source and self._takes(row.source):
            source = self._sources[self._source_ids[normalise(data.source)[:100]]]
            given.append(("source", row.source, source))
        given_to = data.responsible
        if given_to and given_to.id != row.responsible_id and self._takes(row.responsible):
            given.append(("responsible", row.responsible, User.objects.get(pk=given_to.id)))
        return given

    def _contacts(
        self,
        card: _Card,
        data: ClientData,
        parts: ClientData,
        before: dict[str, Any],
        after: dict[str, Any],
    ) -> None:
        known = {(one.kind, one.key or one.value) for one in card.contacts}
        mains = {one.kind for one in card.contacts if one.is_main}
        parts.contacts = [
            ContactData(one.kind, one.service, one.value, one.key, one.label, False)
            for one in data.contacts
            if (one.kind, one.key or one.value) not in known
        ]
        for contact in parts.contacts:
            contact.is_main = contact.kind not in mains
            mains.add(contact.kind)
        if parts.contacts:
            before["contacts"], after["contacts"] = [], [entry(one) for one in parts.contacts]

    def _addresses(
        self,
        card: _Card,
        data: ClientData,
        parts: ClientData,
        before: dict[str, Any],
        after: dict[str, Any],
    ) -> None:
        gone: list[Any] = []
        come: list[Any] = []
        by_kind = {one.kind: one for one in reversed(card.addresses)}
        for given in data.addresses:
            known = by_kind.get(given.kind)
            if known is None:
                fresh = msgspec.structs.replace(
                    given, is_main=not (card.addresses or parts.addresses)
                )
                parts.addresses = [*parts.addresses, fresh]
                come.append(entry(fresh))
                continue
            old = _address_entry(known)
            for name in ("country", "region", "city", "postcode", "text"):
                if (value := getattr(given, name)) and self._takes(getattr(known, name)):
                    setattr(known, name, value)
            if (new := _address_entry(known)) != old:
                known.region_key = normalise(known.region)[:100]
                gone.append(old)
                come.append(new)
                self._moved.append(known)
        if come:
            before["addresses"], after["addresses"] = gone, come
        mains = [one for one in card.addresses if one.is_main] + card.addresses
        cities = [one.city for one in mains if one.city]
        cities += [one.city for one in parts.addresses if one.city]
        card.row.city = cities[0] if cities else card.row.city

    def _rest(
        self,
        card: _Card,
        data: ClientData,
        parts: ClientData,
        before: dict[str, Any],
        after: dict[str, Any],
    ) -> None:
        accounts = {(one.bik, one.account) for one in card.accounts}
        parts.accounts = [one for one in data.accounts if (one.bik, one.account) not in accounts]
        if parts.accounts:
            before["bank_accounts"], after["bank_accounts"] = (
                [],
                [entry(one) for one in parts.accounts],
            )
        known = {(one.source, one.value) for one in card.numbers}
        has_primary = any(one.is_primary for one in card.numbers)
        for source, value in data.numbers:
            if (source, value) not in known:
                self._numbers.append(
                    ExternalId(
                        client_id=card.row.pk,
                        source=source,
                        value=value,
                        is_primary=not has_primary,
                    )
                )
                after.setdefault("external_ids", []).append(
                    {"source": source, "value": value, "is_primary": not has_primary}
                )
                before["external_ids"] = []
                has_primary = True
        parts.tags = [tag for tag in data.tags if normalise(tag)[:60] not in card.tags]
        if parts.tags:
            before["tags"], after["tags"] = [], [{"name": tag} for tag in parts.tags]

    def write(self) -> None:
        if not self._rows:
            return
        columns = [one.name for one in Client._meta.concrete_fields]
        attributes = [one.attname for one in Client._meta.concrete_fields]
        upsert_rows(
            Client,
            columns,
            [
                [
                    own_in_bulk.as_json(row.own) if name == "own" else getattr(row, name)
                    for name in attributes
                ]
                for row in self._rows
            ],
            key="id",
            update=[name for name in columns if name != "id"],
        )
        _insert_parts(self._added)
        ExternalId.objects.bulk_create(self._numbers, batch_size=1000)
        for address in self._moved:
            address.save()
        own_in_bulk.mark_again((row.pk, row.own or {}) for row in self._marked)
        ids = [row.pk for row in self._rows]
        index_clients(ids)
        facts.refresh(ids, origin=Origin.IMPORT)


def _told(value: Any) -> Any:
    if isinstance(value, AcquisitionSource):
        return value.name
    if isinstance(value, User):
        return as_reference(value)
    return value.isoformat() if hasattr(value, "isoformat") else value or None


def _address_entry(row: Address) -> dict[str, Any]:
    return {
        name: getattr(row, name)
        for name in ("kind", "country", "region", "city", "postcode", "text", "is_main")
    }


def _rename(row: Client) -> None:
    if row.kind == "company":
        shown = naming.read_company(row.name)
        row.name_key = shown.key
        return
    row.legal_form = ""
    row.name, row.name_key = naming.person_name(row.last_name, row.first_name, row.middle_name)


# ---- people of companies ----


@dataclass(slots=True)
class LinkData:
    """A person's place in a company; both are there already."""

    company_id: int
    person_id: int
    position: str = ""


def load_links(
    rows: Sequence[LinkData], *, actor: User, origin: str = Origin.IMPORT
) -> list[int | None]:
    """Puts people into companies; the id of each new link, None where the person was there."""
    policy.require(actor, "clients.import")
    if not rows:
        return []
    with transaction.atomic():
        pairs = {(row.company_id, row.person_id) for row in rows}
        known = CompanyPerson.objects.filter(person_id__in=[row.person_id for row in rows])
        there = pairs & set(known.values_list("company_id", "person_id"))
        new: dict[tuple[int, int], LinkData] = {}
        for row in rows:
            if (pair := (row.company_id, row.person_id)) not in there:
                new.setdefault(pair, row)
        ids = dict(zip(new, reserve_ids(CompanyPerson, len(new)), strict=True)) if new else {}
        insert_rows(
            CompanyPerson,
            ("id", "company", "person", "role", "position", "since", "until"),
            [(ids[pair], *pair, "", row.position[:200], None, None) for pair, row in new.items()],
        )
        emit_bulk(_link_events(new, linked=True), actor=actor, origin=origin)
        _keep_statuses(new, origin)
    results: list[int | None] = []
    for row in rows:
        results.append(ids.pop((row.company_id, row.person_id), None))
    return results


def unload_links(ids: Iterable[int], *, actor: User, origin: str = Origin.RESTORE) -> None:
    """Takes people out of companies again: the undo of `load_links`."""
    policy.require(actor, "clients.import")
    with transaction.atomic():
        links = CompanyPerson.objects.filter(pk__in=list(ids))
        gone = {
            (company, person): LinkData(company, person, position)
            for company, person, position in links.values_list(
                "company_id", "person_id", "position"
            )
        }
        links.delete()
        emit_bulk(_link_events(gone, linked=False), actor=actor, origin=origin)
        _keep_statuses(gone, origin)


def _keep_statuses(links: Iterable[tuple[int, int]], origin: str) -> None:
    companies = {company for company, _person in links}
    hold(sorted(companies))
    keep(companies, cause=Cause.PEOPLE, origin=origin)


def _link_events(links: Mapping[tuple[int, int], LinkData], *, linked: bool) -> list[NewEvent]:
    cards = {
        pk: (name, version)
        for pk, name, version in Client.objects.filter(
            pk__in={pk for pair in links for pk in pair}
        ).values_list("pk", "name", "version")
    }
    events = []
    for (company, person), row in links.items():
        told = [
            {
                "company": company,
                "company_name": cards[company][0],
                "person": person,
                "person_name": cards[person][0],
                "role": "",
                "position": row.position,
            }
        ]
        came, went = (told, []) if linked else ([], told)
        for pk in (company, person):
            data = {
                "before": {"people": went},
                "after": {"people": came},
                "version": cards[pk][1],
            }
            events.append(NewEvent("client.changed", pk, "client", pk, data))
    return events
