"""What is seen when two cards are laid side by side, as numbers the model reads.

The order and the meaning of the features are part of the model: a change here needs a new training.
Missing knowledge is MISSING (-1); in the features that end in `_rel` larger means more alike.
"""

from collections.abc import Callable, Mapping, Sized
from typing import Any

import numpy as np
import numpy.typing as npt
from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.fuzz import token_set_ratio, token_sort_ratio

from orbita.clients.duplicates.normal import KIND_PLACE
from orbita.clients.duplicates.table import NONE, Ints, Small, Table, Words

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.integer[Any]]
MISSING = -1.0
MOST_SLIPS = 6
# How alike two streets are of which one is told with more words.
PART_OF = 0.9
# A day of birth among those of living people, give or take.
_BIRTHDAYS = 25_000

FEATURES: Mapping[str, str] = {
    "kind": "0 two persons, 1 and 4 with a sole trader, 5 a sole trader and a company, 8 two companies",
    "last_like": "likeness of last names without gender endings, Jaro-Winkler",
    "last_slips": "slips of the hand between them",
    "last_sound": "1 when they sound alike, 2 when they are equal, 3 with their endings",
    "last_share": "how many in the base have this last name, log10 of the share; 1 when not equal",
    "first_rel": (
        "first names: 0 two known ones, 1 other initials, 2 others, 3 missing, 4 initial agrees, "
        "5 a form of the other, 6 the same after mending a slip, 7 equal"
    ),
    "first_like": "likeness of first names, Jaro-Winkler",
    "first_slips": "slips between them",
    "middle_rel": (
        "patronymics: 0 others, 1 other initials, 2 missing, 3 initial agrees, 4 one slip, "
        "5 the same father, 6 equal"
    ),
    "middle_like": "likeness of patronymics without their endings, Jaro-Winkler",
    "swapped": "likeness when one's last and first names are exchanged",
    "mail_name": "first name in a mailbox: -1 another than on the other card, 0 not told, 1 the same",
    "mail_surname": "likeness of a mailbox to the other card's last name",
    "sex": "0 different, 1 not known, 2 the same",
    "born_rel": (
        "birthdays: 0 others, 1 missing, 2 same year, 3 same day of another year, 4 one digit, "
        "5 day and month swapped, 6 equal"
    ),
    "born_digits": "digits in which birthdays differ",
    "born_gap": "years between birthdays",
    "mail_year": "year in a mailbox: 0 another than the other's year of birth, 1 not told, 2 the same",
    "phone_rel": "phones: 0 others, 1 missing, 2 one wrong digit, 3 the same",
    "phones_shared": "how many phones are on both cards",
    "phone_people": "how many first names the shared phone is used under",
    "phone_cards": "how many cards have the shared phone",
    "mail_rel": (
        "e-mails: 0 others, 1 missing, 2 a slip, 3 same mailbox elsewhere, 4 the same of an office, "
        "5 the same"
    ),
    "mail_like": "likeness of mailboxes",
    "mail_people": "how many first names the shared mailbox is used under",
    "inn_rel": "tax numbers: 0 others, 1 missing, 2 one wrong digit, 3 equal",
    "company_rel": "company names: 0 others, 1 missing, 2 alike, 3 equal",
    "company_like": "likeness of company names, words in any order",
    "place_rel": (
        "addresses: 0 another street, 1 missing, 2 same street, 3 same house, another flat, "
        "4 same house, a flat missing, 5 equal"
    ),
    "street_like": "likeness of streets",
    "place_people": "how many first names live at the same address",
    "city_rel": "cities: 0 others, 1 missing, 2 alike, 3 equal",
    "script": "how the names were typed: 0 alike, 1 other letters, 2 wrong layout",
    "other_rel": "other numbers: 0 others, 1 missing, 2 one wrong digit, 3 equal",
    "chance": "log10 of how many others in the base would agree as well by chance",
    "proofs": "how many of phone, e-mail, birthday, address and numbers are equal",
    "against": "how many of phone, e-mail, birthday, address and numbers differ",
}


