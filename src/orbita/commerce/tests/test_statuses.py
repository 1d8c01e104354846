"""Orders move their client on the ladder in their own transaction; loads do so without a word."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command

from orbita.accounts.models import User
from orbita.clients.models import Client, ClientStatus, StatusMove
from orbita.commerce import actions
from orbita.commerce.tests.conftest import line, sale
from orbita.core.models import Company, Event

pytestmark = pytest.mark.django_db


def step(client: Client) -> str:
    row = ClientStatus.objects.filter(client=client).first()
    return row.step if row else "recorded"


def ago(days: int) -> date:
    return Company.current().business_date() - timedelta(days=days)


def test_orders_lead_to_gold_and_platinum_and_a_cancelled_one_back(
    admin: User, client_of_alice: Client
) -> None:
    orders = []
    seen = []
    for days in (60, 30, 0):
        data = sale(client_of_alice, line("100"), ordered_on=ago(days))
        orders.append(actions.create_order(actor=admin, data=data))
        seen.append(step(client_of_alice))
    assert seen == ["bought", "bought", "regular"]
    actions.set_status(actor=admin, order=orders[-1], status="cancelled")
    assert step(client_of_alice) == "bought"
    moves = StatusMove.objects.filter(client=client_of_alice).order_by("pk")
    assert list(moves.values_list("was", "step", "orders")) == [
        ("recorded", "bought", 1),
        ("bought", "regular", 3),
        ("regular", "bought", 2),
    ]


def test_an_order_of_long_ago_makes_a_client_who_has_stopped(
    admin: User, client_of_alice: Client
) -> None:
    data = sale(client_of_alice, line("100"), ordered_on=ago(400))
    actions.create_order(actor=admin, data=data)
    assert step(client_of_alice) == "left_early"


def test_a_load_of_orders_sets_statuses_without_moves_or_events(
    admin: User, client_of_alice: Client
) -> None:
    rows = [
        sale(client_of_alice, line("100"), ordered_on=ago(10 * n), external_id=f"A-{n}")
        for n in range(4)
    ]
    loaded = actions.load_orders(rows, actor=admin, origin="file")
    assert len(loaded) == 4
    assert step(client_of_alice) == "regular"
    assert not StatusMove.objects.exists()
    assert not Event.objects.filter(kind="client.status_changed").exists()


def test_money_counts_in_the_minor_units_of_the_base_currency(
    admin: User, client_of_alice: Client
) -> None:
    data = sale(client_of_alice, line(str(Decimal(300_000))), ordered_on=ago(1))
    actions.create_order(actor=admin, data=data)
    assert ClientStatus.objects.get(client=client_of_alice).kind == "vip"


def test_the_report_names_every_client(
    admin: User, client_of_alice: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    data = sale(client_of_alice, line("100"), ordered_on=ago(1))
    actions.create_order(actor=admin, data=data)
    call_command("report", "status", "--format", "csv")
    head, row = capsys.readouterr().out.splitlines()
    assert head == "external_id,status,base_kind,since,changes_on,orders,last_order_on"
    name, status, kind, since, changes_on, orders, last = row.split(",")
    assert (name, status, kind, orders) == (f"#{client_of_alice.pk}", "bought", "active", "1")
    assert (since, last) == (ago(0).isoformat(), ago(1).isoformat())
    assert changes_on == ago(1 - 270).isoformat()
    call_command("report", "status", "--status", "regular", "--format", "csv")
    assert len(capsys.readouterr().out.splitlines()) == 1
