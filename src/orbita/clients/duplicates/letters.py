"""Words of any alphabet in one, so that Щербаков, Shcherbakov and Otrhb can be compared at all."""

import re
from functools import lru_cache

from orbita.clients.first_names import FIRST_NAMES
from orbita.clients.names import middle_name_sex
from orbita.core.text import normalise

_KEYS = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"
_LETTERS = "йцукенгшщзхъфывапролджэячсмитьбюе"
_TO_RUSSIAN = str.maketrans(_KEYS + '{}:"<>~', _LETTERS + "хъжэбюе")
_TO_LATIN = str.maketrans(_LETTERS, _KEYS)
# One letter for a sound. The digits are ч, and w is ш and щ, as no Latin word needs them.
_SOUNDS = str.maketrans(
    {
        "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "j", "з": "z",
        "и": "i", "й": "i", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r",
        "с": "s", "т": "t", "у": "u", "ф": "f", "х": "h", "ц": "c", "ч": "4", "ш": "w", "щ": "w",
        "ъ": "", "ы": "i", "ь": "", "э": "e", "ю": "iu", "я": "ia", "і": "i", "ї": "i", "є": "e",
        "ґ": "g", "ў": "u", "қ": "k", "ғ": "g", "ң": "n", "ө": "o", "ү": "u", "ұ": "u", "һ": "h",
        "ә": "a",
        "á": "a", "à": "a", "â": "a", "ä": "a", "ã": "a", "å": "a", "č": "4", "ç": "s", "é": "e",
        "è": "e", "ê": "e", "ë": "e", "í": "i", "ï": "i", "ñ": "n", "ó": "o", "ö": "o", "ø": "o",
        "š": "w", "ú": "u", "ü": "u", "ý": "i", "ž": "j", "ğ": "g", "ı": "i", "ş": "w", "ß": "ss",
    }
)  # fmt: skip
# Schemes of transliteration differ mostly in these; longer spellings first.
_SPELLINGS = {
    "shch": "w", "sch": "w", "sh": "w", "tch": "4", "ch": "4", "zh": "j", "kh": "h", "ph": "f",
    "tz": "c", "ts": "c", "ck": "k", "ya": "ia", "ja": "ia", "yu": "iu", "ju": "iu", "you": "iu",
    "yo": "e", "jo": "e", "ye": "e", "je": "e", "ie": "e", "oo": "u", "ou": "u", "x": "ks",
    "q": "k", "y": "i", "j": "i",
}  # fmt: skip
_SPELLING = re.compile("|".join([*sorted(_SPELLINGS, key=len, reverse=True), "c(?![eiy])"]))
_NOT_ALNUM = re.compile(r"[^a-z0-9]+")
_REPEATED = re.compile(r"(.)\1+")
_KEYS_ONLY = re.compile(r"[a-z\[\];',.`{}:\"<>~-]+")
_CYRILLIC = re.compile(r"[а-яё-]+")
_PUNCTUATION_WITHIN = re.compile(r"[\[\];,`{}:\"<>~]")
_IMPOSSIBLE = re.compile(r"^[ыьъ]|[аеиоуыэюяьъ][ьъ]|[аеиоуыэюя]{4}|[^аеиоуыэюя]{5}")
_CONFUSED = str.maketrans({"b": "p", "d": "t", "g": "k", "v": "f", "z": "s", "j": "w", "o": "a"})
_SOFT = re.compile(r"[eai]+")
# Endings by which a woman's surname differs from her husband's.
_GENDER = re.compile(r"(?<=[a-z0-9]{3})(?:aia|oi|ii|i|a|o)$")


@lru_cache(maxsize=65536)
def skeleton(text: str) -> str:
    """The sounds of a text in Latin letters and digits, one way for every scheme of writing them."""
    folded = normalise(text)
    if folded.isascii():
        folded = _SPELLING.sub(lambda match: _SPELLINGS.get(match[0], "k"), folded)
    else:
        folded = folded.translate(_SOUNDS).replace("ie", "e")
    return _REPEATED.sub(r"\1", _NOT_ALNUM.sub("", folded))


@lru_cache(maxsize=65536)
def sound(skeleton_of: str) -> str:
    """A skeleton without what ears confuse: voiced and unvoiced, unstressed vowels."""
    text = skeleton_of.translate(_CONFUSED)
    return _REPEATED.sub(r"\1", _SOFT.sub("a", text))


@lru_cache(maxsize=65536)
def without_gender(skeleton_of: str) -> str:
    """A surname's skeleton without the ending that tells a man's from a woman's."""
    return _GENDER.sub("", skeleton_of)


@lru_cache(maxsize=16384)
def in_russian_layout(word: str) -> str:
    """The Russian word that these keys give, or nothing when the word is better as it is."""
    folded = normalise(word)
    if not _KEYS_ONLY.fullmatch(folded) or len(folded) < 3:
        return ""
    russian = folded.translate(_TO_RUSSIAN)
    if not _CYRILLIC.fullmatch(russian):
        return ""
    if _IMPOSSIBLE.search(russian):
        return ""
    if _PUNCTUATION_WITHIN.search(folded) or middle_name_sex(russian):
        return russian
    if russian in FIRST_NAMES:
        return "" if folded in FIRST_NAMES else russian
    # The keys of а, о, и, е are consonants; those of a, e, i, o, u are letters seldom used.
    vowels = sum(char in "aeiou" for char in folded) / len(folded)
    russian_vowels = sum(char in "аеиоуыэюя" for char in russian) / len(russian)
    return russian if vowels < 0.2 and russian_vowels >= 0.25 else ""


def in_latin_layout(text: str) -> str:
    """The keys under a text typed in the Russian layout by mistake."""
    return text.translate(_TO_LATIN)
