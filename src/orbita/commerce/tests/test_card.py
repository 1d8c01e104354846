from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from orbita.accounts.models import User
from orbita.clients.models import Client
from orbita.commerce import actions
from orbita.commerce.actions.balances import BalanceData
from orbita.commerce.tests.conftest import line, sale
from orbita.core.models import Company

pytestmark = pytest.mark.django_db


def card(user: User, client: Client) -> str:
    browser = Browser()
    browser.force_login(user)
    response = browser.get(f"/clients/{client.pk}/")
    assert response.status_code == 200
    return response.content.decode().replace("\xa0", " ")


def test_the_card_shows_the_last_purchases_and_how_often_the_client_orders(
    alice: User, client_of_alice: Client
) -> None:
    today = Company.current().business_date()
    for days in (200, 190, 180, 170, 160, 150):
        data = sale(client_of_alice, line("100"), ordered_on=today - timedelta(days=days))
        actions.create_order(actor=alice, data=data)
    shown = card(alice, client_of_alice)
    assert "every 10 days" in shown
    assert "150 days passed" in shown
    panel = shown.split('aria-label="Purchases"')[1].split("</section>")[0]
    assert panel.count("Order № ") == 5
    assert "All orders" in shown
    assert f"/orders/new/?client={client_of_alice.pk}" in shown


def test_the_timeline_tells_of_orders_to_those_who_may_see_them(
    alice: User, make_user: Callable[..., User], client_of_alice: Client
) -> None:
    actions.create_order(actor=alice, data=sale(client_of_alice, line("31400"), number="4187"))
    assert "Order № 4187 for 31,400 ₽" in card(alice, client_of_alice)
    blind = make_user("Bella", "support")
    blind.role.permissions = blind.role.permissions | {"orders.view": "none"}
    blind.role.save()
    shown = card(blind, client_of_alice)
    assert "4187" not in shown
    assert "Purchases" not in shown


def test_purchases_known_as_totals_are_told_as_such(
    alice: User, head: User, client_of_alice: Client
) -> None:
    assert "Has not bought anything yet" in card(alice, client_of_alice)
    balance = BalanceData(
        client_id=client_of_alice.pk,
        orders_count=5,
        total=9430_00,
        last_on=date(2026, 9, 29),
        service="Стрижка",
    )
    actions.set_opening_balances([balance], actor=head)
    shown = card(alice, client_of_alice)
    assert "Has not bought anything yet" not in shown
    assert "Known as totals from a file only, the last on 29" in shown
    assert "Стрижка." in shown


def test_the_purchases_of_a_card_cost_one_query(alice: User, client_of_alice: Client) -> None:
    for _n in range(3):
        actions.create_order(actor=alice, data=sale(client_of_alice))
    card(alice, client_of_alice)
    with CaptureQueriesContext(connection) as queries:
        card(alice, client_of_alice)
    assert len([q for q in queries if 'FROM "commerce_order"' in q["sql"]]) == 1
