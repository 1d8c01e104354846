from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest

from orbita.accounts.models import User
from orbita.clients import facts
from orbita.clients.actions import create_client, delete_client, update_client
from orbita.clients.contacts import read_contact
from orbita.clients.guarding import OPEN
from orbita.clients.models import Client, CompanyPerson, ExternalId
from orbita.clients.search import indexed_words, text_condition
from orbita.commerce.models import OpeningBalance
from orbita.core.events import payload_of
from orbita.core.models import Event
from orbita.gateways.models import Import, ImportRow
from orbita.gateways.tests.conftest import Bring, outcome

pytestmark = pytest.mark.django_db
Sheet = Callable[..., Path]
HEADINGS = ("Код", "ФИО", "Телефон", "E-mail", "Дата рождения", "Город", "Теги")
IVANOV = ("17", "Иванов Иван Петрович", "8 916 123-45-67", "I@X.ru", "05.03.1980", "Казань", "опт")


def test_a_row_becomes_a_card_with_everything_on_it(bring: Bring, sheet: Sheet) -> None:
    row = bring(sheet([HEADINGS, IVANOV]))
    assert outcome(row) == {"created": 1}
    card = Client.objects.get()
    assert (card.last_name, card.first_name, card.middle_name) == ("Иванов", "Иван", "Петрович")
    assert (card.name, card.name_key) == ("Иванов Иван Петрович", "иванов иван петрович")
    assert (card.sex, card.birthday, card.birthday_md, card.city) == (
        "m",
        date(1980, 3, 5),
        305,
        "Казань",
    )
    assert sorted(card.contacts.values_list("kind", "value", "key", "is_main")) == [
        ("email", "I@X.ru", "i@x.ru", True),
        ("phone", "8 916 123-45-67", "+79161234567", True),
    ]
    assert list(card.external_ids.values_list("source", "value", "is_primary")) == [
        ("file", "17", True)
    ]
    assert list(card.tags.values_list("name", flat=True)) == ["опт"]
    assert list(facts.compare()) == []


def test_an_imported_card_is_found_by_all_its_words_and_its_event_tells_them(
    bring: Bring, sheet: Sheet
) -> None:
    row = bring(sheet([HEADINGS, IVANOV]))
    for query in ("иванов", "петрович иван", "4567", "i@x.ru", "казань", "17"):
        condition = text_condition(query, OPEN)
        assert condition is not None
        assert Client.objects.filter(condition).count() == 1, query
    event = Event.objects.get(kind="client.created")
    told = payload_of(event)
    assert (event.origin, told["import"]) == ("import", row.pk)
    assert told["after"]["last_name"] == "Иванов"
    assert told["after"]["contacts"][0]["key"] == "+79161234567"
    assert told["after"]["external_ids"] == [{"source": "file", "value": "17", "is_primary": True}]


def test_an_imported_card_tells_the_same_as_one_made_by_hand(
    bring: Bring, sheet: Sheet, head: User
) -> None:
    bring(sheet([HEADINGS, IVANOV]))
    by_hand = create_client(
        actor=head,
        values={"name": "Иванов Иван Петрович", "birthday": "05.03.1980", "responsible": None},
        contacts=[read_contact("phone", "8 916 123-45-67"), read_contact("email", "I@X.ru")],
        addresses=[{"city": "Казань"}],
        external_ids=[{"source": "other", "value": "17"}],
        tags=["опт"],
    )
    imported, made = (
        payload_of(event)["after"]
        for event in Event.objects.filter(kind="client.created").order_by("pk")
    )
    made["external_ids"][0]["source"] = "file"
    assert imported == made
    words = indexed_words(Client.objects.exclude(pk=by_hand.pk).get().pk)
    assert words == indexed_words(by_hand.pk)
    assert "казань" in words


def test_the_same_file_twice_changes_nothing(bring: Bring, sheet: Sheet) -> None:
    path = sheet([HEADINGS, IVANOV, ("18", "ООО «Ромашка»", "", "a@b.ru", "", "Тула", "")])
    assert outcome(bring(path)) == {"created": 2}
    assert outcome(bring(path)) == {"unchanged": 2}
    assert outcome(bring(path, on_match="overwrite")) == {"unchanged": 2}
    assert Client.objects.count() == 2
    assert not Event.objects.filter(kind="client.changed").exists()


