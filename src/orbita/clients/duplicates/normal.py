"""What is compared of a card, freed of how it was typed."""

import re
import zlib
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from orbita.clients.duplicates.letters import in_latin_layout, in_russian_layout, skeleton
from orbita.clients.duplicates.record import Place, Record
from orbita.clients.duplicates.short_names import names_of, nearest
from orbita.clients.names import parse_company, split_person_name
from orbita.core.text import normalise

CYRILLIC, LATIN, LAYOUT = 1, 2, 4
# What programs write for a day that nobody told.
_NO_DAYS = frozenset([date(1900, 1, 1), date(1970, 1, 1)])
PERSON, SOLE_TRADER, COMPANY = 0, 1, 2
MOST_PHONES, MOST_EMAILS, MOST_NUMBERS = 4, 3, 4
# A number of the client's is its kind and, in this many decimal places, itself.
KIND_PLACE = 10**15


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


class Normal(NamedTuple):
    """A card as the matcher compares it. Words are skeletons of `letters`."""

    kind: int
    last: str
    first: str
    middle: str
    # How the name was typed: CYRILLIC, LATIN, LAYOUT together.
    script: int
    sex: str
    birthday: int
    phones: tuple[int, ...]
    emails: tuple[tuple[str, str], ...]
    inn: int
    company: str
    city: str
    street: str
    numbers: str
    # Other numbers of the client's, each with its kind.
    others: tuple[int, ...]
    # The number that a person's name ends in: «Клиент 12» and «Клиент 13» are two.
    mark: int


def normal(record: Record) -> Normal:
    """The comparable form of a record."""
    kind, company, last, first, middle = _company(record)
    mark = _mark(f"{last} {first} {middle}")
    last, first, middle, script = _name(last, first, middle)
    city, street, numbers = _place(record.places)
    day = record.birthday
    return Normal(
        kind,
        last,
        first,
        middle,
        script,
        record.sex,
        day.year * 10000 + day.month * 100 + day.day if day and day not in _NO_DAYS else 0,
        tuple(dict.fromkeys(filter(None, map(phone_number, record.phones))))[:MOST_PHONES],
        tuple(dict.fromkeys(filter(all, map(email_parts, record.emails))))[:MOST_EMAILS],
        int(record.inn) if record.inn.isdigit() and len(record.inn) < 16 else 0,
        company,
        city,
        street,
        numbers,
        tuple(dict.fromkeys(filter(None, map(_other, record.numbers))))[:MOST_NUMBERS],
        mark,
    )


# ---- names ----


class Word(NamedTuple):
    skeleton: str
    script: int
    # The word in the layout it was meant in.
    meant: str


@lru_cache(maxsize=65536)
def _word(text: str) -> Word:
    bare = text.strip(" .,")
    if not bare:
        return Word("", 0, "")
    meant = in_russian_layout(text.strip())
    if meant:
        return Word(skeleton(meant), LAYOUT, meant)
    script = CYRILLIC if any("\u0400" <= char <= "\u04ff" for char in bare) else LATIN
    return Word(skeleton(bare), script, bare)


def _company(record: Record) -> tuple[int, str, str, str, str]:
    """What kind of client, the company's name, and the person's with what a sole trader's tells."""
    last, first, middle = record.last_name, record.first_name, record.middle_name
    kind = COMPANY if record.kind == "company" else PERSON
    if not record.company:
        return kind, "", last, first, middle
    parsed = parse_company(record.company)
    if parsed.form == "ИП":
        kind = SOLE_TRADER
    if parsed.person is not None and not (last or first):
        last, first, middle, _rest = parsed.person
    return kind, company_key(parsed.name), last, first, middle


@lru_cache(maxsize=65536)
def company_key(name: str) -> str:
    """A company's name without form, quotes and order of words; its blanks keep the words apart."""
    words = []
    for piece in re.split(r"[^\w\[\];,`{}:\"<>~']+", name):
        words.append(_word(piece).skeleton)
    return " ".join(sorted(filter(None, words)))


def _name(last: str, first: str, middle: str) -> tuple[str, str, str, int]:
    if _several(last) or _several(first) or _several(middle):
        last, first, middle = _taken_apart(last, first, middle)
    one, two, three = _word(last), _word(first), _word(middle)
    script = one.script | two.script | three.script
    if script & LAYOUT and script & LATIN:
        # A hand in the wrong layout types the whole name so.
        one, two, three = _relaid(one), _relaid(two), _relaid(three)
        script &= ~LATIN
    if _swapped(one, two):
        one, two = two, one
    return one.skeleton, two.skeleton, three.skeleton, script


_COUNTED = re.compile(r"\d{1,15}(?!\w)")


