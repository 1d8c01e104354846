import pytest
from django.db import transaction

from orbita.accounts.models import User
from orbita.clients.actions import add_note, create_client, delete_note, set_tags
from orbita.clients.contacts import read_contact
from orbita.clients.guarding import OPEN
from orbita.clients.models import Client, Posting
from orbita.clients.search import (
    find_clients,
    find_notes,
    forget_clients,
    index_clients,
    index_missing,
    indexed_words,
    text_condition,
)
from orbita.clients.tokens import name_words, place_words

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(alice: User) -> Client:
    return create_client(
        actor=alice,
        values={"name": "Семёнова-Ёлкина Алёна", "inn": "500100732259"},
        contacts=[
            read_contact("phone", "8 916 123-45-67"),
            read_contact("email", "alena.s@example.org"),
            read_contact("messenger", "@alena_s"),
            read_contact("messenger", "89035554433", service="whatsapp"),
        ],
        addresses=[{"city": "Санкт-Петербург"}],
        external_ids=[{"value": "K-0042"}],
    )


@pytest.mark.parametrize(
    "query",
    [
        "семенова",
        "СЕМЁН",
        "алена елк",
        "алёна петербург",
        "89161234567",
        "+7 (916) 123-45-67",
        "9161234567",
        "123-45-67",
        "4567",
        "+7916123",
        "4433",
        "alena.s@example.org",
        "ALENA.S@",
        "alena_s",
        "500100732259",
        "5001007",
        "k-0042",
    ],
)
def test_a_client_is_found_by(row: Client, query: str) -> None:
    condition = text_condition(query, OPEN)
    assert condition is not None
    assert list(Client.objects.filter(condition)) == [row]


def test_a_client_is_found_by_its_own_number(row: Client) -> None:
    for query in (f"№ {row.pk}", f"#{row.pk}", f"№{row.pk}"):
        condition = text_condition(query, OPEN)
        assert condition is not None
        assert list(Client.objects.filter(condition)) == [row]


@pytest.mark.parametrize(
    "query", ["семенова пётр", "0000", "№ 999999", "bob@example.org", "%", "' OR 1=1"]
)
def test_nobody_is_found_by(row: Client, query: str) -> None:
    condition = text_condition(query, OPEN)
    assert condition is None or not Client.objects.filter(condition).exists()


def test_nothing_typed_is_no_condition() -> None:
    assert text_condition("  \u200b ", OPEN) is None


def test_words_computed_in_memory_equal_the_stored_ones(row: Client) -> None:
    computed = name_words(row.name, row.legal_name) + place_words([row.city])
    assert set(computed) == indexed_words(row.pk)


def test_indexing_again_changes_nothing(row: Client) -> None:
    before = sorted(Posting.objects.values_list("pk", flat=True))
    with transaction.atomic():
        index_clients([row.pk])
    assert sorted(Posting.objects.values_list("pk", flat=True)) == before


def test_a_forgotten_client_leaves_nothing_and_is_found_once_indexed_again(row: Client) -> None:
    with transaction.atomic():
        forget_clients([row.pk])
    assert not Posting.objects.exists()
    assert [done.clients for done in index_missing()] == [1]
    assert list(index_missing()) == []
    assert "семенова" in indexed_words(row.pk)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("семёнова алена", "exact"),
        ("алёна семенова", "exact"),
        ("семен але", "prefix"),
        ("Семенова А", "initial"),
        ("симёнова алена", "typo"),
        ("смеенова алена", "typo"),
        ("семнова алёна", "typo"),
        ("сименава алена", "typos"),
        ("semyonova alena", "alphabet"),
        ("semenova", "alphabet"),
        ("ctvtyjdf fktyf", "layout"),
        ("ctvtyjdf fktys", "typo"),
        ("лена семенова", "form"),
        ("семенова петербург", "place"),
        ("89161234567", "phone"),
        ("4567", "phone_part"),
        ("89161234557", "phone_typo"),
        ("8916123567", "phone_typo"),
        ("alena.s@example.org", "email"),
        ("alena.s@exmple.org", "email_typo"),
        ("alina.s@example.org", "email_typo"),
        ("alena_s", "contact"),
        ("500100732259", "inn"),
        ("K-0042", "number"),
        ("vip", "tag"),
    ],
)
def test_the_search_forgives(row: Client, alice: User, typed: str, why: str) -> None:
    set_tags(actor=alice, client=row, tags=["VIP"])
    found = find_clients(alice, typed, 5)
    assert [one.client for one in found] == [row]
    assert why in found[0].why
    assert found[0].reason


