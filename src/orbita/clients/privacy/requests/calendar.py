"""On which days people work: the production calendar of Russia, put right by the company.

Days off are moved by a decree of the government for each year (article 112 of the Labour Code). The
library knows those that were published when it was; what it does not know, the company says itself.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from typing import Any

from django.db import transaction

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.models import CalendarDay
from orbita.core import context
from orbita.core.events import emit

PERMISSION = "privacy.request_rules"
COUNTRY = "RU"
REMEMBERED = "days of the calendar"
_ONE = timedelta(days=1)


def works(day: date) -> bool:
    """Whether the day is a working one, for the company first and by the calendar then."""
    known = _corrected().get(day)
    return works_by_calendar(day) if known is None else known


def works_by_calendar(day: date) -> bool:
    """Whether the day is a working one by the production calendar alone."""
    return bool(_year(day.year).is_working_day(day))


def after(start: date, days: int) -> date:
    """The working day of this number after `start`, which is not counted itself (article 191 of the
    Civil Code); `start` when `days` is 0.
    """
    day = start
    for _n in range(days):
        day += _ONE
        while not works(day):
            day += _ONE
    return day


def between(start: date, end: date) -> int:
    """How many working days there are after `start`, up to `end` and with it; negative when `end` is
    before `start`.
    """
    if end < start:
        return -between(end, start)
    return sum(1 for day in _days(start + _ONE, end) if works(day))


def moved_in(year: int) -> list[tuple[date, bool]]:
    """The days of a year that are not what their weekday says, with whether people work on them."""
    days = _days(date(year, 1, 1), date(year, 12, 31))
    return [(day, works(day)) for day in days if works(day) != (day.weekday() < 5)]


def last_known_year() -> int:
    """The last year whose decree on days off the library knows."""
    return int(max(_year(2026).special_public_holidays))


def set_day(*, actor: User, day: date, is_working: bool) -> bool:
    """Says of a day whether people work on it; False when that is known of it already."""
    policy.require(actor, PERMISSION)
    with transaction.atomic():
        row = CalendarDay.objects.select_for_update().filter(day=day).first()
        before = works_by_calendar(day) if row is None else row.works
        if row is not None and row.works == is_working:
            return False
        CalendarDay.objects.update_or_create(day=day, defaults={"works": is_working})
        _tell(actor, day, before, is_working)
    context.forget(REMEMBERED)
    return True


def forget_day(*, actor: User, day: date) -> bool:
    """Lets the calendar speak of the day again; False when nothing was said of it."""
    policy.require(actor, PERMISSION)
    with transaction.atomic():
        row = CalendarDay.objects.select_for_update().filter(day=day).first()
        if row is None:
            return False
        row.delete()
        _tell(actor, day, row.works, works_by_calendar(day))
    context.forget(REMEMBERED)
    return True


def _tell(actor: User, day: date, before: bool, after: bool) -> None:
    name = day.isoformat()
    emit("calendar.changed", actor=actor, data={"before": {name: before}, "after": {name: after}})


def _corrected() -> Mapping[date, bool]:
    def read() -> dict[date, bool]:
        return dict(CalendarDay.objects.values_list("day", "works"))

    return context.remembered(REMEMBERED, read)


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


@cache
def _year(year: int) -> Any:
    # The library takes a quarter of a second to load, and few pages need it.
    import holidays

    return holidays.country_holidays(COUNTRY, years=year)