class Context:
    """What a comparison needs of the whole base: how common the values are.

    `size` is how many cards the base has when the table holds only a part of them.
    """

    def __init__(self, table: Table, size: int = 0) -> None:
        self.table = table
        self.size = max(size, table.size)
        self.last_share = self._share(table.stem)
        self.first_share = self._share(table.name_key)
        self.middle_share = self._share(table.middle_stem)
        self.city_share = self._share(table.city)
        if self.size > table.size:
            # A part chosen for its likeness tells nothing of how common its first names are.
            self.first_share = np.full(table.size, np.log10(0.01), dtype=np.float32)
            self.middle_share = np.full(table.size, np.log10(0.01), dtype=np.float32)
            self.city_share = np.full(table.size, np.log10(0.05), dtype=np.float32)
        self.phone_people, self.phone_cards = _people(table.phone, table.name_key)
        self.mail_people, _cards = _people(table.mailbox.astype(np.int64), table.name_key)
        place = table.street.astype(np.int64) * len(table.numbers.numbers) + table.number
        place[(table.street == 0) | (table.number == 0)] = 0
        people, _cards = _people(place[:, None], table.name_key)
        self.place_people = people[:, 0]

    def _share(self, column: Rows) -> Floats:
        _values, places, counts = np.unique(column, return_inverse=True, return_counts=True)
        return np.log10(counts[places] / self.size).astype(np.float32)


def _people(values: Ints, names: Rows) -> tuple[Small, Small]:
    """For every value how many first names and how many cards have it."""
    people = np.zeros(values.shape, dtype=np.int32)
    cards = np.zeros(values.shape, dtype=np.int32)
    rows, slots = np.nonzero(values)
    if len(rows):
        _distinct, number = np.unique(values[rows, slots], return_inverse=True)
        cards[rows, slots] = np.bincount(number)[number]
        pairs = np.unique(number.astype(np.int64) * (1 << 24) + names[rows])
        people[rows, slots] = np.bincount(pairs >> 24, minlength=number.max() + 1)[number]
    return people, cards


def compare(context: Context, a: Rows, b: Rows) -> Floats:
    """The features of these pairs of rows, a line for each pair, in the order of FEATURES."""
    parts: dict[str, npt.NDArray[Any]] = {}
    for part in (_names, _birthdays, _phones, _mails, _company, _place):
        parts |= part(context, a, b)
    parts["proofs"] = (
        (parts["phone_rel"] == 3).astype(int)
        + (parts["mail_rel"] >= 3)
        + (parts["born_rel"] == 6)
        + (parts["place_rel"] >= 4)
        + (parts["inn_rel"] == 3)
        + (parts["other_rel"] == 3)
    )
    parts["against"] = sum(
        (parts[name] == 0).astype(int)
        for name in ("phone_rel", "mail_rel", "born_rel", "place_rel", "inn_rel", "other_rel")
    )
    parts["chance"] = _chance(context, a, b, parts)
    return np.column_stack([parts[name].astype(np.float32) for name in FEATURES])


def _chance(context: Context, a: Rows, b: Rows, parts: Mapping[str, Any]) -> Floats:
    share = np.full(len(a), np.log10(context.size), dtype=np.float32)
    share += np.where(parts["last_sound"] >= 2, context.last_share[a], 0)
    share += np.where(parts["first_rel"] >= 5, context.first_share[a], 0)
    share += np.where(parts["first_rel"] == 4, np.log10(0.1), 0)
    share += np.where(parts["middle_rel"] >= 5, context.middle_share[a], 0)
    share += np.where(parts["middle_rel"] == 3, np.log10(0.1), 0)
    share += np.where(parts["city_rel"] == 3, context.city_share[a], 0)
    return share - np.where(parts["born_rel"] == 6, np.log10(_BIRTHDAYS), 0)


