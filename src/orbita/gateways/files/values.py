"""Values of single cells: dates, money, numbers and words in the forms people type them.

Each parser takes a raw cell and returns its value, None for an empty cell, and raises ValueError
with a sentence that can be shown for anything else. Texts repeat in a column, so they are cached.
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from orbita.core.sentences import Sentence as _
from orbita.core.text import clean_line, clean_text, normalise
from orbita.gateways.files.source import Cell

DateOrder = Literal["dmy", "mdy"]

# What people and programs write into a cell that holds nothing.
_NOTHING = frozenset(
    ["", "-", "--", "---", "–", "—", "нет данных", "не указано", "не указан", "n/a", "#n/a", "null", "none", "nan", "nil", "#н/д", "#ref!", "#ссылка!", "#знач!", "#value!", "#дел/0!", "#div/0!", "#имя?", "#name?"]
)  # fmt: skip
_EARLIEST, _LATEST = 1850, 2150
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "январь января янв january jan",
            "февраль февраля фев февр february feb",
            "март марта мар march mar",
            "апрель апреля апр april apr",
            "май мая may",
            "июнь июня июн june jun",
            "июль июля июл july jul",
            "август августа авг august aug",
            "сентябрь сентября сен сент september sep sept",
            "октябрь октября окт october oct",
            "ноябрь ноября ноя нояб november nov",
            "декабрь декабря дек december dec",
        ),
        1,
    )
    for name in names.split()
}
_CLOCK = r"(?:[T\s,]+(?:в\s+)?(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*([AaPp][Mm])?\s*(Z|UTC|[+-]\d{2}:?\d{2})?)?"
_ISO = re.compile(rf"(\d{{4}})([-./])(\d{{1,2}})\2(\d{{1,2}}){_CLOCK}")
_PARTS = re.compile(
    rf"(\d{{1,2}})\s*([-./,\s])\s*(\d{{1,2}})\s*\2\s*(\d{{4}}|\d{{2}})(?:\s*(?:года?|г)\.?)?{_CLOCK}"
)
_DAY_MONTH = re.compile(
    rf"(\d{{1,2}})[\s.\-]*([^\W\d_]{{3,9}})[\s.,\-]*(\d{{4}}|\d{{2}})(?:\s*(?:года?|г)\.?)?{_CLOCK}"
)
_MONTH_DAY = re.compile(
    rf"([^\W\d_]{{3,9}})\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}}){_CLOCK}"
)
_WEEKDAY = re.compile(
    r"^(?:пн|вт|ср|чт|пт|сб|вс|mon|tue|wed|thu|fri|sat|sun|понедельник|вторник|среда|четверг|пятница|суббота|воскресенье)[a-z]*[.,]*\s+",
    re.IGNORECASE,
)
_SLASHED = re.compile(r"\s*(\d{1,2})[-./](\d{1,2})[-./](\d{4}|\d{2})\b")
_PLAIN_NUMBER = re.compile(r"-?\d{1,12}(?:[.,]\d{1,2})?")
_RUSSIAN_SUM = re.compile(
    r"(-?[0-9]{1,3}(?:[ \u00a0\u202f][0-9]{3}){0,3})(?:[.,]([0-9]{1,2}))?[ \u00a0]?(?:₽|руб\.?|р\.?)?"
)
_UNIT = (
    r"(?:руб(?:л[ьейя]+)?|р|rub|rur|usd|eur|kzt|byn|тенге|тг|долл(?:аров)?|евро|"
    r"₽|\$|€|£|₸|₴|¥|шт(?:ук[аи]?)?|ед|кг|л|м|уп|pcs|%)\.?"
)
_UNITS = re.compile(rf"^{_UNIT}\s*|(?:\s*/?\s*{_UNIT})+$", re.IGNORECASE)
_SCALES = {"тыс": 3, "к": 3, "k": 3, "млн": 6, "m": 6, "млрд": 9}
_SCALE = re.compile(r"(?<=\d)\s*(тыс|млн|млрд|к|k|m)\b\.?", re.IGNORECASE)
_KOPECKS = re.compile(r"(?:руб\w*|р)\.?,?\s*(\d{1,2})\s*к(?:оп\w*)?\.?\s*$", re.IGNORECASE)
_BLANKS = re.compile(r"[\s\u00a0\u2007\u2009\u202f'’`_]+")
_EXPONENT = re.compile(r"-?\d+(?:\.\d+)?[eE][+-]?\d{1,2}")
_DIGITS_WITH_SEPARATORS = re.compile(r"\d[\d.,]*|[.,]\d+")
_LIST = re.compile(r"[;,|\n]+")
_MAX_NUMBER = 10**13

_TRUE = frozenset(["да", "yes", "true", "истина", "1", "y", "д", "+", "есть", "x", "х", "v", "✓", "✔", "on", "вкл"])  # fmt: skip
_FALSE = frozenset(["нет", "no", "false", "ложь", "0", "n", "н", "off", "выкл", "✗", "✘"])
_MALE = frozenset(["м", "муж", "мужской", "мужчина", "m", "male", "man", "парень", "мужск", "мальчик", "mr"])  # fmt: skip
_FEMALE = frozenset(["ж", "жен", "женский", "женщина", "f", "female", "woman", "w", "девушка", "женск", "девочка", "mrs", "ms"])  # fmt: skip


def is_blank(cell: Cell | None) -> bool:
    """Whether a cell holds nothing: empty, a dash, or an error of the spreadsheet."""
    if cell is None or cell == "":
        return True
    return isinstance(cell, str) and len(cell) < 16 and cell.strip().lower() in _NOTHING


def to_text(cell: Cell | None) -> str:
    """The cell in one line: whole numbers without ".0", dates in ISO form."""
    if isinstance(cell, str):
        return clean_line(cell)
    if cell is None:
        return ""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e16 else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    return str(cell)


def to_note(cell: Cell | None) -> str:
    """The cell as text that keeps its line breaks."""
    return clean_text(cell) if isinstance(cell, str) else to_text(cell)


def to_identifier(cell: Cell | None) -> str:
    """A code or number given by somebody: 17850.0 and "17850.0" from a spreadsheet are 17850."""
    text = to_text(cell)
    if text[-2:] == ".0" and text[:-2].isdigit():
        return text[:-2]
    return "" if text.lower() in _NOTHING else text


def parse_moment(cell: Cell | None, order: DateOrder = "dmy") -> date | datetime | None:
    """A date, or a datetime when the cell has a time of day; naive unless it names its offset."""
    if isinstance(cell, datetime):
        if cell.time() == time(0) and cell.tzinfo is None:
            return _sane(cell.date())
        _sane(cell.date())
        return cell
    if isinstance(cell, date):
        return _sane(cell)
    if isinstance(cell, str):
        return None if cell == "" else _moment_of_text(cell, order)
    if cell is None:
        return None
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        if 18_500_000 < cell < 21_500_000 and float(cell).is_integer():
            return _moment_of_digits(str(int(cell)))
        return _moment_of_serial(float(cell))
    raise ValueError(_("This is not a date."))


def parse_date(cell: Cell | None, order: DateOrder = "dmy") -> date | None:
    """The day of `parse_moment`."""
    moment = parse_moment(cell, order)
    return moment.date() if isinstance(moment, datetime) else moment


def parse_birthday(cell: Cell | None, order: DateOrder = "dmy") -> date | None:
    """A day in the past within a human life; of two-digit years, the latest that has come."""
    day = parse_date(cell, order)
    if day is None:
        return None
    today = date.today()  # noqa: DTZ011 a day more or less does not matter here
    if day > today and _two_digit_year(cell):
        day = day.replace(year=day.year - 100)
    if day > today or today.year - day.year > 130:
        raise ValueError(_("Nobody alive has this birthday."))
    return day


def detect_date_order(cells: Iterable[Cell | None]) -> DateOrder:
    """Whether a column writes 31/12/2024 or 12/31/2024: one value above 12 decides, else Russian."""
    day_second = False
    for cell in cells:
        if isinstance(cell, str) and (match := _SLASHED.match(cell)):
            if int(match[1]) > 12:
                return "dmy"
            day_second = day_second or int(match[2]) > 12
    return "mdy" if day_second else "dmy"


def parse_money(cell: Cell | None) -> Decimal | None:
    """A sum: "1 234,50 ₽", "1,234.50", "(500)", "150 тыс. руб." The currency is not read."""
    return _parse_number(cell, thousands_comma=True)


def parse_quantity(cell: Cell | None) -> Decimal | None:
    """An amount of something: like money, but "1,250" is one and a quarter, not a thousand."""
    return _parse_number(cell, thousands_comma=False)


def parse_count(cell: Cell | None) -> int | None:
    """A whole number that is not negative."""
    number = _parse_number(cell, thousands_comma=True)
    if number is None:
        return None
    if number != number.to_integral_value() or number < 0:
        raise ValueError(_("A whole number is expected."))
    return int(number)


def parse_boolean(cell: Cell | None) -> bool | None:
    """Yes or no."""
    if isinstance(cell, bool) or cell is None:
        return cell
    if isinstance(cell, (int, float)) and cell in (0, 1):
        return bool(cell)
    word = normalise(to_text(cell))
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    if is_blank(word):
        return None
    raise ValueError(_("Yes or no is expected."))


def parse_sex(cell: Cell | None) -> Literal["m", "f"] | None:
    """The sex in Russian or English, whole or short."""
    word = normalise(to_text(cell)).rstrip(".")
    if word in _MALE:
        return "m"
    if word in _FEMALE:
        return "f"
    if is_blank(word) or word in ("не указан", "неизвестно", "unknown", "?"):
        return None
    raise ValueError(_("The sex is not recognised."))


def parse_list(cell: Cell | None) -> list[str]:
    """The distinct items of a cell, cut at commas, semicolons, bars and line breaks."""
    if is_blank(cell):
        return []
    text = cell if isinstance(cell, str) else to_text(cell)
    items = (clean_line(item) for item in _LIST.split(text))
    return list(dict.fromkeys(item for item in items if item))


# Dates


@lru_cache(maxsize=65536)
def _moment_of_text(text: str, order: DateOrder) -> date | datetime | None:
    if len(text) > 60:
        raise ValueError(_("This is not a date."))
    text = clean_line(text)
    if match := _PARTS.fullmatch(text):
        first, _mark, second, year, *clock = match.groups()
        day, month = (first, second) if order == "dmy" else (second, first)
        return _build(_year(year), int(month), int(day), clock)
    if match := _ISO.fullmatch(text):
        year, _mark, month, day, *clock = match.groups()
        return _build(int(year), int(month), int(day), clock)
    if text.lower() in _NOTHING:
        return None
    return _moment_of_words(_WEEKDAY.sub("", text))


def _moment_of_words(text: str) -> date | datetime:
    if match := _DAY_MONTH.fullmatch(text):
        day, name, year, *clock = match.groups()
    elif match := _MONTH_DAY.fullmatch(text):
        name, day, year, *clock = match.groups()
    else:
        return _moment_of_digits(text)
    month = _MONTHS.get(name.lower())
    if month is None:
        raise ValueError(_("This is not a date."))
    return _build(_year(year), month, int(day), clock)


def _moment_of_digits(text: str) -> date | datetime:
    if not text.isascii():
        raise ValueError(_("This is not a date."))
    if re.fullmatch(r"(?:19|20)\d{6}", text):
        return _build(int(text[:4]), int(text[4:6]), int(text[6:]), [])
    if re.fullmatch(r"\d{8}", text):
        return _build(int(text[4:]), int(text[2:4]), int(text[:2]), [])
    if re.fullmatch(r"(?:19|20)\d{12}", text):
        return _build(
            int(text[:4]), int(text[4:6]), int(text[6:8]), [text[8:10], text[10:12], text[12:]]
        )
    if re.fullmatch(r"\d{4,5}(?:[.,]\d+)?", text) and not re.fullmatch(r"(?:19|20)\d\d", text):
        return _moment_of_serial(float(text.replace(",", ".")))
    raise ValueError(_("This is not a date."))


def _build(year: int, month: int, day: int, clock: list[str | None]) -> date | datetime:
    try:
        whole = date(year, month, day)
    except ValueError:
        raise ValueError(_("There is no such day in the calendar.")) from None
    _sane(whole)
    if not clock or clock[0] is None:
        return whole
    hour, minute, second, half, offset = [*clock, None, None][:5]
    hours = int(hour or 0)
    if half:
        hours = hours % 12 + (12 if half.lower() == "pm" else 0)
    try:
        moment = datetime(year, month, day, hours, int(minute or 0), int(second or 0), tzinfo=_zone(offset))  # fmt: skip
    except ValueError:
        raise ValueError(_("There is no such time of day.")) from None
    # Date-only columns are often exported with a midnight.
    return whole if moment.time() == time(0) and offset is None else moment


def _zone(offset: str | None) -> timezone | None:
    if not offset:
        return None
    if offset in ("Z", "UTC"):
        return UTC
    digits = offset[1:].replace(":", "")
    shift = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-shift if offset[0] == "-" else shift)


def _year(text: str) -> int:
    year = int(text)
    if len(text) == 4:
        return year
    this = date.today().year  # noqa: DTZ011
    return 2000 + year if 2000 + year <= this + 1 else 1900 + year


def _two_digit_year(cell: Cell | None) -> bool:
    return isinstance(cell, str) and not re.search(r"\d{4}", cell)


def _moment_of_serial(serial: float) -> date | datetime:
    """Days since 1900 as Excel counts them, with its 29 February 1900 that never was."""
    if not 1 <= serial < 91_000 or int(serial) == 60:
        raise ValueError(_("This is not a date."))
    start = datetime(1899, 12, 30 if serial >= 61 else 31)  # noqa: DTZ001
    moment = start + timedelta(seconds=round(serial * 86400))
    return moment.date() if moment.time() == time(0) else moment


def _sane(day: date) -> date:
    if not _EARLIEST <= day.year <= _LATEST:
        raise ValueError(_("The year of the date is out of reason."))
    return day


# Numbers


def _parse_number(cell: Cell | None, *, thousands_comma: bool) -> Decimal | None:
    if isinstance(cell, str):
        if cell.isascii() and _PLAIN_NUMBER.fullmatch(cell):
            return Decimal(cell.replace(",", "."))
        if match := _RUSSIAN_SUM.fullmatch(cell):
            whole = match[1].replace(" ", "").replace("\u00a0", "").replace("\u202f", "")
            return Decimal(f"{whole}.{match[2]}" if match[2] else whole)
        return _number_of_text(cell, thousands_comma)
    if cell is None:
        return None
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        if not abs(cell) < _MAX_NUMBER:
            raise ValueError(_("The number is out of reason."))
        # Floats carry the dust of binary fractions: 0.1 + 0.2.
        return Decimal(repr(round(cell, 6))) if isinstance(cell, float) else Decimal(cell)
    raise ValueError(_("This is not a number."))


@lru_cache(maxsize=16384)
def _number_of_text(typed: str, thousands_comma: bool) -> Decimal | None:
    if len(typed) > 80:
        raise ValueError(_("This is not a number."))
    text = clean_line(typed).lower()
    if text in _NOTHING:
        return None
    scale = 0
    if kopecks := _KOPECKS.search(text):
        text = f"{text[: kopecks.start()]},{kopecks[1].zfill(2)}"
    else:
        text, scale = _without_scale(text)
    text = _BLANKS.sub("", _UNITS.sub("", text)).replace("−", "-").replace("–", "-")
    negative = text.startswith("-") or text.endswith("-")
    if text.startswith("(") and text.endswith(")"):
        text, negative = text[1:-1], True
    text = text.strip("-+=≈~")
    if not text.isascii():
        raise ValueError(_("This is not a number."))
    if _EXPONENT.fullmatch(text):
        number = Decimal(text)
    elif _DIGITS_WITH_SEPARATORS.fullmatch(text):
        number = Decimal(_with_one_point(text, thousands_comma))
    else:
        raise ValueError(_("This is not a number."))
    number = (-number if negative else number).scaleb(scale)
    if abs(number) >= _MAX_NUMBER:
        raise ValueError(_("The number is out of reason."))
    # Without an exponent: 1E+5 would be shown as it is.
    return Decimal(f"{number:f}")


def _without_scale(text: str) -> tuple[str, int]:
    match = _SCALE.search(text)
    if not match:
        return text, 0
    return text[: match.start()] + text[match.end() :], _SCALES[match[1].lower()]


def _with_one_point(text: str, thousands_comma: bool) -> str:
    """The digits with their decimal point, whichever of dot and comma was meant for it."""
    last_dot, last_comma = text.rfind("."), text.rfind(",")
    if last_dot >= 0 and last_comma >= 0:
        point = "." if last_dot > last_comma else ","
        if text.count(point) > 1:
            raise ValueError(_("This is not a number."))
        return text.replace("," if point == "." else ".", "").replace(point, ".")
    mark = "." if last_dot >= 0 else ","
    groups = text.rstrip(".,").split(mark)
    if len(groups) > 2:
        # 1.234.567: only thousands can repeat.
        if not all(len(group) == 3 for group in groups[1:]) or len(groups[0]) > 3:
            raise ValueError(_("This is not a number."))
        return "".join(groups)
    whole, fraction = (groups[0], groups[1]) if len(groups) == 2 else (groups[0], "")
    if mark == "," and thousands_comma and len(fraction) == 3 and 0 < len(whole) <= 3 and whole[0] != "0":  # fmt: skip
        return whole + fraction
    return f"{whole or '0'}.{fraction}" if fraction else whole or "0"


def number_or_none(cell: Cell | None) -> Decimal | None:
    """The number in a cell, or None for anything that is no number."""
    try:
        return _parse_number(cell, thousands_comma=True)
    except ValueError:
        return None
