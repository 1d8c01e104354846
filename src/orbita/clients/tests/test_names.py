import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbita.clients.names import (
    PersonName,
    looks_like_company,
    parse_company,
    sex_of,
    split_person_name,
)


@pytest.mark.parametrize(
    ("text", "expected", "sex"),
    [
        ("Иванов Иван Иванович", ("Иванов", "Иван", "Иванович"), "m"),
        ("Иван Иванович Иванов", ("Иванов", "Иван", "Иванович"), "m"),
        ("Иван Иванов", ("Иванов", "Иван", ""), "m"),
        ("Иванова, Анна", ("Иванова", "Анна", ""), "f"),
        ("Иванов И.И.", ("Иванов", "И.", "И."), ""),
        ("И. И. Иванов", ("Иванов", "И.", "И."), ""),
        ("Сергей Н.", ("Н.", "Сергей", ""), "m"),
        ("Иван Фомин Денисович", ("Фомин", "Иван", "Денисович"), "m"),
        ("Петровна Анна Иванова", ("Иванова", "Анна", "Петровна"), "f"),
        ("Иван Петрович", ("", "Иван", "Петрович"), "m"),
        ("Абрамович Роман Аркадьевич", ("Абрамович", "Роман", "Аркадьевич"), "m"),
        ("Роман Аркадьевич Абрамович", ("Абрамович", "Роман", "Аркадьевич"), "m"),
        ("Абрамович Роман", ("Абрамович", "Роман", ""), "m"),
        ("Алиев Вагиф Расул оглы", ("Алиев", "Вагиф", "Расул оглы"), "m"),
        ("АЛИЕВА ЛЕЙЛА РАСУЛ КЫЗЫ", ("Алиева", "Лейла", "Расул кызы"), "f"),
        ("САЛТЫКОВ-ЩЕДРИН МИХАИЛ ЕВГРАФОВИЧ", ("Салтыков-Щедрин", "Михаил", "Евграфович"), "m"),
        ("Лена", ("", "Лена", ""), "f"),
        ("Саша", ("", "Саша", ""), ""),
        ("Иванова", ("Иванова", "", ""), ""),
        ("Кузьма Ильич", ("", "Кузьма", "Ильич"), "m"),
        ("Svetlana Ruslanovna Zotova", ("Zotova", "Svetlana", "Ruslanovna"), "f"),
        ("Remblevskiy E. K.", ("Remblevskiy", "E.", "K."), ""),
        ("John Smith", ("Smith", "John", ""), "m"),
        ("John F. Kennedy", ("Kennedy", "John", "F."), "m"),
        ("Vincent van der Berg", ("van der Berg", "Vincent", ""), ""),
        ("Иванов иван", ("Иванов", "иван", ""), "m"),
    ],
)
def test_a_name_is_put_in_order(text: str, expected: tuple[str, str, str], sex: str) -> None:
    name = split_person_name(text)
    assert name == PersonName(*expected)
    assert sex_of(name) == sex


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Света маникюр", PersonName("", "Света", "", "маникюр")),
        ("Иванова Анна Петровна маникюр", PersonName("Иванова", "Анна", "Петровна", "маникюр")),
        ("Анна (жена Петра)", PersonName("", "Анна", "", "жена Петра")),
        ("Анна 89161234567", PersonName("", "Анна", "", "89161234567")),
        ("12345", PersonName("", "", "", "12345")),
        ("", PersonName()),
    ],
)
def test_what_is_no_part_of_a_name_is_not_lost(text: str, expected: PersonName) -> None:
    assert split_person_name(text) == expected


@given(st.text(alphabet="ИвановАлексей .,-()«»1@", max_size=60))
def test_every_letter_of_a_name_comes_back(text: str) -> None:
    parts = "".join(split_person_name(text)).lower()
    assert sorted(filter(str.isalpha, parts)) == sorted(filter(str.isalpha, text.lower()))


@given(st.text())
def test_any_text_is_split_without_a_crash(text: str) -> None:
    split_person_name(text)
    looks_like_company(text)
    parse_company(text)


@pytest.mark.parametrize(
    ("text", "form", "name"),
    [
        ("ООО «Ромашка»", "ООО", "Ромашка"),
        ("ООО Ромашка", "ООО", "Ромашка"),
        ("Ромашка, ООО", "ООО", "Ромашка"),
        ('ооо "ромашка"', "ООО", "ромашка"),
        ("Общество с ограниченной ответственностью «ТЕКСТИЛЬ-ХОЛДИНГ»", "ООО", "ТЕКСТИЛЬ-ХОЛДИНГ"),
        ("ООО «Торговый дом «Ромашка»", "ООО", "Торговый дом «Ромашка»"),
        ('Закрытое акционерное общество "Мебель"', "ЗАО", "Мебель"),
        ("ПАО Сбербанк", "ПАО", "Сбербанк"),
        ("Acme Inc.", "Inc", "Acme"),
        ("Acme, LLC", "LLC", "Acme"),
        ("Foo GmbH", "GmbH", "Foo"),
        ("Smith AG", "AG", "Smith"),
        ("«Шашков и партнёры»", "", "Шашков и партнёры"),
        ("Салон красоты Лилия", "", "Салон красоты Лилия"),
    ],
)
def test_a_company_is_recognised_and_its_form_kept_apart(text: str, form: str, name: str) -> None:
    assert looks_like_company(text)
    assert parse_company(text)[:2] == (form, name)


@pytest.mark.parametrize(
    "text", ["ИП Райков Михаил Павлович", "Райков Михаил Павлович (ИП)", "Индивидуальный предприниматель Райков Михаил Павлович"]
)  # fmt: skip
def test_a_sole_trader_is_a_company_with_a_person_inside(text: str) -> None:
    company = parse_company(text)
    assert looks_like_company(text)
    assert company.form == "ИП"
    assert company.person == PersonName("Райков", "Михаил", "Павлович")


@pytest.mark.parametrize(
    "text",
    ["Иванов Иван Иванович", "Kim Ag", "Смирнова Ано", "И.П. Сидоров", "Банк Ольга Петровна"],
)
def test_a_person_is_no_company(text: str) -> None:
    assert not looks_like_company(text)
