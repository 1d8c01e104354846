"""Own fields whose equal values tell that two cards are one client."""

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orbita.accounts.models import User
from orbita.clients.actions import create_client
from orbita.clients.duplicates import Record, find_pairs, likely, load_records, record_of
from orbita.clients.duplicates.documents import numbers_in
from orbita.clients.duplicates.normal import normal
from orbita.clients.entry import matches_of
from orbita.clients.fields.actions import change_field, define_field
from orbita.clients.fields.column import bare
from orbita.clients.fields.indexing import build_index, known_indexes
from orbita.clients.models import Client, FieldDefinition

pytestmark = pytest.mark.django_db


@pytest.fixture
def passport(admin: User) -> FieldDefinition:
    field = define_field(
        actor=admin,
        subject="client",
        kind="text",
        label="Паспорт",
        key="passport",
        is_compared=True,
        is_filterable=False,
    )
    build_index.call(field.pk)
    field.refresh_from_db()
    return field


def test_a_compared_field_is_filtered_by_and_has_an_index(passport: FieldDefinition) -> None:
    assert passport.is_filterable
    name = f"own_field_{passport.pk}"
    assert known_indexes(passport) == {name, f"{name}_bare"}
    rows = Client.objects.filter(own__bare_passport="4509123456")
    assert f"{name}_bare" in rows.explain()


def test_a_field_that_is_compared_no_more_loses_its_index(
    passport: FieldDefinition, admin: User
) -> None:
    change_field(actor=admin, field=passport, is_compared=False)
    build_index.call(passport.pk)
    assert known_indexes(passport) == {f"own_field_{passport.pk}"}


@pytest.mark.parametrize(("subject", "kind"), [("order", "text"), ("client", "date")])
def test_other_fields_are_not_compared(admin: User, subject: str, kind: str) -> None:
    field = define_field(actor=admin, subject=subject, kind=kind, label="Поле", is_compared=True)
    assert not field.is_compared


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("45 09 123456", "4509-123456"),
        ("77 АВ 123456", "77ab123456"),
        ("112-233-445 95", "11223344595"),
    ],
)
def test_the_same_number_is_found_however_it_is_written(
    passport: FieldDefinition, admin: User, one: str, two: str
) -> None:
    assert bare(one) == bare(two)
    known = create_client(
        actor=admin, values={"name": "Соколова Ирина Петровна", "own_passport": one}
    )
    again = create_client(actor=admin, values={"name": "Орлова Ирина", "own_passport": two})
    (pair,) = likely(record_of(again))
    assert (pair.a, pair.b) == (known.pk, again.pk)
    assert "number" in pair.evidence
    assert [(p.a, p.b) for p in find_pairs(load_records(), 0.01)] == [(known.pk, again.pk)]
    typed = {"kind": "person", "name": "Ирина", "own_passport": two}
    assert {match.pk for match in matches_of(admin, values=typed) if match.is_exact} == {
        known.pk,
        again.pk,
    }


def test_a_number_field_is_compared_whole(admin: User) -> None:
    field = define_field(
        actor=admin, subject="client", kind="number", label="ССН", key="ssn", is_compared=True
    )
    build_index.call(field.pk)
    for name, number in (("Орлов Олег", "1804974"), ("Зайцев Иван", "1804974")):
        create_client(actor=admin, values={"name": name, "own_ssn": number})
    assert [record.numbers for record in load_records()] == [("own_ssn:1804974",)] * 2
    last = Client.objects.latest("pk")
    assert [pair.b for pair in likely(record_of(last))] == [last.pk]


