"""Who of a chunk is known already, and who only looks like somebody known.

By default a client is known by his number in the source alone. Phones and e-mails match only when
asked, and only with an agreeing name: families share them. A sheet of sales names its client again
in every row, so there the rows of one import are compared with one another in the same way.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.models import Client, ContactPoint, ExternalId
from orbita.clients.records import ClientData
from orbita.core.bulk import holding
from orbita.core.sentences import Sentence
from orbita.core.sentences import Sentence as _
from orbita.core.text import normalise
from orbita.gateways.models import Import, ImportChange

KEYED = ("phone", "email")


class Person(NamedTuple):
    """A name as it is compared: what is not known is empty."""

    kind: str
    key: str
    last: str
    first: str
    middle: str


def agree(one: Person, other: Person) -> bool:
    """Whether two names may well be of one person: nothing in them differs, and enough is said.

    Relatives share surnames and phones, so a first name must be there; an initial stands for it.
    """
    if one.kind != other.kind:
        return False
    if one.kind == "company":
        return one.key == other.key
    if not (one.last or one.first) or not (other.last or other.first):
        return True  # a bare contact without any name
    return (
        bool(one.first and other.first)
        and _fits(one.first, other.first)
        and (not one.last or not other.last or one.last == other.last)
        and (not one.middle or not other.middle or _fits(one.middle, other.middle))
    )


def _fits(one: str, other: str) -> bool:
    if one == other:
        return True
    short, long = sorted((one.rstrip("."), other.rstrip(".")), key=len)
    return len(short) == 1 and long.startswith(short)


def person_of(data: ClientData) -> Person:
    return _person(data.kind, data.name_key, data.last_name, data.first_name, data.middle_name)


def _person(kind: str, key: str, last: str, first: str, middle: str) -> Person:
    return Person(kind, key, normalise(last), normalise(first), normalise(middle))


@dataclass(slots=True)
class Found:
    """What is known of one record: the client it is, or one it looks like.

    `twin` is the place of an earlier record of the same chunk that is the same client, `like_twin`
    of one that it looks like.
    """

    client_id: int | None = None
    like_id: int | None = None
    twin: int | None = None
    like_twin: int | None = None
    refused: Sentence | None = None


@dataclass(slots=True)
class _Known:
    """What the base says of a chunk's keys."""

    by_number: dict[tuple[str, str], int] = field(default_factory=dict)
    # (kind, key) → clients; kind is phone, email or inn.
    by_key: dict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(list))
    by_name: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    people: dict[int, Person] = field(default_factory=dict)
    # Clients with a number of this source: another number there is another client.
    numbered: set[int] = field(default_factory=set)
    binned: set[int] = field(default_factory=set)
    mine: set[int] = field(default_factory=set)


