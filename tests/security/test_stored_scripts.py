"""Names, notes and addresses are typed by strangers; on a page they stay text."""

from typing import Any

import pytest
from django.urls import reverse

from orbita.accounts.models import User
from orbita.accounts.testing import World
from orbita.clients.actions import add_contact
from orbita.clients.contacts import Contact, reach
from tests.security.hostile import XSS, Page, hostile_card, hostile_records, signed_in

pytestmark = pytest.mark.django_db


def dangers(response: Any) -> list[str]:
    assert response.status_code < 500
    return Page(response.content.decode()).dangers


def test_the_reader_of_pages_sees_what_it_is_there_for() -> None:
    assert Page(f"<p>{XSS}</p>").dangers
    assert Page('<a href="java\nscript:alert(1)">x</a>').dangers
    assert not Page("<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>").dangers


def test_hostile_texts_stay_texts_on_the_card_its_forms_and_its_history(admin: User) -> None:
    card = hostile_card(admin)
    browser = signed_in(admin)
    for name in ("card", "edit", "history", "contact-new"):
        response = browser.get(reverse(f"clients:{name}", args=[card.pk]))
        assert response.status_code == 200
        assert dangers(response) == []
    for field in ("occupation", "tags", "comment", "source"):
        assert dangers(browser.get(reverse("clients:field", args=[card.pk, field]))) == []


@pytest.mark.parametrize(
    "url",
    [
        "/clients/", "/orders/", "/products/", "/segments/", "/settings/users/", "/search/?q=script",
        "/search/palette/?q=script", "/orders/new/", "/profile/", "/clients/?q=%22%3E%3Cscript%3E",
        "/orders/?view=%22%3E%3Cscript%3E&sort=%22%3E%3Cscript%3E",
        "/clients/?f=%7B%22fact%22%3A%22%3Cscript%3E%22%2C%22op%22%3A%22eq%22%7D",
        "/clients/options/?name=script", "/orders/clients/?client_name=script",
        "/orders/products/?line-1-what=script",
    ],
)  # fmt: skip
def test_hostile_texts_stay_texts_on_lists_and_in_searches(world: World, url: str) -> None:
    hostile_records(world)
    assert dangers(signed_in(world.administrator).get(url)) == []


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("link", "javascript:alert(1)"),
        ("link", "JaVaScRiPt://example.org/%0aalert(1)"),
        ("link", "//javascript:alert(1)"),
        ("link", "https://javascript:alert(1)//"),
        ("link", "data:text/html,<script>alert(1)</script>"),
        ("link", "java\tscript:alert(1)"),
        ("link", '"><script>alert(1)</script>.ru'),
        ("messenger", "javascript:alert(1)"),
        ("messenger", "https://t.me/x/../javascript:alert(1)"),
        ("messenger", '@x" onclick="alert(1)'),
        ("email", 'a@example.org?subject="><script>'),
        ("phone", "+7916<script>1234567"),
    ],
)
def test_a_contact_opens_nothing_but_what_its_kind_opens(kind: str, value: str) -> None:
    for key in (value, value.partition(":")[2]):
        shown = reach(Contact(kind, value, "", "telegram" if kind == "messenger" else ""))
        assert shown.href == "", key


@pytest.mark.parametrize("value", ["javascript:alert(1)", "data:text/html,x", "vbscript:x"])
def test_the_card_refuses_a_link_with_another_scheme(alice: User, value: str) -> None:
    from django.core.exceptions import ValidationError

    card = hostile_card(alice)
    with pytest.raises(ValidationError):
        add_contact(actor=alice, client=card, kind="link", value=value)


def test_headers_of_a_browser_stay_text_in_the_list_of_sessions(admin: User) -> None:
    browser = signed_in(admin)
    admin.sessions.update(browser=XSS[:300])
    assert dangers(browser.get("/profile/sessions/")) == []
    missing = browser.get("/no/such/", headers={"referer": "javascript:alert(1)"})
    assert dangers(missing) == []
    assert b"javascript" not in missing.content
