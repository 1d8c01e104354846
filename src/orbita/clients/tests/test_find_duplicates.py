import csv
import io
from datetime import date

import pytest
from django.core.management import call_command
from django.utils import translation

from orbita.accounts.models import User
from orbita.clients.actions import create_client
from orbita.clients.contacts import read_contact
from orbita.clients.duplicates import (
    CODES,
    Pair,
    Place,
    Record,
    evidence_words,
    find_pairs,
    groups,
    likely,
    load_records,
)
from orbita.clients.duplicates.letters import in_russian_layout, skeleton, sound, without_gender
from orbita.clients.duplicates.normal import email_parts, phone_number, place_key
from orbita.clients.duplicates.short_names import names_of
from orbita.clients.models import Client

KNOWN = Record(
    id=1,
    last_name="Щербакова",
    first_name="Александра",
    middle_name="Юрьевна",
    birthday=date(1984, 3, 7),
    phones=("+79161234567",),
    emails=("a.scherbakova@yandex.ru",),
    places=(Place("Казань", "ул. Новая 3-я, д. 12 корп. 1, кв. 5"),),
)


def crowd() -> list[Record]:
    """People who have nothing to do with anybody: what is rare is seen against them."""
    lasts = ["Иванов", "Петров", "Сидоров", "Кузнецов", "Орлов", "Соколов", "Волков", "Зайцев"]
    firsts = ["Иван", "Олег", "Пётр", "Сергей", "Илья", "Антон"]
    return [
        Record(
            id=1000 + place,
            last_name=lasts[place % 8],
            first_name=firsts[place % 6],
            birthday=date(1950 + place % 50, 1 + place % 12, 1 + place % 28),
            phones=(f"+7903{1000000 + place * 7919}",),
            places=(Place("Москва", f"ул. Строителей, д. {place}, кв. {place * 3}"),),
        )
        for place in range(300)
    ]


def score(*records: Record) -> float:
    pairs = {(pair.a, pair.b): pair.score for pair in find_pairs([*records, *crowd()], 0.0001)}
    return pairs.get((1, 2), 0.0)


def other(**changes: object) -> Record:
    values = {name: getattr(KNOWN, name) for name in KNOWN.__struct_fields__}
    return Record(**(values | {"id": 2} | changes))


# ---- words ----


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Щербаков", "Shcherbakov"),
        ("Щербаков", "Sherbakov"),
        ("Юрьевна", "Yuryevna"),
        ("Юрьевна", "Iurevna"),
        ("Джульдиева", "Dzhuldieva"),
        ("Екатерина", "Ekaterina"),
        ("Дмитрий", "Dmitrij"),
        ("Дмитрий", "Dmitry"),
        ("Хрущёв", "Khrushchev"),
        ("Ёлкин", "Елкин"),
        ("Цветков", "Tsvetkov"),
        ("Виктор", "Victor"),
        ("Алла", "Ала"),
    ],
)
def test_a_name_in_any_letters_has_one_skeleton(one: str, two: str) -> None:
    assert skeleton(one) == skeleton(two)


def test_a_wife_and_a_husband_share_a_surname_without_its_ending() -> None:
    assert without_gender(skeleton("Щербакова")) == without_gender(skeleton("Щербаков"))
    assert without_gender(skeleton("Троицкая")) == without_gender(skeleton("Троицкий"))


def test_what_ears_confuse_sounds_alike() -> None:
    assert sound(skeleton("Шашков")) == sound(skeleton("Шашкоф"))
    assert sound(skeleton("Соловьёв")) == sound(skeleton("Салавьов"))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("bdfyjd", "иванов"),
        ("L,zxrjdf", "дбячкова"),
        ("Dbrnjhjdyf", "викторовна"),
        ("cthutq", "сергей"),
        ("Smith", ""),
        ("Jones", ""),
        ("Petrov", ""),
        ("Lynch", ""),
        ("Иванов", ""),
    ],
)
def test_the_wrong_layout_is_told_from_a_foreign_name(typed: str, meant: str) -> None:
    assert in_russian_layout(typed) == meant


