"""Checking the chain: one pass over seals and events side by side, in bounded memory."""

import contextlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django.db import connection

from orbita.core.backup import BackupError
from orbita.core.events import commitment
from orbita.core.models import EventGap, EventSeal
from orbita.core.seals import encoding, problems
from orbita.core.seals.checkpoints import Checkpoint
from orbita.core.seals.encoding import MARK, WIDTH
from orbita.core.seals.problems import BrokenError, Verified

SEALS_AT_ONCE = 200
ROWS_AT_ONCE = 5000
_KIND, _COMMITMENT, _SALT, _DATA = 3, WIDTH - 1, WIDTH, WIDTH + 1


def verify(
    checkpoints: Iterable[Checkpoint] = (), *, report: Callable[[int], object] | None = None
) -> Verified:
    """Checks the log of the current connection against its seals, and them against checkpoints.

    Nothing is written, and others may go on writing. `report(count)` hears now and then how many
    events were read.
    """
    check = _Check(report)
    problem = None
    try:
        check.run(checkpoints)
    except BrokenError as broken:
        problem = broken.said
    return Verified(
        ok=problem is None,
        count=check.count,
        unsealed=check.unsealed,
        erased=check.erased,
        seals=check.last.number,
        checkpoints=check.compared,
        problem=problem,
        sealed_until=check.last.sealed_at if check.last.number else None,
    )


def chain_holds() -> int:
    """How many events the chain holds together, in a restored copy; raises `BackupError` when not."""
    done = verify()
    if done.problem is not None:
        raise BackupError(done.problem)
    return done.count


class _Check:
    def __init__(self, report: Callable[[int], object] | None) -> None:
        self._report = report
        self._signed: dict[int, list[Checkpoint]] = defaultdict(list)
        self.last = EventSeal(number=0, last_id=0, total=0, digest=b"")
        self.count = self.unsealed = self.erased = self.compared = 0
        # Events found where a seal had none yet: a later link must name them.
        self._waiting: dict[int, tuple[bytes, str]] = {}

    def run(self, checkpoints: Iterable[Checkpoint]) -> None:
        for one in checkpoints:
            if one not in self._signed[one.seal]:
                self._signed[one.seal].append(one)
        for row in _events(-(2**63), 0):
            raise BrokenError(problems.inserted_event(row[0], str(row[_KIND])))
        while seals := self._next_seals():
            rows = _Ahead(_events(self.last.last_id + 1, seals[-1].last_id))
            for seal in seals:
                self._seal(seal)
                self._batch(seal, rows)
                self.last = seal
        self._end()

    def _next_seals(self) -> list[EventSeal]:
        later = EventSeal.objects.filter(number__gt=self.last.number)
        return list(later.order_by("number")[:SEALS_AT_ONCE])

    def _seal(self, seal: EventSeal) -> None:
        """The link itself: in its place, unchanged, and the one that was signed."""
        if seal.number != self.last.number + 1:
            raise BrokenError(problems.missing_seal(self.last.number + 1))
        if not self._follows(seal):
            raise BrokenError(problems.changed_seal(seal.number, seal.first_id, seal.last_id))
        for signed in self._signed.get(seal.number, ()):
            self.compared += 1
            if signed.digest != bytes(seal.digest):
                raise BrokenError(
                    problems.other_than_signed(seal.number, seal.last_id, signed.signed_at)
                )

    def _follows(self, seal: EventSeal) -> bool:
        # SQLite keeps whatever type was written: what no seal can hold was not written by us.
        with contextlib.suppress(AttributeError, OverflowError, TypeError, ValueError):
            return (
                seal.first_id == self.last.last_id + 1
                and seal.last_id >= self.last.last_id
                and encoding.seal_digest(seal, bytes(self.last.digest)) == bytes(seal.digest)
            )
        return False

    def _batch(self, seal: EventSeal, rows: "_Ahead") -> None:
        """The events of a link, compared as they come: the first that differs is named."""
        expected = _expected(seal)
        place, leaves = 0, []
        wanted = next(expected, None)
        for row in rows.until(seal.last_id):
            key, leaf = row[0], encoding.leaf(row)
            self._payload(row)
            if wanted is not None and wanted < key:
                raise BrokenError(problems.deleted_event(wanted, seal.number))
            if wanted != key:
                self._waiting[key] = leaf, str(row[_KIND])
                if len(self._waiting) > ROWS_AT_ONCE * 20:
                    raise BrokenError(problems.inserted_event(key, str(row[_KIND])))
                continue
            self._compare(seal, place, key, leaf, str(row[_KIND]))
            leaves.append((key, leaf))
            place, wanted = place + 1, next(expected, None)
        if wanted is not None:
            raise BrokenError(problems.deleted_event(wanted, seal.number))
        for key in json.loads(seal.late):
            leaf, kind = self._late(key, seal.number)
            self._compare(seal, place, key, leaf, kind)
            leaves.append((key, leaf))
            place += 1
        content, marks = encoding.content(leaves)
        if content != bytes(seal.content) or marks != bytes(seal.marks):
            raise BrokenError(problems.changed_somewhere(seal.first_id, seal.last_id))
        if len(leaves) != seal.count or seal.total != self.last.total + seal.count:
            raise BrokenError(problems.changed_seal(seal.number, seal.first_id, seal.last_id))
        self.count += len(leaves)
        if self._report:
            self._report(self.count)

    def _compare(self, seal: EventSeal, place: int, key: int, leaf: bytes, kind: str) -> None:
        marks = bytes(seal.marks)
        if marks[place * MARK : (place + 1) * MARK] == leaf[:MARK]:
            return
        keys = [*_expected(seal), *json.loads(seal.late)]
        for other, start in zip(keys, range(0, len(marks), MARK), strict=False):
            if other != key and marks[start : start + MARK] == leaf[:MARK]:
                raise BrokenError(problems.moved_event(key, other))
        when = encoding.moment(seal.sealed_at)[:19]
        raise BrokenError(problems.changed_event(key, when, kind))

    def _late(self, key: int, number: int) -> tuple[bytes, str]:
        if key in self._waiting:
            return self._waiting.pop(key)
        # It was committed after this pass had gone by.
        for row in _events(key, key):
            return encoding.leaf(row), str(row[_KIND])
        raise BrokenError(problems.deleted_event(key, number))

    def _payload(self, row: Sequence[Any]) -> None:
        if row[_SALT] is None:
            self.erased += 1
        elif commitment(encoding.binary(row[_SALT]), str(row[_DATA])) != row[_COMMITMENT]:
            raise BrokenError(problems.changed_payload(row[0], str(row[_KIND])))

    def _end(self) -> None:
        """What stands behind the last link: waiting events, the unsealed tail, or a cut."""
        for key, (_leaf, kind) in sorted(self._waiting.items()):
            if not _may_be_late(key, self.last.number):
                raise BrokenError(problems.inserted_event(key, kind))
        newest = max(self._signed, default=0)
        if newest > self.last.number:
            signed = self._signed[newest][0]
            raise BrokenError(
                problems.cut_tail(
                    self.last.number, self.last.last_id, newest, signed.last_id, signed.signed_at
                )
            )
        self.unsealed = len(self._waiting)
        for row in _events(self.last.last_id + 1, None):
            self._payload(row)
            self.unsealed += 1


