"""What was typed into a search box, read as words, as digits, as an e-mail, as a number."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from orbita.clients.search.spelling import in_latin_layout, in_russian_layout
from orbita.core.text import normalise, search_tokens

FEWEST_DIGITS = 4
MOST_DIGITS = 15
MOST_WORDS = 6
_RUSSIAN = re.compile("[а-я]")
_LATIN = re.compile("[a-z]")
_NUMBER_SIGN = re.compile(r"(?:№|no\.?|#)\s*(\d{1,15})")
# What a Russian letter may be typed as with the Latin layout on; "." and "," end words as well.
_OTHER_LAYOUT = re.compile(r"[a-z`\[\];',./~{}:\"<> -]+")
_LETTERS_OF_EMAIL = "abcdefghijklmnopqrstuvwxyz0123456789._-"


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to understand the words: as typed, or with the other keyboard layout."""

    words: tuple[str, ...]
    is_switched: bool = False


def readings(text: str) -> list[Reading]:
    """The ways to read a normalised text as words, the likeliest first."""
    words = tuple(search_tokens(text))[:MOST_WORDS]
    found = [Reading(words)] if words else []
    if not _RUSSIAN.search(text):
        if _LATIN.search(text) and _OTHER_LAYOUT.fullmatch(text):
            found.append(_switched(in_russian_layout(text)))
    elif not _LATIN.search(text):
        found.append(_switched(in_latin_layout(text)))
    return [reading for reading in found if reading.words]


def _switched(text: str) -> Reading:
    return Reading(tuple(search_tokens(text))[:MOST_WORDS], is_switched=True)


def own_number(text: str) -> int | None:
    """«№ 1427» or «#1427»: the client's own number, whatever else these digits might be."""
    match = _NUMBER_SIGN.fullmatch(text)
    return int(match[1]) if match else None


def digits_of(text: str) -> str:
    """The digits of a text that is a phone, a tax number or a part of one; else nothing."""
    digits = "".join(filter(str.isdigit, text))
    if any(char.isalpha() for char in text) or "@" in text:
        return ""
    return digits if FEWEST_DIGITS <= len(digits) <= MOST_DIGITS and digits.isascii() else ""


def phones_one_slip_off(e164: str) -> set[str]:
    """Numbers with one digit changed, or two neighbours swapped; the country's code is right."""
    start = 2 if e164.startswith("+7") else 3
    head, tail = e164[:start], e164[start:]
    found = {
        head + tail[:i] + digit + tail[i + 1 :] for i in range(len(tail)) for digit in "0123456789"
    }
    found |= {head + tail[:i] + tail[i + 1] + tail[i] + tail[i + 2 :] for i in range(len(tail) - 1)}
    return found - {e164}


def phones_one_digit_off(digits: str) -> set[str]:
    """Russian numbers of which a digit was left out or typed twice."""
    found: set[str] = set()
    for code in ("7", "8", ""):
        if digits.startswith(code):
            tail = digits[len(code) :]
            if len(tail) == 9:
                found |= {
                    f"+7{tail[:i]}{digit}{tail[i:]}" for i in range(10) for digit in "0123456789"
                }
            elif len(tail) == 11:
                found |= {f"+7{tail[:i]}{tail[i + 1 :]}" for i in range(11)}
    return found


def emails_one_slip_off(address: str) -> set[str]:
    """Addresses one slip of the hand away: a letter changed, left out, added, or two swapped."""
    found: set[str] = set()
    at = address.rfind("@")
    for i in range(len(address) + 1):
        head, tail = address[:i], address[i:]
        letters = _LETTERS_OF_EMAIL
        found.update(head + letter + tail for letter in letters)
        if not tail or i == at:
            continue
        found.add(head + tail[1:])
        found.update(head + letter + tail[1:] for letter in letters)
        if len(tail) > 1 and i + 1 != at:
            found.add(head + tail[1] + tail[0] + tail[2:])
    return found - {address}


def ordered_pairs(count: int) -> Iterator[tuple[int, int]]:
    """(0, 1), (1, 0), (0, 2)…: the ways two of the words may begin a name."""
    for first in range(count):
        for second in range(count):
            if first != second:
                yield first, second


def plain(text: str) -> str:
    """The text normalised, without the sign that some type before numbers."""
    return normalise(text).strip()
