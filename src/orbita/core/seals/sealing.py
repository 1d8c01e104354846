"""Sealing: a link of the chain over the events that came since the last one.

Writers know nothing of it: no lock, no row per event. Sealing reads what is committed, reckons
outside any transaction and then inserts one row, whose number is its key: of two that seal at once
one finds its number taken and leaves it to the other.

On SQLite ids rise with commits. On PostgreSQL a transaction takes its ids early and commits late, or
never, so a batch may have holes. They are kept as gaps until no transaction runs any more that had
begun when they were seen; an event that turns up in one is sealed, by its id, in the next link.
`reserve_ids` gives a transaction its number before its first id, or one that has ids and no
number yet could outlive its gap.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from orbita.core.models import EventGap, EventSeal
from orbita.core.seals import checkpoints, encoding
from orbita.core.seals.encoding import Range

MOST = 5000  # events in one link: bounds the memory, and how far one has to look for a change
SEAL_EVERY = 4.0  # seconds; an event is sealed within five
NOTHING, DONE, MORE = "nothing", "done", "more"
NEVER = (0, 2**63 - 1)


def seal_all() -> int:
    """Seals and signs everything there is, a chunk at a time. Returns how many events."""
    before = _last().total
    while seal_next() == MORE:
        pass
    checkpoints.sign_latest()
    return _last().total - before


def keep_sealed() -> bool:
    """The worker's step: seals a chunk of what is new, and signs it. True when more is waiting."""
    found = seal_next()
    if found == DONE:
        checkpoints.sign_latest()
    return found == MORE


def seal_next() -> str:
    """Seals one chunk: NOTHING was there to seal, DONE, or MORE is waiting."""
    last = _last()
    gaps = list(EventGap.objects.order_by("first_id"))
    over = _transactions_over(gaps)
    rows = _rows("e.id > %s ORDER BY e.id LIMIT %s", [last.last_id, MOST])
    late = _late_rows() if gaps else []
    if not rows and not late:
        _settle(gaps, over)
        return NOTHING
    seal = _link(last, rows, late)
    new = _new_gaps(seal)
    try:
        with transaction.atomic():
            seal.save(force_insert=True)
            _settle(gaps, over if len(late) < MOST else NEVER, [row[0] for row in late])
            EventGap.objects.bulk_create(new)
    except IntegrityError:
        # Somebody else sealed meanwhile.
        return DONE
    return MORE if MOST in (len(rows), len(late)) else DONE


def _last() -> EventSeal:
    """The newest link; before the first one, what it builds on."""
    return EventSeal.objects.defer("marks").order_by("-number").first() or EventSeal(
        number=0, last_id=0, total=0, digest=b""
    )


def _link(last: EventSeal, rows: Sequence[Any], late: Sequence[Any]) -> EventSeal:
    missing = list(encoding.gaps_between((row[0] for row in rows), last.last_id + 1))
    content, marks = encoding.content((row[0], encoding.leaf(row)) for row in (*rows, *late))
    count = len(rows) + len(late)
    seal = EventSeal(
        number=last.number + 1,
        first_id=last.last_id + 1,
        last_id=rows[-1][0] if rows else last.last_id,
        count=count,
        total=last.total + count,
        missing=encoding.text_of(missing),
        late=encoding.text_of([row[0] for row in late]),
        marks=marks,
        content=content,
        sealed_at=timezone.now(),
    )
    seal.digest = encoding.seal_digest(seal, bytes(last.digest))
    return seal


def _rows(condition: str, values: Sequence[Any]) -> list[Any]:
    return _fetch(f"SELECT {encoding.columns()} FROM core_event e WHERE {condition}", values)  # noqa: S608


def _late_rows() -> list[Any]:
    """Events that turned up in gaps, by id."""
    return _fetch(
        f"SELECT {encoding.columns()} FROM core_eventgap g"  # noqa: S608
        " JOIN core_event e ON e.id BETWEEN g.first_id AND g.last_id ORDER BY e.id LIMIT %s",
        [MOST],
    )


def _fetch(query: str, values: Sequence[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        found: list[Any] = cursor.fetchall()
    return found


def _new_gaps(seal: EventSeal) -> list[EventGap]:
    """The holes of a link, as long as they may be filled: to be asked after its rows were read."""
    missing = ranges(seal.missing)
    if not missing or connection.vendor != "postgresql":
        return []
    [(following,)] = _fetch("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint", [])
    return [EventGap(first_id=first, last_id=end, horizon=following) for first, end in missing]


def _transactions_over(gaps: Sequence[EventGap]) -> tuple[int, int]:
    """All transactions below the first number are over; the second was not given out yet."""
    if not gaps or connection.vendor != "postgresql":
        return NEVER
    [(oldest, following)] = _fetch(
        "SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint"
        " FROM pg_current_snapshot() s",
        [],
    )
    return oldest, following


def _settle(gaps: Sequence[EventGap], over: tuple[int, int], late: Sequence[int] = ()) -> None:
    """Takes what turned up out of the gaps, and forgets those that nothing can fill any more.

    A horizon above every number there is comes from another cluster: a base that was brought back.
    """
    oldest, following = over
    final = [gap.pk for gap in gaps if gap.horizon <= oldest or gap.horizon > following]
    hit = [
        gap
        for gap in gaps
        if gap.pk not in final and any(gap.first_id <= key <= gap.last_id for key in late)
    ]
    gone = [*final, *(gap.pk for gap in hit)]
    if not gone:
        return
    with transaction.atomic():
        EventGap.objects.filter(pk__in=gone).delete()
        EventGap.objects.bulk_create(
            EventGap(first_id=first, last_id=end, horizon=gap.horizon)
            for gap in hit
            for first, end in _without(gap, late)
        )


def _without(gap: EventGap, late: Sequence[int]) -> Iterator[Range]:
    inside = [key for key in late if gap.first_id <= key <= gap.last_id]
    return encoding.gaps_between([*inside, gap.last_id + 1], gap.first_id)


def ranges(text: str) -> list[Range]:
    return [(first, end) for first, end in json.loads(text)]
