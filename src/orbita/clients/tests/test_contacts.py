import pytest
from django.core.exceptions import ValidationError

from orbita.accounts.models import User
from orbita.clients.actions import (
    add_contact,
    create_client,
    make_main,
    remove_contact,
    set_contacts,
)
from orbita.clients.contacts import reach, read_contact
from orbita.clients.guarding import OPEN
from orbita.clients.models import Client
from orbita.clients.search import text_condition
from orbita.core.events import payload_of


@pytest.fixture
def client_row(alice: User) -> Client:
    return create_client(
        actor=alice,
        values={"name": "Соколова Ирина"},
        contacts=[
            read_contact("phone", "8 (900) 000-14-27", label="рабочий"),
            read_contact("email", "Irina@Example.org"),
        ],
    )


@pytest.mark.parametrize(
    ("kind", "typed", "service", "key"),
    [
        ("phone", "8 916 123-45-67", "mobile", "+79161234567"),
        ("phone", "+44 20 7946 0958", "", "+442079460958"),
        ("email", " <Ivan@Mail.RU> ", "", "ivan@mail.ru"),
        ("messenger", "@Na_Baumana", "telegram", "telegram:na_baumana"),
        ("messenger", "https://t.me/na_baumana?x=1", "telegram", "telegram:na_baumana"),
        ("messenger", "wa.me/79161234567", "whatsapp", "whatsapp:+79161234567"),
        ("messenger", "vk.com/id1", "vk", "vk:id1"),
        ("link", "https://www.Example.org/path/", "site", "example.org/path"),
        ("link", "пример.рф", "site", "пример.рф"),
    ],
)
def test_a_contact_is_compared_by_its_key(kind: str, typed: str, service: str, key: str) -> None:
    contact = read_contact(kind, typed)
    assert (contact.service, contact.key) == (service, key)


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("phone", "позвонить Ивану"),
        ("phone", "123"),
        ("email", "ivan@"),
        ("link", "javascript:alert(1)"),
        ("link", "data:text/html,<script>"),
        ("link", "//evil.example\\@host"),
        ("link", 'example.org/"onclick=x'),
        ("messenger", "просто имя"),
        ("messenger", "https://wa.me/ivan"),
        ("pigeon", "почтовый"),
        ("phone", ""),
    ],
)
def test_what_is_no_contact_is_refused_in_words(kind: str, typed: str) -> None:
    with pytest.raises(ValueError, match=r"\w{3}"):
        read_contact(kind, typed)


def test_an_import_keeps_an_unreadable_contact_without_a_key() -> None:
    contact = read_contact("phone", "доб. 15", strict=False)
    assert (contact.value, contact.key) == ("доб. 15", "")
    assert reach(contact).href == ""


def test_contacts_open_by_their_links() -> None:
    links = {
        reach(read_contact(kind, typed, service=service)).href
        for kind, typed, service in (
            ("phone", "89000001427", ""),
            ("email", "a@example.org", ""),
            ("messenger", "@name", "telegram"),
            ("messenger", "89000001427", "whatsapp"),
            ("link", "example.org", ""),
        )
    }
    assert links == {
        "tel:+79000001427",
        "mailto:a@example.org",
        "https://t.me/name",
        "https://wa.me/79000001427",
        "https://example.org",
    }


@pytest.mark.django_db
def test_the_first_contact_of_a_kind_becomes_the_main_one(client_row: Client) -> None:
    assert all(contact.is_main for contact in client_row.contacts.all())


@pytest.mark.django_db
def test_an_added_contact_is_found_by_its_last_digits(alice: User, client_row: Client) -> None:
    event = add_contact(actor=alice, client=client_row, kind="phone", value="916 123-45-67")
    assert event is not None
    data = payload_of(event)
    assert data["before"] == {"contacts": []}
    assert data["after"]["contacts"][0]["key"] == "+79161234567"
    condition = text_condition("4567", OPEN)
    assert condition is not None
    assert Client.objects.filter(condition).get() == client_row


@pytest.mark.django_db
def test_the_same_phone_in_another_spelling_is_not_added_twice(
    alice: User, client_row: Client
) -> None:
    with pytest.raises(ValidationError):
        add_contact(actor=alice, client=client_row, kind="phone", value="+7 900 0001427")
    assert client_row.contacts.filter(kind="phone").count() == 1


@pytest.mark.django_db
def test_one_contact_of_a_kind_is_main_at_a_time(alice: User, client_row: Client) -> None:
    add_contact(actor=alice, client=client_row, kind="phone", value="9161234567")
    second = client_row.contacts.get(key="+79161234567")
    make_main(actor=alice, client=client_row, contact=second)
    mains = client_row.contacts.filter(kind="phone", is_main=True)
    assert [contact.key for contact in mains] == ["+79161234567"]


@pytest.mark.django_db
def test_when_the_main_contact_is_removed_the_next_one_takes_its_place(
    alice: User, client_row: Client
) -> None:
    add_contact(actor=alice, client=client_row, kind="phone", value="9161234567")
    first = client_row.contacts.get(key="+79000001427")
    remove_contact(actor=alice, client=client_row, contact=first)
    left = client_row.contacts.get(kind="phone")
    assert (left.key, left.is_main) == ("+79161234567", True)


@pytest.mark.django_db
def test_rows_that_stay_keep_their_ids(alice: User, client_row: Client) -> None:
    phone = client_row.contacts.get(kind="phone")
    set_contacts(
        actor=alice, client=client_row, contacts=[read_contact("phone", phone.value, label="дом")]
    )
    left = client_row.contacts.get()
    assert (left.pk, left.label) == (phone.pk, "дом")