def test_fill_adds_what_is_missing_and_leaves_what_is_there(bring: Bring, sheet: Sheet) -> None:
    bring(sheet([("Код", "ФИО", "Телефон", "Город"), ("17", "Иванов Иван", "89161234567", "")]))
    row = bring(
        sheet(
            [
                ("Код", "ФИО", "Телефон", "Город", "Должность"),
                ("17", "Петров Пётр Иванович", "89160000001", "Казань", "директор"),
            ]
        )
    )
    assert outcome(row) == {"updated": 1}
    card = Client.objects.get()
    assert (card.last_name, card.first_name, card.middle_name) == ("Иванов", "Иван", "Иванович")
    assert (card.city, card.position, card.version) == ("Казань", "директор", 2)
    assert list(card.contacts.values_list("key", "is_main")) == [
        ("+79161234567", True),
        ("+79160000001", False),
    ]
    told = payload_of(Event.objects.get(kind="client.changed"))
    assert told["after"]["position"] == "директор"
    assert told["version"] == 2


def test_overwrite_puts_what_the_file_says(bring: Bring, sheet: Sheet) -> None:
    bring(sheet([("Код", "ФИО", "Город"), ("17", "Иванов Иван", "Тула")]))
    again = sheet([("Код", "ФИО", "Город"), ("17", "Петров Пётр", "Казань")])
    assert outcome(bring(again, on_match="overwrite")) == {"updated": 1}
    card = Client.objects.get()
    assert (card.name, card.name_key, card.city) == ("Петров Пётр", "петров петр", "Казань")
    assert card.addresses.count() == 1
    assert list(facts.compare()) == []


def test_skip_leaves_known_clients_alone(bring: Bring, sheet: Sheet) -> None:
    bring(sheet([("Код", "ФИО"), ("17", "Иванов Иван")]))
    again = sheet([("Код", "ФИО", "Город"), ("17", "Иванов Иван", "Казань"), ("18", "Пётр", "")])
    assert outcome(bring(again, on_match="skip")) == {"created": 1, "unchanged": 1}
    assert Client.objects.get(external_ids__value="17").city == ""


def test_an_identifier_twice_in_a_file_is_one_client(bring: Bring, sheet: Sheet) -> None:
    rows = [
        ("Код", "ФИО", "Телефон", "Город"),
        ("17", "Иванов Иван", "89161234567", ""),
        ("17", "Иванов Иван", "89160000001", "Тула"),
        ("17", "Иванов Иван", "89161234567", ""),
    ]
    assert outcome(bring(sheet(rows))) == {"created": 1, "updated": 1, "unchanged": 1}
    assert Client.objects.get().contacts.count() == 2


FAMILY = [
    ("ФИО", "Телефон"),
    ("Орлов Пётр Ильич", "8 916 700-00-01"),
    ("Орлова Анна Сергеевна", "8 916 700-00-01"),
    ("Орлов П. И.", "+7 (916) 700-00-01"),
]


def test_by_default_nobody_is_matched_by_phone_but_everyone_is_noted(
    bring: Bring, sheet: Sheet
) -> None:
    row = bring(sheet(FAMILY))
    assert outcome(row) == {"created": 3}
    assert row.noted == 2
    first = Client.objects.order_by("pk")[0]
    assert set(ImportRow.objects.filter(outcome="noted").values_list("number", "like_id")) == {
        (3, first.pk),
        (4, first.pk),
    }


def test_by_phone_when_asked_a_family_stays_a_family(bring: Bring, sheet: Sheet) -> None:
    row = bring(sheet(FAMILY), match=["external_id", "phone"])
    assert outcome(row) == {"created": 2, "unchanged": 1}
    assert sorted(Client.objects.values_list("first_name", flat=True)) == ["Анна", "Пётр"]


def test_another_number_of_the_same_source_is_another_client_whatever_the_phone(
    bring: Bring, sheet: Sheet
) -> None:
    bring(sheet([("Код", "ФИО", "Телефон"), ("1", "Орлов Пётр", "89167000001")]))
    row = bring(
        sheet([("Код", "ФИО", "Телефон"), ("2", "Орлов Пётр", "89167000001")]),
        match=["external_id", "phone"],
    )
    assert outcome(row) == {"created": 1}
    assert row.noted == 1


