"""Rights by field: hidden, masked and read-only fields in search, filters, forms, changes, the API."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client as Browser
from django.urls import reverse

from orbita.accounts.actions import create_token, save_role
from orbita.accounts.models import Role, User
from orbita.accounts.policy import Denied, allows
from orbita.clients import facts
from orbita.clients.actions import (
    add_contact,
    add_note,
    add_tag,
    create_client,
    remove_contact,
    reveal_field,
    undo_last_change,
    update_client,
)
from orbita.clients.contacts import read_contact
from orbita.clients.guarding import mask, sight
from orbita.clients.models import Client, ContactPoint
from orbita.clients.quality.actions import mark_dead
from orbita.clients.search import clients_like, find_clients
from orbita.clients.work.stops import stop_contacting
from orbita.core.events import payload_of
from orbita.core.models import Event
from orbita.core.rules import RuleError, compile_rule

pytestmark = pytest.mark.django_db
Close = Callable[..., User]


@pytest.fixture
def close(admin: User, alice: User) -> Close:
    """Closes fields to the managers; answers Alice, as she comes with her next request."""

    def change(**fields: str) -> User:
        rights = {f"client.{name}": level for name, level in fields.items()}
        save_role(actor=admin, name="", permissions={}, fields=rights, role=alice.role)
        return User.objects.select_related("role").get(pk=alice.pk)

    return change


@pytest.fixture
def irina(alice: User) -> Client:
    return create_client(
        actor=alice,
        values={
            "name": "Соколова Ирина",
            "birthday": "1990-03-14",
            "inn": "500100732259",
            "comment": "Любит капучино",
        },
        contacts=[
            read_contact("phone", "+79161234567"),
            read_contact("email", "irina@mail.ru"),
            read_contact("messenger", "@irinasok"),
        ],
        addresses=[{"city": "Казань", "text": "Баумана, 5"}],
    )


@pytest.fixture
def browse() -> Callable[[User], Browser]:
    def sign_in(user: User) -> Browser:
        browser = Browser()
        browser.force_login(user)
        return browser

    return sign_in


def found(actor: User, text: str) -> list[int]:
    """By the box over all pages, by the list, and by choosing while one types: all the same."""
    one = [hit.client.pk for hit in find_clients(actor, text, 5)]
    assert one == [client.pk for client in clients_like(actor, text)], text
    return one


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("phone", "+79161234567", "+7 *** ***-45-67"),
        ("phone", "+442079460958", "+44 ** **** 0958"),
        ("phone", "доб. 12", "***"),
        ("email", "irina@mail.ru", "i***@mail.ru"),
        ("messenger", "telegram:irinasok", "telegram @i***"),
        ("messenger", "whatsapp:+79161234567", "whatsapp +7 *** ***-45-67"),
        ("inn", "500100732259", "*** 59"),
        ("bank_accounts", "40702810310000000001", "*** 0001"),
        ("addresses", "Казань", "Казань, ***"),
        ("inn", "", ""),
    ],
)
@pytest.mark.no_database
def test_a_mask_leaves_what_one_tells_clients_apart_by(name: str, value: str, shown: str) -> None:
    assert mask(name, value) == shown


def test_nothing_is_closed_until_somebody_closes_it(alice: User, close: Close) -> None:
    assert not sight(alice).fixed
    assert sight(close(phone="hidden", inn="read")).fixed == {"phone", "inn"}
    assert not sight(close(phone="write", inn="write")).fixed


def test_the_administrator_sees_all_and_whoever_may_not_sign_in_nothing(
    admin: User, alice: User
) -> None:
    with pytest.raises(ValidationError):
        save_role(
            actor=admin, name="", permissions={}, fields={"client.inn": "hidden"}, role=admin.role
        )
    alice.is_active = False
    assert sight(alice).hides("phone")


def test_only_what_can_be_shown_in_part_is_masked(admin: User, alice: User) -> None:
    with pytest.raises(ValidationError):
        save_role(
            actor=admin, name="", permissions={}, fields={"client.sex": "masked"}, role=alice.role
        )


# ---- found, filtered, sorted ----


def test_a_hidden_field_finds_nobody(irina: Client, close: Close, alice: User) -> None:
    by = {
        "phone": ["+79161234567", "89161234567", "4567", "1234567"],
        "email": ["irina@mail.ru", "irina@m"],
        "messenger": ["@irinasok", "irinaso"],
        "inn": ["500100732259", "5001007"],
        "addresses": ["Казань", "Баумана"],
    }
    for texts in by.values():
        for text in texts:
            assert found(alice, text) == [irina.pk], text
    for name, texts in by.items():
        keyhole = close(**{name: "hidden"})
        for text in texts:
            assert found(keyhole, text) == [], (name, text)
        close(**{name: "write"})
    assert found(close(**dict.fromkeys(by, "hidden")), "Соколова") == [irina.pk]


def test_a_masked_field_finds_by_the_whole_of_it_only(irina: Client, close: Close) -> None:
    keyhole = close(phone="masked", email="masked", messenger="masked", inn="masked")
    for whole in ("8 (916) 123-45-67", "irina@mail.ru", "@irinasok", "500100732259"):
        assert found(keyhole, whole) == [irina.pk], whole
    for part in ("4567", "1234567", "+7916123", "irina@m", "irina@mail.rr", "@irinas", "5001007"):
        assert found(keyhole, part) == [], part


def test_words_of_a_closed_text_find_nobody(irina: Client, close: Close, alice: User) -> None:
    assert [hit.client.pk for hit in find_clients(alice, "капучино", 5)] == [irina.pk]
    assert find_clients(close(comment="hidden"), "капучино", 5) == []


@pytest.mark.parametrize(
    ("field", "rule"),
    [
        ("phone", {"fact": "phone", "op": "starts", "value": "+7916"}),
        ("phone", {"fact": "has_phone", "op": "eq", "value": True}),
        ("birthday", {"fact": "birthday_within", "op": "lte", "value": 7}),
        ("birthday", {"fact": "age", "op": "gte", "value": 30}),
        ("comment", {"fact": "comment", "op": "contains", "value": "капучино"}),
        ("inn", {"fact": "inn", "op": "eq", "value": "500100732259"}),
    ],
)
def test_a_closed_field_is_not_filtered_by(field: str, rule: Any, close: Close) -> None:
    level = "masked" if field != "comment" else "hidden"
    with pytest.raises(RuleError):
        compile_rule("client", rule, actor=close(**{field: level}))


def test_the_city_stays_when_an_address_is_masked(
    irina: Client, close: Close, browse: Callable[[User], Browser]
) -> None:
    rule = {"fact": "city", "op": "eq", "value": "Казань"}
    keyhole = close(addresses="masked")
    assert list(Client.objects.filter(compile_rule("client", rule, actor=keyhole))) == [irina]
    page = browse(keyhole).get(reverse("clients:card", args=[irina.pk])).content.decode()
    assert "Казань" in page
    assert "Баумана" not in page
    with pytest.raises(RuleError):
        compile_rule("client", rule, actor=close(addresses="hidden"))


# ---- changed ----


@pytest.mark.parametrize("level", ["hidden", "masked", "read"])
def test_a_closed_field_is_not_changed(irina: Client, close: Close, level: str) -> None:
    keyhole = close(birthday=level, phone=level, addresses=level)
    with pytest.raises(ValidationError):
        update_client(actor=keyhole, client=irina, values={"birthday": "1991-01-01"})
    with pytest.raises(ValidationError):
        add_contact(actor=keyhole, client=irina, kind="phone", value="+79160000000")
    with pytest.raises(ValidationError):
        remove_contact(actor=keyhole, client=irina, contact=irina.contacts.get(kind="phone"))
    with pytest.raises(ValidationError):
        update_client(actor=keyhole, client=irina, addresses=[])


def test_contacts_given_as_a_whole_leave_the_closed_ones_where_they_are(
    irina: Client, close: Close
) -> None:
    keyhole = close(phone="hidden")
    update_client(actor=keyhole, client=irina, contacts=[read_contact("email", "new@mail.ru")])
    keys = set(irina.contacts.values_list("key", flat=True))
    assert keys == {"+79161234567", "new@mail.ru"}


def test_the_form_of_the_card_keeps_what_it_does_not_show(
    irina: Client, close: Close, browse: Callable[[User], Browser]
) -> None:
    browser = browse(close(phone="hidden", birthday="masked", comment="read", addresses="hidden"))
    url = reverse("clients:edit", args=[irina.pk])
    page = browser.get(url).content.decode()
    for closed in ("9161234567", "916 123", "1990", "капучино", "Баумана"):
        assert closed not in page
    form = {
        "kind": "person",
        "last_name": "Соколова",
        "first_name": "Ирина",
        "position": "повар",
        "contacts-0-type": "email:",
        "contacts-0-value": "irina@mail.ru",
        "contacts-0-main": "1",
        "contacts-1-type": "messenger:telegram",
        "contacts-1-value": "@irinasok",
        "responsible": str(irina.responsible_id),
    }
    assert browser.post(url, form).status_code == 302
    irina.refresh_from_db()
    assert irina.position == "повар"
    assert str(irina.birthday) == "1990-03-14"
    assert irina.comment == "Любит капучино"
    assert irina.addresses.count() == 1
    assert irina.contacts.count() == 3


def test_a_new_card_is_filled_in_but_for_what_is_hidden(close: Close) -> None:
    keyhole = close(phone="masked", inn="hidden")
    phone = read_contact("phone", "+79160000000")
    create_client(actor=keyhole, values={"name": "Новый Пётр"}, contacts=[phone])
    with pytest.raises(ValidationError):
        create_client(actor=keyhole, values={"name": "Новый Олег", "inn": "500100732259"})


def test_an_undo_does_not_put_back_what_is_closed(irina: Client, close: Close, alice: User) -> None:
    values = {"birthday": "1991-01-01", "position": "повар"}
    update_client(actor=alice, client=irina, values=values)
    undo_last_change(actor=close(birthday="hidden"), client=irina)
    irina.refresh_from_db()
    assert (str(irina.birthday), irina.position) == ("1991-01-01", "")


def test_closed_tags_are_not_put_on_in_bulk(irina: Client, close: Close) -> None:
    with pytest.raises(Denied):
        add_tag(actor=close(tags="read"), client_ids=[irina.pk], tag="опт")


def test_a_role_with_closed_fields_does_not_import(admin: User, head: User) -> None:
    assert allows(head, "clients.import")
    rights = {"client.phone": "masked"}
    save_role(actor=admin, name="", permissions={}, fields=rights, role=head.role)
    head = User.objects.get(pk=head.pk)
    assert not allows(head, "clients.import")


# ---- shown whole ----


def test_a_masked_phone_is_shown_by_a_click_on_record(
    irina: Client, close: Close, browse: Callable[[User], Browser]
) -> None:
    keyhole = close(phone="masked")
    phone = irina.contacts.get(kind="phone")
    browser = browse(keyhole)
    assert "+7 *** ***-45-67" in browser.get(f"/clients/{irina.pk}/").content.decode()
    answer = browser.post(
        reverse("clients:reveal", args=[irina.pk]), {"field": "phone", "contact": phone.pk}
    )
    assert "+7 916 123-45-67" in answer.content.decode()
    event = Event.objects.get(kind="client.revealed")
    assert (event.actor_id, event.client_id, event.subject_id) == (keyhole.pk, irina.pk, phone.pk)
    assert "9161234567" not in str(payload_of(event))


def test_a_hidden_field_is_not_shown_by_a_click(irina: Client, close: Close) -> None:
    with pytest.raises(Denied):
        reveal_field(actor=close(phone="hidden"), client=irina, field="phone")
    assert not Event.objects.filter(kind="client.revealed").exists()


def test_whoever_may_not_show_masked_fields_has_no_button(
    irina: Client, close: Close, admin: User, alice: User, browse: Callable[[User], Browser]
) -> None:
    close(phone="masked")
    role = Role.objects.get(pk=alice.role_id)
    save_role(actor=admin, name="", permissions={"clients.reveal": "none"}, role=role)
    browser = browse(alice)
    assert "/reveal/" not in browser.get(f"/clients/{irina.pk}/").content.decode()
    phone = irina.contacts.get(kind="phone")
    asked = {"field": "phone", "contact": phone.pk}
    assert browser.post(reverse("clients:reveal", args=[irina.pk]), asked).status_code == 403


def test_a_contact_of_another_card_is_not_shown_through_this_one(
    irina: Client, close: Close, alice: User, browse: Callable[[User], Browser]
) -> None:
    other = create_client(
        actor=alice,
        values={"name": "Белова Анна"},
        contacts=[read_contact("phone", "+79167654321")],
    )
    asked = {"field": "phone", "contact": ContactPoint.objects.get(client=other).pk}
    browser = browse(close(phone="masked"))
    assert browser.post(reverse("clients:reveal", args=[irina.pk]), asked).status_code == 404


# ---- the API ----


def test_the_api_tells_and_takes_no_more_than_the_pages(irina: Client, close: Close) -> None:
    keyhole = close(phone="masked", email="hidden", birthday="hidden", addresses="hidden")
    _token, secret = create_token(actor=None, user=keyhole, name="t", scopes=["*"])
    api, headers = Browser(), {"Authorization": f"Bearer {secret}"}
    told = api.get(f"/api/v1/clients/{irina.pk}", headers=headers).json()
    assert told["birthday"] is None
    assert told["city"] == ""
    kinds = {one["kind"]: one for one in told["contacts"]}
    assert kinds.keys() == {"phone", "messenger"}
    assert (kinds["phone"]["value"], kinds["phone"]["key"]) == ("+7 *** ***-45-67", "")
    refused = api.patch(
        f"/api/v1/clients/{irina.pk}",
        {"birthday": "1991-01-01"},
        content_type="application/json",
        headers=headers,
    )
    assert refused.status_code == 422
    kept = api.patch(
        f"/api/v1/clients/{irina.pk}",
        {"contacts": []},
        content_type="application/json",
        headers=headers,
    )
    assert kept.status_code == 200
    assert set(irina.contacts.values_list("kind", flat=True)) == {"phone", "email"}


# ---- troubles ----


@pytest.fixture
def troubled(alice: User, irina: Client) -> Client:
    add_note(actor=alice, client=irina, text="Ругалась из-за опоздания", kind="trouble")
    add_note(actor=alice, client=irina, text="Обсудили ремонт", kind="call")
    stop_contacting(actor=alice, client=irina, reason="Грозит судом")
    mark_dead(actor=alice, client=irina, reason="Переехала навсегда", look_again_on=None)
    return irina


SAID = ("Ругалась", "Грозит судом", "Переехала")


def test_complaints_and_reasons_of_refusals_are_seen_by_whoever_may(
    troubled: Client, alice: User, browse: Callable[[User], Browser]
) -> None:
    page = browse(alice).get(f"/clients/{troubled.pk}/").content.decode()
    for words in SAID:
        assert words in page
    assert 'value="trouble"' in page
    found = browse(alice).get("/search/?q=Ругалась").content.decode()
    assert troubled.name in found.split('class="o-results"')[1]


def test_closed_troubles_are_neither_shown_nor_found_but_the_facts_stay(
    troubled: Client, close: Close, browse: Callable[[User], Browser]
) -> None:
    keyhole = close(troubles="hidden")
    browser = browse(keyhole)
    page = browser.get(f"/clients/{troubled.pk}/").content.decode()
    for words in SAID:
        assert words not in page
        found = browser.get(f"/search/?q={words}").content.decode()
        assert words not in found.split('class="o-results"')[1]
    assert "Обсудили ремонт" in page
    assert 'value="trouble"' not in page
    assert 'class="o-alert warn"' in page, "that nobody is to call stays told"
    dead = browser.get(reverse("clients:dead", args=[troubled.pk])).content.decode()
    assert "Переехала" not in dead


def test_a_complaint_is_no_contact(alice: User, irina: Client) -> None:
    add_note(actor=alice, client=irina, text="Звонила ругаться", kind="trouble")
    irina.facts.refresh_from_db()
    assert irina.facts.last_contact_at is None
    assert not list(facts.compare())


def test_troubles_have_no_level_between(admin: User, alice: User) -> None:
    rights = {"client.troubles": "read"}
    with pytest.raises(ValidationError):
        save_role(actor=admin, name="", permissions={}, fields=rights, role=alice.role)
