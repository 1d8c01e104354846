"""Typing a known client in three disguises into the form, in a real browser."""

from collections.abc import Iterator
from typing import Any

import pytest

from orbita.accounts.models import User
from orbita.clients.actions import create_client
from orbita.clients.contacts import read_contact
from orbita.ui.testing import launch, open_page, serving, violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DISGUISES = {
    "the phone in another form": {"first_name": "Кто-то", "contacts-0-value": "8 (900) 000-14-27"},
    "a short name and a slip in the phone": {
        "last_name": "Соколова",
        "first_name": "Ира",
        "birthday": "1980-02-01",
        "contacts-0-value": "8 900 000 14 28",
    },
    "the wrong layout": {
        "last_name": "Cjrjkjdf",
        "first_name": "Bhbyf",
        "birthday": "1980-02-01",
    },
}


@pytest.fixture
def browser(chromium: str) -> Iterator[Any]:
    with launch(chromium) as found:
        yield found


def test_a_known_client_is_hinted_at_in_three_disguises(browser: Any, head: User) -> None:
    create_client(
        actor=head,
        values={"name": "Соколова Ирина Петровна", "birthday": "1980-02-01"},
        contacts=[read_contact("phone", "89000001427")],
    )
    with serving() as base:
        for disguise, fields in DISGUISES.items():
            with open_page(browser, base + "/clients/new/", head) as page:
                for name, value in fields.items():
                    page.fill(f"[name='{name}']", value)
                page.locator("#o-hints a").wait_for(timeout=10_000)
                assert "Соколова Ирина" in page.inner_text("#o-hints"), disguise
                assert violations(page) == [], disguise
                page.wait_for_load_state("networkidle")
