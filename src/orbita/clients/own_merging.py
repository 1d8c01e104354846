"""How this room's own rows are merged: what makes two of them the same, segments, known pairs."""

from collections.abc import Callable, Hashable
from typing import Any

from orbita.clients.chains import leads_to
from orbita.clients.collections import COLLECTIONS
from orbita.clients.mergers import Column, Merger, Work
from orbita.clients.models import (
    Address,
    BankAccount,
    ClientMark,
    ContactPoint,
    DuplicatePair,
    Relation,
    Segment,
)
from orbita.clients.relations import KINDS, relations_of


def _same(name: str) -> Callable[[Any], Hashable]:
    collection = COLLECTIONS[name]

    def identity(row: Any) -> Hashable:
        return collection.identity({column: getattr(row, column) for column in collection.columns})

    return identity


def _take_in(work: Work) -> None:
    _into_segments(work)
    _into_pairs(work)
    _into_relations(work)


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


def _into_relations(work: Work) -> None:
    """The relatives of the merged card are the survivor's, but for himself and those he has."""
    known = {bond for row in relations_of(work.keep.pk) for bond in _bonds(row)}
    for name in ("client", "other"):
        going = []
        for row in Relation.objects.filter(**{name: work.drop.pk}).order_by("pk"):
            setattr(row, f"{name}_id", work.keep.pk)
            bonds = _bonds(row)
            if row.client_id == row.other_id or known & bonds or _closes_circle(row):
                continue
            known |= bonds
            going.append(row.pk)
        work.move(Relation, name, going)


def _bonds(row: Relation) -> set[Hashable]:
    """What there may be no second of: two clients once, one head office, one recommendation."""
    bonds: set[Hashable] = {(row.kind, frozenset((row.client_id, row.other_id)))}
    return bonds | {(row.kind, row.client_id)} if KINDS[row.kind].single else bonds


def _closes_circle(row: Relation) -> bool:
    return KINDS[row.kind].single and leads_to(row.kind, row.other_id, row.client_id)


def _both(mine: str, theirs: str) -> str:
    """Both comments, unless one says what the other does."""
    if theirs in mine:
        return mine
    return theirs if mine in theirs else f"{mine}\n{theirs}"


MERGER = Merger(
    "clients",
    # The two sides are moved together: equals may stand in either order.
    stays=(Relation,),
    alike={
        ContactPoint: _same("contacts"),
        Address: _same("addresses"),
        BankAccount: _same("bank_accounts"),
        ClientMark: lambda row: row.mark,
    },
    merge=_take_in,
)
COLUMNS = (Column("comment", _both), Column("created_at", min))
