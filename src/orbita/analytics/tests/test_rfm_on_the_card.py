from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.test import Client as Browser
from pytest_django import DjangoAssertNumQueries

from orbita.accounts.models import User
from orbita.analytics import actions
from orbita.analytics.models import RfmScore
from orbita.analytics.tests.shop import buy
from orbita.analytics.tests.shop import client as new_client
from orbita.clients.models import Client, ClientFacts
from orbita.core.models import Company

pytestmark = pytest.mark.django_db


def today() -> date:
    return Company.current().business_date()


@pytest.fixture
def anna(alice: User) -> Client:
    """The best of Alice's clients."""
    for place in range(6):
        who = new_client(f"Client {place}", responsible=alice)
        for back in range(6 - place):
            buy(who, today() - timedelta(days=place * 20 + back * 40), 100 * (6 - place))
    never = new_client("Never", responsible=alice)
    ClientFacts.objects.get_or_create(client=never)
    actions.refresh(history=True)
    return RfmScore.objects.order_by("-fm", "-r").select_related("client")[0].client


def test_the_card_shows_the_group_its_reasons_and_where_the_client_was(
    client: Browser, alice: User, anna: Client
) -> None:
    client.force_login(alice)
    html = client.get(f"/clients/{anna.pk}/").content.decode()
    assert "o-rfm g-keep" in html
    assert "6 purchases" in html
    assert "Champions" in html


def test_the_card_of_somebody_who_never_bought_has_no_group(
    client: Browser, alice: User, anna: Client
) -> None:
    client.force_login(alice)
    never = Client.objects.get(name="Never")
    answer = client.get(f"/clients/{never.pk}/")
    assert answer.status_code == 200
    assert "o-rfm" not in answer.content.decode()


def test_without_analytics_neither_card_nor_list_tells_the_group(
    client: Browser, make_user: Callable[..., User], anna: Client
) -> None:
    client.force_login(make_user("Sue", "support"))
    for address in (f"/clients/{anna.pk}/", "/clients/"):
        assert "o-rfm" not in client.get(address).content.decode()


def test_the_list_has_the_group_in_one_query_more(
    client: Browser,
    alice: User,
    anna: Client,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client.force_login(alice)
    html = client.get("/clients/").content.decode()
    assert html.count("o-rfm g-") == 6
    with django_assert_max_num_queries(14):
        client.get("/clients/?view=rfm-save")


def test_the_map_leads_to_the_clients_of_its_cell(
    client: Browser, alice: User, anna: Client
) -> None:
    client.force_login(alice)
    html = client.get("/rfm/").content.decode()
    assert "/clients/?view=all&amp;f=" in html
