"""What is found wrong in a card, and the fix that is offered."""

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from orbita.clients.quality.domains import meant_domain
from orbita.clients.quality.letters import one_alphabet, proper
from orbita.clients.quality.problems import (
    TROUBLES,
    bits_of,
    email_meant,
    find,
    of_birthday,
    of_contact,
    phone_in,
)

TODAY = date(2026, 11, 23)


def card(**more: Any) -> Any:
    parts = {"last_name": "Иванов", "first_name": "Иван", "middle_name": ""} | more
    name = " ".join(filter(None, (parts["last_name"], parts["first_name"], parts["middle_name"])))
    return SimpleNamespace(**{"kind": "person", "name": name, "inn": "", "birthday": None} | parts)


def point(kind: str, value: str, key: str = "") -> Any:
    return SimpleNamespace(kind=kind, value=value, key=key)


GOOD_PHONE = point("phone", "89160000001", "+79160000001")


def names(found: Any, contacts: Any = (GOOD_PHONE,)) -> list[str]:
    return [one.trouble.name for one in find(found, contacts, today=TODAY)]


@pytest.mark.parametrize(
    ("domain", "meant"),
    [
        ("gmial.com", "gmail.com"),
        ("gmail.con", "gmail.com"),
        ("gmal.com", "gmail.com"),
        ("yandex.ry", "yandex.ru"),
        ("yadnex.ru", "yandex.ru"),
        ("maill.ru", "mail.ru"),
        ("romashka.con", "romashka.com"),
        ("hotmial.com", "hotmail.com"),
        ("gmail.com", ""),
        ("mail.com", ""),
        ("ymail.com", ""),
        ("mil.ru", ""),
        ("nail.ru", ""),
        ("yandex.by", ""),
        ("gm.ru", ""),
        ("romashka.ru", ""),
    ],
)
def test_a_slip_in_a_well_known_domain_is_told_from_another_domain(domain: str, meant: str) -> None:
    assert meant_domain(domain) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ivan@gmail,com", "ivan@gmail.com"),
        ("ivan @mail.ru", "ivan@mail.ru"),
        ("ivan@@mail.ru", "ivan@mail.ru"),
        ("ivan(at)mail.ru", "ivan@mail.ru"),
        ("ivan@gmail", "ivan@gmail.com"),
        ("ivan@mailru", "ivan@mail.ru"),
        ("ivаn@mail.ru", "ivan@mail.ru"),  # a Russian «а»
        ("иван@почта", ""),
        ("just words", ""),
        ("@", ""),
    ],
)
def test_a_spoilt_address_is_guessed_or_left_alone(typed: str, meant: str) -> None:
    assert email_meant(typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Маша сестра 8 916 000-00-01", "+79160000001"),
        ("891600O0001", "+79160000001"),
        ("8916000", ""),
        ("8 916 000-00-01 или 8 916 000-00-02", ""),
        ("нет", ""),
    ],
)
def test_one_number_among_words_is_found_and_of_two_none_is_chosen(typed: str, meant: str) -> None:
    assert phone_in(typed, "RU") == meant


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ("ИВАНОВА-ПЕТРОВА", "Иванова-Петрова"),
        ("иванов", "Иванов"),
        ("О'НИЛ", "О'Нил"),
        ("АЛИ ОГЛЫ", "Али оглы"),
        ("МакДональд", "МакДональд"),
    ],
)
def test_a_name_gets_its_capitals(written: str, right: str) -> None:
    assert proper(written) == right


def test_letters_of_the_other_alphabet_are_put_right_by_the_majority() -> None:
    assert one_alphabet("Ивaнoв") == "Иванов"  # Latin a, o
    assert one_alphabet("Cмирнова Oльга") == "Смирнова Ольга"
    assert one_alphabet("Аpple") == "Apple"  # Russian А
    for meant in ("IT-компания 1С", "ВеснаXXI", "Новация XXI"):
        assert one_alphabet(meant) == meant