class Matcher:
    def __init__(self, batch: Import, actor: User) -> None:
        self._batch, self._actor = batch, actor
        self._match = frozenset(batch.match)
        self._source = batch.source
        # Rows of sales repeat their client: within the import they are compared by themselves.
        self._within = batch.kind in ("sales", "orders")
        # Clients that this chunk has made: the journal does not know them yet.
        self.fresh: set[int] = set()
        self._edits_all = policy.covers_all(actor, "clients.edit")

    def find(self, rows: Sequence[ClientData]) -> list[Found]:
        """One answer per record, in order. Reads the base with a few queries."""
        known = self._read(rows)
        chunk = _Chunk()
        results = []
        for place, row in enumerate(rows):
            found = self._one(row, known, chunk)
            if found.twin is None:
                chunk.add(place, row)
            results.append(found)
        self._refuse(results, known)
        return results

    # -- reading

    def _read(self, rows: Sequence[ClientData]) -> _Known:
        known = _Known()
        numbers = {value for row in rows for _source, value in row.numbers}
        for value, pk in holding(
            ExternalId, "value", numbers, ("value", "client"), "source = %s", [self._source]
        ):
            known.by_number[self._source, value] = pk
        keys = {
            contact.key
            for row in rows
            for contact in row.contacts
            if contact.key and contact.kind in KEYED
        }
        for kind, key, pk in sorted(
            holding(ContactPoint, "key", keys, ("kind", "key", "client")),
            key=lambda found: found[2],
        ):
            if kind in KEYED:
                known.by_key[kind, key].append(pk)
        inns = {row.inn for row in rows if row.inn}
        if inns:
            for inn, pk in (
                Client.objects.filter(inn__in=inns).order_by("pk").values_list("inn", "pk")
            ):
                known.by_key["inn", inn].append(pk)
        if self._within:
            self._read_names(rows, known)
        self._read_people(known)
        return known

    def _read_names(self, rows: Sequence[ClientData], known: _Known) -> None:
        names = {row.name_key for row in rows if not row.numbers and not _keys(row)}
        if names:
            same = Client.objects.filter(name_key__in=names).order_by("pk")
            pairs = list(same.values_list("name_key", "pk"))
            mine = self._mine({pk for _key, pk in pairs})
            for key, pk in pairs:
                if pk in mine:
                    known.by_name[key].append(pk)

    def _read_people(self, known: _Known) -> None:
        ids = {
            pk for group in (known.by_key, known.by_name) for pks in group.values() for pk in pks
        }
        everyone = ids | set(known.by_number.values())
        if ids:
            for pk, *names in Client.objects.filter(pk__in=ids).values_list(
                "pk", "kind", "name_key", "last_name", "first_name", "middle_name"
            ):
                known.people[pk] = _person(*names)
            known.numbered = set(
                ExternalId.objects.filter(client_id__in=ids, source=self._source).values_list(
                    "client_id", flat=True
                )
            )
            if self._within:
                known.mine = self._mine(ids)
        if everyone:
            known.binned = set(
                # With merged cards: what stayed on them is on the survivor as well.
                Client.objects.filter(pk__in=everyone, deleted_at__isnull=False).values_list(
                    "pk", flat=True
                )
            )

    def _mine(self, ids: Collection[int]) -> set[int]:
        """Those of the clients that this import has made or changed."""
        changes = ImportChange.objects.filter(
            batch=self._batch, subject=ImportChange.Subject.CLIENT, subject_id__in=ids
        )
        return set(changes.values_list("subject_id", flat=True)) | self.fresh.intersection(ids)

    # -- deciding

    def _one(self, row: ClientData, known: _Known, chunk: "_Chunk") -> Found:
        # Always: a number is one client's within its source.
        for number in row.numbers:
            if number in known.by_number:
                return Found(known.by_number[number])
            if number in chunk.numbers:
                return Found(twin=chunk.numbers[number])
        keys = _keys(row)
        if self._within and not row.numbers and not keys:
            return self._by_name(row, known, chunk)
        return self._by_keys(row, keys, known, chunk)

    def _by_keys(
        self, row: ClientData, keys: Sequence[tuple[str, str]], known: _Known, chunk: "_Chunk"
    ) -> Found:
        found = Found()
        for kind, key in keys:
            for pk in known.by_key.get((kind, key), ()):
                if pk in known.binned:
                    continue
                if self._is(row, kind, pk, known):
                    return Found(pk)
                found.like_id = found.like_id or pk
            for place, other in chunk.keys.get((kind, key), ()):
                if self._is_twin(row, kind, other):
                    return Found(twin=place)
                found.like_twin = place if found.like_twin is None else found.like_twin
        return found

    def _is(self, row: ClientData, kind: str, pk: int, known: _Known) -> bool:
        if row.numbers and pk in known.numbered:
            return False
        if kind not in self._match and not (self._within and not row.numbers and pk in known.mine):
            return False
        return kind == "inn" or agree(person_of(row), known.people[pk])

    def _is_twin(self, row: ClientData, kind: str, other: ClientData) -> bool:
        if row.numbers and other.numbers:
            return False
        if kind not in self._match and not (self._within and not row.numbers):
            return False
        return kind == "inn" or agree(person_of(row), person_of(other))

    def _by_name(self, row: ClientData, known: _Known, chunk: "_Chunk") -> Found:
        same = known.by_name.get(row.name_key, [])
        if len(same) == 1 and same[0] not in known.binned:
            return Found(same[0])
        if not same and row.name_key in chunk.names:
            return Found(twin=chunk.names[row.name_key])
        return Found(like_id=same[0] if same else None)

    def _refuse(self, results: Iterable[Found], known: _Known) -> None:
        """What the actor may not touch: cards in the bin, and cards of others."""
        results = list(results)
        ids = {one.client_id for one in results if one.client_id}
        mine: Collection[int] = ids
        if ids and not self._edits_all:
            mine = set(
                Client.objects.within(self._actor, "clients.edit")
                .filter(pk__in=ids)
                .values_list("pk", flat=True)
            )
        for one in results:
            if one.client_id in known.binned:
                one.refused = _("The client is in the recycle bin. Restore the card first.")
            elif one.client_id and one.client_id not in mine:
                one.refused = _("The client is known already, and is not yours to change.")


@dataclass(slots=True)
class _Chunk:
    """Clients of the chunk so far, by the place of their records: the base lacks what they bring."""

    numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    keys: dict[tuple[str, str], list[tuple[int, ClientData]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    names: dict[str, int] = field(default_factory=dict)

    def add(self, place: int, row: ClientData) -> None:
        for number in row.numbers:
            self.numbers[number] = place
        for key in _keys(row):
            self.keys[key].append((place, row))
        self.names.setdefault(row.name_key, place)


def _keys(row: ClientData) -> list[tuple[str, str]]:
    keys = [
        (contact.kind, contact.key)
        for contact in row.contacts
        if contact.key and contact.kind in KEYED
    ]
    return [("inn", row.inn), *keys] if row.inn else keys
