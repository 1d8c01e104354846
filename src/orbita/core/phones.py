"""Phone numbers: E.164 beside what was typed.

Russian numbers in their usual spellings take a path of a few string operations; everything else
goes to phonenumbers, which is slow to import and to run, so it is loaded on first need.
"""

import re
from functools import lru_cache
from typing import NamedTuple


class Phone(NamedTuple):
    e164: str
    typed: str
    extension: str
    is_mobile: bool


# Dots are left alone on the fast path: "8916123456.0" is a spoilt number, not a phone ending in 0.
_BLANKS_AND_BRACKETS = {
    ord(char): None
    for char in " ()[]-/\t\u00a0\u2002\u2003\u2007\u2009\u202f\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u200b\ufeff"
}
_EXTENSION = re.compile(
    r"[\s,;(]*(?:доб(?:ав\w*)?|вн(?:утр\w*)?|ext(?:ension|n)?|x|#|\*)[\s.:№-]*(\d{1,7})\s*+\)?\s*+$",
    re.IGNORECASE,
)
_WHOLE_FLOAT = re.compile(r"(\d{7,15})[.,]0+")
_SCIENTIFIC = re.compile(r"(\d)[.,](\d{1,14})[eE]\+?(\d{1,2})")
_LETTERS = re.compile(r"[^\W\d_]+[.:]*")
_NOT_DIGITS = re.compile(r"\D")
# Only the first of many blanks may begin a match: a cell of nothing else would take hours.
_SEPARATORS = re.compile(r"[;,|\n\r]+|(?<!\s)\s++(?:и|или|and|or)\s+", re.IGNORECASE)
_RUSSIAN_IN_A_ROW = re.compile(r"(?:\+?\s*7|8)(?:[\s().-]*\d){10}|(?<!\d)9(?:[\s().-]*\d){9}(?!\d)")


def parse_phone(typed: str | float, region: str = "RU") -> Phone | None:
    """The phone in what was typed, or None when there is no single whole number in it.

    `region` is the country of numbers typed without a country code. Numbers a spreadsheet turned
    into floats are restored; those it has rounded are refused.
    """
    if not isinstance(typed, str):
        typed = str(int(typed)) if typed == typed and abs(typed) < 1e16 else ""
    digits = typed.translate(_BLANKS_AND_BRACKETS)
    if region == "RU":
        length = len(digits)
        if length == 12 and digits[:2] == "+7":
            national = digits[2:]
        elif length == 11 and digits[0] in "78":
            national = digits[1:]
        elif length == 10:
            national = digits
        else:
            return _parse_slowly(typed, region)
        # 3, 4, 8 and 9 open the Russian codes; 6 and 7 under +7 are Kazakhstan, the rest nobody's.
        # No code opens with 89: ten such digits are eleven with one lost.
        if (
            national[0] in "3489"
            and national[:2] != "89"
            and national.isascii()
            and national.isdigit()
        ):
            return Phone("+7" + national, typed, "", national[0] == "9")
    return _parse_slowly(typed, region)


def split_phones(cell: str | float, region: str = "RU") -> tuple[list[Phone], list[str]]:
    """The distinct phones in one cell, and the pieces of it that are not phones."""
    if not isinstance(cell, str) or not _SEPARATORS.search(cell):
        whole = parse_phone(cell, region)
        if whole is not None:
            return [whole], []
    found: dict[str, Phone] = {}
    unread: list[str] = []
    for piece in _pieces(cell if isinstance(cell, str) else str(cell)):
        phone = parse_phone(piece, region)
        if phone is not None:
            found.setdefault(phone.e164, phone)
            continue
        several = [parse_phone(part, region) for part in _several_in_a_row(piece, region)]
        if several and all(several):
            for each in several:
                if each is not None:
                    found.setdefault(each.e164, each)
        else:
            unread.append(piece)
    return list(found.values()), unread


