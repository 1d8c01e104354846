"""How rows of any room go from a merged card to the survivor and come back.

Every table that refers to a client is moved by one general rule: its rows get the survivor's key;
a row that the survivor has the like of (by a unique constraint, or by `alike`) stays where it is,
with the merged card; a row that is the main one of its kind gives that up when the survivor has a
main one. Nothing is deleted, so an undo moves back what was moved. A room whose rows need more
registers a `Merger` from its `room.py`.

Each thing done is a step, kept with the merge as JSON and undone from the last to the first:
`["move", model, field, [keys]]`, `["set", model, key, {column: [before, after]}]` and
`["add", model, key, {column: value}]`. A row that was
deleted or given to somebody else since stays so; a column that holds another value now keeps it.
"""

import random
import time
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.apps import apps
from django.db import IntegrityError, OperationalError, models, transaction

from orbita.clients.chains import with_chains
from orbita.clients.derived import DERIVED
from orbita.clients.models import Client, ClientFacts, Merge
from orbita.core.registry import Registry

Step = list[Any]
RETRIES, PAUSE = 7, 0.2  # seconds


@dataclass
class Work:
    """A merge under way, or its undo: both cards are locked, `drop` goes into `keep`.

    `late` says that the cards were merged before, and rows have reached the merged one since.
    """

    keep: Client
    drop: Client
    actor: Any = None
    late: bool = False
    # The number of the merge that is being taken back.
    undone: int = 0
    steps: list[Step] = field(default_factory=list)
    # Model label → rows moved, for the event.
    moved: dict[str, int] = field(default_factory=dict)
    # What an undo could not bring back: labels of models and names of columns.
    kept: list[str] = field(default_factory=list)
    # Of an undo, card → the version it had before the merge and has now, if nothing else changed it.
    restored: dict[int, tuple[int, int]] = field(default_factory=dict)

    def move(self, model: Any, name: str, keys: Sequence[Any]) -> None:
        """Gives the rows of the merged card to the survivor."""
        if not keys:
            return
        column = model._meta.get_field(name).attname
        rows = model._base_manager.filter(**{column: self.drop.pk})
        count = 0
        for part in _parts(keys):
            count += rows.filter(pk__in=part).update(**{column: self.keep.pk})
        self.steps.append(["move", model._meta.label_lower, name, list(keys)])
        self.moved[model._meta.label_lower] = self.moved.get(model._meta.label_lower, 0) + count

    def set(self, row: Any, values: Mapping[str, Any]) -> dict[str, list[Any]]:
        """Changes columns of a row; returns column → [before, after] of those that differ."""
        told: dict[str, list[Any]] = {}
        for name, value in values.items():
            column = row._meta.get_field(name)
            before, after = plain(getattr(row, column.attname)), plain(value)
            if before != after:
                told[column.attname] = [before, after]
                setattr(row, column.attname, value)
        if told:
            type(row)._base_manager.filter(pk=row.pk).update(
                **{name: getattr(row, name) for name in told}
            )
            self.steps.append(["set", row._meta.label_lower, row.pk, told])
        return told

    def note(self, label: str, value: Any) -> None:
        """Keeps what a room's own `undo` needs to know (JSON)."""
        self.steps.append(["note", label, value])

    def add(self, row: Any) -> None:
        """Writes a new row; the undo takes it away unless it was changed since."""
        row.save(force_insert=True)
        self.steps.append(["add", row._meta.label_lower, row.pk, _values(row)])


@dataclass(frozen=True)
class Merger:
    """What a room does about a merge besides, or instead of, the general rule.

    `stays` are models whose rows stay with the merged card. `alike` gives, for a model, what makes
    two rows the same. `first` are models whose rows are locked before the cards are, because the
    room's own actions lock in that order. `merge` and `undo` do the rest; `undo` runs when the rows
    are back, `settled` when what follows from them has been calculated anew.
    """

    name: str
    stays: tuple[Any, ...] = ()
    alike: Mapping[Any, Callable[[Any], Hashable]] = field(default_factory=dict)
    first: tuple[Any, ...] = ()
    merge: Callable[[Work], None] | None = None
    undo: Callable[[Work, Merge], None] | None = None
    settled: Callable[[Work, Merge], None] | None = None


@dataclass(frozen=True)
class Column:
    """How a column of the card itself is merged: `join(survivor's, merged one's)`.

    Without one, a value that the survivor lacks is taken from the merged card.
    """

    name: str
    join: Callable[[Any, Any], Any]


MERGERS: Registry[Merger] = Registry("merger")
COLUMNS: Registry[Column] = Registry("merged column")