@pytest.mark.parametrize("typed", ["", " ", "петров", "0000", "bob@mail.org", "%", "' OR 1=1", "я"])
def test_the_search_does_not_invent(row: Client, alice: User, typed: str) -> None:
    assert find_clients(alice, typed, 5) == []


def test_exact_hits_come_first_and_those_dealt_with_lately_before_others(alice: User) -> None:
    near, cold, warm = (
        create_client(actor=alice, values={"name": name})
        for name in ("Иванав Пётр", "Иванов Пётр", "Иванов Пётр")
    )
    add_note(actor=alice, client=warm, kind="call", text="просил счёт")
    assert [one.client for one in find_clients(alice, "иванов петр", 5)] == [warm, cold, near]


@pytest.mark.parametrize(
    "typed",
    [
        "Петербургская 30",
        "казань, ул. Петербургская, д. 30, кв. 118",
        "ул Петербургская 30-118",
        "Петрбургская 30",
    ],
)
def test_an_address_is_found_as_people_write_it_that_very_house_first(
    alice: User, typed: str
) -> None:
    wanted, near = (
        create_client(
            actor=alice,
            values={"name": name},
            addresses=[{"city": "Казань", "text": f"ул. Петербургская, д. {house}, кв. 118"}],
        )
        for name, house in (("Яшина Анна", 30), ("Алиева Анна", 3))
    )
    add_note(actor=alice, client=near, kind="call", text="просил счёт")
    assert [one.client for one in find_clients(alice, typed, 5)] == [wanted, near]


def test_a_tag_of_several_words_is_found(row: Client, alice: User) -> None:
    set_tags(actor=alice, client=row, tags=["Дарит на праздники"])
    (found,) = find_clients(alice, "дарит на пр", 5)
    assert (found.client, found.why) == (row, ("tag",))


def test_a_surname_in_other_letters_comes_before_patronymics_that_begin_so(alice: User) -> None:
    """However often those were dealt with."""
    for _number in range(12):
        other = create_client(actor=alice, values={"name": "Белова Анна Ивановна"})
        add_note(actor=alice, client=other, kind="call", text="просила счёт")
    wanted = create_client(actor=alice, values={"name": "Иванов Тимофей"})
    assert find_clients(alice, "Ivanov", 10)[0].client == wanted


def test_a_manager_finds_his_own_clients_only(alice: User, charlie: User, row: Client) -> None:
    assert find_clients(charlie, "семенова", 5) == []
    assert find_clients(charlie, "4567", 5) == []


def test_a_note_is_found_by_its_words_whatever_the_endings(alice: User, row: Client) -> None:
    note = add_note(actor=alice, client=row, text="Просила доставку чайников на дачу")
    seen = Client.objects.visible_to(alice)
    assert [one.note for one in find_notes(seen, "доставка чайник", 5, OPEN)] == [note]
    assert find_notes(seen, "доставка самоваров", 5, OPEN) == []
    delete_note(actor=alice, note=note)
    assert find_notes(seen, "доставка", 5, OPEN) == []


def test_a_list_shows_near_misses_only_when_nothing_is_as_typed(alice: User, row: Client) -> None:
    other = create_client(actor=alice, values={"name": "Симёнова Алёна"})
    for typed, expected in (("симёнова", [other]), ("семеноав алена", [row])):
        condition = text_condition(typed, OPEN)
        assert condition is not None
        assert set(Client.objects.filter(condition)) == set(expected), typed
