"""Keeps `ClientFacts` equal to its sources. Upper rooms register what they know of a client.

An action that changes orders, balances or contacts calls `refresh` for the clients it touched, in
its own transaction. `compare` computes everything anew and says where the kept rows differ.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Min

from orbita.clients.aliases import hold, move_on
from orbita.clients.models import Client, ClientFacts
from orbita.core.backup import BackupError
from orbita.core.bulk import insert_rows, upsert_rows
from orbita.core.models import Origin
from orbita.core.registry import Registry
from orbita.core.sentences import Sentence as _
from orbita.core.text import normalise

CHUNK = 2000
# Of a restored copy: so many clients in a row, at so many places of the base.
SAMPLE, SAMPLES = 50, 9


@dataclass(frozen=True)
class Recorder:
    """Some columns of the facts row and how to compute them.

    `compute(ids)` returns client id → column → value; a client it leaves out gets the defaults.
    """

    name: str
    columns: tuple[str, ...]
    compute: Callable[[Sequence[int]], Mapping[int, Mapping[str, Any]]]


RECORDERS: Registry[Recorder] = Registry("facts recorder")


@dataclass(frozen=True)
class Follower:
    """Something worked out from the facts row: `keep(ids, origin)` runs after it, with it or never."""

    name: str
    keep: Callable[[Sequence[int], str], None]


FOLLOWERS: Registry[Follower] = Registry("facts follower")


@dataclass(frozen=True)
class Difference:
    client_id: int
    column: str
    kept: Any
    computed: Any


def refresh(
    client_ids: Iterable[int], *, but: Sequence[str] = (), origin: str = Origin.LIVE
) -> None:
    """Computes the facts of these clients anew and stores them, inside the caller's transaction.

    `but` names recorders whose sources the caller knows that it has not touched. `origin` says why,
    as for events: what follows from a load is no news to anybody.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("facts are refreshed in the transaction that changed their source")
    for ids in _chunks(sorted(set(client_ids))):
        hold(ids)
        columns = _columns(but)
        rest = _defaults(set(_fields()) - {"client_id", *columns})
        upsert_rows(
            ClientFacts,
            ("client_id", *columns, *rest),
            (
                (pk, *(values[name] for name in columns), *rest.values())
                for pk, values in _computed(ids, but).items()
            ),
            key="client_id",
            update=columns,
        )
        for follower in FOLLOWERS:
            follower.keep(ids, origin)
        move_on(ids)


def start(rows: Iterable[tuple[int, str, int, int, date | None]]) -> None:
    """The facts rows of new clients: id, city, completeness, problems, the day to check from.

    Nothing else is known of them yet.
    """
    known = ("client_id", "city_key", "completeness", "problems", "check_on")
    rest = _defaults(set(_fields()) - set(known))
    insert_rows(
        ClientFacts,
        (*known, *rest),
        ((pk, normalise(city)[:100], *values, *rest.values()) for pk, city, *values in rows),
    )


def compare() -> Iterator[Difference]:
    """Every kept value that differs from its source; nothing when all facts are true."""
    ids = Client.objects.order_by("pk").values_list("pk", flat=True).iterator()
    for chunk in _chunks(ids):
        yield from _differences(chunk)


def sample_agrees() -> int:
    """Compares the facts of a sample: the first clients, the last, and some between.

    Returns how many; raises `BackupError` when one differs from its sources.
    """
    ends = Client.objects.aggregate(first=Min("pk"), last=Max("pk"))
    if ends["first"] is None:
        return 0
    first, last = ends["first"], ends["last"]
    ids: set[int] = set()
    for part in range(SAMPLES + 1):
        start = first + (last - first) * part // SAMPLES
        some = Client.objects.filter(pk__gte=start).order_by("pk")
        ids.update(some.values_list("pk", flat=True)[:SAMPLE])
    for wrong in _differences(sorted(ids)):
        raise BackupError(
            _("%(fact)s of client %(client)s differs from its sources")
            % {"fact": wrong.column, "client": wrong.client_id}
        )
    return len(ids)


def _differences(ids: Sequence[int]) -> Iterator[Difference]:
    kept = ClientFacts.objects.in_bulk(ids)
    for pk, values in _computed(ids).items():
        for column, computed in values.items():
            value = getattr(kept[pk], column) if pk in kept else None
            if value != computed:
                yield Difference(pk, column, value, computed)


@dataclass(frozen=True)
class Rebuilt:
    """Progress of `rebuild`: clients looked at so far, and how many of their rows differed."""

    checked: int
    differing: int


def rebuild(*, write: bool = True) -> Iterator[Rebuilt]:
    """Computes all facts anew in chunks and stores those that differ, each chunk in its own
    transaction; yields after every chunk. Memory does not grow with the base.
    """
    checked = differing = last = 0
    while ids := list(
        Client.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:CHUNK]
    ):
        wrong = {one.client_id for one in _differences(ids)}
        if wrong and write:
            with transaction.atomic():
                refresh(wrong, origin=Origin.RESTORE)
        checked, differing, last = checked + len(ids), differing + len(wrong), ids[-1]
        yield Rebuilt(checked, differing)


def _columns(but: Sequence[str] = ()) -> list[str]:
    return [column for recorder in _recorders(but) for column in recorder.columns]


def _recorders(but: Sequence[str]) -> list[Recorder]:
    return [recorder for recorder in RECORDERS if recorder.name not in but]


def _fields() -> list[str]:
    return [field.attname for field in ClientFacts._meta.concrete_fields]


def _defaults(names: Iterable[str]) -> dict[str, Any]:
    blank = ClientFacts()
    return {name: getattr(blank, name) for name in names}


def _computed(ids: Sequence[int], but: Sequence[str] = ()) -> dict[int, dict[str, Any]]:
    defaults = _defaults(_columns(but))
    values = {pk: dict(defaults) for pk in ids}
    for recorder in _recorders(but):
        for pk, known in recorder.compute(ids).items():
            values[pk].update(known)
    return values


def _chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    iterator = iter(ids)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk
