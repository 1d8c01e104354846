"""Who stands above whom: head offices above branches, those who recommend above those who came.

A chain goes in no circle. A new link is checked against the chain above it, and of two links written at
once neither sees the other: whoever writes one holds all of the chain.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from django.db import connection, transaction

from orbita.clients.aliases import hold
from orbita.clients.relations import KINDS

# Repeated rows are left out by UNION: it ends in a circle too.
_UP = """
WITH RECURSIVE up (kind, client_id, other_id) AS (
    SELECT kind, client_id, other_id FROM clients_relation
    WHERE kind IN ({kinds}) AND client_id IN ({ids})
    UNION
    SELECT r.kind, r.client_id, r.other_id
    FROM clients_relation r JOIN up ON r.kind = up.kind AND r.client_id = up.other_id
)
SELECT client_id, other_id FROM up
"""
_SINGLE = [str(name) for name, kind in KINDS.items() if kind.single]
_AT_ONCE = 1000


def above(kind: str, ids: Iterable[int]) -> dict[int, int]:
    """Client → who stands above him: for these clients, those above them, and so on to the top."""
    return dict(_links([kind], ids))


def _links(kinds: Sequence[str], ids: Iterable[int]) -> Iterator[tuple[int, int]]:
    wanted = list(ids)
    with connection.cursor() as cursor:
        for start in range(0, len(wanted), _AT_ONCE):
            part = wanted[start : start + _AT_ONCE]
            places = {
                name: ", ".join(["%s"] * len(values))
                for name, values in (("kinds", kinds), ("ids", part))
            }
            cursor.execute(_UP.format(**places), [*kinds, *part])
            yield from cursor.fetchall()


def leads(links: Mapping[int, int], start: int, goal: int) -> bool:
    """Whether `goal` is `start` or stands above it, by links of `above`."""
    seen: set[int] = set()
    current: int | None = start
    while current is not None and current != goal and current not in seen:
        seen.add(current)
        current = links.get(current)
    return current == goal


def leads_to(kind: str, start: int, goal: int) -> bool:
    """Whether `goal` is `start` or stands above it."""
    return leads(above(kind, [start]), start, goal)


def with_chains(ids: Collection[int]) -> set[int]:
    """The clients, and all who stand above them in any way."""
    return {*ids, *(other for _client, other in _links(_SINGLE, ids))}


def hold_chains(ids: Collection[int]) -> None:
    """`hold` for the clients and all above them. When a chain has grown meanwhile, all are let go and
    locked anew, in one order.
    """
    if not connection.features.has_select_for_update:
        return
    while not _held(ids):
        pass


def _held(ids: Collection[int]) -> bool:
    with transaction.atomic():
        wanted = with_chains(ids)
        hold(wanted)
        settled = wanted.issuperset(with_chains(ids))
        if not settled:
            # What a savepoint has locked is let go with it.
            transaction.set_rollback(True)
    return settled
