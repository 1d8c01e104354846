from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from orbita.accounts.models import User
from orbita.accounts.policy import Denied
from orbita.clients.actions import (
    ConflictError,
    create_client,
    delete_client,
    restore_client,
    set_addresses,
    set_bank_accounts,
    set_external_ids,
    set_tags,
    update_client,
)
from orbita.clients.facts import compare
from orbita.clients.guarding import OPEN
from orbita.clients.models import AcquisitionSource, Client, ClientFacts, Tag
from orbita.clients.search import indexed_words, text_condition
from orbita.core.events import payload_of
from orbita.core.models import Event

pytestmark = pytest.mark.django_db


def make(actor: User, name: str = "Соколова Ирина Петровна", **more: Any) -> Client:
    values = {"name": name} | more.pop("values", {})
    return create_client(actor=actor, values=values, **more)


def tokens(client: Client) -> set[str]:
    return indexed_words(client.pk)


def found(text: str) -> list[Client]:
    condition = text_condition(text, OPEN)
    return list(Client.objects.filter(condition)) if condition else []


def events(client: Client) -> list[str]:
    rows = Event.objects.filter(client_id=client.pk).order_by("pk")
    return list(rows.values_list("kind", flat=True))


def test_a_person_named_in_one_line_is_taken_apart(alice: User) -> None:
    client = make(alice, "ирина Петровна Соколова")
    assert (client.last_name, client.first_name, client.middle_name) == (
        "Соколова",
        "ирина",
        "Петровна",
    )
    assert client.name == "Соколова ирина Петровна"
    assert client.name_key == "соколова ирина петровна"
    assert client.sex == "f"


def test_what_is_no_part_of_a_name_goes_to_the_comment(alice: User) -> None:
    client = make(alice, "Света (маникюр)")
    assert client.first_name == "Света"
    assert client.comment == "маникюр"


def test_a_company_shows_its_form_and_sorts_by_its_own_name(alice: User) -> None:
    client = make(alice, "ооо «Ромашка»", values={"kind": "company"})
    assert (client.name, client.legal_form) == ("ООО «Ромашка»", "ООО")
    assert client.name_key == "ромашка"


def test_a_new_client_is_its_makers_own_and_has_facts_tokens_and_an_event(alice: User) -> None:
    client = make(
        alice,
        addresses=[{"city": "Набережные Челны", "text": "пр. Мира, 1"}],
        tags=["Опт"],
    )
    assert client.responsible == alice
    assert client.city == "Набережные Челны"
    assert ClientFacts.objects.get(client=client).city_key == "набережные челны"
    assert {"соколова", "ирина", "набережные", "челны"} <= tokens(client)
    assert events(client) == ["client.created"]
    after = payload_of(Event.objects.get(client_id=client.pk))["after"]
    assert after["tags"] == [{"name": "Опт"}]
    assert after["responsible"] == {"id": alice.pk, "name": "Alice"}
    assert list(compare()) == []


def test_a_client_without_a_name_is_refused(alice: User) -> None:
    for name in ("", "   ", "\0\u200b"):
        with pytest.raises(ValidationError):
            make(alice, name)
    assert not Client.objects.exists()


@pytest.mark.parametrize("field", ["deleted_at", "version", "id", "name_key", "facts", "__class__"])
def test_fields_that_are_not_the_cards_are_refused(alice: User, field: str) -> None:
    with pytest.raises(ValidationError):
        make(alice, values={field: "1"})
    assert not Client.objects.exists()


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("inn", "7707083894"),
        ("inn", "12345"),
        ("kpp", "77-36"),
        ("ogrn", "1027700132196"),
        ("birthday", "30.02.1990"),
        ("birthday", (timezone.localdate() + timedelta(days=2)).isoformat()),
        ("birthday", "01.01.1700"),
        ("sex", "x"),
        ("kind", "robot"),
        ("time_zone", "Europe/Atlantis"),
        ("responsible", "999999"),
        ("responsible", "1 OR 1=1"),
        ("position", "я" * 201),
    ],
)
def test_a_wrong_value_gives_one_clear_error_on_its_field(
    alice: User, field: str, wrong: str
) -> None:
    with pytest.raises(ValidationError) as error:
        make(alice, values={field: wrong})
    assert list(error.value.message_dict) == [field]
    assert len(error.value.message_dict[field]) == 1