def _like(
    words: Words, one: Rows, two: Rows, scorer: Callable[..., Any] = JaroWinkler.similarity
) -> Floats:
    """How alike the texts of these numbers are, from 0 to 1."""
    likeness = np.ones(len(one), dtype=np.float32)
    missing = (one == 0) | (two == 0)
    likeness[missing] = MISSING
    asked = np.flatnonzero(~missing & (one != two))
    if len(asked):
        texts = words.texts
        likeness[asked] = process.cpdist(
            texts[one[asked]].tolist(),
            texts[two[asked]].tolist(),
            scorer=scorer,
            workers=_workers(asked),
        )
    return likeness


def _workers(asked: Sized) -> int:
    """One for few: starting the others takes longer than their work."""
    return -1 if len(asked) > 5000 else 1


def _slips(words: Words, one: Rows, two: Rows) -> Floats:
    """How many slips of the hand lie between the texts, at most MOST_SLIPS."""
    slips = _like(words, one, two, OSA.distance)
    slips[(one == two) & (one != 0)] = 0
    return np.minimum(slips, MOST_SLIPS)


def _across(one: list[str], two: list[str]) -> Floats:
    likeness = process.cpdist(one, two, scorer=JaroWinkler.similarity, workers=_workers(one))
    return likeness.astype(np.float32)


# ---- names ----


def _names(context: Context, a: Rows, b: Rows) -> dict[str, npt.NDArray[Any]]:
    t = context.table
    last_like = _like(t.stems, t.stem[a], t.stem[b])
    equal = (t.stem[a] == t.stem[b]) & (t.stem[a] != 0)
    sound = np.where((t.sound[a] == t.sound[b]) & (t.sound[a] != 0), 1, 0) + equal
    sound += equal & (t.last[a] == t.last[b])
    sound[last_like == MISSING] = MISSING
    kinds = np.minimum(t.kind[a], t.kind[b]) * 3 + np.maximum(t.kind[a], t.kind[b])
    first_like = _like(t.first_words, t.first[a], t.first[b])
    scripts = t.script[a] | t.script[b]
    apart = (t.script[a] != t.script[b]) & (t.script[a] != 0) & (t.script[b] != 0)
    return {
        "kind": kinds,
        "last_like": last_like,
        "last_slips": _slips(t.stems, t.stem[a], t.stem[b]),
        "last_sound": sound,
        "last_share": np.where(equal, context.last_share[a], 1),
        "first_rel": _first_relation(t, a, b),
        "first_like": first_like,
        "first_slips": _slips(t.first_words, t.first[a], t.first[b]),
        "middle_rel": _middle_relation(t, a, b),
        "middle_like": _like(t.middle_stems, t.middle_stem[a], t.middle_stem[b]),
        "swapped": _swapped(t, a, b, last_like),
        "sex": np.where((t.sex[a] == 0) | (t.sex[b] == 0), 1, np.where(t.sex[a] == t.sex[b], 2, 0)),
        "script": np.where(apart, np.where(scripts & 4, 2, 1), 0),
    }


def _first_relation(t: Table, a: Rows, b: Rows) -> Small:
    one, two = t.first[a], t.first[b]
    relation = np.full(len(a), 2, dtype=np.int32)
    known = t.is_known[one] & t.is_known[two]
    mended = t.is_mended[one] | t.is_mended[two]
    relation[known & ~mended] = 0
    mine, other = t.full_names[one], t.full_names[two]
    shared = np.zeros(len(a), dtype=bool)
    for left in range(mine.shape[1]):
        for right in range(other.shape[1]):
            shared |= (mine[:, left] == other[:, right]) & (mine[:, left] != NONE)
    relation[shared] = 5
    relation[shared & (mine[:, 0] == other[:, 0])] = 6
    short = (t.first_length[a] == 1) | (t.first_length[b] == 1)
    letters = t.first_letter[a] == t.first_letter[b]
    # The initial of Саша may be that of Александр.
    relation[short] = np.where(letters[short], 4, 1)
    relation[one == two] = np.where(short[one == two], 4, 7)
    relation[(one == 0) | (two == 0)] = 3
    return relation