def test_a_short_name_stands_for_every_full_one_it_may_be() -> None:
    def names(word: str) -> set[int]:
        return set(names_of(skeleton(word)))

    assert names("Саша") & names("Александр")
    assert names("Саша") & names("Александра")
    assert not names("Александр") & names("Александра")
    assert names("Нюра") & names("Анна")
    assert names("Bill") & names("William")


def test_an_address_is_the_same_in_any_order() -> None:
    spellings = [
        "ул. Новая 3-я, д. 12 корп. 1, кв. 5",
        "Новая 3-я 12к1-5",
        "3-я Новая улица, 12/1, 5",
        "г. Казань, Новая 3-я ул, 12 корпус 1 оф. 5",
    ]
    assert {place_key(text)[1:] for text in spellings} == {("novaia o3", "12 1 5")}


def test_phones_and_emails_lose_what_changes_nothing() -> None:
    assert phone_number("+79161234567") == phone_number("8 (916) 123-45-67") == 9161234567
    assert phone_number("111111") == phone_number("нет") == phone_number("+70000000000") == 0
    assert email_parts("A.Petrov+shop@GoogleMail.com") == ("apetrov", "gmail.com")
    assert email_parts("<a@ya.ru>") == ("a", "yandex.ru")
    assert email_parts("нет") == ("", "")


# ---- pairs ----


@pytest.mark.parametrize(
    "changes",
    [
        {"first_name": "Саша", "middle_name": ""},
        {"last_name": "Shcherbakova", "first_name": "Aleksandra", "middle_name": "Yuryevna"},
        {"last_name": "Othfrjdf", "first_name": "Fktrcfylhf", "birthday": None},
        {"last_name": "Александра", "first_name": "Щербакова", "emails": ()},
        {"last_name": "Щербакова Александра Юрьевна", "first_name": "", "middle_name": ""},
        {"first_name": "А.", "middle_name": "Ю.", "places": ()},
        {"last_name": "Шербокова", "emails": ()},
        {"phones": ("+79161234667",), "emails": ("ascherbakova+1@yandex.ru",)},
        {"birthday": date(1984, 7, 3), "phones": ()},
        {"birthday": date(1984, 3, 17), "emails": (), "places": ()},
        {"places": (Place("", "г. Казань, Новая 3-я 12к1-5"),), "phones": (), "emails": ()},
    ],
    ids=lambda changes: " and ".join(changes),
)
def test_a_client_is_known_in_disguise(changes: dict[str, object]) -> None:
    assert score(KNOWN, other(**changes)) > 0.9


@pytest.mark.parametrize(
    "changes",
    [
        {"last_name": "Щербаков", "first_name": "Юрий", "middle_name": "Олегович",
         "birthday": date(1958, 11, 2), "emails": ()},
        {"last_name": "Щербаков", "first_name": "Александр", "birthday": date(1982, 5, 9),
         "emails": ()},
        {"first_name": "Мария", "birthday": date(1987, 9, 21), "emails": ("m.sch@yandex.ru",)},
    ],
    ids=["father", "brother", "sister"],
)  # fmt: skip
def test_a_relative_with_the_same_phone_and_address_is_somebody_else(
    changes: dict[str, object],
) -> None:
    assert score(KNOWN, other(**changes)) < 0.3


@pytest.mark.parametrize("company", ["", "Ромашка"])
def test_a_rare_surname_alone_does_not_make_two_first_names_one_client(company: str) -> None:
    one = Record(
        id=1, last_name="Калимуллина", first_name="Лилия", middle_name="Рифатовна",
        company=company, phones=("+79060003959",), places=(Place("Казань", ""),),
    )  # fmt: skip
    other = Record(
        id=2, last_name="Калимуллина", first_name="Рамиля", places=(Place("Казань", ""),)
    )
    assert score(one, other) < 0.1