def test_tax_numbers_with_right_check_digits_are_kept_clean(alice: User) -> None:
    values = {"kind": "company", "inn": "7707 083893", "kpp": "773601001", "ogrn": "1027700132195"}
    client = make(alice, "Сбербанк", values=values)
    assert (client.inn, client.kpp, client.ogrn) == ("7707083893", "773601001", "1027700132195")
    assert found("7707083893") == [client]


def test_a_bank_account_must_agree_with_its_bank(alice: User) -> None:
    client = make(alice)
    with pytest.raises(ValidationError) as error:
        set_bank_accounts(
            actor=alice,
            client=client,
            accounts=[{"bik": "044525225", "account": "40702810938000060474"}],
        )
    assert list(error.value.message_dict) == ["bank_accounts"]
    assert not client.bank_accounts.exists()


def test_a_change_keeps_old_and_new_value_and_grows_the_version(alice: User) -> None:
    client = make(alice, values={"position": "менеджер"})
    event = update_client(actor=alice, client=client, values={"position": "  директор "})
    assert event is not None
    data = payload_of(event)
    assert data["before"] == {"position": "менеджер"}
    assert data["after"] == {"position": "директор"}
    assert (client.position, client.version) == ("директор", 2)


def test_a_change_to_the_same_value_writes_nothing(alice: User) -> None:
    client = make(alice, values={"position": "директор"})
    assert update_client(actor=alice, client=client, values={"position": "директор"}) is None
    assert events(client) == ["client.created"]
    assert client.version == 1


def test_renaming_changes_the_shown_name_the_key_and_the_tokens(alice: User) -> None:
    client = make(alice)
    update_client(actor=alice, client=client, values={"last_name": "Щукина-Ёлкина"})
    assert client.name == "Щукина-Ёлкина Ирина Петровна"
    assert client.name_key == "щукина-елкина ирина петровна"
    assert {"щукина", "елкина"} <= tokens(client)
    assert "соколова" not in tokens(client)


def test_a_birthday_is_kept_with_the_day_of_its_year(alice: User) -> None:
    client = make(alice, values={"birthday": "29.02.1992"})
    assert client.birthday == date(1992, 2, 29)
    assert client.birthday_md == 229
    update_client(actor=alice, client=client, values={"birthday": ""})
    assert client.birthday_md is None


def test_a_source_is_one_whatever_its_spelling(alice: User) -> None:
    one = make(alice, values={"source": "Выставка"})
    two = make(alice, "Петров Пётр", values={"source": " выставка "})
    assert one.source_id == two.source_id
    assert AcquisitionSource.objects.count() == 1


def test_a_field_changed_by_somebody_else_meanwhile_is_a_conflict(alice: User, head: User) -> None:
    client = make(alice)
    seen = client.version
    mine = Client.objects.get(pk=client.pk)
    update_client(actor=head, client=client, values={"position": "директор"})
    with pytest.raises(ConflictError) as error:
        update_client(actor=alice, client=mine, values={"position": "повар"}, version=seen)
    (change,) = error.value.changes
    assert (change.field, change.value, change.actor_id) == ("position", "директор", head.pk)
    assert Client.objects.get(pk=client.pk).position == "директор"


def test_changes_of_different_fields_do_not_conflict(alice: User, head: User) -> None:
    client = make(alice)
    seen = client.version
    mine = Client.objects.get(pk=client.pk)
    update_client(actor=head, client=client, values={"position": "директор"})
    update_client(actor=alice, client=mine, values={"hobbies": "шахматы"}, version=seen)
    saved = Client.objects.get(pk=client.pk)
    assert (saved.position, saved.hobbies, saved.version) == ("директор", "шахматы", 3)


