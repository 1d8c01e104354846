"""What is wrong in a card, why, and how to put it right.

`bits_of` is the quick way: what the facts row keeps, for thousands of cards. `find` says the same
of one card in words, with the fix that is offered. Both look at the card alone, so they serve
imports in another process, forms and stored cards alike.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orbita.clients.checks import check_email, check_inn
from orbita.clients.quality.domains import meant_domain
from orbita.clients.quality.letters import has_strangers, is_mixed, is_shouted, one_alphabet, proper
from orbita.core.phones import format_phone, split_phones
from orbita.ui import formats

OLDEST = timedelta(days=round(110 * 365.25))
# What spreadsheets and old programs write where no date is known.
NO_DATES = frozenset([date(1900, 1, 1), date(1899, 12, 30), date(1899, 12, 31), date(1970, 1, 1)])
PERSON_PARTS = ("last_name", "first_name", "middle_name")
_DIGIT = re.compile(r"\d")
_ISO = re.compile(r"\d{4}-\d\d-\d\d")


class Point(Protocol):
    """A contact as it is stored, loaded or typed."""

    kind: str
    value: str
    key: str


@dataclass(frozen=True)
class Trouble:
    """A kind of problem: its bit in the facts row, its name, its name in lists."""

    name: str
    bit: int
    label: str | Promise
    # The field of the card that it is about, where it is one that can be closed.
    field: str = ""


CAPITALS = Trouble("capitals", 1, gettext_lazy("name in capital letters"))
ALPHABETS = Trouble("alphabets", 2, gettext_lazy("letters of two alphabets"))
NAME = Trouble("name", 4, gettext_lazy("odd name"))
PHONE = Trouble("phone", 8, gettext_lazy("wrong phone"), "phone")
EMAIL = Trouble("email", 16, gettext_lazy("wrong e-mail"), "email")
DOMAIN = Trouble("domain", 32, gettext_lazy("slip in an e-mail"), "email")
INN = Trouble("inn", 64, gettext_lazy("wrong INN"), "inn")
BIRTHDAY = Trouble("birthday", 128, gettext_lazy("wrong birthday"), "birthday")
MARKED = Trouble("marked", 256, gettext_lazy("contact marked as not working"))
NO_CONTACT = Trouble("no_contact", 512, gettext_lazy("no working contact"))
TROUBLES = (
    CAPITALS,
    ALPHABETS,
    NAME,
    PHONE,
    EMAIL,
    DOMAIN,
    INN,
    BIRTHDAY,
    MARKED,
    NO_CONTACT,
)
BY_NAME = {trouble.name: trouble for trouble in TROUBLES}
# Contacts that do not work, whoever found it out.
INVALID_CONTACTS = (PHONE, EMAIL, DOMAIN, MARKED)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong: the reason in words, and the fix when there is one.

    `value` is what is wrong, as it is written. `values` are the fields of the fix; the problem of a
    contact has `contact` instead, as (kind, key or value), with the new value in `fix`.
    """

    trouble: Trouble
    reason: str
    value: str
    fix: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    contact: tuple[str, str] | None = None

    @property
    def can_be_fixed(self) -> bool:
        return bool(self.fix or self.values)

    @property
    def shown(self) -> str:
        """What is wrong, as people read it."""
        return _readable(self.trouble, self.value)

    @property
    def shown_fix(self) -> str:
        return _readable(self.trouble, self.fix)


def _readable(trouble: Trouble, text: str) -> str:
    if trouble is BIRTHDAY and _ISO.fullmatch(text):
        return formats.day(date.fromisoformat(text), date(1, 1, 1))
    return format_phone(text) if trouble is PHONE and text.startswith("+") else text


