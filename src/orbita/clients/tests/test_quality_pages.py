"""Quality as people see it: the card, the forms, the list, the settings."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from orbita.accounts.models import User
from orbita.clients.actions import create_client, link_person
from orbita.clients.contacts import read_contact
from orbita.clients.facts import rebuild
from orbita.clients.models import Client, ContactPoint, DeadMark, QualitySettings
from orbita.clients.quality import actions
from orbita.core.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def sign_in(client: Browser) -> Callable[[User], Browser]:
    def enter(user: User) -> Browser:
        client.force_login(user)
        return client

    return enter


def make(actor: User, *values: str, **fields: Any) -> Client:
    contacts = [read_contact("email" if "@" in one else "phone", one) for one in values]
    return create_client(
        actor=actor,
        values=fields or {"last_name": "Соколова", "first_name": "Ирина"},
        contacts=contacts,
    )


def card(browser: Browser, client: Client) -> str:
    return browser.get(reverse("clients:card", args=[client.pk])).content.decode()


def test_the_card_offers_the_fix_and_one_click_takes_it(
    alice: User, sign_in: Callable[[User], Browser]
) -> None:
    client = make(alice, "i@gmial.com")
    browser = sign_in(alice)
    page = card(browser, client)
    assert "i@gmail.com" in page
    url = reverse("clients:fix", args=[client.pk])
    browser.post(url, {"trouble": "domain", "value": "i@gmial.com"})
    assert client.contacts.get().key == "i@gmail.com"
    page = card(browser, client)
    assert "To put right" not in page
    assert reverse("clients:undo", args=[Event.objects.latest("pk").pk]) in page


def test_who_may_not_change_the_card_sees_the_hint_without_buttons(
    alice: User, viewer: User, sign_in: Callable[[User], Browser]
) -> None:
    client = make(alice, "i@gmial.com")
    page = card(sign_in(viewer), client)
    assert "To put right" in page
    assert reverse("clients:fix", args=[client.pk]) not in page


def test_a_marked_phone_is_not_offered_to_call_on_the_card_nor_in_the_list(
    alice: User, sign_in: Callable[[User], Browser]
) -> None:
    client = make(alice, "89160000001", "89160000002")
    browser = sign_in(alice)
    main = client.contacts.get(is_main=True)
    url = reverse("clients:contact-mark", args=[client.pk, main.pk])
    browser.post(url, {"do": "wrong", "reason": "чужой"})
    page = card(browser, client)
    assert 'href="tel:+79160000002"' in page
    assert 'href="tel:+79160000001"' not in page
    assert "чужой, Alice" in page
    rows = browser.get(reverse("clients:list")).content.decode()
    assert "tel:+79160000002" in rows
    assert "tel:+79160000001" not in rows
    browser.post(url, {"do": "usable"})
    assert 'href="tel:+79160000001"' in card(browser, client)


def test_a_person_of_a_company_is_not_called_by_a_marked_phone(
    alice: User, sign_in: Callable[[User], Browser]
) -> None:
    company = create_client(actor=alice, values={"name": "Ромашка", "kind": "company"})
    person = make(alice, "89160000001")
    link_person(actor=alice, company=company, person=person)
    browser = sign_in(alice)
    assert "tel:+79160000001" in card(browser, company)
    actions.mark_contact(
        actor=alice, client=person, contact=person.contacts.get(), mark="unreachable"
    )
    assert "tel:+79160000001" not in card(browser, company)


def test_old_contacts_ask_to_be_checked_during_the_talk(
    alice: User, sign_in: Callable[[User], Browser]
) -> None:
    client = make(alice, "89160000001", "i@example.org")
    browser = sign_in(alice)
    assert "Check the data while you talk" not in card(browser, client)
    Client.objects.update(created_at=timezone.now() - timedelta(days=500))
    list(rebuild())
    assert "Check the data while you talk" in card(browser, client)
    browser.post(reverse("clients:confirm", args=[client.pk]))
    assert "Check the data while you talk" not in card(browser, client)
    assert ContactPoint.objects.filter(state__confirmed_by=alice).count() == 2


def test_the_card_shows_how_whole_it_is_and_what_is_missing(
    alice: User, sign_in: Callable[[User], Browser]
) -> None:
    client = make(alice, "89160000001")
    page = card(sign_in(alice), client)
    assert "Completeness" in page
    assert "e-mail</a>\u00a0+15" in page or "e-mail</a>&nbsp;+15" in page


def test_a_client_is_put_aside_and_taken_back_from_the_card(
    alice: User, sign_in: Callable[[User], Browser]
) -> None:
    client = make(alice)
    browser = sign_in(alice)
    url = reverse("clients:dead", args=[client.pk])
    assert browser.post(url, {"reason": "", "how": "good"}).status_code == 422
    day = (timezone.localdate() + timedelta(days=10)).isoformat()
    browser.post(url, {"reason": "до весны", "how": "now", "look_again_on": day})
    assert DeadMark.objects.get().look_again_on is not None
    page = card(browser, client)
    assert "Dead for now" in page
    assert "до весны" in page
    browser.post(url, {"do": "revive"})
    assert not DeadMark.objects.exists()


def test_a_day_that_is_past_is_refused_with_a_reason(
    alice: User, sign_in: Callable[[User], Browser]
) -> None:
    client = make(alice)
    url = reverse("clients:dead", args=[client.pk])
    sent = {"reason": "до весны", "how": "now", "look_again_on": "2020-01-01"}
    answer = sign_in(alice).post(url, sent)
    assert answer.status_code == 422
    assert "The day to look again is after today." in answer.content.decode()


# ---- while a card is typed ----


def quick(**more: str) -> dict[str, str]:
    return {"kind": "person", "name": "Иванов Иван", "phone": "", "email": ""} | more


def test_a_typed_slip_is_asked_about_once_and_one_click_takes_the_fix(
    alice: User, sign_in: Callable[[User], Browser]
) -> None:
    browser, url = sign_in(alice), reverse("clients:quick")
    answer = browser.post(url, quick(email="i@gmial.com"))
    assert answer.status_code == 422
    assert "i@gmail.com" in answer.content.decode()
    assert not Client.objects.exists()
    browser.post(url, quick(email="i@gmial.com", take="email"))
    assert ContactPoint.objects.get().key == "i@gmail.com"


def test_what_was_typed_is_kept_when_its_user_insists(
    alice: User, sign_in: Callable[[User], Browser]
) -> None:
    sign_in(alice).post(reverse("clients:quick"), quick(email="i@gmial.com", as_is="1"))
    assert ContactPoint.objects.get().key == "i@gmial.com"


def test_a_spoilt_address_has_its_error_and_the_fix_beside_it(
    alice: User, sign_in: Callable[[User], Browser]
) -> None:
    browser, url = sign_in(alice), reverse("clients:quick")
    answer = browser.post(url, quick(email="i@gmail,com"))
    assert "This is not an e-mail address." in answer.content.decode()
    browser.post(url, quick(email="i@gmail,com", take="email"))
    assert ContactPoint.objects.get().key == "i@gmail.com"


def test_capitals_in_one_line_are_put_right_without_asking(
    alice: User, sign_in: Callable[[User], Browser]
) -> None:
    sign_in(alice).post(reverse("clients:quick"), quick(name="ИВАНОВ ИВАН"))
    assert Client.objects.get().name == "Иванов Иван"


def whole(**more: str) -> dict[str, str]:
    return {"kind": "person", "last_name": "Иванов", "first_name": "Иван"} | more


def test_the_whole_form_asks_about_names_birthdays_and_contacts(
    alice: User, sign_in: Callable[[User], Browser]
) -> None:
    browser, url = sign_in(alice), reverse("clients:new")
    sent = whole(
        last_name="ИВАНОВ",
        birthday="2068-05-01",
        **{"contacts-0-type": "email:", "contacts-0-value": "i@gmial.com"},
    )
    page = browser.post(url, sent).content.decode()
    for fix in ("Иванов Иван", 'value="birthday"', "i@gmail.com"):
        assert fix in page
    sent |= {"last_name": "Иванов", "birthday": "1968-05-01"}
    answer = browser.post(url, sent | {"take": "contacts-0-value"})
    assert answer.status_code == 302
    assert ContactPoint.objects.get().key == "i@gmail.com"


def test_what_stood_on_the_card_before_does_not_stop_its_form(
    alice: User, sign_in: Callable[[User], Browser]
) -> None:
    client = make(alice, last_name="ИВАНОВ", first_name="ИВАН")
    url = reverse("clients:edit", args=[client.pk])
    sent = whole(last_name="ИВАНОВ", first_name="ИВАН", position="мастер")
    assert sign_in(alice).post(url, sent).status_code == 302


def test_a_new_contact_is_asked_about_too(alice: User, sign_in: Callable[[User], Browser]) -> None:
    client = make(alice)
    browser, url = sign_in(alice), reverse("clients:contact-new", args=[client.pk])
    assert browser.post(url, {"type": "email:", "value": "i@gmial.com"}).status_code == 422
    browser.post(url, {"type": "email:", "value": "i@gmial.com", "take": "value"})
    assert client.contacts.get().key == "i@gmail.com"


# ---- lists and settings ----


def test_the_list_sorts_and_filters_by_completeness(
    alice: User, sign_in: Callable[[User], Browser]
) -> None:
    make(alice, "89160000001", last_name="Полный")
    make(alice, last_name="Пустой")
    browser = sign_in(alice)
    columns = {"cols": "name,completeness,problems,check_on"}
    for sort, first in (("completeness", "Пустой"), ("-completeness", "Полный")):
        page = browser.get(reverse("clients:list"), columns | {"sort": sort}).content.decode()
        rows = page[page.index("<tbody") :]
        assert rows.index(first) == min(rows.index("Полный"), rows.index("Пустой"))


def test_the_administrator_changes_weights_and_takes_it_back(
    admin: User, sign_in: Callable[[User], Browser]
) -> None:
    browser, url = sign_in(admin), reverse("clients:quality-settings")
    form = browser.get(url).context["form"]
    sent = {name: str(value) for name, value in form.initial.items()}
    browser.post(url, sent | {"person_phone": "55", "limit_phone": "30"})
    kept = QualitySettings.current()
    assert (kept.weights, kept.limits) == ({"person": {"phone": 55}}, {"phone": 30})
    event = Event.objects.get(kind="quality.settings_changed")
    browser.post(reverse("clients:quality-settings-undo", args=[event.pk]))
    assert QualitySettings.current().weights == {}
    assert browser.post(url, sent | {"person_phone": "555"}).status_code == 422


def test_the_card_costs_few_queries(
    alice: User,
    sign_in: Callable[[User], Browser],
    django_assert_max_num_queries: Any,
) -> None:
    client = make(alice, "i@gmial.com", "89160000001", last_name="ИВАНОВ")
    Client.objects.update(created_at=timezone.now() - timedelta(days=500))
    list(rebuild())
    browser = sign_in(alice)
    card(browser, client)
    with django_assert_max_num_queries(20):
        card(browser, client)
