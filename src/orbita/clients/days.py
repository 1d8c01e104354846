"""Days as people write them and count months by."""

import re
from calendar import monthrange
from datetime import date

from orbita.core.sentences import Sentence as _

_DAY_FIRST = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})")


def read_day(text: str) -> date:
    """31.12.1990 or 1990-12-31. Raises `ValueError` with a sentence for the user."""
    try:
        if match := _DAY_FIRST.fullmatch(text):
            return date(int(match[3]), int(match[2]), int(match[1]))
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(_("This is not a date. Write it as 31.12.1990.")) from None


def months_after(start: date, months: int) -> date:
    """The same day of a later month, of an earlier one when `months` is negative, or its last day:
    31 August and one month is 30 September.
    """
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))
