"""All cards in columns of numbers, so that millions of pairs are compared at once."""

import re
import zlib
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from orbita.clients.duplicates.letters import skeleton, sound, without_gender
from orbita.clients.duplicates.normal import (
    COMMON,
    COMPANY,
    FREE,
    MOST_EMAILS,
    MOST_NUMBERS,
    MOST_PHONES,
    PERSON,
    Normal,
    normal,
    patronymic_stem,
    sex_of_middle,
)
from orbita.clients.duplicates.record import Record
from orbita.clients.duplicates.short_names import MOST, names_of, nearest, sex_of_form

Ints = npt.NDArray[np.int64]
Small = npt.NDArray[np.int32]
NONE = -1


class Words:
    """The distinct texts of a column; their numbers grow from 0, which is the empty text."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {"": 0}
        self._array: npt.NDArray[np.object_] | None = None

    def number(self, text: str) -> int:
        return self.numbers.setdefault(text, len(self.numbers))

    @property
    def texts(self) -> npt.NDArray[np.object_]:
        if self._array is None or len(self._array) != len(self.numbers):
            array = np.empty(len(self.numbers), dtype=object)
            array[:] = list(self.numbers)
            self._array = array
        return self._array

    def mapped(self, function: Callable[[str], str], into: "Words") -> Small:
        """For every text the number of what the function makes of it."""
        return np.fromiter(
            (into.number(function(text)) for text in self.numbers), np.int32, len(self.numbers)
        )


class Table:
    """The columns. Numbers of texts are 0 and other numbers 0 where a card says nothing."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.last_words, self.first_words, self.middle_words = Words(), Words(), Words()
        self.mailboxes, self.domains, self.companies = Words(), Words(), Words()
        self.cities, self.streets, self.numbers = Words(), Words(), Words()
        self._short: list[Small] = []
        self._long: list[Ints] = []
        ids: list[int] = []
        rows: list[tuple[int, ...]] = []
        longs: list[tuple[int, ...]] = []
        for record in records:
            ids.append(record.id)
            short, long = self._row(normal(record))
            rows.append(short)
            longs.append(long)
            if len(rows) == _BLOCK:
                self._put(rows, longs)
        self._put(rows, longs)
        self.ids = np.array(ids, dtype=np.int64)
        self.size = len(ids)
        self._columns(np.concatenate(self._short), np.concatenate(self._long))
        del self._short, self._long

    def _put(self, rows: list[tuple[int, ...]], longs: list[tuple[int, ...]]) -> None:
        self._short.append(np.array(rows, dtype=np.int32).reshape(len(rows), _SHORT))
        self._long.append(np.array(longs, dtype=np.int64).reshape(len(longs), _LONG))
        rows.clear()
        longs.clear()

    def _row(self, n: Normal) -> tuple[tuple[int, ...], tuple[int, ...]]:
        boxes = [0] * MOST_EMAILS
        hosts = [0] * MOST_EMAILS
        for place, (mailbox, domain) in enumerate(n.emails):
            boxes[place] = self.mailboxes.number(mailbox)
            hosts[place] = self.domains.number(domain)
        short = (
            n.kind,
            self.last_words.number(n.last),
            self.first_words.number(n.first),
            self.middle_words.number(n.middle),
            n.script,
            _SEX.get(n.sex, 0),
            n.birthday,
            self.companies.number(n.company),
            self.cities.number(n.city),
            self.streets.number(n.street),
            self.numbers.number(n.numbers),
            *boxes,
            *hosts,
        )
        phones = (*n.phones, *([0] * (MOST_PHONES - len(n.phones))))
        others = (*n.others, *([0] * (MOST_NUMBERS - len(n.others))))
        return short, (n.inn, n.mark, *phones, *others)

    def _columns(self, short: Small, long: Ints) -> None:
        column = [np.ascontiguousarray(short[:, place]) for place in range(_SHORT)]
        self.kind = column[0]
        self.last, self.first, self.middle = column[1:4]
        self.script, said_sex, self.birthday = column[4:7]
        self.company, self.city, self.street, self.number = column[7:11]
        self.mailbox = np.ascontiguousarray(short[:, 11 : 11 + MOST_EMAILS])
        self.domain = np.ascontiguousarray(short[:, 11 + MOST_EMAILS :])
        self.inn = np.ascontiguousarray(long[:, 0])
        self.mark = np.ascontiguousarray(long[:, 1])
        self.phone = np.ascontiguousarray(long[:, 2 : 2 + MOST_PHONES])
        self.other = _others(long[:, 2 + MOST_PHONES :])
        self._names(said_sex)
        self._contacts()
        self._places()

    def may_be_one(self, a: Ints, b: Ints) -> npt.NDArray[np.bool_]:
        """Whether pairs of rows are worth comparing at all.

        A company and the person to ask for there are two clients, whatever they share, and so are
        people whose names are told apart by a number.
        """
        one, two = self.mark[a], self.mark[b]
        fitting: npt.NDArray[np.bool_] = (one == 0) | (two == 0) | (one == two)
        fitting &= np.abs(self.kind[a] - self.kind[b]) < COMPANY - PERSON
        return fitting

    def _names(self, said_sex: Small) -> None:
        self.stems, self.sounds, self.middle_stems = Words(), Words(), Words()
        stem_of = self.last_words.mapped(without_gender, self.stems)
        self.stem = stem_of[self.last]
        self.sound = self.stems.mapped(sound, self.sounds)[self.stem]
        self.middle_stem = self.middle_words.mapped(patronymic_stem, self.middle_stems)[self.middle]
        forms = list(self.first_words.numbers)
        # For every first name the full names it may stand for, after mending one slip.
        self.full_names = np.full((len(forms), MOST), NONE, dtype=np.int32)
        self.is_mended = np.zeros(len(forms), dtype=bool)
        for place, form in enumerate(forms):
            known = names_of(form)
            if not known and len(form) > 3:
                known = names_of(nearest(form))
                self.is_mended[place] = bool(known)
            self.full_names[place, : len(known)] = known
        self.is_known = self.full_names[:, 0] != NONE
        # A stand-in for "the same first name": the full name when it is known, else the word.
        self.name_key = np.where(
            self.is_known, self.full_names[:, 0], np.arange(len(forms)) + 100_000
        )[self.first]
        votes = 2 * _sexes(self.middle_words, sex_of_middle)[self.middle]
        votes += 2 * _sexes(self.first_words, lambda form: sex_of_form(nearest(form)))[self.first]
        votes += _sexes(self.last_words, _sex_of_surname)[self.last]
        self.sex = np.sign(np.where(votes == 0, said_sex, votes)).astype(np.int8)
        self.last_hash, self.first_hash = (
            _hashed(self.last_words.numbers),
            _hashed(self.first_words.numbers),
        )
        self.first_length = _lengths(self.first_words)[self.first]
        self.middle_length = _lengths(self.middle_words)[self.middle]
        self.first_letter = _letters(self.first_words)[self.first]
        self.middle_letter = _letters(self.middle_words)[self.middle]

    def _places(self) -> None:
        """For every text of numbers the first of them, the house, and the last of several, the flat."""
        numbers = [text.split(" ") if text else [] for text in self.numbers.numbers]
        words = Words()
        self.houses = np.array([words.number(n[0]) if n else 0 for n in numbers], dtype=np.int32)
        self.flats = np.array(
            [words.number(n[-1]) if len(n) > 1 else 0 for n in numbers], dtype=np.int32
        )

    def _contacts(self) -> None:
        domains = list(self.domains.numbers)
        self.is_free = np.array([domain in FREE for domain in domains], dtype=bool)
        boxes = list(self.mailboxes.numbers)
        self.is_common = np.array([box in COMMON or len(box) < 4 for box in boxes], dtype=bool)
        # A slip leaves one half of a mailbox as it was.
        self.mailbox_head = _hashed(box[: max(4, len(box) // 2)] for box in boxes)
        self.mailbox_tail = _hashed(box[-max(4, len(box) // 2) :] for box in boxes)
        # The words of a mailbox as the last names are compared with them.
        self.mailbox_letters = Words()
        self.mailbox_of = self.mailboxes.mapped(_mailbox_letters, self.mailbox_letters)
        self.mailbox_name, self.mailbox_year = _read_mailboxes(boxes)
        # "mail@mail.ru" is what is typed to get past a form.
        empty = self.is_common[self.mailbox] & self.is_free[self.domain]
        self.mailbox[empty], self.domain[empty] = 0, 0
        self.email = self.mailbox.astype(np.int64) * len(domains) + self.domain
        self.email[self.mailbox == 0] = 0


_PIECES = re.compile(r"[^\W\d_]+|\d+")
_BLOCK = 20_000
MOST_OF_ONE = 20
_SHORT = 11 + 2 * MOST_EMAILS
_LONG = 2 + MOST_PHONES + MOST_NUMBERS
_SEX = {"m": 1, "f": -1}


def _others(values: Ints) -> Ints:
    """The columns that are not empty, without what stands on so many cards that it is no number of one
    client: «00000», «нет».
    """
    filled = np.ascontiguousarray(values[:, values.any(axis=0)])
    if filled.size:
        distinct, number, counts = np.unique(filled, return_inverse=True, return_counts=True)
        crowded = (counts > MOST_OF_ONE) & (distinct != 0)
        filled[crowded[number].reshape(filled.shape)] = 0
    return filled


def _sexes(words: Words, sex_of: Callable[[str], str]) -> npt.NDArray[np.int8]:
    return np.array([_SEX.get(sex_of(text), 0) for text in words.numbers], dtype=np.int8)


def _sex_of_surname(last: str) -> str:
    if last.endswith(("ova", "eva", "ina", "skaia", "ckaia")):
        return "f"
    return "m" if last.endswith(("ov", "ev", "in", "ski", "cki")) else ""


def _hashed(texts: Iterable[str]) -> Ints:
    return np.fromiter((zlib.crc32(text.encode()) for text in texts), np.int64)


def _lengths(words: Words) -> Small:
    return np.fromiter((len(text) for text in words.numbers), np.int32, len(words.numbers))


def _letters(words: Words) -> Small:
    return np.fromiter(
        (ord(text[0]) if text else 0 for text in words.numbers), np.int32, len(words.numbers)
    )


def _mailbox_letters(box: str) -> str:
    pieces = [piece for piece in _PIECES.findall(box) if not piece.isdigit()]
    return skeleton(max(pieces, key=len)) if pieces else ""


def _read_mailboxes(boxes: Sequence[str]) -> tuple[Small, Small]:
    """The first name and the last two digits of a year that mailboxes tell; NONE when they do not."""
    names = np.full(len(boxes), NONE, dtype=np.int32)
    years = np.full(len(boxes), NONE, dtype=np.int32)
    for place, box in enumerate(boxes):
        for piece in _PIECES.findall(box):
            if piece.isdigit():
                if len(piece) == 4 and piece[:2] in ("19", "20"):
                    years[place] = int(piece[2:])
                elif len(piece) == 2:
                    years[place] = int(piece)
            elif len(piece) > 3 and names[place] == NONE:
                known = names_of(skeleton(piece))
                if len(known) == 1:
                    names[place] = known[0]
    return names, years
