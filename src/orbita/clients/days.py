"""Days as people write them."""

import re
from datetime import date

from django.utils.translation import gettext as _

_DAY_FIRST = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})")


def read_day(text: str) -> date:
    """31.12.1990 or 1990-12-31. Raises `ValueError` with a sentence for the user."""
    try:
        if match := _DAY_FIRST.fullmatch(text):
            return date(int(match[3]), int(match[2]), int(match[1]))
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(_("This is not a date. Write it as 31.12.1990.")) from None