def test_a_number_of_another_source_is_added_to_the_client_found_by_phone(
    bring: Bring, sheet: Sheet
) -> None:
    bring(sheet([("Код", "ФИО", "Телефон"), ("1", "Орлов Пётр", "89167000001")]))
    row = bring(
        sheet([("Код", "ФИО", "Телефон"), ("K-9", "Пётр Орлов", "89167000001")]),
        match=["external_id", "phone"],
        source="shop",
    )
    assert outcome(row) == {"updated": 1}
    assert list(ExternalId.objects.order_by("pk").values_list("source", "value", "is_primary")) == [
        ("file", "1", True),
        ("shop", "K-9", False),
    ]


def test_inn_matches_when_asked(bring: Bring, sheet: Sheet) -> None:
    bring(sheet([("Компания", "ИНН"), ("ООО Ромашка", "7707083893")]))
    path = sheet([("Компания", "ИНН", "Город"), ("Ромашка ООО", "7707083893", "Тула")])
    assert outcome(bring(path, match=["external_id", "inn"])) == {"updated": 1}
    card = Client.objects.get()
    assert (card.kind, card.name, card.inn, card.city) == (
        "company",
        "ООО «Ромашка»",
        "7707083893",
        "Тула",
    )


def test_a_person_of_a_company_makes_two_cards_and_a_tie(bring: Bring, sheet: Sheet) -> None:
    rows = [
        ("Код", "ФИО", "Компания", "ИНН", "Должность"),
        ("1", "Иванов Иван", "ООО Ромашка", "7707083893", "директор"),
        ("2", "Петрова Анна", "ООО «Ромашка»", "7707083893", "бухгалтер"),
    ]
    path = sheet(rows)
    assert outcome(bring(path)) == {"created": 2}
    company = Client.objects.get(kind="company")
    assert (company.name, company.inn) == ("ООО «Ромашка»", "7707083893")
    assert sorted(CompanyPerson.objects.values_list("person__first_name", "position")) == [
        ("Анна", "бухгалтер"),
        ("Иван", "директор"),
    ]
    assert outcome(bring(path)) == {"unchanged": 2}
    assert Client.objects.count() == 3


def test_a_row_that_calls_itself_a_company_is_its_card_whoever_it_names(
    bring: Bring, sheet: Sheet
) -> None:
    rows = [
        ("id", "kind", "last_name", "first_name", "company", "inn"),
        ("1", "company", "Иванов", "Иван", "ООО Ромашка", "7707083893"),
        ("2", "company", "Петров", "Олег", "ИП Петров Олег Львович", ""),
        ("3", "person", "Серова", "Яна", "", ""),
    ]
    assert outcome(bring(sheet(rows))) == {"created": 3}
    numbered = ExternalId.objects.order_by("value").values_list("client__name", flat=True)
    assert list(numbered) == ["ООО «Ромашка»", "ИП Петров Олег Львович", "Серова Яна"]
    assert CompanyPerson.objects.get().person.name == "Иванов Иван"


def test_several_phones_in_a_cell_and_what_is_none_of_them(bring: Bring, sheet: Sheet) -> None:
    rows = [
        ("ФИО", "Телефон"),
        ("Иванов Иван", "8 916 123-45-67, 8 495 123 45 67 доб. 12"),
        ("Петров Пётр", "8 916 12"),
        ("Сидоров Сидор", "нет"),
    ]
    row = bring(sheet(rows))
    assert outcome(row) == {"created": 3}
    ivan, petr, sidor = Client.objects.order_by("pk")
    assert [one.key for one in ivan.contacts.all()] == ["+79161234567", "+74951234567"]
    assert [(one.value, one.key) for one in petr.contacts.all()] == [("8 916 12", "")]
    assert not sidor.contacts.exists()
    (note,) = ImportRow.objects.all()
    assert (note.number, note.outcome, note.client_id) == (3, "noted", petr.pk)
    assert "Телефон" in note.why


