"""Cards that were merged into others, who answers for them, and the lock that work on both takes."""

from collections.abc import Callable, Collection

from django.db import connection, transaction
from django.db.models import BigIntegerField

from orbita.clients.models import Alias, Client, Merge


def survivor_id(client_id: int) -> int:
    """Who answers for this number: the survivor of a merged card, else the card itself."""
    if client_id > BigIntegerField.MAX_BIGINT:
        return client_id
    return survivors([client_id]).get(client_id, client_id)


def survivors(client_ids: Collection[int]) -> dict[int, int]:
    """Merged card → its survivor, for those that are merged."""
    rows = Alias.objects.filter(client_id__in=client_ids)
    return dict(rows.values_list("client_id", "survivor_id"))


def merged_into(client_id: int) -> list[int]:
    """The numbers of the cards that this one has taken in."""
    rows = Alias.objects.filter(survivor_id=client_id)
    return list(rows.order_by("client_id").values_list("client_id", flat=True))


_gatherers: list[Callable[[Collection[int]], None]] = []


def on_late_rows(gather: Callable[[Collection[int]], None]) -> None:
    """Says what moves rows that reach a merged card: the actions above this module."""
    _gatherers.append(gather)


def settle(client_ids: Collection[int]) -> None:
    """Moves what has just been written to a merged card on to its survivor, and locks the cards: a
    merge under way waits until it sees the row.

    For actions that were given a card before it was merged: two people at work on it at once.
    Inside the caller's transaction; costs one look at a small table.
    """
    hold(client_ids)
    move_on(client_ids)


def move_on(client_ids: Collection[int]) -> None:
    """`settle` for cards that are locked already."""
    merged = survivors(client_ids)
    if merged:
        for gather in _gatherers:
            gather(merged)


def hold(ids: Collection[int]) -> None:
    """Locks the clients until the transaction ends (on SQLite the writer holds all as it is). Of two
    orders saved at once for one client, neither sees the other: without the lock, the last to write
    its sums would lose the other's.

    What is written to a merged card goes on to its survivor, so the cards on that way are locked with
    it, all in one order. Merged meanwhile, all are let go and locked anew: nobody waits out of order.
    """
    if not connection.features.has_select_for_update:
        return
    while not _held(ids):
        pass


def _held(ids: Collection[int]) -> bool:
    with transaction.atomic():
        wanted = _with_survivors(ids)
        cards = Client.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")
        list(cards.values_list("pk", flat=True))
        settled = wanted.issuperset(_with_survivors(ids))
        if not settled:
            # What a savepoint has locked is let go with it.
            transaction.set_rollback(True)
    return settled


def _with_survivors(client_ids: Collection[int]) -> set[int]:
    """The cards, and those that a row written to them goes on to: merge by merge to the survivor."""
    found = set(client_ids)
    merged = set(survivors(client_ids))
    while merged:
        standing = Merge.objects.filter(drop_id__in=merged, undone_at=None)
        merged = set(standing.values_list("keep_id", flat=True)) - found
        found |= merged
    return found
