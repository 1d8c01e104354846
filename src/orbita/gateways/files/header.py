"""Finds the row of headings in a sheet and what each heading may mean."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from itertools import pairwise

from orbita.core.text import normalise
from orbita.gateways.files.fields import (
    FIELDS,
    KINDS,
    ORDINALS,
    PERHAPS_ORDINALS,
    Field,
    fields_of,
)
from orbita.gateways.files.source import Cell, Row
from orbita.gateways.files.values import is_blank, to_text

_PUNCTUATION = re.compile(r"[^\w%#]+|_+")
_UNITS = re.compile(
    r"(?:\s+(?:в\s+)?(?:руб|рублей|рублях|рубли|rub|rur|usd|eur|р|тг|шт|тыс|дд мм гггг|dd mm yyyy))+$"
)
_CAMEL = re.compile(r"(?<=[a-zа-я])(?=[A-ZА-Я])")
_LOOKS_LIKE_DATA = re.compile(r"\+?[\d\s().,/:\-]{3,}|.*@.*\..*")
_SEARCHED_ROWS = 40


@dataclass(frozen=True)
class Header:
    # The number of the last row of headings as its owner sees it; 0 when there is none.
    row: int
    # A heading for each column; empty for a column without one.
    labels: list[str]
    # Where the data begin in the rows that were looked at.
    data_from: int


@lru_cache(maxsize=4096)
def header_key(label: str) -> str:
    """A heading without case, punctuation and units: "Сумма, руб." is "сумма"."""
    text = _PUNCTUATION.sub(" ", normalise(label.replace("№", " n "))).strip()
    without_units = _UNITS.sub("", text)
    return without_units if len(without_units) > 2 else text


def candidates(label: str, kind: str) -> list[tuple[float, int, Field]]:
    """The fields a heading may mean in this kind of table: (likeness up to 1, order, field)."""
    found: dict[str, tuple[float, int, Field]] = {}
    for key in _keys(label):
        for score, order, field in _matches(key, kind):
            if field.name not in found or found[field.name][0] < score:
                found[field.name] = (score, order, field)
    return sorted(found.values(), key=lambda item: (-item[0], item[1]))


def is_ordinal(label: str, column: Sequence[Cell]) -> bool:
    """Whether a column only numbers the rows."""
    key = header_key(label)
    if key in ORDINALS:
        return True
    return key in PERHAPS_ORDINALS - {"id"} and _counts_up(column)


def find_header(rows: Sequence[Row]) -> Header:
    """The headings of a sheet among its first rows, in one row or in two when some are merged."""
    best, best_score = -1, 0.0
    for index, (_number, cells) in enumerate(rows[:_SEARCHED_ROWS]):
        score = _headedness(cells)
        if score > best_score:
            best, best_score = index, score
    if best < 0:
        best = _unknown_headings(rows)
    if best < 0:
        width = max((len(cells) for _number, cells in rows), default=0)
        first = next((i for i, (_n, cells) in enumerate(rows) if not _is_empty(cells)), len(rows))
        return Header(0, [""] * width, first)
    labels, last = _labels(rows, best)
    return Header(rows[last][0], labels, last + 1)


def _unknown_headings(rows: Sequence[Row]) -> int:
    """The first filled row when it is all words and the next has numbers or dates; -1 when not."""
    filled = [index for index, (_n, cells) in enumerate(rows) if not _is_empty(cells)][:2]
    if len(filled) < 2:
        return -1
    head, below = (rows[index][1] for index in filled)
    words = [cell for cell in head if not is_blank(cell)]
    plain = len(words) > 1 and not _has_data(head) and all(isinstance(cell, str) for cell in words)
    return filled[0] if plain and _has_data(below) else -1


def _labels(rows: Sequence[Row], at: int) -> tuple[list[str], int]:
    """The headings that begin or end at this row, joined with those above or below it."""
    own = _texts(rows[at][1])
    options = [(_recognised(own), own, at)]
    if at + 1 < len(rows) and not _has_data(rows[at + 1][1]):
        joined = _joined(own, _texts(rows[at + 1][1]))
        options.append((_recognised(joined), joined, at + 1))
    if at > 0 and not _has_data(rows[at - 1][1]) and sum(map(bool, _texts(rows[at - 1][1]))) > 1:
        joined = _joined(_texts(rows[at - 1][1]), own)
        options.append((_recognised(joined), joined, at))
    _score, labels, last = max(options, key=lambda option: option[0])
    return labels, last


def _joined(upper: list[str], lower: list[str]) -> list[str]:
    """Two rows of headings as one: a merged heading covers the columns to its right."""
    width = max(len(upper), len(lower))
    upper = upper + [""] * (width - len(upper))
    lower = lower + [""] * (width - len(lower))
    labels = []
    covering = ""
    for above, below in zip(upper, lower, strict=True):
        covering = above or (covering if below else "")
        if not below:
            labels.append(above)
        elif not covering or _is_known(below):
            labels.append(below)
        else:
            labels.append(f"{covering} {below}")
    return labels


def _headedness(cells: Sequence[Cell]) -> float:
    """How much a row looks like headings: known words count for, numbers and dates against."""
    score = 0.0
    for cell in cells:
        if is_blank(cell):
            continue
        if not isinstance(cell, str) or _LOOKS_LIKE_DATA.fullmatch(cell.strip()):
            score -= 1
        elif len(cell) <= 60:
            score += _knownness(cell)
    return score


def _recognised(labels: Sequence[str]) -> float:
    return sum(_knownness(label) for label in labels if label)


@lru_cache(maxsize=4096)
def _knownness(label: str) -> float:
    if any(key in ORDINALS or key in PERHAPS_ORDINALS for key in _keys(label)):
        return 0.5
    best = max((found[0][0] for kind in KINDS if (found := candidates(label, kind))), default=0.0)
    return best if best > 0.6 else 0.0


def _is_known(label: str) -> bool:
    return _knownness(label) >= 0.99


def _keys(label: str) -> list[str]:
    """The heading as typed, without brackets, with CamelCase taken apart, and "Тел. 2" as "Тел."."""
    label = label[:120]
    forms = [
        label,
        re.sub(r"\([^)]*\)", " ", label),
        _CAMEL.sub(" ", label),
        re.sub(r"\W*\d{1,2}$", "", label),
    ]
    return list(dict.fromkeys(key for key in map(header_key, forms) if key))


@cache
def _aliases(kind: str) -> tuple[dict[str, list[tuple[int, Field]]], list[tuple[str, int, Field]]]:
    """Aliases that a heading may equal, and those it may contain, longest first."""
    equal: dict[str, list[tuple[int, Field]]] = {}
    contained: list[tuple[str, int, Field]] = []
    for field in fields_of(kind):
        order = FIELDS.index(field)
        for alias in dict.fromkeys((field.name.replace("_", " "), *field.aliases, *field.exact)):
            equal.setdefault(alias, []).append((order, field))
        contained += [(alias, order, field) for alias in field.aliases if len(alias) > 3]
    contained.sort(key=lambda item: -len(item[0]))
    return equal, contained


def _matches(key: str, kind: str) -> list[tuple[float, int, Field]]:
    equal, contained = _aliases(kind)
    found = [(1.0, order, field) for order, field in equal.get(key, [])]
    padded = f" {key} "
    for alias, order, field in contained:
        if len(alias) < len(key) and f" {alias} " in padded:
            found.append((0.4 + 0.55 * len(alias) / len(key), order, field))
    return found


def _texts(cells: Sequence[Cell]) -> list[str]:
    return ["" if is_blank(cell) and cell != "-" else to_text(cell) for cell in cells]


def _is_empty(cells: Sequence[Cell]) -> bool:
    return all(is_blank(cell) for cell in cells)


def _has_data(cells: Sequence[Cell]) -> bool:
    return any(
        isinstance(cell, (int, float, date, datetime))
        or (isinstance(cell, str) and bool(_LOOKS_LIKE_DATA.fullmatch(cell.strip())))
        for cell in cells
        if not is_blank(cell)
    )


def _counts_up(column: Sequence[Cell]) -> bool:
    """1, 2, 3… with gaps where rows were left out."""
    numbers = []
    for cell in column:
        text = to_text(cell)
        if text.endswith(".0"):
            text = text[:-2]
        if text.rstrip(".").isdigit():
            numbers.append(int(text.rstrip(".")))
        elif text:
            return False
    if len(numbers) < 2:
        return bool(numbers) and numbers[0] == 1
    steps = [after - before for before, after in pairwise(numbers)]
    return numbers[0] <= 1 and all(1 <= step <= 3 for step in steps)
