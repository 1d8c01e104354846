"""Cards that were merged into others, and who answers for them."""

from collections.abc import Callable, Collection

from django.db.models import BigIntegerField

from orbita.clients.models import Alias


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
    """Moves what has just been written to a merged card on to its survivor.

    For actions that were given a card before it was merged: two people at work on it at once.
    Inside the caller's transaction; costs one look at a small table.
    """
    merged = survivors(client_ids)
    if merged:
        for gather in _gatherers:
            gather(merged)
