"""Which pairs of cards are worth comparing: those that share a key of one of many kinds."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from orbita.clients.duplicates.normal import KIND_PLACE
from orbita.clients.duplicates.table import MOST_OF_ONE, Ints, Small, Table

# Numbers in use that differ from each other in the same digit.
MOST_NEIGHBOURS = 5

Keys = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.integer[Any]]


class Rule(NamedTuple):
    """Keys of some rows. Blocks larger than `largest` say too little and are left to other rules."""

    name: str
    rows: npt.NDArray[np.intp]
    keys: Keys
    largest: int


def candidate_pairs(table: Table) -> tuple[Ints, Ints]:
    """The rows of all pairs worth comparing, the smaller first, without repeats."""
    found = [_encoded(table.size, *_pairs_of(rule)) for rule in rules(table)]
    found += [_encoded(table.size, *pairs) for pairs in _near_numbers(table)]
    codes = np.unique(np.concatenate(found))
    one, two = codes // table.size, codes % table.size
    fitting = table.may_be_one(one, two)
    return one[fitting], two[fitting]


def rules(table: Table) -> Iterator[Rule]:
    """The keys of every kind. Each kind forgives what another one needs."""
    t = table
    day, month, year = t.birthday % 100, t.birthday // 100 % 100, t.birthday // 10000
    born = _mix(year, np.minimum(day, month), np.maximum(day, month))
    has_born = t.birthday != 0
    last_letter = _first_letters(t)
    named = (t.stem != 0) & (t.first != 0)
    whole = named & (t.first_length > 1)
    yield _slots("phone", t.phone, 40)
    yield _slots("phone and name", t.phone, 200, t.name_key)
    boxes = np.where(t.is_common[t.mailbox], 0, t.mailbox).astype(np.int64)
    yield _slots("mailbox", boxes, 40)
    yield _slots("mailbox and name", boxes, 200, t.name_key)
    office = np.where(t.is_free[t.domain], 0, t.email)
    for halves in (t.mailbox_head, t.mailbox_tail):
        yield _slots("half a mailbox", np.where(boxes == 0, 0, halves[t.mailbox]), 6)
    yield _slots("e-mail of an office", office, 40)
    yield _rule("inn", t.inn != 0, 60, t.inn)
    yield _slots("other number", t.other, MOST_OF_ONE)
    yield _rule("birthday, name", has_born & (t.first != 0), 60, born, t.name_key)
    yield _rule("birthday, sound", has_born & (t.stem != 0), 60, born, t.sound)
    yield _rule(
        "birthday, letters", has_born & named, 60, born, _either(last_letter, t.first_letter)
    )
    placed = (t.street != 0) & (t.number != 0)
    yield _rule("address", placed, 25, t.street, t.number)
    yield _rule("address, name", placed & named, 60, t.street, t.number, t.name_key)
    yield _rule("address, letter", placed & named, 60, t.street, t.number, t.first_letter)
    yield _rule("address, surname", placed & named, 60, t.street, t.number, t.sound)
    yield _rule("street, surname", (t.street != 0) & named, 25, t.street, t.sound, t.first_letter)
    yield _rule("name", whole, 12, t.sound, t.name_key)
    yield _rule(
        "name, middle", whole & (t.middle_length > 1), 20, t.sound, t.name_key, t.middle_stem
    )
    yield _rule("name, city", whole & (t.city != 0), 20, t.sound, t.name_key, t.city)
    yield _rule("name, year", whole & has_born, 40, t.sound, t.name_key, year)
    yield _rule("name, day", whole & has_born, 40, t.sound, t.name_key, day * 100 + month)
    yield _rule(
        "surname, initials, city",
        named & (t.city != 0),
        12,
        t.stem,
        t.first_letter,
        t.middle_letter,
        t.city,
    )
    yield from _for_small_bases(t, born)
    yield _rule("company", t.company != 0, 25, t.company)
    yield _rule("company, city", (t.company != 0) & (t.city != 0), 40, t.company, t.city)


def _for_small_bases(t: Table, born: Keys) -> Iterator[Rule]:
    """Keys that say little, and all that some pairs have: the larger the base, the fewer of them."""
    has_born, placed = t.birthday != 0, (t.street != 0) & (t.number != 0)
    named, houses = t.stem != 0, t.houses[t.number]
    yield _rule("birthday", has_born, 6, born)
    yield _rule("birthday, city", has_born & (t.city != 0), 15, born, t.city)
    yield _rule("birthday, street", has_born & (t.street != 0), 15, born, t.street)
    yield _rule("birthday, numbers", has_born & (t.number != 0), 15, born, t.number)
    yield _rule("street, house", placed, 12, t.street, houses)
    yield _rule("street, name", (t.street != 0) & (t.first != 0), 12, t.street, t.name_key)
    yield _rule("city, numbers", placed & (t.city != 0), 12, t.city, t.number)
    yield _rule("surname", named, 5, t.stem)
    yield _rule("surname, city", named & (t.city != 0), 6, t.sound, t.city)
    fathered = (t.middle_length > 1) & (t.first != 0)
    yield _rule("names, city", fathered & (t.city != 0), 10, t.name_key, t.middle_stem, t.city)
    yield _rule("names, letter", fathered & named, 10, t.name_key, t.middle_stem, _first_letters(t))
    yield _rule("house, name", placed & (t.first != 0), 12, t.number, t.name_key)
    both = named & (t.first != 0)
    one, two = t.last_hash[t.last], t.first_hash[t.first]
    yield _rule("exchanged names", both, 12, np.minimum(one, two), np.maximum(one, two))


def _mix(*columns: Numbers) -> Keys:
    """One number of several; different rows get the same one with a chance of 2**-64."""
    mixed = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        mixed ^= column.astype(np.uint64)
        mixed *= np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(32)
    return mixed


def _either(one: Small, two: Small) -> Small:
    """The same number whichever of the two stands first."""
    return np.minimum(one, two) * 1024 + np.maximum(one, two)


def _first_letters(table: Table) -> Small:
    texts = table.stems.numbers
    return np.fromiter((ord(text[0]) if text else 0 for text in texts), np.int32, len(texts))[
        table.stem
    ]


def _rule(
    name: str,
    chosen: npt.NDArray[np.bool_],
    largest: int,
    *columns: Numbers,
) -> Rule:
    rows = np.flatnonzero(chosen)
    return Rule(name, rows, _mix(*(column[rows] for column in columns)), largest)


def _slots(name: str, values: Ints, largest: int, other: Small | None = None) -> Rule:
    """Keys of a column with several values in each row."""
    rows, slots = np.nonzero(values)
    columns: list[npt.NDArray[Any]] = [values[rows, slots]]
    if other is not None:
        columns.append(other[rows])
    return Rule(name, rows, _mix(*columns), largest)


def _pairs_of(rule: Rule) -> tuple[Ints, Ints]:
    """All pairs inside the blocks of a rule, as rows."""
    order = np.argsort(rule.keys, kind="stable")
    keys, rows = rule.keys[order], rule.rows[order].astype(np.int64)
    starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    sizes = np.diff(np.append(starts, len(keys)))
    kept = (sizes > 1) & (sizes <= rule.largest)
    return _within(rows, starts[kept], sizes[kept])


def _within(
    rows: Ints, starts: npt.NDArray[np.intp], sizes: npt.NDArray[np.intp]
) -> tuple[Ints, Ints]:
    if not len(starts):
        return rows[:0], rows[:0]
    total = int(sizes.sum())
    block = np.repeat(np.arange(len(starts)), sizes)
    inside = np.arange(total) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    place = starts[block] + inside
    after = sizes[block] - inside - 1
    left = np.repeat(place, after)
    steps = np.arange(len(left)) - np.repeat(np.cumsum(after) - after, after)
    right = left + steps + 1
    return rows[left], rows[right]


def _encoded(size: int, one: Ints, two: Ints) -> Ints:
    apart = one != two
    one, two = one[apart], two[apart]
    return np.unique(np.minimum(one, two) * size + np.maximum(one, two))


def _near_numbers(table: Table) -> Iterator[tuple[Ints, Ints]]:
    """Pairs whose phones or tax numbers differ in one digit or in two neighbours changed over."""
    inn, other = table.inn[:, None], table.other
    for values, digits in (
        (table.phone, 10),
        (inn, 12),
        (inn, 10),
        *((other, length) for length in range(5, 13)),
    ):
        bare = values % KIND_PLACE
        long = (bare >= 10 ** (digits - 1)) & (bare < 10**digits)
        rows, slots = np.nonzero(long)
        if len(rows) < 2:
            continue
        numbers = values[rows, slots]
        for place in range(digits):
            unit = 10**place
            digit = numbers // unit % 10
            yield _differing(rows, numbers - digit * unit, numbers)
            if place + 1 < digits:
                two = numbers // unit % 100
                low, high = np.minimum(two % 10, two // 10), np.maximum(two % 10, two // 10)
                yield _differing(rows, numbers + (low * 10 + high - two) * unit, numbers)


def _differing(rows: npt.NDArray[np.intp], keys: Ints, numbers: Ints) -> tuple[Ints, Ints]:
    """Pairs of rows with one key and different numbers.

    Where most of the neighbouring numbers are given out, being one digit apart says nothing.
    """
    order = np.lexsort((numbers, keys))
    keys, sorted_numbers = keys[order], numbers[order]
    opens = np.concatenate(([True], keys[1:] != keys[:-1]))
    starts = np.flatnonzero(opens)
    sizes = np.diff(np.append(starts, len(keys)))
    is_new = opens | np.concatenate(([True], sorted_numbers[1:] != sorted_numbers[:-1]))
    different = np.add.reduceat(is_new, starts, dtype=np.int64)
    kept = (different > 1) & (different <= MOST_NEIGHBOURS) & (sizes <= 30)
    left, right = _within(order.astype(np.int64), starts[kept], sizes[kept])
    apart = numbers[left] != numbers[right]
    return rows[left[apart]].astype(np.int64), rows[right[apart]].astype(np.int64)
