"""The types of own fields: how a value is read, kept, told in events and shown.

Three forms of a value. *Stored*: what the JSON column holds, a text or a whole number, or a list
of keys of choices. *Plain*: what events, the API and forms hold, and what `read` takes back.
*Words*: for people.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from orbita.clients.days import read_day
from orbita.clients.fields.column import KEY, LONG, TEXT, WHOLE
from orbita.clients.models.fields import FieldDefinition
from orbita.core.models import Company
from orbita.core.money import exponent, from_minor
from orbita.core.sentences import Sentence as _
from orbita.core.text import clean_line, clean_text, normalise
from orbita.ui import formats

Kind = FieldDefinition.Kind
LONGEST_TEXT, LONGEST_KEPT, LONGEST_LONG = 300, 300, 20_000
SCALE = 4  # decimals of a number
LARGEST = Decimal(10) ** 13
EARLIEST, LATEST = date(1800, 1, 1), date(2200, 1, 1)
MOST_CHOICES = 100


@dataclass(frozen=True)
class Type:
    """What a type does with a value. `how` is the way SQL reads it, "" when it does not."""

    how: str
    read: Callable[[FieldDefinition, Any], Any]
    plain: Callable[[FieldDefinition, Any], Any]
    words: Callable[[FieldDefinition, Any], str]
    # What a spreadsheet gets of a plain value.
    cell: Callable[[FieldDefinition, Any], Any]


def _same(field: FieldDefinition, value: Any) -> Any:
    return value


def _text_of(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal | date):
        raise ValueError(_("A text is expected."))
    return str(value)


# ---- texts and links ----


def _read_text(field: FieldDefinition, value: Any) -> str:
    text = clean_line(_text_of(value))
    if len(text) > LONGEST_TEXT:
        raise ValueError(_("At most %(n)s characters.") % {"n": LONGEST_TEXT})
    return text


def _read_long(field: FieldDefinition, value: Any) -> str:
    text = clean_text(_text_of(value))
    if len(text) > LONGEST_LONG:
        raise ValueError(_("At most %(n)s characters.") % {"n": LONGEST_LONG})
    return text


def _read_link(field: FieldDefinition, value: Any) -> str:
    text = clean_line(_text_of(value)).replace(" ", "")
    if text and "://" not in text:
        text = f"https://{text}"
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    # Nothing but the web: a link that runs a script is no link.
    if not host or "." not in host or urlsplit(text).scheme not in ("http", "https"):
        raise ValueError(_("This is not an address of a page. Write it as https://example.org."))
    if len(text) > LONGEST_TEXT:
        raise ValueError(_("At most %(n)s characters.") % {"n": LONGEST_TEXT})
    return text


def _text_words(field: FieldDefinition, value: Any) -> str:
    return str(value)


# ---- numbers, sums, days, yes and no ----


def _decimal(value: Any, places: int) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError(_("Write a number, such as 12.5."))
    typed = str(value)[:60].replace(",", ".")
    try:
        number = Decimal("".join(typed.split()).rstrip("₽$€"))
    except InvalidOperation:
        raise ValueError(_("Write a number, such as 12.5.")) from None
    if not number.is_finite() or abs(number) >= LARGEST:
        raise ValueError(_("This number is too large."))
    if number != round(number, places):
        raise ValueError(_("At most %(n)s decimals.") % {"n": places})
    return number


def _read_number(field: FieldDefinition, value: Any) -> int:
    return int(_decimal(value, SCALE).scaleb(SCALE))


def _plain_number(field: FieldDefinition, value: Any) -> str:
    return _unpadded(Decimal(value).scaleb(-SCALE))


def _unpadded(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _number_words(field: FieldDefinition, value: Any) -> str:
    number = Decimal(value)
    return formats.number(number, max(0, -int(number.normalize().as_tuple().exponent)))


def _currency(field: FieldDefinition) -> str:
    return field.currency or Company.current().currency


def _read_money(field: FieldDefinition, value: Any) -> int:
    places = exponent(_currency(field))
    return int(_decimal(value, places).scaleb(places))


def _plain_money(field: FieldDefinition, value: Any) -> str:
    return str(from_minor(int(value), _currency(field)))


def _money_words(field: FieldDefinition, value: Any) -> str:
    currency = _currency(field)
    return formats.money(int(Decimal(value).scaleb(exponent(currency))), currency)


def _decimal_cell(field: FieldDefinition, value: Any) -> Decimal:
    return Decimal(value)


def _read_date(field: FieldDefinition, value: Any) -> str:
    day = value if isinstance(value, date) else read_day(_text_of(value).strip()[:20])
    if not EARLIEST <= day < LATEST:
        raise ValueError(_("This year is out of range."))
    return day.isoformat()[:10]


def _date_words(field: FieldDefinition, value: Any) -> str:
    # The year is always told: a date of an own field may lie far off.
    return formats.day(date.fromisoformat(value), date(1, 1, 1))


def _date_cell(field: FieldDefinition, value: Any) -> date:
    return date.fromisoformat(value)


_YES = frozenset(["1", "true", "yes", "y", "да", "д", "есть", "+", "v", "x", "х", "on"])
_NO = frozenset(["0", "false", "no", "n", "нет", "н", "-", "off"])


def _read_flag(field: FieldDefinition, value: Any) -> int:
    if isinstance(value, bool):
        return int(value)
    word = normalise(_text_of(value))
    if word in _YES or word in _NO:
        return int(word in _YES)
    raise ValueError(_("Write yes or no."))


def _plain_flag(field: FieldDefinition, value: Any) -> bool:
    return bool(value)


def _flag_words(field: FieldDefinition, value: Any) -> str:
    return str(_("yes") if value else _("no"))


# ---- choices ----


def _option_key(field: FieldDefinition, value: Any) -> str:
    """The key of a choice by its key or its label. Raises `ValueError` for what is not offered."""
    typed = clean_line(_text_of(value))
    wanted = normalise(typed)
    known = field.live_options
    for option in known:
        if option["key"] == typed or normalise(option["label"]) == wanted:
            return str(option["key"])
    # A choice that is not offered any more may stay, and come back by an undo.
    if any(option["key"] == typed for option in field.options):
        return typed
    raise ValueError(_("There is no such choice: %(name)s.") % {"name": typed[:60]})


def _read_choice(field: FieldDefinition, value: Any) -> str:
    return _option_key(field, value) if _text_of(value).strip() else ""


def _choice_words(field: FieldDefinition, value: Any) -> str:
    return str(field.option(value)["label"])


def _read_choices(field: FieldDefinition, value: Any) -> list[str]:
    if isinstance(value, str):
        value = _split(field, value)
    if not isinstance(value, list | tuple) or len(value) > MOST_CHOICES:
        raise ValueError(_("A list of choices is expected."))
    chosen = {_option_key(field, item) for item in value if _text_of(item).strip()}
    return [option["key"] for option in field.options if option["key"] in chosen]


def _split(field: FieldDefinition, text: str) -> list[str]:
    """The choices in a text: the whole of it may be one that has a comma in its name."""
    try:
        return [_option_key(field, text)] if text.strip() else []
    except ValueError:
        return text.replace(";", ",").replace("\n", ",").split(",")


def _choices_words(field: FieldDefinition, value: Sequence[str]) -> str:
    return ", ".join(str(field.option(key)["label"]) for key in value)


# ---- what points at a row ----


def _read_reference(field: FieldDefinition, value: Any) -> int:
    if isinstance(value, Mapping):
        value = value.get("id")
    text = _text_of(value).strip().removeprefix("№").lstrip()
    number = text.split(" ", 1)[0]
    if not (number.isascii() and number.isdigit() and 0 < len(number) < 18):
        raise ValueError(_("Write the number of the client."))
    return int(number)


def _reference_words(field: FieldDefinition, value: Any) -> str:
    if not isinstance(value, Mapping):
        return f"№ {value}"
    unnamed = _("a client you cannot see") if field.kind == Kind.CLIENT else f"№ {value.get('id')}"
    return str(value.get("name") or unnamed)


TYPES: dict[str, Type] = {
    Kind.TEXT: Type(KEY, _read_text, _same, _text_words, _same),
    Kind.LONG: Type(LONG, _read_long, _same, _text_words, _same),
    Kind.LINK: Type(KEY, _read_link, _same, _text_words, _same),
    Kind.NUMBER: Type(WHOLE, _read_number, _plain_number, _number_words, _decimal_cell),
    Kind.MONEY: Type(WHOLE, _read_money, _plain_money, _money_words, _decimal_cell),
    Kind.DATE: Type(TEXT, _read_date, _same, _date_words, _date_cell),
    Kind.FLAG: Type(WHOLE, _read_flag, _plain_flag, _flag_words, _flag_words),
    Kind.CHOICE: Type(TEXT, _read_choice, _same, _choice_words, _choice_words),
    Kind.CHOICES: Type("", _read_choices, _same, _choices_words, _choices_words),
    Kind.CLIENT: Type(WHOLE, _read_reference, _same, _reference_words, _reference_words),
    Kind.FILE: Type(WHOLE, _read_reference, _same, _reference_words, _reference_words),
}
# Types that can be kept in order, so that lists sort by them.
SORTED = frozenset([Kind.TEXT, Kind.LINK, Kind.NUMBER, Kind.MONEY, Kind.DATE, Kind.FLAG])
# Types whose values can be promised to be different.
DISTINCT = frozenset([Kind.TEXT, Kind.LINK, Kind.NUMBER])
SEARCHED = frozenset([Kind.TEXT, Kind.LONG, Kind.LINK, Kind.NUMBER])
# Types whose values may tell that two cards are one client.
COMPARED = frozenset([Kind.TEXT, Kind.NUMBER])
REFERENCES = frozenset([Kind.CLIENT, Kind.FILE])


def is_empty(value: Any) -> bool:
    """Whether a value, in any of its forms, says nothing: no and zero do say something."""
    return value is None or value == "" or value == [] or value == {}


def read(field: FieldDefinition, value: Any) -> Any:
    """The stored form of what was typed or sent; None for nothing.

    Raises `ValueError` with a sentence for the user.
    """
    if is_empty(value) or (isinstance(value, str) and not value.strip()):
        return None
    stored = TYPES[field.kind].read(field, value)
    return None if is_empty(stored) else stored


def plain(field: FieldDefinition, stored: Any) -> Any:
    return None if is_empty(stored) else TYPES[field.kind].plain(field, stored)


def words(field: FieldDefinition, value: Any) -> str:
    """A plain value for people; "" for nothing, and for what another type has left behind."""
    if is_empty(value):
        return ""
    try:
        return TYPES[field.kind].words(field, value)
    except (ValueError, TypeError, InvalidOperation):
        return str(value)


def cell(field: FieldDefinition, value: Any) -> Any:
    """A plain value for a spreadsheet: a text, a number, a day."""
    return None if is_empty(value) else TYPES[field.kind].cell(field, value)