def _middle_relation(t: Table, a: Rows, b: Rows) -> Small:
    one, two = t.middle_stem[a], t.middle_stem[b]
    relation = np.zeros(len(a), dtype=np.int32)
    relation[_slips(t.middle_stems, one, two) == 1] = 4
    relation[one == two] = 5
    short = (t.middle_length[a] == 1) | (t.middle_length[b] == 1)
    letters = t.middle_letter[a] == t.middle_letter[b]
    relation[short] = np.where(letters[short], 3, 1)
    relation[(t.middle[a] == t.middle[b]) & ~short] = 6
    relation[(t.middle[a] == 0) | (t.middle[b] == 0)] = 2
    return relation


def _swapped(t: Table, a: Rows, b: Rows, last_like: Floats) -> Floats:
    likeness = np.zeros(len(a), dtype=np.float32)
    asked = np.flatnonzero(
        (last_like < 0.8)
        & (t.last[a] != 0)
        & (t.first[b] != 0)
        & (t.first[a] != 0)
        & (t.last[b] != 0)
    )
    if len(asked):
        last, first = t.last_words.texts, t.first_words.texts
        left, right = a[asked], b[asked]
        likeness[asked] = np.minimum(
            _across(last[t.last[left]].tolist(), first[t.first[right]].tolist()),
            _across(first[t.first[left]].tolist(), last[t.last[right]].tolist()),
        )
    return likeness


# ---- birthdays ----