def bits_of(
    card: Any,
    contacts: Iterable[Point],
    *,
    today: date,
    accepted: Collection[tuple[str, str]] = (),
    marked: bool = False,
) -> int:
    """The bits of everything wrong with the card. `contacts` are those that nobody has marked;
    `marked` says that there are others. `accepted` are (name of the trouble, value) found right.
    """
    points = list(contacts)
    bits = _name_bits(card) | _data_bits(card, today)
    usable = False
    for point in points:
        if point.kind == "phone":
            bits |= 0 if point.key else PHONE.bit
        elif point.kind == "email":
            bits |= _email_bits(point.key)
        usable = usable or (bool(point.key) and point.kind != "link")
    bits |= (MARKED.bit if marked else 0) | (0 if usable else NO_CONTACT.bit)
    if bits and accepted:
        kept = {one.trouble for one in find(card, points, today=today, accepted=accepted)}
        named = sum(trouble.bit for trouble in kept)
        bits = named | bits & (MARKED.bit | NO_CONTACT.bit)
    return bits


def _name_bits(card: Any) -> int:
    name = card.name
    bits = ALPHABETS.bit if has_strangers(name) else 0
    if card.kind == "company":
        return bits
    last, first, middle = card.last_name, card.first_name, card.middle_name
    if is_shouted(last) or is_shouted(first) or is_shouted(middle):
        bits |= CAPITALS.bit
    if not (last or first or middle) or _is_odd(name):
        bits |= NAME.bit
    return bits


def _is_odd(name: str) -> bool:
    return _DIGIT.search(name) is not None or name.upper() == name.lower()


def _data_bits(card: Any, today: date) -> int:
    bits = 0
    if card.inn and not _inn_is_right(card.inn):
        bits |= INN.bit
    if card.birthday and _birthday_is_wrong(card.birthday, today):
        bits |= BIRTHDAY.bit
    return bits


def _inn_is_right(inn: str) -> bool:
    try:
        return check_inn(inn) == inn
    except ValueError:
        return False


def _birthday_is_wrong(day: date, today: date) -> bool:
    return day > today or day < today - OLDEST or day in NO_DATES


def _email_bits(key: str) -> int:
    if not key:
        return EMAIL.bit
    domain = key.rpartition("@")[2]
    return DOMAIN.bit if meant_domain(domain) or is_mixed(key) else 0


# ---- one card in words ----


def find(
    card: Any,
    contacts: Iterable[Point],
    *,
    today: date,
    region: str = "RU",
    accepted: Collection[tuple[str, str]] = (),
) -> list[Problem]:
    """Everything wrong with the card that somebody can put right, in the order of its fields."""
    found = [*_of_name(card), *_of_data(card, today)]
    for point in contacts:
        problem = of_contact(point.kind, point.value, point.key, region)
        if problem:
            found.append(problem)
    return [one for one in found if (one.trouble.name, one.value[:300]) not in accepted]


def _of_name(card: Any) -> list[Problem]:
    if card.kind == "company":
        problem = mixed(card.name, {"name": card.name})
        return [problem] if problem else []
    parts = {name: getattr(card, name) for name in PERSON_PARTS}
    if not any(parts.values()):
        return [Problem(NAME, _("The name is not known."), card.name)]
    found = [problem for problem in (mixed(card.name, parts), shouted(card.name, parts)) if problem]
    if _is_odd(card.name):
        found.append(Problem(NAME, _("A name has letters and no digits."), card.name))
    return found


def mixed(shown: str, parts: Mapping[str, str]) -> Problem | None:
    """The problem of a name in which Latin letters pass for Russian ones, or the reverse."""
    if not has_strangers(shown):
        return None
    fixed = {name: one_alphabet(text) for name, text in parts.items()}
    changed = {name: text for name, text in fixed.items() if text != parts[name]}
    reason = _("A word has letters of two alphabets: a search by it will find nothing.")
    return Problem(ALPHABETS, reason, shown, " ".join(filter(None, fixed.values())), changed)


def shouted(shown: str, parts: Mapping[str, str]) -> Problem | None:
    """The problem of a person's name all in capital or in small letters."""
    if not any(is_shouted(text) for text in parts.values()):
        return None
    fixed = {name: proper(text) for name, text in parts.items()}
    changed = {name: text for name, text in fixed.items() if text != parts[name]}
    reason = (
        _("The name is in capital letters: so it would stand in letters to the client.")
        if any(text.isupper() and is_shouted(text) for text in parts.values())
        else _("The name is in small letters: so it would stand in letters to the client.")
    )
    return Problem(CAPITALS, reason, shown, " ".join(filter(None, fixed.values())), changed)


