"""Two to six clients side by side."""

from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from orbita.accounts.models import User
from orbita.clients.actions import create_client
from orbita.clients.models import Client

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(alice: User) -> list[Client]:
    return [
        create_client(
            actor=alice, values={"name": name, "occupation": occupation, "interests": "чай"}
        )
        for name, occupation in (("Иванова Анна", "врач"), ("Петров Пётр", "повар"))
    ]


def page(user: User, ids: list[int], **query: Any) -> tuple[int, str]:
    browser = Browser()
    browser.force_login(user)
    answer = browser.get(reverse("clients:side-by-side"), {"ids": ",".join(map(str, ids)), **query})
    return answer.status_code, answer.content.decode()


def test_what_differs_is_said_in_words(alice: User, two: list[Client]) -> None:
    status, html = page(alice, [client.pk for client in two])
    assert status == 200
    assert "врач" in html
    assert "повар" in html
    assert html.count(">differs<") == 1  # the occupation: the rest is the same


def test_only_what_differs_and_only_what_is_chosen(alice: User, two: list[Client]) -> None:
    ids = [client.pk for client in two]
    assert "чай" not in page(alice, ids, differing="1")[1]
    html = page(alice, ids, show=["interests"])[1]
    assert "чай" in html
    assert "врач" not in html


def test_a_hidden_client_is_not_compared(alice: User, charlie: User, two: list[Client]) -> None:
    own = create_client(actor=charlie, values={"name": "Своя Ольга"})
    assert page(charlie, [own.pk, two[0].pk])[0] == 404


@pytest.mark.parametrize("ids", ["", "1", "1,2,3,4,5,6,7", "1,x", "1,1"])
def test_one_or_seven_or_nonsense_is_no_comparison(alice: User, ids: str) -> None:
    browser = Browser()
    browser.force_login(alice)
    assert browser.get(reverse("clients:side-by-side"), {"ids": ids}).status_code == 404


def test_the_list_leads_there(alice: User, two: list[Client]) -> None:
    browser = Browser()
    browser.force_login(alice)
    data = {"do": "bulk", "action": "compare", "ids": [str(client.pk) for client in two]}
    answer = browser.post(reverse("clients:list"), data)
    assert answer["Location"].startswith(reverse("clients:side-by-side"))