def test_a_day_that_never_was_is_rejected_with_its_cells_and_the_reason(
    bring: Bring, sheet: Sheet
) -> None:
    rows = [
        ("ФИО", "Дата рождения"),
        ("Иванов Иван", "30.02.1980"),
        ("Петров Пётр", datetime(1990, 5, 7)),
        ("Сидоров Сидор", "12 марта"),
        ("ИТОГО", ""),
    ]
    row = bring(sheet(rows))
    assert outcome(row) == {"created": 2, "rejected": 2}
    rejected = ImportRow.objects.filter(outcome="rejected")
    assert [(one.number, one.cells[0]) for one in rejected] == [(2, "Иванов Иван"), (5, "ИТОГО")]
    assert "30.02.1980" in rejected[0].why
    sidor = Client.objects.get(last_name="Сидоров")
    assert sidor.birthday is None
    assert "12 марта" in sidor.comment


def test_totals_become_an_opening_balance(bring: Bring, sheet: Sheet) -> None:
    rows = [
        ("Код", "ФИО", "Сумма покупок, руб.", "Последняя покупка", "Количество покупок"),
        ("1", "Иванов Иван", "48 980,63", "28.08.2024", ""),
        ("2", "Петров Пётр", "", "", ""),
        ("3", "Сидоров Сидор", 1500, datetime(2024, 5, 1), 3),
    ]
    path = sheet(rows)
    assert outcome(bring(path)) == {"created": 3}
    assert list(
        OpeningBalance.objects.order_by("client_id").values_list("total", "orders_count", "last_on")
    ) == [(4_898_063, None, date(2024, 8, 28)), (150_000, 3, date(2024, 5, 1))]
    ivan = Client.objects.get(external_ids__value="1")
    assert (ivan.facts.gross, ivan.facts.orders_known) == (4_898_063, False)
    assert list(facts.compare()) == []
    assert outcome(bring(path)) == {"unchanged": 3}


def test_a_known_number_alone_makes_a_client_whose_name_comes_later(
    bring: Bring, sheet: Sheet
) -> None:
    bring(sheet([("Код", "Город"), ("17", "Тула")]), kind="clients")
    assert "17" in Client.objects.get().name
    bring(sheet([("Код", "ФИО"), ("17", "Иванов Иван")]))
    card = Client.objects.get()
    assert (card.name, card.last_name) == ("Иванов Иван", "Иванов")


def test_a_card_in_the_bin_is_not_filled_behind_its_back(
    bring: Bring, sheet: Sheet, head: User
) -> None:
    path = sheet([("Код", "ФИО", "Город"), ("17", "Иванов Иван", "Тула")])
    bring(path)
    delete_client(actor=head, client=Client.objects.get())
    row = bring(sheet([("Код", "ФИО", "Город"), ("17", "Иванов Иван", "Казань")]))
    assert outcome(row) == {"rejected": 1}
    assert "bin" in ImportRow.objects.get().reason


def test_whoever_may_change_only_his_own_cards_changes_no_others(
    bring: Bring, sheet: Sheet, head: User, alice: User
) -> None:
    alice.role.permissions |= {"clients.import": "all", "clients.edit": "own"}
    alice.role.save()
    bring(sheet([("Код", "ФИО"), ("1", "Иванов Иван"), ("2", "Петров Пётр")]))
    hers = Client.objects.get(external_ids__value="2")
    update_client(actor=head, client=hers, values={"responsible": alice})
    path = sheet([("Код", "ФИО", "Город"), ("1", "Иванов Иван", "Тула"), ("2", "П", "Тула")])
    assert outcome(bring(path, actor=alice)) == {"updated": 1, "rejected": 1}
    assert list(Client.objects.filter(city="Тула")) == [hers]
    assert ImportRow.objects.get().cells == ["1", "Иванов Иван", "Тула"]


def test_a_colleague_named_in_the_sheet_becomes_responsible(
    bring: Bring, sheet: Sheet, alice: User
) -> None:
    bring(sheet([("ФИО", "Менеджер"), ("Иванов Иван", "alice"), ("Петров Пётр", "Зоя")]))
    ivan, petr = Client.objects.order_by("pk")
    assert ivan.responsible == alice
    assert petr.responsible is None
    assert "Зоя" in petr.comment


def test_nothing_is_written_without_the_right(sheet: Sheet, bring: Bring, viewer: User) -> None:
    from orbita.accounts.policy import Denied

    with pytest.raises(Denied):
        bring(sheet([("ФИО",), ("Иванов Иван",)]), actor=viewer)
    assert not Import.objects.exists()