@lru_cache(maxsize=4096)
def format_phone(e164: str) -> str:
    """`+7 900 000-14-27` for a Russian number, the international spelling for any other."""
    if len(e164) == 12 and e164.startswith("+7") and e164[2] in "3489" and e164[1:].isdigit():
        return f"+7 {e164[2:5]} {e164[5:8]}-{e164[8:10]}-{e164[10:]}"
    import phonenumbers

    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return e164
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _pieces(cell: str) -> list[str]:
    """The cell cut at separators; an extension stays with the number before it."""
    pieces: list[str] = []
    for raw in _SEPARATORS.split(cell):
        piece = raw.strip()
        if not piece:
            continue
        if pieces and _EXTENSION.fullmatch(piece):
            pieces[-1] = f"{pieces[-1]} {piece}"
        else:
            pieces.append(piece)
    return pieces


def _several_in_a_row(piece: str, region: str) -> list[str]:
    if "/" in piece:
        parts = [part.strip() for part in piece.split("/") if part.strip()]
        if not parts:
            return []
        first, *others = parts
        # 123-45-67/68: the second number differs in its last digits only.
        return [first, *(_with_ending(first, other) for other in others)]
    if region == "RU" and len(_NOT_DIGITS.sub("", piece)) >= 20:
        rest = _NOT_DIGITS.sub("", _RUSSIAN_IN_A_ROW.sub("", piece))
        return [] if rest else _RUSSIAN_IN_A_ROW.findall(piece)
    return []


def _with_ending(first: str, other: str) -> str:
    digits = _NOT_DIGITS.sub("", first)
    short = other.isdigit() and len(other) <= 4 and len(digits) >= 10
    return digits[: -len(other)] + other if short else other


def _parse_slowly(typed: str, region: str) -> Phone | None:
    if len(typed) > 100:
        return None
    number, extension = typed.strip(), ""
    if match := _WHOLE_FLOAT.fullmatch(number):
        number = match[1]
    elif match := _SCIENTIFIC.fullmatch(number):
        mantissa, power = match[1] + match[2], int(match[3])
        # Excel shows 8,91612E+10: the last digits are gone, and a padded number is someone else's.
        if len(mantissa) < 8 or not len(mantissa) <= power + 1 <= 13:
            return None
        number = mantissa.ljust(power + 1, "0")
    elif match := _EXTENSION.search(number):
        number, extension = number[: match.start()], match[1]
    number = _LETTERS.sub(" ", number).strip(" .,:;")
    if not number.isascii():
        number = number.translate(_BLANKS_AND_BRACKETS)
    digits = _NOT_DIGITS.sub("", number)
    if not 7 <= len(digits) <= 17:
        return None
    international = number.startswith("+")
    if region == "RU":
        national = _russian_national(digits, international)
        if national and national[0] in "3489" and national[:2] != "89":
            return Phone("+7" + national, typed, extension, national[0] == "9")
    return _with_library(("+" if international else "") + digits, typed, extension, region)


def _russian_national(digits: str, international: bool) -> str:
    """The ten digits after +7, or nothing when the number is not plainly Russian."""
    if len(digits) == 11 and (digits[0] == "7" or (digits[0] == "8" and not international)):
        return digits[1:]
    if len(digits) == 10 and not international:
        return digits
    # Slips of the hand that no real country code explains: +8 916…, +7 8 916…, +9161234567.
    if international and len(digits) == 11 and digits[:2] == "89":
        return digits[1:]
    if len(digits) == 12 and digits[:3] in {"789", "779", "889"}:
        return digits[2:]
    return ""


def _with_library(number: str, typed: str, extension: str, region: str) -> Phone | None:
    import phonenumbers

    candidates = [(number, region)]
    if not number.startswith("+"):
        # A foreign number typed without its plus.
        candidates.append(("+" + number, region))
    for text, default in candidates:
        try:
            parsed = phonenumbers.parse(text, default)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(parsed):
            e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
            kind = phonenumbers.number_type(parsed)
            mobile = kind in (
                phonenumbers.PhoneNumberType.MOBILE,
                phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
            )
            return Phone(e164, typed, extension, mobile)
    return None