def _mark(name: str) -> int:
    found = _COUNTED.search(name)
    return int(found[0]) + 1 if found else 0


def _several(text: str) -> bool:
    return " " in text.strip()


@lru_cache(maxsize=16384)
def _taken_apart(last: str, first: str, middle: str) -> tuple[str, str, str]:
    words = f"{last} {first} {middle}".split()
    if not words:
        return "", "", ""
    parts = split_person_name(" ".join(in_russian_layout(word) or word for word in words))
    return parts.last, parts.first, parts.middle


def _relaid(word: Word) -> Word:
    if word.script != LATIN or len(word.skeleton) < 2:
        return word
    meant = in_russian_layout(word.meant + "[")[:-1] or word.meant
    return Word(skeleton(meant), LAYOUT, meant)


def _swapped(last: Word, first: Word) -> bool:
    """Whether the first name stands in the place of the last name."""
    if not last.skeleton or not first.skeleton:
        return False
    if len(last.skeleton) == 1:
        return len(first.skeleton) > 1
    if len(first.skeleton) == 1 or names_of(first.skeleton):
        return False
    if names_of(last.skeleton) and not nearest(first.skeleton):
        return True
    return bool(_SURNAME.fullmatch(first.skeleton) and nearest(last.skeleton))


_SURNAME = re.compile(
    r".{2,}(?:[eoi]va?|in|ina|ski|skai?a|cki|ckaia|enko|4uk|w?uk|iuk|ih|dze|wvili|ian|ik|ia|ko|li|man)"
)


# ---- contacts ----


def phone_number(text: str) -> int:
    """The digits of a phone as a number, Russian ones without their code; 0 when it is none."""
    if text[:2] == "+7" and len(text) == 12:
        digits = text[2:]
    else:
        digits = re.sub(r"\D", "", text)
        if len(digits) == 11 and digits[0] in "78":
            digits = digits[1:]
    if not 7 <= len(digits) <= 17 or len(set(digits)) < 3:
        return 0
    return int(digits)


_EMAIL = re.compile(r"[^\s<>(),;]+@[^\s<>(),;]+")
_DOMAINS = {
    "ya.ru": "yandex.ru", "yandex.com": "yandex.ru", "yandex.by": "yandex.ru",
    "yandex.kz": "yandex.ru", "yandex.ua": "yandex.ru", "narod.ru": "yandex.ru",
    "googlemail.com": "gmail.com", "icloud.com": "icloud.com", "me.com": "icloud.com",
    "mac.com": "icloud.com",
}  # fmt: skip
# Everybody's post: another one of these is no other person's, and the same one says nothing.
FREE = _words(
    """
    gmail.com yandex.ru mail.ru bk.ru list.ru inbox.ru rambler.ru icloud.com hotmail.com
    outlook.com yahoo.com live.com aol.com protonmail.com proton.me vk.com internet.ru lenta.ru
    ro.ru qip.ru gmx.de web.de ukr.net i.ua tut.by mail.com msn.com
    """
)
# Mailboxes of an office or of nobody.
COMMON = _words(
    """
    info mail office sale sales admin zakaz order contact support help test noreply no-reply email
    director manager shop secretary buh post hr reception user none net a 1 123 qwerty
    """
)


@lru_cache(maxsize=65536)
def _domain(text: str) -> str:
    return _DOMAINS.get(text, text)


def email_parts(text: str) -> tuple[str, str]:
    """Mailbox and domain, free of what changes nothing: plus tags, dots of Gmail, second names."""
    found = _EMAIL.search(text)
    if found is None:
        return "", ""
    folded = normalise(found[0])
    if not folded.isascii():
        folded = in_latin_layout(folded)
    mailbox, _at, domain = folded.rpartition("@")
    mailbox = mailbox.partition("+")[0]
    domain = _domain(domain.strip(".'\""))
    if domain == "gmail.com":
        mailbox = mailbox.replace(".", "")
    elif domain == "yandex.ru":
        mailbox = mailbox.replace("-", ".")
    return mailbox.strip("'\"."), domain


def _other(text: str) -> int:
    """A number with its kind as one whole number; 0 when it says nothing. A text gives one too."""
    kind, colon, number = text.strip().rpartition(":")
    if not number:
        return 0
    code = zlib.crc32(kind.encode()) % 9000 + 1 if colon else 0
    if number.isascii() and number.isdigit() and 4 <= len(number) <= 15:
        return code * KIND_PLACE + int(number)
    digest = blake2b(normalise(number).encode(), digest_size=7).digest()
    return code * KIND_PLACE + int.from_bytes(digest, "big") % KIND_PLACE


# ---- places ----