def hold_cards(ids: Collection[int], moving: int) -> dict[int, Client]:
    """The cards by id, locked in their order with all that stand above them, after the rows of `moving`
    that other actions lock first.

    Another such row may come meanwhile, held by somebody who waits for a card: all is let go then, and
    tried again.
    """
    for _attempt in range(RETRIES):
        with suppress(OperationalError):
            return _hold_cards(ids, moving)
        time.sleep(PAUSE * random.random())  # noqa: S311
    return _hold_cards(ids, moving)


def _hold_cards(ids: Collection[int], moving: int) -> dict[int, Client]:
    # What a savepoint has locked is let go with it.
    with transaction.atomic():
        _hold_first(moving)
        wanted = with_chains(ids)
        rows = Client.objects.select_for_update(of=("self",), no_key=True).order_by("pk")
        cards = {row.pk: row for row in rows.filter(pk__in=wanted)}
        _hold_first(moving, nowait=True)
        if not wanted.issuperset(with_chains(ids)):
            raise OperationalError("A chain has grown meanwhile.")
        return {pk: card for pk, card in cards.items() if pk in ids}


def _hold_first(client_id: int, *, nowait: bool = False) -> None:
    for merger in MERGERS:
        for model in merger.first:
            rows = model._base_manager.filter(client_id=client_id).order_by("pk")
            held = rows.select_for_update(no_key=True, nowait=nowait)
            list(held.values_list("pk", flat=True))


def take_rows(work: Work) -> None:
    """Moves everything that refers to the merged card."""
    stays = {model for merger in MERGERS for model in merger.stays}
    stays |= {ClientFacts, *(derived.model for derived in DERIVED)}
    alike = {model: same for merger in MERGERS for model, same in merger.alike.items()}
    for relation in relations():
        if relation.related_model not in stays:
            _take(work, relation.related_model, relation.field, alike.get(relation.related_model))
    for merger in MERGERS:
        if merger.merge:
            merger.merge(work)


def relations() -> list[Any]:
    """Every foreign key to a client that the database keeps."""
    return [
        one
        for one in Client._meta.related_objects
        if one.field.concrete and not one.many_to_many and one.related_model._meta.managed
    ]


def _take(work: Work, model: Any, key: Any, alike: Callable[[Any], Hashable] | None) -> None:
    rows = model._base_manager
    rivals = [rule for rule in _unique_rules(model) if key.name in rule.fields]
    others = [
        each.attname
        for each in model._meta.concrete_fields
        if each.is_relation and each.related_model is Client and each is not key
    ]
    if not rivals and not others and not alike:
        work.move(model, key.name, _keys(rows.filter(**{key.attname: work.drop.pk})))
        return
    theirs = list(rows.filter(**{key.attname: work.drop.pk}).order_by("pk"))
    if not theirs:
        return
    table = _Table(key, rivals, alike)
    for row in rows.filter(**{key.attname: work.keep.pk}):
        table.count(row)
    going = []
    for row in theirs:
        # Nobody is his own relative or recommends himself.
        if any(getattr(row, name) == work.keep.pk for name in others) or not table.lets(row):
            continue
        if flags := table.flags(row):
            work.set(row, dict.fromkeys(flags, False))
        table.count(row)
        going.append(row.pk)
    work.move(model, key.name, going)


@dataclass
class _Table:
    """What the survivor has of one table already."""

    key: Any
    rivals: Sequence["_Unique"]
    alike: Callable[[Any], Hashable] | None
    known: set[Hashable] = field(default_factory=set)

    def count(self, row: Any) -> None:
        self.known.update((rule, rule.of(row, self.key)) for rule in self.rivals if rule.holds(row))
        if self.alike:
            self.known.add(self.alike(row))

    def lets(self, row: Any) -> bool:
        """Whether the survivor has no such row, but for one that is the main one like this."""
        if self.alike and self.alike(row) in self.known:
            return False
        return all(rule.flag for rule in self._clashes(row))

    def flags(self, row: Any) -> list[str]:
        return [rule.flag for rule in self._clashes(row)]

    def _clashes(self, row: Any) -> list["_Unique"]:
        return [
            rule
            for rule in self.rivals
            if rule.holds(row) and (rule, rule.of(row, self.key)) in self.known
        ]


@dataclass(frozen=True)
class _Unique:
    """A unique constraint. `flag` is the column that makes a row the main one, when that is all."""

    fields: tuple[str, ...]
    condition: tuple[tuple[str, Any], ...] = ()
    flag: str = ""

    def of(self, row: Any, key: Any) -> tuple[Any, ...]:
        columns = (row._meta.get_field(name) for name in self.fields)
        return tuple(getattr(row, each.attname) for each in columns if each.name != key.name)

    def holds(self, row: Any) -> bool:
        return all(getattr(row, name, value) == value for name, value in self.condition)


