"""How much each person reads: cards opened, searches, rows of lists and of the API, what is copied and printed;
day by day, for 90 days.

Reading must not wait for the database: requests are counted in memory, and the web process writes
every few seconds what came together. A crash loses those seconds. In the same rhythm the process
learns who reads unusually much and is let on slowly.
"""

import atexit
import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from orbita.accounts.models import Reading, ReadingRules, User
from orbita.core.limits import Limit
from orbita.core.models import Company
from orbita.core.registry import Registry

EVERY = 5.0  # seconds
KEPT = 90  # days
# Rows of pages were counted later than those of the API, under its name.
CARD, SEARCH, ROWS, COPY = "card", "search", "api", "copy"
KINDS: dict[str, Promise] = {
    CARD: pgettext_lazy("reading", "cards opened"),
    SEARCH: pgettext_lazy("reading", "searches"),
    ROWS: pgettext_lazy("reading", "rows of lists and of the API"),
    COPY: pgettext_lazy("reading", "copies and prints"),
}
# Kinds of rows that are no reading: an alarm was raised (and of what), an administrator lets go on.
TOLD, LET_ON = "told:", "let on"
# One card, search or request in so many seconds: enough to work with, and slow to copy a base by.
SLOWLY = Limit("reading", most=1, seconds=20)
SLOW_ROWS = 50
_ADD = (
    "INSERT INTO accounts_reading (user_id, day, kind, subject_id, times) VALUES (%s, %s, %s, %s, %s)"
    " ON CONFLICT (user_id, day, kind, subject_id)"
    " DO UPDATE SET times = accounts_reading.times + excluded.times"
)


@dataclass(frozen=True, slots=True)
class Line:
    """Something that a person looked at or took: the day, what, its address, more words."""

    day: date
    text: str
    url: str = ""
    note: str = ""


@dataclass(frozen=True)
class Trail:
    """What upper rooms know of it: `lines(user, since, actor)`, the newest first, as the actor may see."""

    name: str
    label: str | Promise
    lines: Callable[[User, date, User], Sequence[Line]]


TRAILS: Registry[Trail] = Registry("trail")


class SlowedError(Exception):
    """The person reads unusually much today: the next time is in `wait` seconds."""

    def __init__(self, wait: int) -> None:
        super().__init__(
            _("You have looked at unusually much today, so you are let on slowly: try in %(n)s s.")
            % {"n": wait}
        )
        self.wait = wait


_counts: Counter[tuple[int, str, int]] = Counter()
_lock = threading.Lock()
_slowed: frozenset[int] = frozenset()
# The card that one who is slowed was let on to: its other pages are the same reading.
_let_to: dict[int, int] = {}


def note(actor: Any, kind: str, *subject_ids: int, times: int = 1) -> None:
    """Counts a reading, of several cards at once when they stand side by side. One who looks as somebody
    else reads himself.

    Raises `SlowedError` for whoever is let on slowly and comes too soon.
    """
    reader = getattr(actor, "seen_by", None) or actor
    if reader.pk is None or getattr(reader, "is_service", False):
        return
    again = kind == CARD and subject_ids == (_let_to.get(reader.pk),)
    if reader.pk in _slowed and not again:
        if wait := SLOWLY.wait(f"{reader.pk} {kind}"):
            raise SlowedError(wait)
        if kind == CARD and len(subject_ids) == 1:
            _let_to[reader.pk] = subject_ids[0]
    with _lock:
        for subject_id in subject_ids or (0,):
            _counts[reader.pk, kind, subject_id] += times


def note_rows(actor: Any, count: int) -> None:
    """Counts rows of clients that a page or an answer shows; none are no reading. Raises as `note`."""
    if count:
        note(actor, ROWS, times=count)


def most_rows(actor: Any, wanted: int) -> int:
    """How many rows an answer may have: few for whoever is let on slowly."""
    reader = getattr(actor, "seen_by", None) or actor
    return min(wanted, SLOW_ROWS) if reader.pk in _slowed else wanted


def flush() -> set[int]:
    """Writes down what was counted; returns whose readings."""
    with _lock:
        taken = dict(_counts)
        _counts.clear()
    if not taken:
        return set()
    day = Company.current().business_date()
    known = set(User.objects.filter(pk__in={key[0] for key in taken}).values_list("pk", flat=True))
    rows = [
        (user, day, kind, subject, times)
        for (user, kind, subject), times in sorted(taken.items())
        if user in known
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(_ADD, rows)
    return known


def learn_who_is_slowed() -> None:
    """Who has raised an alarm today, where that slows, but for those who were let on since."""
    global _slowed
    if ReadingRules.current().answer != ReadingRules.Answer.SLOW:
        _slowed = frozenset()
        return
    _slowed = slowed_today()


def slowed_today() -> frozenset[int]:
    """Ids of those who raised an alarm today and were not let on since; administrators never."""
    today = Reading.objects.filter(day=Company.current().business_date())
    told = today.filter(kind__startswith=TOLD, user__role__is_administrator=False)
    let_on = today.filter(kind=LET_ON).values("user_id")
    return frozenset(told.exclude(user_id__in=let_on).values_list("user_id", flat=True))


def start() -> None:
    """Lets this process write down its readings from now on, until its end."""
    threading.Thread(target=_go_on, name="readings", daemon=True).start()
    atexit.register(_write)


def _go_on() -> None:
    while True:
        time.sleep(EVERY)
        _write()


def _write() -> None:
    from orbita.accounts.actions.watching import judge

    # A busy or absent database: these seconds are lost, the next are not.
    with contextlib.suppress(Exception):
        readers = flush()
        for user_id in readers:
            judge(user_id)
        if readers or _slowed:
            learn_who_is_slowed()
    # One that the server has cut off may not let itself be closed either.
    with contextlib.suppress(Exception):
        connection.close()


def readings_of(user_ids: Sequence[int], first: date) -> list[tuple[int, date, str, int]]:
    """(user, day, kind, how much) since a day: cards are counted once a day each."""
    found: Counter[tuple[int, date, str]] = Counter()
    rows = Reading.objects.filter(user_id__in=user_ids, day__gte=first, kind__in=KINDS)
    for user, day, kind, subjects, times in (
        rows.values_list("user_id", "day", "kind")
        .annotate(subjects=Count("pk"), times=Sum("times"))
        .order_by("user_id", "day", "kind")
    ):
        found[user, day, kind] = subjects if kind == CARD else times
    return [(user, day, kind, count) for (user, day, kind), count in found.items()]
