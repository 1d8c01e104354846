"""Names as they should be written: capital letters, and letters of one alphabet in a word."""

import re

# Letters that look alike.
_LATIN = "ABCEHKMOPTXYaceopxykmt"
_CYRILLIC = "АВСЕНКМОРТХУасеорхукмт"
_TO_CYRILLIC = dict(zip(_LATIN, _CYRILLIC, strict=True))
_TO_LATIN = dict(zip(_CYRILLIC, _LATIN, strict=True))
_BORDER = re.compile(r"[A-Za-z][А-Яа-яЁё]|[А-Яа-яЁё][A-Za-z]")
_WORD = re.compile(r"[^\W\d_]+")
_LATIN_LETTER = re.compile(r"[A-Za-z]")
_NUMBERED = re.compile(r"[А-Яа-яЁё]+[IVXLCDM]{2,}")
# Parts of names that are written small.
_SMALL = frozenset(
    [
        "оглы",
        "оглу",
        "кызы",
        "кизи",
        "гызы",
        "улы",
        "уулу",
        "заде",
        "ибн",
        "бен",
        "аль",
        "эль",
        "фон",
        "де",
        "ван",
        "дер",
        "ди",
        "да",
        "дос",
        "лос",
        "von",
        "van",
        "der",
        "de",
        "di",
        "da",
        "dos",
        "la",
        "le",
        "el",
        "al",
        "bin",
        "ibn",
    ]
)


def is_mixed(text: str) -> bool:
    """Whether Latin and Cyrillic letters touch each other within a word."""
    return not text.isascii() and _BORDER.search(text) is not None


def has_strangers(text: str) -> bool:
    """Whether letters of one alphabet pass for those of the other. «ВеснаXXI» is meant so."""
    return is_mixed(text) and one_alphabet(text) != text


def one_alphabet(text: str) -> str:
    """The text with each mixed word in the alphabet of most of its letters, if they have twins."""
    return _WORD.sub(lambda match: _word(match[0]), text)


def _word(word: str) -> str:
    latin = len(_LATIN_LETTER.findall(word))
    if not 0 < latin < len(word) or _NUMBERED.fullmatch(word):
        return word
    russian = len(word) - latin
    tables = (_TO_CYRILLIC, _TO_LATIN) if russian >= latin else (_TO_LATIN, _TO_CYRILLIC)
    for table in tables:
        changed = "".join(table.get(char, char) for char in word)
        letters = len(_LATIN_LETTER.findall(changed))
        if letters in (0, len(changed)):
            return changed
    return word


def is_shouted(text: str) -> bool:
    """A name all in capitals, or all in small letters: ИВАНОВ, иванов. Initials are neither."""
    if text.isupper():
        return sum(map(str.isalpha, text)) > 2
    return text.islower() and len(text) > 1 and text not in _SMALL


def proper(text: str) -> str:
    """The name with a capital at the head of each word: ИВАНОВА-ПЕТРОВА → Иванова-Петрова."""
    return _WORD.sub(_proper_word, text)


def _proper_word(match: re.Match[str]) -> str:
    word = match[0]
    if word.lower() in _SMALL and match.start() > 0:
        return word.lower()
    return word.capitalize() if word.isupper() or word.islower() else word