def _expected(seal: EventSeal) -> Iterator[int]:
    """The ids that a link holds of its own range."""
    start = seal.first_id
    for first, end in json.loads(seal.missing):
        yield from range(start, first)
        start = end + 1
    yield from range(start, seal.last_id + 1)


def _may_be_late(key: int, number: int) -> bool:
    """Whether the gap at this id is still open, or a link newer than `number` names it by now."""
    if EventGap.objects.filter(first_id__lte=key, last_id__gte=key).exists():
        return True
    newer = EventSeal.objects.filter(number__gt=number).values_list("late", flat=True)
    return any(key in json.loads(late) for late in newer)


class _Ahead:
    """Rows in the order of their ids, given out up to an id at a time."""

    def __init__(self, rows: Iterator[Any]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def until(self, last: int) -> Iterator[Any]:
        while self._next is not None and self._next[0] <= last:
            row, self._next = self._next, next(self._rows, None)
            yield row


def _events(first: int, last: int | None) -> Iterator[Any]:
    """Events with these ids and what they say, read a chunk at a time."""
    query = (
        f"SELECT {encoding.columns()}, p.salt, p.data FROM core_event e"  # noqa: S608
        " LEFT JOIN core_eventpayload p ON p.event_id = e.id"
        " WHERE e.id >= %s AND e.id <= %s ORDER BY e.id LIMIT %s"
    )
    last = 2**63 - 1 if last is None else last
    while first <= last:
        with connection.cursor() as cursor:
            cursor.execute(query, [first, last, ROWS_AT_ONCE])
            rows = cursor.fetchall()
        yield from rows
        if len(rows) < ROWS_AT_ONCE:
            return
        first = rows[-1][0] + 1