def test_the_evidence_says_why() -> None:
    namesake = other(first_name="Саша", last_name="Othfrjdf", phones=("+79161234667",))
    (pair,) = [p for p in find_pairs([KNOWN, namesake, *crowd()], 0.5) if p.b == 2]
    assert {"diminutive", "layout", "phone_typo", "email", "birthday"} <= set(pair.evidence)
    assert set(pair.evidence) <= set(CODES)


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("Садовая, 12-5", "жилой комплекс Солнечный город, ул. Садовая, 12-5", True),
        ("2-я Советская, 12", "посёлок Знамя, 2-я Советская, 12", True),
        ("62 matina street", "62 matina street sun city resort", True),
        # The second Soviet street is not the Soviet street.
        ("Советская, 12", "2-я Советская, 12", False),
        ("Садовая, 12-5", "жилой комплекс Солнечный город, ул. Садовая, 14-5", False),
        ("Садовая, 12-5", "жилой комплекс Солнечный город, 12-5", False),
    ],
)
def test_a_house_may_be_told_with_the_name_of_its_district(one: str, two: str, same: bool) -> None:
    cards = [
        other(id=place, places=(Place("Казань", text),)) for place, text in ((1, one), (2, two))
    ]
    found = [pair for pair in find_pairs([*cards, *crowd()], 0.0001) if (pair.a, pair.b) == (1, 2)]
    assert ["address" in pair.evidence for pair in found] == [same]


def test_a_company_is_the_same_with_any_form_and_quotes_and_its_person_is_not_it() -> None:
    phones = ("+78435551234",)
    romashka = Record(
        id=1, kind="company", company="ООО «Ромашка-Трейд»", phones=phones, inn="7707083893"
    )
    again = Record(id=2, kind="company", company="ромашка трейд", phones=phones)
    person = Record(
        id=3, last_name="Орлова", first_name="Инна", company="ООО «Ромашка-Трейд»", phones=phones
    )
    pairs = {(p.a, p.b): p.score for p in find_pairs([romashka, again, person, *crowd()], 0.01)}
    assert pairs[(1, 2)] > 0.9
    assert (1, 3) not in pairs
    assert (2, 3) not in pairs


def test_nobody_and_one_card_make_no_pairs() -> None:
    assert list(find_pairs([], 0.01)) == []
    assert list(find_pairs([KNOWN], 0.01)) == []
    assert list(find_pairs([Record(id=1), Record(id=2)], 0.01)) == []


def test_a_score_does_not_depend_on_the_order_of_cards() -> None:
    cards = [KNOWN, other(first_name="Саша", middle_name="", emails=()), *crowd()]
    assert sorted(find_pairs(cards, 0.01)) == sorted(find_pairs(reversed(cards), 0.01))


# ---- groups ----


def pair(a: int, b: int, value: float) -> Pair:
    return Pair(a, b, value, ())


def test_numbered_names_are_many_clients_whatever_is_near_in_them() -> None:
    rows = [
        Record(
            id=n,
            last_name=f"Клиент {n}",
            phones=(f"+7916{n:07d}",),
            emails=(f"client{n}@romashka.ru",),
            places=(Place("Тула", ""),),
        )
        for n in range(1, 1500)
    ]
    again = [Record(id=9000, last_name="Клиент 7", phones=("+79160000007",))]
    assert [(pair.a, pair.b) for pair in find_pairs([*rows, *again], 0.5)] == [(7, 9000)]


def test_a_row_of_numbers_given_out_one_after_another_is_no_row_of_slips() -> None:
    rows = [Record(id=n, first_name="Иван", phones=(f"+7495123{n:04d}",)) for n in range(1, 900)]
    # Without the limit each of them has some twenty-five neighbours.
    assert len(list(find_pairs(rows, 0.1))) < 2 * len(rows)


def test_cards_that_match_make_a_group() -> None:
    pairs = [pair(1, 2, 0.9), pair(2, 3, 0.95), pair(1, 3, 0.8), pair(7, 9, 0.7), pair(4, 5, 0.2)]
    assert groups(pairs, 0.5) == [[1, 2, 3], [7, 9]]