_POSTCODE = re.compile(r"\b\d{6}\b")
_ORDINAL = re.compile(r"\b(\d+)-?(?:я|й|ая|ый|ой|ий|е|ое|го|st|nd|rd|th)\b")
_GLUED = re.compile(r"(\d)\s*(?:корпус|корп|строение|стр|к|с|кв|оф)\.?\s*(?=\d)")
_CITY = re.compile(r"(?:^|[,;]\s*)(?:г|гор|город|city)(?:\.\s*|\s+)([^,;\d]+?)\s*(?=[,;]|$)")
_PREFIX = re.compile(
    r"^(?:г|гор|город|с|село|п|пос|поселок|пгт|д|дер|деревня|ст|станица|х|хутор|аул|city)(?:\.\s*|\s+)"
)
_TYPES = _words(
    """
    ул улица пр пр-т просп проспект пер переулок пл площадь ш шоссе б-р бульвар бул наб набережная
    проезд пр-д туп тупик ал аллея мкр микрорайон кв-л квартал д дом к корп корпус стр строение с
    кв квартира оф офис помещение пом комната ком литера лит вл владение подъезд этаж рф россия
    russia ulitsa ul dom kv street st str road rd avenue ave lane ln drive dr place pl close cl
    crescent cres court ct circuit cct parade way terrace tce grove boulevard blvd flat unit apt
    apartment no
    """
)
_CITIES = {
    "мск": "москва", "moscow": "москва", "спб": "санктпетербург", "питер": "санктпетербург",
    "петербург": "санктпетербург", "spb": "санктпетербург", "saint petersburg": "санктпетербург",
    "st petersburg": "санктпетербург", "с петербург": "санктпетербург", "екб": "екатеринбург",
    "екат": "екатеринбург", "нск": "новосибирск", "н новгород": "нижнийновгород",
    "нн": "нижнийновгород", "нижний": "нижнийновгород", "ростов": "ростовнадону",
    "ростов на дону": "ростовнадону", "рнд": "ростовнадону", "челны": "набережныечелны",
    "н челны": "набережныечелны", "наб челны": "набережныечелны", "крд": "краснодар",
    "нновгород": "нижнийновгород", "влад": "владивосток",
}  # fmt: skip


@lru_cache(maxsize=65536)
def city_key(text: str) -> str:
    """A city's comparable name: without «г.», brackets and short forms."""
    folded = normalise(text)
    folded = _PREFIX.sub("", folded.partition("(")[0].strip())
    folded = " ".join(re.sub(r"[^\w]+", " ", folded).split())
    return skeleton(_CITIES.get(folded, folded))


@lru_cache(maxsize=65536)
def _street(words: str) -> str:
    return " ".join(sorted(skeleton(word) for word in set(words.split())))


def place_key(text: str) -> tuple[str, str, str]:
    """City, street and numbers of an address written in one line, in any order."""
    folded = _POSTCODE.sub(" ", normalise(text))
    city = ""
    if found := _CITY.search(folded):
        city = city_key(found[1])
        folded = folded[: found.start()] + "," + folded[found.end() :]
    folded = _ORDINAL.sub(r" №\1№ ", folded)
    folded = _GLUED.sub(r"\1 ", folded)
    words, numbers = [], []
    for number, piece in _PLACE_PIECE.findall(folded):
        if number:
            words.append("o" + number)
        elif piece[0].isdigit():
            numbers.append(piece if piece.isdigit() else piece[:-1] + skeleton(piece[-1]))
        elif piece not in _TYPES:
            words.append(piece)
    return city, _street(" ".join(words)), " ".join(numbers)


_PLACE_PIECE = re.compile(r"№(\d+)№|(\d+(?:[a-zа-я](?![a-zа-я]))?|[^\W\d_]+(?:-[^\W\d_]+)*)")


def _place(places: tuple[Place, ...]) -> tuple[str, str, str]:
    """City, street and numbers of the fullest address."""
    best = ("", "", "")
    for place in places:
        city, street, numbers = place_key(place.text) if place.text else best
        city = city_key(place.city) if place.city else city
        if (bool(street), bool(numbers), bool(city)) > tuple(
            map(bool, (best[1], best[2], best[0]))
        ):
            best = (city, street, numbers)
    return best


def sex_of_middle(middle: str) -> str:
    """The sex that a patronymic tells by its skeleton; empty when it does not."""
    if re.search(r"(?:[eoi]vna|i4na)$", middle):
        return "f"
    return "m" if re.search(r"(?:[eoi]vi4|[lmkn]i4)$", middle) else ""


def patronymic_stem(middle: str) -> str:
    """A patronymic's skeleton without the ending that tells a son's from a daughter's."""
    return re.sub(r"(?<=.{2})(?:[eoi]+vna|[eoi]+vi4|i4na|ini4na|i4)$", "", middle)