def test_capital_letters_are_one_problem_whose_fix_changes_all_parts() -> None:
    (problem,) = find(card(last_name="ИВАНОВ", first_name="ИВАН"), [GOOD_PHONE], today=TODAY)
    assert problem.values == {"last_name": "Иванов", "first_name": "Иван"}
    assert problem.fix == "Иванов Иван"


def test_initials_and_short_particles_are_no_problem() -> None:
    assert names(card(first_name="И.", middle_name="П.")) == []
    assert names(card(last_name="Алиев", first_name="Али", middle_name="оглы")) == []


def test_capitals_in_the_name_of_a_company_are_its_own_affair() -> None:
    company = card(kind="company")
    company.name = "ООО «РОМАШКА»"
    assert names(company) == []
    company.name = "ООО «Poмашка»"
    assert names(company) == ["alphabets"]


def test_a_name_with_digits_or_without_letters_is_odd() -> None:
    assert names(card(first_name="Иван2")) == ["name"]
    assert names(card(last_name="", first_name="???")) == ["name"]


@pytest.mark.parametrize(
    ("day", "fix"),
    [
        (date(2068, 5, 1), date(1968, 5, 1)),
        (date(1890, 5, 1), date(1990, 5, 1)),
        (date(1900, 1, 1), None),
        (date(2124, 2, 29), date(2024, 2, 29)),
    ],
)
def test_a_wrong_birthday_is_moved_by_a_century_or_taken_away(day: date, fix: date | None) -> None:
    problem = of_birthday(day, TODAY)
    assert problem is not None
    assert problem.values == {"birthday": fix}


def test_a_usual_birthday_is_no_problem() -> None:
    assert of_birthday(date(1985, 2, 3), TODAY) is None
    assert of_birthday(None, TODAY) is None


def test_a_tax_number_with_a_slip_has_a_reason_and_no_guess() -> None:
    (problem,) = find(card(inn="500100732258"), [GOOD_PHONE], today=TODAY)
    assert problem.trouble.name == "inn"
    assert not problem.can_be_fixed


def test_an_accepted_value_is_not_complained_of_again() -> None:
    odd = card(first_name="Иван2")
    assert bits_of(odd, [GOOD_PHONE], today=TODAY) == 4
    accepted = {("name", "Иванов Иван2")}
    assert bits_of(odd, [GOOD_PHONE], today=TODAY, accepted=accepted) == 0
    assert find(odd, [GOOD_PHONE], today=TODAY, accepted=accepted) == []


CARDS = [
    (card(), [GOOD_PHONE]),
    (card(last_name="ИВАНОВ"), [GOOD_PHONE]),
    (card(last_name="Ивaнов"), [GOOD_PHONE]),
    (card(first_name="Иван2", inn="500100732258"), [GOOD_PHONE, point("phone", "12")]),
    (card(birthday=date(1900, 1, 1)), [point("email", "a@gmial.com", "a@gmial.com")]),
    (card(last_name="", first_name=""), [GOOD_PHONE, point("email", "нет")]),
]


@pytest.mark.parametrize(("one", "contacts"), CARDS)
def test_the_quick_look_and_the_long_one_agree(one: Any, contacts: Any) -> None:
    bits = bits_of(one, contacts, today=TODAY)
    quick = {trouble.name for trouble in TROUBLES if bits & trouble.bit}
    assert quick - {"no_contact", "marked"} == {
        problem.trouble.name for problem in find(one, contacts, today=TODAY)
    }


def test_a_card_without_a_working_contact_is_told() -> None:
    assert bits_of(card(), [], today=TODAY) == 512
    assert bits_of(card(), [], today=TODAY, marked=True) == 512 + 256
    assert bits_of(card(), [point("link", "vk.com/i", "vk.com/i")], today=TODAY) == 512


def test_a_good_contact_has_no_problem() -> None:
    assert of_contact("email", "i@gmail.com", "i@gmail.com") is None
    assert of_contact("phone", "89160000001", "+79160000001") is None
    assert of_contact("messenger", "@i", "telegram:i") is None