def test_the_city_of_the_card_follows_its_main_address(alice: User) -> None:
    client = make(alice, addresses=[{"city": "Казань"}])
    set_addresses(
        actor=alice,
        client=client,
        addresses=[
            {"city": "Казань"},
            {"city": "Самара", "kind": "legal", "region": "Самарская область", "is_main": True},
        ],
    )
    assert client.city == "Самара"
    assert client.facts.city_key == "самара"
    assert [address.city for address in client.addresses.all()] == ["Самара", "Казань"]
    assert "самара" in tokens(client)
    assert list(compare()) == []


def test_empty_and_repeated_addresses_are_left_out(alice: User) -> None:
    client = make(alice, addresses=[{"city": "Казань"}, {"city": " казань "}, {"city": ""}])
    assert client.addresses.count() == 1


def test_a_number_of_another_system_belongs_to_one_client(alice: User) -> None:
    first, second = make(alice), make(alice, "Петров Пётр")
    set_external_ids(actor=alice, client=first, numbers=[{"source": "shop", "value": "A-17"}])
    with pytest.raises(ValidationError):
        set_external_ids(actor=alice, client=second, numbers=[{"source": "shop", "value": "A-17"}])
    assert first.external_ids.get().is_primary
    assert found("a-17") == [first]
    assert not second.external_ids.exists()


def test_tags_are_one_whatever_their_spelling(alice: User) -> None:
    client = make(alice, tags=["VIP", "vip ", "#vip"])
    other = make(alice, "Петров Пётр", tags=["Vip"])
    assert Tag.objects.count() == 1
    event = set_tags(actor=alice, client=client, tags=["опт"])
    assert event is not None
    data = payload_of(event)
    assert data["before"] == {"tags": [{"name": "VIP"}]}
    assert data["after"] == {"tags": [{"name": "опт"}]}
    assert other.tags.get().name == "VIP"


def test_a_deleted_card_lies_in_the_bin_until_restored(alice: User, head: User) -> None:
    client = make(alice)
    delete_client(actor=head, client=client)
    assert not Client.objects.visible_to(head).exists()
    assert list(Client.objects.in_bin_of(head)) == [client]
    assert delete_client(actor=head, client=client) is None
    restore_client(actor=head, client=client)
    assert list(Client.objects.visible_to(alice)) == [client]
    assert events(client) == ["client.created", "client.deleted", "client.restored"]


def test_a_card_in_the_bin_cannot_be_changed(alice: User, head: User) -> None:
    client = make(alice)
    delete_client(actor=head, client=client)
    with pytest.raises(ValidationError):
        update_client(actor=alice, client=client, values={"position": "директор"})


def test_only_those_with_the_right_change_a_card_and_others_leave_no_trace(
    alice: User, bob: User, charlie: User, viewer: User
) -> None:
    client = make(alice)
    for actor in (bob, charlie, viewer):
        with pytest.raises(Denied) as denied:
            update_client(actor=actor, client=client, values={"position": "директор"})
        assert str(denied.value)
        with pytest.raises(Denied):
            delete_client(actor=actor, client=client)
    assert events(client) == ["client.created"]


def test_a_manager_makes_clients_for_himself_only(alice: User, bob: User) -> None:
    with pytest.raises(Denied):
        make(alice, values={"responsible": bob})
    assert not Client.objects.exists()


def test_hostile_text_is_kept_as_text(alice: User) -> None:
    hostile = "<script>alert(1)</script>{{ 7*7 }}'; DROP TABLE clients_client;--"
    client = make(alice, values={"occupation": hostile, "comment": "a\0b\u202ec"})
    client.refresh_from_db()
    assert client.occupation == hostile
    assert client.comment == "abc"
