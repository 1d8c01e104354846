import pytest
from django.db import transaction

from orbita.accounts.models import User
from orbita.clients.actions import create_client
from orbita.clients.contacts import read_contact
from orbita.clients.models import Client, SearchToken
from orbita.clients.search import index_clients, text_condition
from orbita.clients.tokens import tokens_for

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
    condition = text_condition(query)
    assert condition is not None
    assert list(Client.objects.filter(condition)) == [row]


def test_a_client_is_found_by_its_own_number(row: Client) -> None:
    for query in (f"№ {row.pk}", f"#{row.pk}", f"№{row.pk}"):
        condition = text_condition(query)
        assert condition is not None
        assert list(Client.objects.filter(condition)) == [row]


@pytest.mark.parametrize(
    "query", ["семенова пётр", "0000", "№ 999999", "bob@example.org", "%", "' OR 1=1"]
)
def test_nobody_is_found_by(row: Client, query: str) -> None:
    condition = text_condition(query)
    assert condition is None or not Client.objects.filter(condition).exists()


def test_nothing_typed_is_no_condition() -> None:
    assert text_condition("  \u200b ") is None


def test_tokens_computed_in_memory_equal_the_stored_ones(row: Client) -> None:
    computed = tokens_for(
        name=row.name,
        city=row.city,
        inn=row.inn,
        contacts=row.contacts.values_list("kind", "key"),
        numbers=["K-0042"],
    )
    assert computed == set(SearchToken.objects.values_list("token", flat=True))


def test_indexing_again_changes_nothing(row: Client) -> None:
    before = sorted(SearchToken.objects.values_list("client_id", "token"))
    with transaction.atomic():
        index_clients([row.pk])
    assert sorted(SearchToken.objects.values_list("client_id", "token")) == before
