"""A region's passport stands on the cards of the clients who live there."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client as Browser
from django.urls import reverse

from orbita.accounts.models import User
from orbita.accounts.policy import Denied
from orbita.clients.actions import create_client
from orbita.clients.actions.regions import delete_region, save_region, undo_region
from orbita.clients.models import RegionPassport
from orbita.clients.region_names import region_name_key

pytestmark = pytest.mark.django_db
SPELLINGS = [
    [
        "Московская обл.",
        "Московская область",
        "обл. Московская",
        "МОСКОВСКАЯ ОБЛ",
        "обл.Московская",
    ],
    ["г. Москва", "Москва", "город Москва", "Москва г", "Москва г."],
    ["Респ. Татарстан", "Татарстан", "Республика Татарстан", "Татарстан респ", "Татарстан (Респ.)"],
    ["Краснодарский край", "край Краснодарский", "Краснодарский"],
    ["Алтайский край", "Алтайский кр."],
    ["Республика Алтай", "Алтай респ."],
    ["Ханты-Мансийский автономный округ - Югра", "Ханты-Мансийский АО — Югра", "ХМАО"],
    ["Ненецкий АО", "Ненецкий автономный округ"],
    ["Саха (Якутия)", "Респ. Саха /Якутия/", "Якутия", "Республика Саха"],
    ["Чувашская Республика - Чувашия", "Чувашия", "Чувашская Респ."],
    ["Орёл", "орел"],
    ["Нижегородская обл", "Нижегородская область"],
    ["Новгородская область"],
    ["область"],
    [""],
]
TATARSTAN = {"name": "Татарстан", "economy": "Нефть и химия", "time_zone": "Europe/Moscow"}


def test_the_card_shows_the_passport_of_its_region_only(alice: User, admin: User) -> None:
    save_region(actor=admin, values=TATARSTAN)
    save_region(actor=admin, values={"name": "Самарская область", "economy": "Автозавод"})
    client = create_client(
        actor=alice,
        values={"name": "Иванова Анна"},
        addresses=[{"region": "татарстан", "city": "Казань"}],
    )
    browser = Browser()
    browser.force_login(alice)
    html = browser.get(reverse("clients:card", args=[client.pk])).content.decode()
    assert "Нефть и химия" in html
    assert "Автозавод" not in html


def test_a_region_is_one_however_it_is_written_and_no_other() -> None:
    keys = [{region_name_key(name) for name in spellings} for spellings in SPELLINGS]
    assert [len(own) for own in keys] == [1] * len(SPELLINGS)
    assert len(set.union(*keys)) == len(SPELLINGS)


@pytest.mark.parametrize("written", ["Респ. Татарстан", "ТАТАРСТАН РЕСП.", "республика Татарстан"])
def test_an_address_finds_its_passport_in_any_spelling(
    alice: User, admin: User, written: str
) -> None:
    save_region(actor=admin, values=TATARSTAN)
    client = create_client(
        actor=alice, values={"name": "Иванова Анна"}, addresses=[{"region": written}]
    )
    browser = Browser()
    browser.force_login(alice)
    html = browser.get(reverse("clients:card", args=[client.pk])).content.decode()
    assert "Нефть и химия" in html
    with pytest.raises(ValidationError):
        save_region(actor=admin, values={"name": written})


def test_each_change_can_be_taken_back(admin: User) -> None:
    made = save_region(actor=admin, values=TATARSTAN)
    region = RegionPassport.objects.get()
    changed = save_region(actor=admin, values={"economy": "Нефть"}, region=region)
    assert changed
    undo_region(actor=admin, event=changed)
    assert RegionPassport.objects.get().economy == "Нефть и химия"
    undo_region(actor=admin, event=delete_region(actor=admin, region=region))
    assert RegionPassport.objects.get().time_zone == "Europe/Moscow"
    assert made


def test_the_making_of_a_passport_can_be_taken_back(admin: User) -> None:
    made = save_region(actor=admin, values=TATARSTAN)
    assert made
    undo_region(actor=admin, event=made)
    assert not RegionPassport.objects.exists()


def test_a_region_has_one_passport_whatever_the_spelling(admin: User) -> None:
    save_region(actor=admin, values=TATARSTAN)
    for values in ({"name": " ТАТАРСТАН "}, {"name": ""}, {"name": "Омск", "time_zone": "Луна"}):
        with pytest.raises(ValidationError):
            save_region(actor=admin, values=values)


def test_only_those_who_may_write_passports(alice: User) -> None:
    with pytest.raises(Denied):
        save_region(actor=alice, values=TATARSTAN)
