"""One list of the settings of all rooms, to everybody what he may change."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from orbita.accounts.models import User

pytestmark = pytest.mark.django_db


def test_everybody_sees_the_settings_that_he_may_change(
    admin: User, head: User, alice: User
) -> None:
    def labels(user: User, path: str) -> list[str]:
        browser = Client()
        browser.force_login(user)
        page = browser.get(path).content.decode()
        return re.findall(r'<nav class="o-views[^>]*aria-label="([^"]+)"', page)

    rules = reverse("clients:statuses")
    assert labels(admin, rules) == ["Settings", "Clients and their data"]
    assert labels(admin, reverse("commerce:rates")) == ["Settings", "Company"]
    assert labels(head, rules) == ["Settings", "Clients and their data"]
    # Who only reads the rules of statuses is in no settings.
    assert labels(alice, rules) == []


def test_the_menu_leads_to_the_first_setting_that_is_open(
    admin: User, head: User, alice: User
) -> None:
    address = reverse("accounts:settings")
    for user, first in ((admin, "accounts:users"), (head, "work:pipelines")):
        browser = Client()
        browser.force_login(user)
        assert f'href="{address}"' in browser.get(reverse("accounts:profile")).content.decode()
        assert browser.get(address)["Location"] == reverse(first)
    browser = Client()
    browser.force_login(alice)
    assert f'href="{address}"' not in browser.get(reverse("accounts:profile")).content.decode()
    assert browser.get(address).status_code == 403
