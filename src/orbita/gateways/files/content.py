"""What the values of a column look like, whatever its heading says."""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime

from stdnum.ru import inn

from orbita.clients.checks import check_email
from orbita.clients.names import looks_like_company, middle_name_sex
from orbita.core.phones import split_phones
from orbita.gateways.files.source import Cell
from orbita.gateways.files.values import is_blank, number_or_none, parse_date, to_text

_ENOUGH = 200
# 19800305, with slips as people make them.
_COMPACT = re.compile(r"(?:18|19|20)\d{6}")


def shares(column: Sequence[Cell]) -> dict[str, float]:
    """The part of the filled cells that are phones, e-mails, dates and so on; empty for no cells."""
    cells = [cell for cell in column if not is_blank(cell)][:_ENOUGH]
    if not cells:
        return {}
    return {name: sum(map(test, cells)) / len(cells) for name, test in _TESTS.items()}


def several_words(column: Sequence[Cell]) -> float:
    """The part of the filled cells with two words or more."""
    cells = [to_text(cell) for cell in column if not is_blank(cell)][:_ENOUGH]
    return sum(len(text.split()) > 1 for text in cells) / len(cells) if cells else 0.0


def distinct(column: Sequence[Cell]) -> float:
    """The part of the filled cells that differ from all others before them."""
    cells = [to_text(cell) for cell in column if not is_blank(cell)]
    return len(set(cells)) / len(cells) if cells else 0.0


def _is_phone(cell: Cell) -> bool:
    if isinstance(cell, (bool, date, datetime)) or (isinstance(cell, str) and "@" in cell):
        return False
    if isinstance(cell, (int, float)) and not 10**9 <= cell < 10**15:
        return False
    text = to_text(cell)
    # A tax number of ten or twelve digits is no phone, though some begin like one.
    if text.isdigit() and len(text) in (10, 12) and inn.is_valid(text) and text[0] != "9":
        return False
    return 6 <= len(text) <= 200 and bool(split_phones(text)[0])


def _is_email(cell: Cell) -> bool:
    if not isinstance(cell, str) or "@" not in cell:
        return False
    try:
        check_email(cell.replace(",", ";").split(";")[0])
    except ValueError:
        return False
    return True


def _is_date(cell: Cell) -> bool:
    if isinstance(cell, (int, float)):
        return False
    if isinstance(cell, str) and cell.strip().isdigit():
        return False
    try:
        return parse_date(cell) is not None
    except ValueError:
        # A month above twelve: the other order.
        try:
            return parse_date(cell, "mdy") is not None
        except ValueError:
            return False


def _is_number(cell: Cell) -> bool:
    return not isinstance(cell, (date, datetime)) and number_or_none(cell) is not None


def _is_inn(cell: Cell) -> bool:
    text = to_text(cell)
    if not text.isdigit() or len(text) not in (9, 10, 11, 12):
        return False
    return inn.is_valid(text) or inn.is_valid("0" + text)


def _is_person(cell: Cell) -> bool:
    if not isinstance(cell, str) or not 3 < len(cell) < 100:
        return False
    words = cell.split()
    return 2 <= len(words) <= 4 and any(middle_name_sex(word) for word in words)


def _is_company(cell: Cell) -> bool:
    return isinstance(cell, str) and len(cell) < 200 and looks_like_company(cell)


def _has_digits(cell: Cell) -> bool:
    return not isinstance(cell, (date, datetime)) and sum(map(str.isdigit, to_text(cell))) >= 5


def is_compact_date(cell: Cell) -> bool:
    return bool(_COMPACT.fullmatch(to_text(cell)))


def _is_document(cell: Cell) -> bool:
    """Long enough to belong to one person: the number of a passport without its series does not."""
    if isinstance(cell, (date, datetime)):
        return False
    signs = [char for char in to_text(cell) if char.isalnum()]
    return 7 <= len(signs) <= 24 and sum(map(str.isdigit, signs)) >= 4


def _is_link(cell: Cell) -> bool:
    return isinstance(cell, str) and cell.strip().lower().startswith(
        ("http://", "https://", "www.")
    )


_TESTS: dict[str, Callable[[Cell], bool]] = {
    "phone": _is_phone,
    "email": _is_email,
    "date": _is_date,
    "number": _is_number,
    "inn": _is_inn,
    "digits": _has_digits,
    "person": _is_person,
    "company": _is_company,
    "link": _is_link,
    "document": _is_document,
    "compact_date": is_compact_date,
}