def test_a_number_that_another_card_has_is_asked_about_before_it_is_written(
    passport: FieldDefinition, admin: User
) -> None:
    known = create_client(
        actor=admin, values={"name": "Соколова Ирина", "own_passport": "45 09 123456"}
    )
    other = create_client(actor=admin, values={"name": "Орлова Анна"})
    browser = Browser()
    browser.force_login(admin)
    in_place = reverse("clients:field", args=[other.pk, "own_passport"])
    whole = reverse("clients:edit", args=[other.pk])
    for address in (in_place, whole):
        form = {"kind": "person", "name": "Орлова Анна", "own_passport": "4509 123456"}
        asked = browser.post(address, form)
        assert asked.status_code == 422
        assert "Соколова Ирина" in asked.content.decode()
        other.refresh_from_db()
        assert not other.own
    assert browser.post(in_place, form | {"anyway": "1"}).status_code == 302
    assert browser.post(in_place, form).status_code == 422
    own = {"kind": "person", "name": "Соколова Ирина", "own_passport": "45-09-123456"}
    alone = reverse("clients:field", args=[known.pk, "own_passport"])
    browser.post(in_place, form | {"own_passport": ""})
    assert browser.post(alone, own).status_code == 302


def test_cards_are_not_asked_for_one_by_one_before_there_is_an_index(
    passport: FieldDefinition, admin: User
) -> None:
    FieldDefinition.objects.update(index_state="waiting")
    change_field(actor=admin, field=passport, help="Серия и номер")
    for name in ("Орлов Олег", "Зайцев Иван"):
        create_client(actor=admin, values={"name": name, "own_passport": "4509123456"})
    assert not likely(record_of(Client.objects.latest("pk")))
    assert len(list(find_pairs(load_records(), 0.01))) == 1


@pytest.mark.parametrize("value", ["0000000", "1234", "нет", ""])
def test_what_is_no_number_is_not_compared(passport: FieldDefinition, value: str) -> None:
    assert not list(numbers_in([passport], {"passport": value}))


def test_numbers_of_different_documents_are_never_equal() -> None:
    one = normal(Record(numbers=("own_passport:1234567890",))).others
    two = normal(Record(numbers=("own_snils:1234567890",))).others
    assert one != two


def test_a_card_is_compared_by_every_document_it_has(admin: User) -> None:
    for key in ("passport", "snils"):
        define_field(
            actor=admin, subject="client", kind="text", label=key, key=key, is_compared=True
        )
    for name, own in (
        ("Соколова Ирина", {"own_passport": "4509123456", "own_snils": "11223344595"}),
        ("Орлова Ирина", {"own_passport": "4511999999", "own_snils": "112-233-445 95"}),
    ):
        create_client(actor=admin, values={"name": name, **own})
    (pair,) = find_pairs(load_records(), 0.01)
    assert "number" in pair.evidence


def test_a_number_on_many_cards_belongs_to_nobody(passport: FieldDefinition) -> None:
    lasts = ("Орлов", "Зайцев", "Волков", "Кузнецов", "Панин")
    firsts = ("Олег", "Иван", "Пётр", "Антон", "Илья")
    records = [
        Record(
            id=1 + place,
            last_name=lasts[place // 5],
            first_name=firsts[place % 5],
            numbers=("own_passport:4509123456",),
        )
        for place in range(25)
    ]
    assert not [pair for pair in find_pairs(records, 0.01) if "number" in pair.evidence]


def test_cards_are_read_without_own_values_while_nothing_is_compared(admin: User) -> None:
    define_field(actor=admin, subject="client", kind="text", label="Марка", key="car")
    create_client(actor=admin, values={"name": "Орлов Олег", "own_car": "Lada 12345"})
    with CaptureQueriesContext(connection) as asked:
        (record,) = load_records()
    assert record.numbers == ()
    cards = [one["sql"] for one in asked if '"clients_client"."birthday"' in one["sql"]]
    assert cards
    assert not [sql for sql in cards if '"own"' in sql]


def test_the_settings_ask_it_of_fields_of_clients_only(admin: User) -> None:
    browser = Browser()
    browser.force_login(admin)
    page = reverse("clients:field-new")
    for query, asked in (
        ("subject=client&kind=text", True),
        ("subject=client&kind=date", False),
        ("subject=order&kind=text", False),
    ):
        assert ("is_compared" in browser.get(f"{page}?{query}").content.decode()) is asked
    browser.post(f"{page}?subject=client&kind=text", {"label": "Права", "is_compared": "on"})
    assert FieldDefinition.objects.get().is_compared
