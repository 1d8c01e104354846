"""How a word may have been meant: its sound in one alphabet, the other keyboard layout, near misses.

Everything here is about single words, normalised by `core.text`, and knows no database.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from zlib import crc32

# Only the beginning of a word makes keys: it keeps them few, and endings are compared afterwards.
KEYED_LETTERS = 6
# A skeleton this long gets keys for two misses.
LONG_ENOUGH_FOR_TWO = 4

_LATIN_KEYS = "`qwertyuiop[]asdfghjkl;'zxcvbnm,./~{}:\"<>"
_RUSSIAN_KEYS = "ёйцукенгшщзхъфывапролджэячсмитьбю.ЁХЪЖЭБЮ"
_TO_RUSSIAN = str.maketrans(_LATIN_KEYS, _RUSSIAN_KEYS)
_TO_LATIN = str.maketrans(_RUSSIAN_KEYS[: -len('~{}:"<>')], _LATIN_KEYS[: -len('~{}:"<>')])

# The longest first: several schemes of transliteration meet in one sound.
_LATIN_SOUNDS = {
    "shch": "ш", "schh": "ш", "sch": "ш", "tch": "ч", "zh": "ж", "kh": "х", "ts": "ц", "tz": "ц",
    "cz": "ц", "ch": "ч", "sh": "ш", "yu": "ю", "ju": "ю", "iu": "ю", "iyu": "ю", "ya": "я",
    "ja": "я", "ia": "я", "iya": "я", "ija": "я", "yo": "е", "jo": "е", "ye": "е", "je": "е",
    "ie": "е", "ck": "к", "ph": "ф", "a": "а", "b": "б", "c": "к", "d": "д", "e": "е", "f": "ф",
    "g": "г", "h": "х", "i": "и", "j": "и", "k": "к", "l": "л", "m": "м", "n": "н", "o": "о",
    "p": "п", "q": "к", "r": "р", "s": "с", "t": "т", "u": "у", "v": "в", "w": "в", "x": "кс",
    "y": "и", "z": "з",
}  # fmt: skip
_LATIN = re.compile("|".join(sorted(_LATIN_SOUNDS, key=len, reverse=True)))
_CYRILLIC_SOUNDS = str.maketrans(
    {
        "ё": "е", "э": "е", "й": "и", "ы": "и", "щ": "ш", "ь": "", "ъ": "", "і": "и", "ї": "и",
        "є": "е", "ґ": "г", "ў": "у", "'": "", "’": "",
    }
)  # fmt: skip
# Letters written in several ways, most of them in one transliteration.
_MERGED = {"иа": "я", "ия": "я", "иу": "ю", "ию": "ю", "ие": "е", "тс": "ц", "сч": "ш", "зч": "ш"}
_MERGING = re.compile("|".join(_MERGED))
_LONG_I = re.compile("ии+")


@lru_cache(maxsize=20_000)
def skeleton(word: str) -> str:
    """The sound of a word in plain Cyrillic letters, the same for all its transliterations.

    «Щербакова», "shcherbakova" and "scherbakova" come to «шербакова», «Наталья» and "natalia" to
    «наталя». Digits stay as they are.
    """
    sound = _LONG_I.sub("и", letters(word))
    return _MERGING.sub(lambda match: _MERGED[match[0]], sound) or word


def letters(word: str) -> str:
    """The skeleton of a word in which no letters are taken together: a slip may have parted them."""
    sound = word if word.isascii() else word.translate(_CYRILLIC_SOUNDS)
    if sound.isascii() or _LATIN.search(sound):
        sound = _LATIN.sub(lambda match: _LATIN_SOUNDS[match[0]], sound)
    return sound


def in_russian_layout(text: str) -> str:
    """What the same keys give with the Russian layout on: "bdfyjd" is «иванов»."""
    return text.translate(_TO_RUSSIAN).replace("ё", "е")


def in_latin_layout(text: str) -> str:
    """What the same keys give with the Latin layout on."""
    return text.translate(_TO_LATIN)


_TO_CYRILLIC = [
    ("shch", "щ"), ("sch", "щ"), ("zh", "ж"), ("kh", "х"), ("ts", "ц"), ("tz", "ц"), ("ch", "ч"),
    ("sh", "ш"), ("yu", "ю"), ("ju", "ю"), ("iu", "ю"), ("ya", "я"), ("ja", "я"), ("ia", "ия"),
    ("yo", "е"), ("ye", "е"), ("iy", "ий"), ("yy", "ый"), ("ph", "ф"), ("a", "а"), ("b", "б"),
    ("c", "к"), ("d", "д"), ("e", "е"), ("f", "ф"), ("g", "г"), ("h", "х"), ("i", "и"), ("j", "й"),
    ("k", "к"), ("l", "л"), ("m", "м"), ("n", "н"), ("o", "о"), ("p", "п"), ("q", "к"), ("r", "р"),
    ("s", "с"), ("t", "т"), ("u", "у"), ("v", "в"), ("w", "в"), ("x", "кс"), ("y", "й"), ("z", "з"),
]  # fmt: skip


def in_cyrillic(word: str) -> str:
    """The likeliest Russian spelling of a transliterated word, for finding it by its beginning."""
    for latin, letter in _TO_CYRILLIC:
        word = word.replace(latin, letter)
    return word


_ROWS = ("йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю")
_NEIGHBOURS = {
    (letter, other)
    for row, keys in enumerate(_ROWS)
    for place, letter in enumerate(keys)
    for other_row, other_keys in enumerate(_ROWS)
    for other_place, other in enumerate(other_keys)
    if abs(row - other_row) <= 1 and -1 <= other_place - place + (other_row - row) / 2 <= 1
}


def are_neighbours(letter: str, other: str) -> bool:
    """Whether the keys of two letters touch: the commonest way to hit a wrong one."""
    one, two = letter.translate(_TO_RUSSIAN), other.translate(_TO_RUSSIAN)
    return (one, two) in _NEIGHBOURS or (two, one) in _NEIGHBOURS


def hashes(sound: str, misses: int = 2) -> set[int]:
    """Hashes of the beginning of a skeleton with up to `misses` letters left out.

    Two words within that many slips of each other share at least one (the idea is SymSpell's): of
    a slip, the letter at fault is left out on both sides.
    """
    return {crc32(text.encode()) for text in _shortened(sound, misses)}


def _shortened(sound: str, misses: int) -> Iterator[str]:
    allowed = min(misses, 2 if len(sound) >= LONG_ENOUGH_FOR_TWO else 1)
    start = sound[:KEYED_LETTERS]
    yield start
    if allowed < 1 or len(start) < 2:
        return
    size = len(start)
    for i in range(size):
        one = start[:i] + start[i + 1 :]
        yield one
        if allowed > 1:
            for j in range(i, size - 1):
                yield one[:j] + one[j + 1 :]