def _unique_rules(model: Any) -> list[_Unique]:
    rules = [_Unique((each.name,)) for each in model._meta.concrete_fields if each.unique]
    rules += [_Unique(tuple(names)) for names in model._meta.unique_together]
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            rules.append(_rule(constraint))
    return rules


def _rule(constraint: models.UniqueConstraint) -> _Unique:
    terms = constraint.condition.children if constraint.condition else []
    # Lookups that are not a plain equality leave the row where it is, to be safe.
    known = tuple(term for term in terms if isinstance(term, tuple) and "__" not in term[0])
    flag = known[0][0] if len(terms) == 1 and len(known) == 1 and known[0][1] is True else ""
    return _Unique(tuple(constraint.fields), known, flag)


# ---- the way back ----


def give_back(work: Work, steps: Iterable[Step]) -> None:
    """Undoes the steps from the last to the first; what cannot be put back is in `work.kept`."""
    for kind, label, *rest in reversed(list(steps)):
        if kind == "note":
            continue
        try:
            model = apps.get_model(label)
        except LookupError:
            continue
        if kind == "move":
            _move_back(work, model, *rest)
        elif kind == "add":
            _take_away(work, model, *rest)
        else:
            _set_back(work, model, *rest)


def _move_back(work: Work, model: Any, name: str, keys: Sequence[Any]) -> None:
    key_field = model._meta.get_field(name)
    column = key_field.attname
    rows = model._base_manager.filter(**{column: work.keep.pk})
    if key_field.primary_key:
        keys = [work.keep.pk]
    count = 0
    for part in _parts(keys):
        try:
            with transaction.atomic():
                count += rows.filter(pk__in=part).update(**{column: work.drop.pk})
        except IntegrityError:
            count += sum(_one_back(rows, key, {column: work.drop.pk}) for key in part)
    work.moved[model._meta.label_lower] = work.moved.get(model._meta.label_lower, 0) + count
    if count < len(keys):
        work.kept.append(model._meta.label_lower)


def _one_back(rows: Any, key: Any, values: Mapping[str, Any]) -> int:
    try:
        with transaction.atomic():
            return int(rows.filter(pk=key).update(**values))
    except IntegrityError:
        return 0


def _set_back(work: Work, model: Any, key: Any, told: Mapping[str, list[Any]]) -> None:
    row = model._base_manager.filter(pk=key).first()
    if row is None:
        return
    back = {}
    for name, (before, after) in told.items():
        if _hand_down(work, row, name, before, after):
            continue
        current = plain(getattr(row, name))
        if current == after:
            back[name] = model._meta.get_field(name).to_python(before)
        elif current != before:
            work.kept.append(name)
    if back and not _one_back(model._base_manager, key, back):
        work.kept += list(back)


def _take_away(work: Work, model: Any, key: Any, values: Mapping[str, Any]) -> None:
    row = model._base_manager.filter(pk=key).first()
    if row is not None and _values(row) == values:
        row.delete()
    elif row is not None and not _hand_down_added(work, row, values):
        work.kept.append(model._meta.label_lower)


def _values(row: Any) -> dict[str, Any]:
    return {each.attname: plain(getattr(row, each.attname)) for each in row._meta.concrete_fields}


def _hand_down(work: Work, row: Any, name: str, before: Any, after: Any) -> bool:
    """A later merge has changed the value again: it will put back what was before this one."""
    for merge, told in _later_changes(work, row):
        if name in told:
            if told[name][0] != after:
                return False  # somebody changed it between the merges
            told[name][0] = before
            merge.save(update_fields=["steps"])
            return True
    return False


def _hand_down_added(work: Work, row: Any, values: Mapping[str, Any]) -> bool:
    """A later merge has changed the row that this one wrote: its undo will take it away."""
    for merge, told in _later_changes(work, row):
        before = {name: change[0] for name, change in told.items()}
        after = {name: change[1] for name, change in told.items()}
        if {**values, **before} == values and {**values, **after} == _values(row):
            merge.steps = [["add", row._meta.label_lower, row.pk, dict(values)], *merge.steps]
            merge.save(update_fields=["steps"])
            return True
    return False


def _later_changes(work: Work, row: Any) -> Iterator[tuple[Merge, dict[str, list[Any]]]]:
    """What the merges into the survivor that came after the one taken back have set of this row."""
    rows = Merge.objects.filter(keep_id=work.keep.pk, undone_at=None, pk__gt=work.undone)
    for merge in rows.order_by("pk"):
        for step in merge.steps:
            if step[:3] == ["set", row._meta.label_lower, row.pk]:
                yield merge, step[3]


def plain(value: Any) -> Any:
    """A column's value as the steps keep it."""
    return value.isoformat() if isinstance(value, date) else value


def _keys(rows: Any) -> list[Any]:
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _parts(keys: Sequence[Any], size: int = 5000) -> Iterable[Sequence[Any]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))
