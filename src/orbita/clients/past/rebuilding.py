"""What a card held at a moment, worked out from its events.

Two ways lead there: forward from the event that made the card, and back from the card as it is
today. The first is taken when its events are whole; where one of them was erased for privacy, the
other, if that one does not cross the gap. What the events do not explain of today's card was changed
without a record (a user was deleted, a source renamed), and is told as doubtful.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Q

from orbita.clients import card_fields
from orbita.clients.actions.ties import PEOPLE, RELATIONS, ties_of
from orbita.clients.collections import COLLECTIONS, Entry
from orbita.clients.fields.known import is_own
from orbita.clients.models import Client, Merge, StatusMove
from orbita.clients.status.ladder import NOTHING
from orbita.core.events import payload_of
from orbita.core.models import Event, Origin

CREATED, CHANGED = "client.created", "client.changed"
MERGED, UNMERGED = "client.merged", "client.unmerged"
DELETED, RESTORED = "client.deleted", "client.restored"
TELLING = (CREATED, CHANGED, MERGED, UNMERGED)
KINDS = (*TELLING, DELETED, RESTORED)
PARTS = (*COLLECTIONS, PEOPLE, RELATIONS)
# Of a card with more changes than this, the newest are read and all else is not known.
MOST = 3000


@dataclass
class Holding:
    """The fields and the parts of a card, as events keep them."""

    fields: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, list[Entry]] = field(default_factory=dict)

    def part(self, name: str) -> list[Entry]:
        return self.parts.get(name, [])

    def turn(
        self, gone: Mapping[str, Any], come: Mapping[str, Any], aliases: Mapping[int, int]
    ) -> set[str]:
        """Takes one side of a change for the other. Returns the names where that did not fit.

        `aliases` are the cards that were merged at the moment of the change, each with its survivor.
        """
        odd = set()
        for name in {*gone, *come}:
            if name in PARTS:
                if self._turn_part(name, gone.get(name) or [], come.get(name) or [], aliases):
                    odd.add(name)
                continue
            if not card_fields.same(self.fields.get(name), gone.get(name)):
                odd.add(name)
            self.fields[name] = come.get(name)
        return odd

    def _turn_part(
        self,
        name: str,
        gone: Sequence[Entry],
        come: Sequence[Entry],
        aliases: Mapping[int, int],
    ) -> bool:
        known = {_identity(name, entry, aliases) for entry in self.part(name)}
        left = {_identity(name, entry, aliases) for entry in gone}
        new = {_identity(name, entry, aliases) for entry in come}
        rest = [one for one in self.part(name) if _identity(name, one, aliases) not in left | new]
        self.parts[name] = [*rest, *come]
        return bool(left - known) or bool((new - left) & known)


@dataclass
class Past:
    """A card at a moment.

    `doubtful` are names whose value is not certain, `gaps` the moments of changes whose words were
    erased, `cut` says that older events than those read exist. `born` is the event that made the card.
    """

    client_id: int
    at: datetime
    then: Holding
    now: Holding
    events: Sequence[Event]
    place: int  # how many of the events had happened
    born: Event | None
    doubtful: set[str] = field(default_factory=set)
    gaps: list[datetime] = field(default_factory=list)
    cut: bool = False
    step: str | None = None
    step_now: str = NOTHING.step
    merges: Sequence[Merge] = ()
    others: Sequence[Merge] = ()  # of cards that ties name

    @property
    def is_before(self) -> bool:
        """Whether the card had not been made yet."""
        return self.born is not None and self.place == 0

    @property
    def in_bin(self) -> bool:
        kinds = [one.kind for one in self.events[: self.place]]
        moves = [kind for kind in kinds if kind in (DELETED, RESTORED)]
        return bool(moves) and moves[-1] == DELETED

    @property
    def inside(self) -> Merge | None:
        """The merge that this card was part of another one by."""
        return next(
            (one for one in self.merges if self._stood(one) and one.drop_id == self.client_id), None
        )

    @property
    def apart(self) -> list[Merge]:
        """The merges that brought cards in later: these stood apart then."""
        return [
            one
            for one in self.merges
            if one.keep_id == self.client_id and one.undone_at is None and one.merged_at > self.at
        ]

    def _stood(self, merge: Merge) -> bool:
        return merge.merged_at <= self.at and (merge.undone_at is None or merge.undone_at > self.at)

    @cached_property
    def _today(self) -> dict[int, int]:
        return standing(self.others, None)

    def differs(self, name: str) -> bool:
        """Whether the field or the part is another one today."""
        if name in PARTS:
            return self.keys(name, self.then) != self.keys(name, self.now)
        return not card_fields.same(self.then.fields.get(name), self.now.fields.get(name))

    def keys(self, name: str, holding: Holding) -> list[str]:
        """What the entries of a part are compared by: merged cards count as their survivors."""
        return sorted(self.key(name, entry) for entry in holding.part(name))

    def key(self, name: str, entry: Mapping[str, Any]) -> str:
        if name in (PEOPLE, RELATIONS):
            return repr(_tie(name, entry, self._today))
        return repr(sorted(entry.items()))


def standing(merges: Iterable[Merge], at: datetime | None) -> dict[int, int]:
    """Merged card → who answered for it at a moment, today without one."""
    found: dict[int, int] = {}
    for one in merges:
        began = at is None or one.merged_at <= at
        if began and (one.undone_at is None or (at is not None and one.undone_at > at)):
            found[one.drop_id] = one.keep_id
    for card, keep in found.items():
        while keep in found:
            keep = found[keep]
        found[card] = keep
    return found


def _ends(entry: Mapping[str, Any], aliases: Mapping[int, int]) -> list[int]:
    sides = ("client", "other") if "other" in entry else ("company", "person")
    return [aliases.get(entry[side], entry[side]) for side in sides]


def _tie(name: str, entry: Mapping[str, Any], aliases: Mapping[int, int]) -> tuple[Any, ...]:
    ends = _ends(entry, aliases)
    if name == RELATIONS:
        return entry["kind"], sorted(ends), entry["note"]
    return (*ends, entry["role"], entry["position"], entry.get("since"), entry.get("until"))


def _identity(name: str, entry: Mapping[str, Any], aliases: Mapping[int, int]) -> Hashable:
    if name == PEOPLE:
        return tuple(_ends(entry, aliases))
    if name == RELATIONS:
        return entry["kind"], frozenset(_ends(entry, aliases))
    return COLLECTIONS[name].identity(entry)


def card_at(client: Client, *, at: datetime | None = None, event: int | None = None) -> Past:
    """The card at a moment, or right after one of its events. The caller has checked the right."""
    events, cut = _events(client.pk)
    place = _place(events, at, event)
    moment = at or (events[place - 1].happened_at if place else client.created_at)
    now = holding_of(client)
    born = events[0] if events and events[0].kind == CREATED else None
    past = Past(client.pk, moment, now, now, events, place, born, cut=cut)
    past.merges = list(
        Merge.objects.filter(Q(keep_id=client.pk) | Q(drop_id=client.pk)).defer("steps")
    )
    if not past.is_before:
        _rebuild(past)
    _standing(past, client)
    return past


def _events(client_id: int) -> tuple[list[Event], bool]:
    rows = Event.objects.filter(client_id=client_id, kind__in=KINDS).select_related("payload")
    found = list(rows.order_by("-pk")[: MOST + 1])
    return found[:MOST][::-1], len(found) > MOST


def _place(events: Sequence[Event], at: datetime | None, event: int | None) -> int:
    """How many of the events had happened."""
    if event is not None:
        return sum(1 for one in events if one.pk <= event)
    late = (n for n, one in enumerate(events) if at is not None and one.happened_at > at)
    return next(late, len(events))


def holding_of(client: Client) -> Holding:
    """The card as it is."""
    parts = {name: one.current(client) for name, one in COLLECTIONS.items()}
    return Holding(card_fields.plain(client), parts | ties_of(client.pk))


def _rebuild(past: Past) -> None:
    earlier, later = past.events[: past.place], past.events[past.place :]
    past.others = _merges_of(_named(past.events))
    there, gaps_there, _odd = _forward(past, earlier)
    back, gaps_back, odd_back = _backward(past, later)
    is_told = past.born is not None and bool(payload_of(past.born))
    if is_told and (not gaps_there or gaps_back):
        past.then, past.gaps = there, gaps_there
        whole, gaps, _odd = _forward(past, past.events)
        past.doubtful = set() if gaps else _unexplained(past, whole)
    else:
        past.then, past.gaps, past.doubtful = back, gaps_back, odd_back


def _forward(past: Past, events: Sequence[Event]) -> tuple[Holding, list[datetime], set[str]]:
    card = Holding()
    gaps: list[datetime] = []
    odd: set[str] = set()
    if past.born is None:
        return card, gaps, odd
    for one in events:
        data = payload_of(one)
        if one.kind in TELLING and not data:
            gaps.append(one.happened_at)
        if one.kind == UNMERGED and "card" in data:
            card = Holding(dict(data["card"]["fields"]), _copied(data["card"]["parts"]))
        aliases = standing(past.others, one.happened_at)
        odd |= card.turn(data.get("before") or {}, data.get("after") or {}, aliases)
    return card, gaps, odd


def _backward(past: Past, events: Sequence[Event]) -> tuple[Holding, list[datetime], set[str]]:
    card, gaps, odd = Holding(dict(past.now.fields), _copied(past.now.parts)), [], set()
    for one in reversed(events):
        data = payload_of(one)
        if one.kind in TELLING and not data:
            gaps.append(one.happened_at)
        if one.kind != CREATED:
            aliases = standing(past.others, one.happened_at)
            odd |= card.turn(data.get("after") or {}, data.get("before") or {}, aliases)
    return card, gaps[::-1], odd


def _copied(parts: Mapping[str, Any]) -> dict[str, list[Entry]]:
    return {name: list(entries) for name, entries in parts.items()}


def _unexplained(past: Past, whole: Holding) -> set[str]:
    """What is on the card today and does not follow from all its events."""
    proper = {
        name
        for name, value in past.now.fields.items()
        if not card_fields.same(whole.fields.get(name), value)
    }
    parts = {name for name in PARTS if past.keys(name, whole) != past.keys(name, past.now)}
    # The name of a person follows from its parts; a stand-in for one is not told by every event.
    return (proper | parts) - {"name"}


def _named(events: Iterable[Event]) -> set[int]:
    """The cards that the ties of these events name."""
    sides = [payload_of(one).get(side) or {} for one in events for side in ("before", "after")]
    ties = (
        entry for side in sides for name in (PEOPLE, RELATIONS) for entry in side.get(name) or ()
    )
    return {pk for entry in ties for pk in _ends(entry, {})}


def _merges_of(cards: Iterable[int]) -> list[Merge]:
    """The merges that these cards went through, and what they went into; mostly one read."""
    found: dict[int, Merge] = {}
    wanted = set(cards)
    while wanted:
        rows = Merge.objects.filter(drop_id__in=wanted).defer("steps")
        fresh = {row.pk: row for row in rows if row.pk not in found}
        found |= fresh
        wanted = {row.keep_id for row in fresh.values()}
    return [found[pk] for pk in sorted(found)]


def _standing(past: Past, client: Client) -> None:
    """The status then: of the moves, the last before it, if the next one goes on from there."""
    row = getattr(client, "ladder", None)
    past.step_now = row.step if row else NOTHING.step
    moves = list(StatusMove.objects.filter(client=client).order_by("pk"))
    before = [move for move in moves if move.at <= past.at]
    after = [move for move in moves if move.at > past.at]
    ahead = after[0].was if after else past.step_now
    behind = before[-1].step if before else None
    if behind is not None:
        past.step = behind
        if behind != ahead:
            past.doubtful.add("status")
    elif after or (past.born is not None and past.born.origin == Origin.LIVE):
        past.step = ahead
    else:  # whom an import or the first calculation found there, nobody knows since when
        past.doubtful.add("status")


def archived(name: str, past: Past) -> bool:
    """Whether this is an own field that is not in use any more: today's card cannot show it."""
    return is_own(name) and name not in past.now.fields