def _birthdays(context: Context, a: Rows, b: Rows) -> dict[str, npt.NDArray[Any]]:
    born = context.table.birthday
    one, two = born[a], born[b]
    missing = (one == 0) | (two == 0)
    digits = np.zeros(len(a), dtype=np.int32)
    for place in range(8):
        digits += one // 10**place % 10 != two // 10**place % 10
    year, other = one // 10000, two // 10000
    swapped = (year == other) & (one % 100 == two // 100 % 100) & (two % 100 == one // 100 % 100)
    relation = np.zeros(len(a), dtype=np.int32)
    relation[year == other] = 2
    relation[one % 10000 == two % 10000] = 3
    relation[digits == 1] = 4
    relation[swapped] = 5
    relation[one == two] = 6
    relation[missing] = 1
    return {
        "born_rel": relation,
        "born_digits": np.where(missing, MISSING, digits),
        "born_gap": np.where(missing, MISSING, np.abs(year - other)),
    }


# ---- phones, e-mails, numbers ----


def _phones(context: Context, a: Rows, b: Rows) -> dict[str, npt.NDArray[Any]]:
    t = context.table
    has = (t.phone[a][:, 0] != 0) & (t.phone[b][:, 0] != 0)
    relation = np.where(has, 0, 1)
    shared = np.zeros(len(a), dtype=np.int32)
    people = np.full(len(a), 99, dtype=np.int32)
    cards = np.full(len(a), 99, dtype=np.int32)
    for left in range(t.phone.shape[1]):
        for right in range(t.phone.shape[1]):
            one, two = t.phone[a, left], t.phone[b, right]
            rows = np.flatnonzero((one != 0) & (two != 0))
            if not len(rows):
                continue
            same = rows[one[rows] == two[rows]]
            shared[same] += 1
            people[same] = np.minimum(people[same], context.phone_people[a[same], left])
            cards[same] = np.minimum(cards[same], context.phone_cards[a[same], left])
            near = rows[_one_digit(one[rows], two[rows])]
            relation[near] = np.maximum(relation[near], 2)
    relation[shared > 0] = 3
    return {
        "phone_rel": relation,
        "phones_shared": shared,
        "phone_people": np.where(shared > 0, people, 0),
        "phone_cards": np.where(shared > 0, np.minimum(cards, 20), 0),
        "inn_rel": _number(t.inn[a], t.inn[b]),
        "other_rel": _others(t.other, a, b),
    }


def _one_digit(one: Ints, two: Ints) -> Bools:
    """Whether numbers differ in one digit, in two neighbours changed over, or by a lost digit."""
    differing = np.zeros(len(one), dtype=np.int32)
    lowest = np.full(len(one), -1, dtype=np.int32)
    highest = np.full(len(one), -1, dtype=np.int32)
    for place in range(15):
        unit = 10**place
        apart = one // unit % 10 != two // unit % 10
        differing += apart
        lowest[apart & (lowest < 0)] = place
        highest[apart] = place
    exchanged = np.zeros(len(one), dtype=bool)
    pair = np.flatnonzero((differing == 2) & (highest == lowest + 1))
    if len(pair):
        unit = 10 ** lowest[pair].astype(np.int64)
        mine, other = one[pair] // unit % 100, two[pair] // unit % 100
        exchanged[pair] = (mine % 10 == other // 10) & (mine // 10 == other % 10)
    return np.asarray((differing == 1) | exchanged)


def _others(values: Ints, a: Rows, b: Rows) -> Small:
    """How the other numbers agree: of the kinds that both cards have, the one that agrees best."""
    relation = np.full(len(a), -1, dtype=np.int32)
    for left in range(values.shape[1]):
        for right in range(values.shape[1]):
            one, two = values[a, left], values[b, right]
            rows = np.flatnonzero((one != 0) & (two != 0))
            rows = rows[one[rows] // KIND_PLACE == two[rows] // KIND_PLACE]
            if len(rows):
                relation[rows] = np.maximum(relation[rows], _number(one[rows], two[rows]))
    relation[relation < 0] = 1
    return relation


def _number(one: Ints, two: Ints) -> Small:
    relation = np.zeros(len(one), dtype=np.int32)
    relation[_one_digit(one, two)] = 2
    relation[one == two] = 3
    relation[(one == 0) | (two == 0)] = 1
    return relation


def _mails(context: Context, a: Rows, b: Rows) -> dict[str, npt.NDArray[Any]]:
    t = context.table
    has = (t.mailbox[a, 0] != 0) & (t.mailbox[b, 0] != 0)
    relation = np.where(has, 0, 1)
    likeness = np.full(len(a), MISSING, dtype=np.float32)
    people = np.zeros(len(a), dtype=np.int32)
    for left in range(t.mailbox.shape[1]):
        for right in range(t.mailbox.shape[1]):
            one, two = t.mailbox[a, left], t.mailbox[b, right]
            rows = np.flatnonzero((one != 0) & (two != 0))
            if not len(rows):
                continue
            box, other = one[rows], two[rows]
            common = t.is_common[box] | t.is_common[other]
            same_domain = t.domain[a[rows], left] == t.domain[b[rows], right]
            alike = np.where(common & ~same_domain, 0, _like(t.mailboxes, box, other))
            likeness[rows] = np.maximum(likeness[rows], alike)
            slips = _slips(t.mailboxes, box, other)
            found = np.zeros(len(rows), dtype=np.int32)
            found[(slips == 1) & ~common] = 2
            found[(box == other) & ~common] = 3
            found[(box == other) & same_domain] = np.where(common, 4, 5)[
                (box == other) & same_domain
            ]
            relation[rows] = np.maximum(relation[rows], found)
            same = rows[box == other]
            people[same] = np.maximum(people[same], context.mail_people[a[same], left])
    return {
        "mail_rel": relation,
        "mail_like": likeness,
        "mail_people": people,
        "mail_name": np.minimum(_mail_name(t, a, b), _mail_name(t, b, a))
        + (np.maximum(_mail_name(t, a, b), _mail_name(t, b, a)) == 1),
        "mail_surname": np.maximum(_mail_surname(t, a, b), _mail_surname(t, b, a)),
        "mail_year": _mail_year(t, a, b),
    }


def _mail_name(t: Table, a: Rows, b: Rows) -> Small:
    """Whether the mailbox of `a` tells the first name of `b`: 1 yes, -1 another one, 0 nothing."""
    told = t.mailbox_name[t.mailbox[a, 0]]
    names = t.full_names[t.first[b]]
    # A mailbox may be named after anybody; it counts only when it does not name its own card's.
    own = (t.full_names[t.first[a]] == told[:, None]).any(axis=1)
    agrees = (names == told[:, None]).any(axis=1)
    asked = (told != NONE) & (names[:, 0] != NONE)
    return np.where(asked, np.where(agrees, 1, np.where(own, -1, 0)), 0).astype(np.int32)


def _mail_surname(t: Table, a: Rows, b: Rows) -> Floats:
    likeness = np.full(len(a), MISSING, dtype=np.float32)
    asked = np.flatnonzero((t.mailbox[a, 0] != 0) & (t.stem[b] != 0))
    if len(asked):
        boxes = t.mailbox_letters.texts[t.mailbox_of[t.mailbox[a[asked], 0]]]
        stems = t.stems.texts[t.stem[b[asked]]]
        likeness[asked] = _across(boxes.tolist(), stems.tolist())
    return likeness


def _mail_year(t: Table, a: Rows, b: Rows) -> Small:
    relation = np.ones(len(a), dtype=np.int32)
    for one, two in ((a, b), (b, a)):
        told = t.mailbox_year[t.mailbox[one, 0]]
        born = t.birthday[two] // 10000
        asked = (told != NONE) & (born != 0)
        relation[asked] = np.where(told[asked] == born[asked] % 100, 2, 0)
    return relation


# ---- companies and places ----


def _company(context: Context, a: Rows, b: Rows) -> dict[str, npt.NDArray[Any]]:
    t = context.table
    one, two = t.company[a], t.company[b]
    likeness = _like(t.companies, one, two, token_sort_ratio)
    likeness[(one != two) & (likeness > 1)] /= 100
    relation = np.where(likeness >= 0.8, 2, 0)
    relation[one == two] = 3
    relation[(one == 0) | (two == 0)] = 1
    return {"company_rel": relation, "company_like": likeness}


def _place(context: Context, a: Rows, b: Rows) -> dict[str, npt.NDArray[Any]]:
    t = context.table
    number, other = t.number[a], t.number[b]
    same_house = (t.houses[number] == t.houses[other]) & (number != 0)
    street = _streets(t, t.street[a], t.street[b], same_house)
    flatless = (t.flats[number] == 0) | (t.flats[other] == 0)
    relation = np.zeros(len(a), dtype=np.int32)
    near = street >= 0.9
    relation[near] = 2
    relation[near & same_house] = 3
    relation[near & same_house & flatless] = 4
    relation[near & (number == other) & (number != 0)] = 5
    relation[street == MISSING] = 1
    city = _like(t.cities, t.city[a], t.city[b])
    cities = np.where(city >= 0.88, 2, 0)
    cities[city == 1] = 3
    cities[city == MISSING] = 1
    return {
        "place_rel": relation,
        "street_like": street,
        "place_people": np.where(relation == 5, context.place_people[a], 0),
        "city_rel": cities,
    }


def _streets(t: Table, one: Rows, two: Rows, same_house: Bools) -> Floats:
    """How alike streets are. Of the same house, one may be told with the name of a district or an
    estate which the other leaves out.
    """
    likeness = _like(t.streets, one, two)
    asked = np.flatnonzero(same_house & (likeness >= 0) & (likeness < PART_OF))
    if len(asked):
        texts = t.streets.texts
        left, right = texts[one[asked]].tolist(), texts[two[asked]].tolist()
        shared = process.cpdist(
            left, right, scorer=token_set_ratio, score_cutoff=100, workers=_workers(asked)
        )
        for place in np.flatnonzero(shared):
            rest = set(left[place].split(" ")) ^ set(right[place].split(" "))
            # The second Soviet street is not the Soviet street.
            if not any(word[1:].isdigit() for word in rest):
                likeness[asked[place]] = PART_OF
    return likeness


_AT = {name: place for place, name in enumerate(FEATURES)}


def evidence_of(seen: Floats) -> list[tuple[str, ...]]:
    """The codes of what speaks for and against each line of features, the weightiest first."""
    masks = np.zeros(len(seen), dtype=np.int64)
    for bit, (_code, holds) in enumerate(_EVIDENCE):
        masks |= holds(_Seen(seen)).astype(np.int64) << bit
    codes: dict[int, tuple[str, ...]] = {}
    for mask in np.unique(masks).tolist():
        codes[mask] = tuple(code for bit, (code, _holds) in enumerate(_EVIDENCE) if mask >> bit & 1)
    return [codes[mask] for mask in masks.tolist()]


class _Seen:
    """Features by name."""

    def __init__(self, seen: Floats) -> None:
        self._seen = seen

    def __getattr__(self, name: str) -> Floats:
        column: Floats = self._seen[:, _AT[name]]
        return column


_EVIDENCE: tuple[tuple[str, Callable[[Any], Bools]], ...] = (
    ("inn", lambda s: s.inn_rel == 3),
    ("number", lambda s: s.other_rel == 3),
    ("phone", lambda s: s.phone_rel == 3),
    ("email", lambda s: s.mail_rel >= 4),
    ("birthday", lambda s: s.born_rel == 6),
    ("address", lambda s: s.place_rel == 5),
    ("company", lambda s: s.company_rel == 3),
    ("last_name_rare", lambda s: (s.last_sound >= 2) & (s.last_share < -4)),
    ("last_name", lambda s: (s.last_sound >= 2) & (s.last_share >= -4)),
    ("first_name", lambda s: s.first_rel == 7),
    ("diminutive", lambda s: (s.first_rel == 5) | ((s.first_rel == 6) & (s.first_slips > 1))),
    ("middle_name", lambda s: s.middle_rel >= 5),
    ("swapped", lambda s: s.swapped >= 0.85),
    ("layout", lambda s: s.script == 2),
    ("translit", lambda s: s.script == 1),
    ("phone_typo", lambda s: s.phone_rel == 2),
    ("email_typo", lambda s: s.mail_rel == 2),
    ("email_name", lambda s: s.mail_rel == 3),
    ("inn_typo", lambda s: s.inn_rel == 2),
    ("number_typo", lambda s: s.other_rel == 2),
    ("birthday_swap", lambda s: s.born_rel == 5),
    ("birthday_typo", lambda s: s.born_rel == 4),
    ("last_name_typo", lambda s: (s.last_sound < 2) & (s.last_like >= 0.85)),
    (
        "first_name_typo",
        lambda s: np.isin(s.first_rel, (0, 2, 6)) & (s.first_slips <= 1) & (s.first_slips >= 0),
    ),
    ("middle_name_typo", lambda s: s.middle_rel == 4),
    ("initials", lambda s: (s.first_rel == 4) | (s.middle_rel == 3)),
    ("company_typo", lambda s: s.company_rel == 2),
    ("address_near", lambda s: np.isin(s.place_rel, (3, 4))),
    ("city", lambda s: (s.city_rel == 3) & (s.place_rel < 3)),
    ("shared_phone", lambda s: (s.phone_rel == 3) & (s.phone_people > 1)),
    (
        "conflict_first_name",
        lambda s: np.isin(s.first_rel, (0, 1, 2)) & ((s.first_slips > 1) | (s.first_rel == 1)),
    ),
    (
        "conflict_last_name",
        lambda s: (s.last_like >= 0) & (s.last_like < 0.8) & (s.swapped < 0.85),
    ),
    ("conflict_middle_name", lambda s: s.middle_rel <= 1),
    ("conflict_birthday", lambda s: np.isin(s.born_rel, (0, 2, 3))),
    ("conflict_sex", lambda s: s.sex == 0),
    ("conflict_inn", lambda s: s.inn_rel == 0),
    ("conflict_company", lambda s: s.company_rel == 0),
)