def _of_data(card: Any, today: date) -> Sequence[Problem]:
    found = [of_inn(card.inn), of_birthday(card.birthday, today)]
    return [problem for problem in found if problem]


def of_inn(inn: str) -> Problem | None:
    """The problem of a tax number, with the lost zero put back where that helps."""
    if not inn.strip():
        return None
    try:
        right = check_inn(inn)
    except ValueError as error:
        return Problem(INN, str(error), inn)
    if right == inn:
        return None
    return Problem(INN, _("The INN has lost its leading zero."), inn, right, {"inn": right})


def of_birthday(day: date | None, today: date) -> Problem | None:
    """The problem of a birthday: in the future, too long ago, or no date at all."""
    if day is None or not _birthday_is_wrong(day, today):
        return None
    text = day.isoformat()
    if day in NO_DATES:
        reason = _("Programs write this date when none is known.")
        return Problem(BIRTHDAY, reason, text, _("no birthday"), {"birthday": None})
    reason = (
        _("The birthday is in the future.") if day > today else _("Nobody is so old: check it.")
    )
    for years in (-100, 100):
        moved = _shifted(day, years)
        if moved and today - OLDEST <= moved <= today:
            return Problem(BIRTHDAY, reason, text, moved.isoformat(), {"birthday": moved})
    return Problem(BIRTHDAY, reason, text)


def _shifted(day: date, years: int) -> date | None:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return None


def of_contact(kind: str, value: str, key: str, region: str = "RU") -> Problem | None:
    """The problem of a contact; `key` is empty when nothing could be made of the value."""
    contact = (kind, key or value)
    if kind == "phone" and not key:
        reason = _("This is not a whole phone number.")
        return Problem(PHONE, reason, value, phone_in(value, region), contact=contact)
    if kind != "email":
        return None
    meant = email_meant(key or value)
    if not key:
        return Problem(EMAIL, _("This is not an e-mail address."), value, meant, contact=contact)
    if meant == key or not meant:
        return None
    if is_mixed(key):
        reason = _("The address has letters of two alphabets: letters will not arrive.")
    else:
        reason = _("Probably %(domain)s is meant: letters to this address will not arrive.") % {
            "domain": meant.rpartition("@")[2]
        }
    return Problem(DOMAIN, reason, key, meant, contact=contact)


_DIGITS_LIKE = str.maketrans("OoОоlI|З", "00001113")
_NUMBER = re.compile(r"\+?\d[\d\s().\-–—]{8,}\d")


def phone_in(text: str, region: str) -> str:
    """The one phone that a text holds among other words, or with letters for digits; else ""."""
    for candidate in (text, text.translate(_DIGITS_LIKE)):
        found = {
            phone.e164
            for piece in (candidate, *_NUMBER.findall(candidate))
            for phone in split_phones(piece, region)[0]
        }
        if len(found) == 1:
            return found.pop()
    return ""


_AT = re.compile(r"\s*(?:\(at\)|\[at\]|\(собака\)|\s+собака\s+|@+)\s*", re.IGNORECASE)
_WRONG_LETTERS = str.maketrans(
    "АВЕКМНОРСТХасеорхукмт", "ABEKMHOPCTXaceopxykmt"
)  # Russian letters that look like Latin ones


def email_meant(text: str) -> str:
    """The address that was probably meant; "" when there is no telling."""
    fixed = _AT.sub("@", text.strip().lower())
    if not fixed.isascii():
        fixed = fixed.translate(_WRONG_LETTERS)
    fixed = re.sub(r"\.{2,}", ".", fixed.replace(",", ".").replace(";", ".").replace(" ", ""))
    fixed = re.sub(r"\.*@\.*", "@", fixed).strip(".")
    local, at, domain = fixed.rpartition("@")
    if not at or not fixed.isascii():
        return ""
    if "." not in domain:
        domain = {"gmail": "gmail.com", "yandex": "yandex.ru", "mail": "mail.ru"}.get(
            domain, re.sub(r"(?<=[a-z])(ru|com)$", r".\1", domain)
        )
    try:
        return check_email(f"{local}@{meant_domain(domain) or domain}")
    except ValueError:
        return ""
