"""How this room's own rows are merged: what makes two of them the same, segments, known pairs."""

from collections.abc import Callable, Hashable
from typing import Any

from orbita.clients.collections import COLLECTIONS
from orbita.clients.mergers import Column, Merger, Work
from orbita.clients.models import (
    Address,
    BankAccount,
    ClientMark,
    ContactPoint,
    DuplicatePair,
    Segment,
)


def _same(name: str) -> Callable[[Any], Hashable]:
    collection = COLLECTIONS[name]

    def identity(row: Any) -> Hashable:
        return collection.identity({column: getattr(row, column) for column in collection.columns})

    return identity


def _take_in(work: Work) -> None:
    _into_segments(work)
    _into_pairs(work)


def _into_segments(work: Work) -> None:
    """A segment that names the merged card by its number names the survivor too."""
    for segment in Segment.objects.order_by("pk"):
        rule = _with(segment.rule, work.drop.pk, work.keep.pk)
        if rule != segment.rule:
            work.set(segment, {"rule": rule})


def _with(rule: Any, drop: int, keep: int) -> Any:
    if isinstance(rule, list):
        return [_with(one, drop, keep) for one in rule]
    if not isinstance(rule, dict):
        return rule
    listed = rule.get("value")
    if rule.get("fact") == "number" and isinstance(listed, list):
        if drop in listed and keep not in listed:
            return rule | {"value": [*listed, keep]}
        return rule
    return {name: _with(value, drop, keep) for name, value in rule.items()}


def _into_pairs(work: Work) -> None:
    """What is known of the merged card and third ones is known of the survivor: «not the same»."""
    keep, drop = work.keep.pk, work.drop.pk
    pairs = DuplicatePair.objects.exclude(status=DuplicatePair.Status.MERGED)
    theirs = [*pairs.filter(a_id=drop), *pairs.filter(b_id=drop)]
    known = {pair.b_id for pair in DuplicatePair.objects.filter(a_id=keep)}
    known |= {pair.a_id for pair in DuplicatePair.objects.filter(b_id=keep)}
    for pair in theirs:
        other = pair.a_id if pair.b_id == drop else pair.b_id
        if other == keep or other in known:
            continue
        known.add(other)
        pair.pk = None
        pair.a_id, pair.b_id = sorted((keep, other))
        work.add(pair)


def _both(mine: str, theirs: str) -> str:
    """Both comments, unless one says what the other does."""
    if theirs in mine:
        return mine
    return theirs if mine in theirs else f"{mine}\n{theirs}"


MERGER = Merger(
    "clients",
    alike={
        ContactPoint: _same("contacts"),
        Address: _same("addresses"),
        BankAccount: _same("bank_accounts"),
        ClientMark: lambda row: row.mark,
    },
    merge=_take_in,
)
COLUMNS = (Column("comment", _both), Column("created_at", min))
