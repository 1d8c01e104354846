"""Texts made to keep regular expressions busy: every reader gives up or is done at once."""

from contextlib import suppress
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from orbita.clients import checks, contacts, names, naming
from orbita.clients.guarding import OPEN
from orbita.clients.search import text_condition
from orbita.commerce.forms.fields import read_decimal
from orbita.core import phones, text
from orbita.gateways.exports.guard import guarded
from orbita.gateways.files import content, values
from tests.security.hostile import Work, no_longer_than

N = 30_000  # as Excel lets into a cell; files of other programs hold more
TEXTS = [
    " " * N + "x", "\t" * N + "x", "\n" * N + "x", "\u200b" * N + "x", "1" * N, "a" * N + "!", "(" * N,
    "-" * N + "x", "." * N, "+" * N, "7" + " " * N + "x", "9" + "." * N + "x", "доб" + "1" * N + "x",
    "доб." + " " * N + "x", "ext 1" + " " * N + "x", "1 " * N, "1," * N, "a@" * N, "a@" + "a." * N,
    "a@" + "a" * N, "@" * N, "«" * N, '"' * N, "ООО " * N, "А.Б." * N, "1e" * N, " и " * N, ";" * N,
    "1/" * N, "http://" * N, ",а" * N, " ," * N + "x", "20.12." * N, "=," * N, "89161234567 " * N,
    "+7 (" * N, " +" * N + "x",
]  # fmt: skip
READERS: dict[str, Work] = {
    "phones": phones.split_phones,
    "phone": phones.parse_phone,
    "line": text.clean_line,
    "text": text.clean_text,
    "key": text.normalise,
    "words": text.search_tokens,
    "company": names.parse_company,
    "looks like a company": names.looks_like_company,
    "read company": naming.read_company,
    "inn": checks.check_inn,
    "kpp": checks.check_kpp,
    "ogrn": checks.check_ogrn,
    "email": checks.check_email,
    "link": lambda value: contacts.read_contact("link", value),
    "messenger": lambda value: contacts.read_contact("messenger", value),
    "search": lambda value: text_condition(value, OPEN),
    "number": read_decimal,
    "date": values.parse_date,
    "amount": values.number_or_none,
    "guard": guarded,
    "column": lambda value: content.shares([value]),
}


@pytest.mark.parametrize("name", READERS)
def test_no_text_keeps_a_reader_busy_for_ever(name: str, db: Any) -> None:
    with no_longer_than(20):
        for hostile in TEXTS:
            # A refusal is as good as an answer.
            with suppress(ValueError, ValidationError):
                READERS[name](hostile)


def test_several_phones_in_a_cell_are_still_told_apart() -> None:
    found, unread = phones.split_phones("89161234567  и  89167654321, доб. 12   ")
    assert [phone.e164 for phone in found] == ["+79161234567", "+79167654321"]
    assert found[1].extension == "12"
    assert unread == []