def test_one_bridge_does_not_chain_two_families() -> None:
    pairs = [pair(1, 2, 0.99), pair(3, 4, 0.99), pair(2, 3, 0.6), pair(1, 3, 0.02)]
    assert groups(pairs, 0.5) == [[1, 2], [3, 4]]


# ---- the base ----


@pytest.fixture
def known(alice: User) -> Client:
    return create_client(
        actor=alice,
        values={
            "last_name": "Щербакова",
            "first_name": "Александра",
            "middle_name": "Юрьевна",
            "birthday": date(1984, 3, 7),
        },
        contacts=[
            read_contact("phone", "8 916 123-45-67"),
            read_contact("email", "a.scherbakova@yandex.ru"),
        ],
        addresses=[{"city": "Казань", "text": "ул. Новая, 5-1"}],
        external_ids=[{"value": "K-17"}],
    )


@pytest.mark.django_db
def test_a_record_holds_what_the_card_does(known: Client) -> None:
    (record,) = load_records()
    assert record.id == known.pk
    assert (record.last_name, record.birthday) == ("Щербакова", date(1984, 3, 7))
    assert record.phones == ("+79161234567",)
    assert record.places == (Place("Казань", "ул. Новая, 5-1"),)
    assert list(load_records([known.pk, 10**9])) == [record]


@pytest.mark.django_db
def test_the_bin_and_whoever_is_known_by_a_company_alone_are_left_out(
    known: Client, alice: User
) -> None:
    company = create_client(actor=alice, values={"kind": "company", "name": "ООО «Ромашка»"})
    person = create_client(actor=alice, values={"last_name": "Орлова", "first_name": "Инна"})
    company.people.create(person=person)
    known.deleted_at = known.created_at
    known.save()
    (record,) = load_records()
    assert (record.id, record.last_name) == (company.pk, "Орлова")


@pytest.mark.django_db
def test_the_command_prints_pairs_by_their_numbers_in_the_file(known: Client, alice: User) -> None:
    again = create_client(
        actor=alice,
        values={"last_name": "Shcherbakova", "first_name": "Sasha", "birthday": date(1984, 3, 7)},
        contacts=[read_contact("phone", "+7 916 123 45 67")],
    )
    out = io.StringIO()
    call_command("duplicates", "--format", "csv", stdout=out)
    ((a, b, value),) = list(csv.reader(io.StringIO(out.getvalue())))[1:]
    assert (a, b) == ("K-17", f"#{again.pk}")
    assert float(value) > 0.9
    out = io.StringIO()
    call_command("duplicates", "--groups", "--format", "csv", stdout=out)
    assert out.getvalue().splitlines() == ["group,id", "1,K-17", f"1,#{again.pk}"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "typed",
    [
        Record(phones=("+79161234567",), first_name="Саша"),
        Record(phones=("+79161234568",), last_name="Щербакова", first_name="Саша"),
        Record(emails=("A.Scherbakova@ya.ru",), last_name="Щербакова"),
        Record(last_name="щербакова", first_name="александра", birthday=date(1984, 3, 7)),
        Record(last_name="Othfrjdf", first_name="Fktrcfylhf", birthday=date(1984, 3, 7)),
        Record(last_name="Shcherbakova", first_name="Alexandra", birthday=date(1984, 7, 3)),
    ],
    ids=["phone", "wrong digit", "e-mail", "birthday", "layout", "translit"],
)
def test_a_card_being_typed_meets_the_one_that_is_there(known: Client, typed: Record) -> None:
    (found,) = likely(typed)
    assert (found.a, found.b) == (0, known.pk)
    assert found.score > 0.3


@pytest.mark.django_db
def test_a_card_does_not_meet_itself_nor_strangers(known: Client) -> None:
    (record,) = load_records()
    assert likely(record) == []
    assert likely(Record(last_name="Кузнецов", first_name="Олег")) == []
    assert likely(Record()) == []


def test_every_code_has_its_words_in_russian() -> None:
    with translation.override("ru"):
        assert evidence_words("diminutive") == "имя сокращено"
        assert not [code for code in CODES if evidence_words(code).isascii()]
    assert evidence_words("of another version") == "of another version"
