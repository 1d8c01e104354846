"""How the parts of a name become the one line that lists show and the key they are sorted by."""

from typing import NamedTuple

from orbita.clients.names import parse_company, sex_of, split_person_name
from orbita.core.text import clean_line, normalise

LONGEST = 300


class ShownName(NamedTuple):
    name: str
    key: str


class ReadName(NamedTuple):
    """A name written in one field, taken apart. `rest` is what was no part of it."""

    name: str
    key: str
    last_name: str = ""
    first_name: str = ""
    middle_name: str = ""
    legal_form: str = ""
    sex: str = ""
    rest: str = ""


def person_name(last: str, first: str, middle: str) -> ShownName:
    """«Фамилия Имя Отчество» and its key."""
    name = " ".join(part for part in (last, first, middle) if part)[:LONGEST]
    return ShownName(name, normalise(name)[:LONGEST])


def company_name(name: str, form: str = "") -> ShownName:
    """A company's name with its legal form; the key leaves the form and the quotes out.

    «ООО „Ромашка“» sorts as «ромашка», a sole trader by his surname.
    """
    own = clean_line(name)
    key = normalise("".join(char for char in own if char not in "«»\"“”„'"))[:LONGEST]
    return ShownName(_with_form(own, form)[:LONGEST], key or normalise(own)[:LONGEST])


def _with_form(name: str, form: str) -> str:
    if not form:
        return name
    if form.isascii():
        return f"{name} {form}"
    if form == "ИП" or "«" in name or '"' in name:
        return f"{form} {name}"
    return f"{form} «{name}»"


def read_person(text: str) -> ReadName:
    """A person's name written in one field, in any order."""
    parts = split_person_name(text)
    if not (parts.last or parts.first or parts.middle):
        name = clean_line(text)[:LONGEST]
        return ReadName(name, normalise(name), first_name=name[:100])
    last, first, middle = parts.last[:100], parts.first[:100], parts.middle[:100]
    shown = person_name(last, first, middle)
    return ReadName(shown.name, shown.key, last, first, middle, "", sex_of(parts), parts.rest)


def read_company(text: str) -> ReadName:
    """A company's name written in one field, its legal form at either end."""
    parsed = parse_company(text)
    shown = company_name(parsed.name or clean_line(text), parsed.form)
    return ReadName(shown.name, shown.key, legal_form=parsed.form)
