"""Numbers, money, dates and words for people, in the current language.

Rows of lists are made here and not by template filters: those cost half of a table's time.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext, ngettext, override, pgettext

from orbita.core.money import exponent, from_minor

NBSP = "\u00a0"
MINUS = "\u2212"
DASH = "\u2014"
SIGNS = {
    "RUB": "₽",
    "USD": "$",
    "EUR": "€",
    "KZT": "₸",
    "BYN": "Br",
    "UAH": "₴",
    "CNY": "¥",
    "GBP": "£",
}


def is_russian() -> bool:
    return (get_language() or "ru").startswith("ru")


# ---- numbers ----


def number(value: int | float | Decimal | None, places: int | None = None) -> str:
    """«2 134 800» or "2,134,800"; a dash for None. `places` fixes the digits after the point."""
    if value is None:
        return DASH
    if places is None:
        places = 0 if value == int(value) else 2
    text = f"{abs(value):,.{places}f}"
    if is_russian():
        text = text.replace(",", NBSP).replace(".", ",")
    return (MINUS if value < 0 and text.strip("0.,") else "") + text


def amount(minor: int | None, currency: str = "RUB") -> str:
    """Minor units without the sign of the currency; kopecks only when there are some."""
    if minor is None:
        return DASH
    digits = exponent(currency)
    whole = minor % 10**digits == 0
    return number(from_minor(minor, currency), 0 if whole else digits)


def money(minor: int | None, currency: str = "RUB") -> str:
    """«2 134 800 ₽»; None is a dash."""
    return DASH if minor is None else f"{amount(minor, currency)}{NBSP}{sign(currency)}"


def sign(currency: str) -> str:
    return SIGNS.get(currency, currency)


def short_money(minor: int | None, currency: str = "RUB") -> str:
    """«86,4 млн ₽» for headings; below ten thousand the sum is given whole."""
    if minor is None:
        return DASH
    value = from_minor(minor, currency)
    for edge, word in (
        (1_000_000_000, pgettext("short number", "bn")),
        (1_000_000, pgettext("short number", "m")),
        (10_000, pgettext("short number", "k")),
    ):
        if abs(value) >= edge:
            scaled = value / (1000 if edge == 10_000 else edge)
            return f"{number(scaled, 0 if abs(scaled) >= 100 else 1)}{NBSP}{word}{NBSP}{sign(currency)}"
    return f"{number(value, 0)}{NBSP}{sign(currency)}"


def percent(share: float | Decimal | None, places: int = 0) -> str:
    """A share of one: 0.08 → «8 %» or "8%"."""
    if share is None:
        return DASH
    return number(float(share) * 100, places) + (f"{NBSP}%" if is_russian() else "%")


def signed(value: int | float | Decimal) -> str:
    """A change: «+8», «−6», «0»."""
    return ("+" if value > 0 else "") + number(value)


def bounded(count: int, limit: int) -> str:
    """A count that was not taken to the end: «5 000+»."""
    return number(limit) + "+" if count > limit else number(count)


def file_size(size: int) -> str:
    if size < 1024 * 1024:
        return number(max(1, round(size / 1024))) + NBSP + pgettext("size", "KB")
    return number(size / 1024 / 1024, 1) + NBSP + pgettext("size", "MB")


def plural(count: int, one: str, few: str, many: str) -> str:
    """The Russian form for a count: 1 клиент, 2 клиента, 5 клиентов. For text that has no msgid."""
    tail, tens = count % 10, count % 100
    if tail == 1 and tens != 11:
        return one
    return few if 2 <= tail <= 4 and not 12 <= tens <= 14 else many


# ---- dates ----


@lru_cache(maxsize=4096)
def _formatted(value: date, pattern: str, language: str) -> str:
    with override(language):
        return date_format(value, pattern)


def day(value: date | None, today: date | None = None) -> str:
    """«24 ноября», with the year when it is another one; a dash for None."""
    if value is None:
        return DASH
    same_year = value.year == (today or timezone.localdate()).year
    language = "ru" if is_russian() else "en"
    if language == "ru":
        return _formatted(value, "j\u00a0E" if same_year else "j\u00a0E\u00a0Y", language)
    return _formatted(value, "j\u00a0F" if same_year else "j\u00a0F\u00a0Y", language)


def short_day(value: date | None, today: date | None = None) -> str:
    """«20 ноя», «12.03.2024»: for narrow columns."""
    if value is None:
        return DASH
    if value.year != (today or timezone.localdate()).year:
        return f"{value:%d.%m.%Y}" if is_russian() else f"{value.day} {value:%b %Y}"
    language = "ru" if is_russian() else "en"
    return _formatted(value, "j\u00a0b", language)


def weekday(value: date) -> str:
    """«Вторник, 24 ноября»."""
    return _formatted(value, "l", "ru" if is_russian() else "en").capitalize() + ", " + day(value)


def clock(value: datetime) -> str:
    """«10:12» in the current zone."""
    return f"{timezone.localtime(value):%H:%M}"


def full_moment(value: datetime | None) -> str:
    """«24 ноября 2026, 10:12», for titles and details."""
    if value is None:
        return DASH
    local = timezone.localtime(value)
    return f"{day(local.date(), date(1, 1, 1))}, {local:%H:%M}"


def ago(
    value: datetime | date | None, now: datetime | None = None, never: str | None = None
) -> str:
    """«сегодня, 10:12», «вчера», «12 дней назад», «завтра»; `never` stands for None."""
    if value is None:
        return gettext("never") if never is None else never
    moment = now or timezone.now()
    today = timezone.localtime(moment).date()
    if isinstance(value, datetime):
        local = timezone.localtime(value)
        if local.date() == today:
            return gettext("today, %(time)s") % {"time": f"{local:%H:%M}"}
        return _days_away((local.date() - today).days)
    return _days_away((value - today).days)


def _days_away(days: int) -> str:
    near = {0: gettext("today"), -1: gettext("yesterday"), 1: gettext("tomorrow")}
    if days in near:
        return near[days]
    span, past = abs(days), days < 0
    if span < 60:
        unit = ngettext("%(n)s day", "%(n)s days", span) % {"n": span}
    elif span < 730:
        months = round(span / 30.44)
        unit = ngettext("%(n)s month", "%(n)s months", months) % {"n": months}
    else:
        years = int(span / 365.25)
        unit = ngettext("%(n)s year", "%(n)s years", years) % {"n": years}
    if past:
        return gettext("%(span)s ago") % {"span": unit}
    return gettext("in %(span)s") % {"span": unit}


def duration(span: timedelta) -> str:
    """«2 ч 24 м», «41 с»."""
    seconds = int(span.total_seconds())
    if seconds < 60:
        return str(seconds) + NBSP + pgettext("unit", "s")
    minutes, hours = seconds // 60 % 60, seconds // 3600
    parts = [(hours, pgettext("unit", "h")), (minutes, pgettext("unit", "min"))]
    return " ".join(f"{count}{NBSP}{word}" for count, word in parts if count)


# ---- names ----


def initials(name: str) -> str:
    """«ИС» for Ирина Соколова, «НБ» for Кофейня «На Баумана»: a quoted name speaks for its owner."""
    quoted = name.partition("«")[2].partition("»")[0] or name
    words = [word for word in "".join(c if c.isalnum() else " " for c in quoted).split() if word]
    letters = [word[0] for word in words if word[0].isalpha()] or [word[0] for word in words]
    return "".join(letters[:2]).upper() or "?"


def avatar_class(identifier: int | None) -> str:
    """One of four quiet colours, always the same for the same id."""
    return ("", "a1", "a2", "a3")[(identifier or 0) % 4]


def listed(words: Sequence[str], most: int = 3) -> str:
    """«Казань, Самара, Уфа и ещё 4»."""
    if len(words) <= most:
        return ", ".join(words)
    rest = len(words) - most
    return gettext("%(shown)s and %(rest)s more") % {"shown": ", ".join(words[:most]), "rest": rest}
