"""However orders come and go, the kept facts equal what the orders say."""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from io import StringIO
from random import Random

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import close_old_connections, connection, transaction

from orbita.accounts.models import User
from orbita.clients import facts
from orbita.clients.models import Client, ClientFacts
from orbita.clients.status import keeping
from orbita.commerce import actions
from orbita.commerce.actions.balances import BalanceData
from orbita.commerce.models import Order
from orbita.commerce.records import OrderData
from orbita.commerce.tests.conftest import line, sale


class Shop:
    """Does things at random to the orders of a few clients."""

    def __init__(self, seed: int, actor: User, clients: list[Client]) -> None:
        self.rng, self.actor, self.clients = Random(seed), actor, clients
        self.loaded: dict[int, int] = {}

    def step(self) -> None:
        deed = self.rng.choice(
            [self.make, self.make, self.load, self.change, self.cancel, self.delete, self.restore,
             self.back, self.balance, self.unload, self.reopen]
        )  # fmt: skip
        with suppress(ValidationError), transaction.atomic():
            deed()

    def data(self) -> OrderData:
        rng = self.rng
        lines = [
            line(str(rng.randint(0, 500) / 100), str(rng.randint(1, 5000) / 1000))
            for _n in range(rng.randint(1, 3))
        ]
        return sale(
            rng.choice([*self.clients, None]),
            *lines,
            kind=rng.choice(["sale", "sale", "return"]),
            ordered_on=date(2026, 1, 1) + timedelta(days=rng.randint(0, 60)),
        )

    def any(self) -> Order:
        found = list(Order.objects.order_by("pk"))
        if not found:
            raise ValidationError("nothing yet")
        return self.rng.choice(found)

    def make(self) -> None:
        actions.create_order(actor=self.actor, data=self.data())

    def load(self) -> None:
        rows = [self.data() for _n in range(3)]
        for row in rows:
            row.external_id = str(self.rng.randint(1, 9))
        mode = self.rng.choice(["fill", "overwrite"])
        for one in actions.load_orders(rows, actor=self.actor, origin="file", on_match=mode):
            if one.outcome == "created":
                self.loaded[one.order_id or 0] = one.version

    def change(self) -> None:
        actions.update_order(actor=self.actor, order=self.any(), data=self.data())

    def cancel(self) -> None:
        actions.cancel_order(actor=self.actor, order=self.any())

    def reopen(self) -> None:
        actions.set_status(actor=self.actor, order=self.any(), status="done")

    def delete(self) -> None:
        actions.delete_order(actor=self.actor, order=self.any())

    def restore(self) -> None:
        actions.restore_order(actor=self.actor, order=self.any())

    def back(self) -> None:
        actions.create_return(actor=self.actor, order=self.any())

    def balance(self) -> None:
        client = self.rng.choice(self.clients)
        if self.rng.random() < 0.3:
            actions.remove_opening_balance(actor=self.actor, client=client)
            return
        data = BalanceData(
            client_id=client.pk,
            total=self.rng.randint(0, 10**6),
            orders_count=self.rng.choice([None, 3]),
            last_on=self.rng.choice([None, date(2026, 1, 15)]),
        )
        actions.set_opening_balance(actor=self.actor, client=client, data=data)

    def unload(self) -> None:
        actions.unload_orders(self.loaded, actor=self.actor)
        self.loaded = {}


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(6))
def test_facts_equal_their_sources_after_any_sequence_of_deeds(
    seed: int, admin: User, make_client: Callable[..., Client]
) -> None:
    clients = [make_client(name) for name in ("Анна", "Олег", "Ирина")]
    with transaction.atomic():
        facts.refresh(client.pk for client in clients)
    shop = Shop(seed, admin, clients)
    for _n in range(40):
        shop.step()
        assert list(facts.compare()) == []
        assert list(keeping.differences()) == []
    for client in clients:
        orders = Order.objects.filter(client=client, is_counted=True, kind="sale")
        assert all(order.deleted_at is None and order.status != "cancelled" for order in orders)


@pytest.mark.django_db
def test_rebuild_facts_proves_equality_and_mends_what_differs(
    admin: User, client_of_alice: Client
) -> None:
    actions.create_order(actor=admin, data=sale(client_of_alice, line("100")))
    out = StringIO()
    call_command("rebuild_facts", check=True, stdout=out)
    assert out.getvalue().strip() == "1 clients checked, 0 differed"
    ClientFacts.objects.update(gross=1)
    with pytest.raises(CommandError):
        call_command("rebuild_facts", check=True, stdout=StringIO())
    assert ClientFacts.objects.get().gross == 1
    call_command("rebuild_facts", stdout=out)
    assert out.getvalue().strip().endswith("1 clients checked, 1 differed")
    assert ClientFacts.objects.get().gross == 100_00


@pytest.mark.django_db
def test_totals_count_until_real_orders_of_the_same_time_arrive(
    admin: User, client_of_alice: Client
) -> None:
    data = BalanceData(
        client_id=client_of_alice.pk,
        total=5000_00,
        first_on=date(2025, 1, 1),
        last_on=date(2025, 6, 1),
    )
    actions.set_opening_balance(actor=admin, client=client_of_alice, data=data)
    known = ClientFacts.objects.get()
    assert (known.gross, known.orders_known, known.average) == (5000_00, False, None)
    assert known.last_order_on == date(2025, 6, 1)
    later = actions.create_order(
        actor=admin, data=sale(client_of_alice, line("100"), ordered_on=date(2026, 1, 1))
    )
    assert ClientFacts.objects.get().gross == 5100_00
    actions.update_order(
        actor=admin,
        order=later,
        data=sale(client_of_alice, line("100"), ordered_on=date(2025, 5, 1)),
    )
    assert ClientFacts.objects.get().gross == 100_00
    actions.remove_opening_balance(actor=admin, client=client_of_alice)
    assert ClientFacts.objects.get().gross == 100_00


@pytest.mark.skipif(
    connection.vendor == "sqlite", reason="SQLite has one writer at a time by nature"
)
@pytest.mark.django_db(transaction=True)
def test_two_orders_saved_at_the_same_moment_both_count(
    admin: User, client_of_alice: Client
) -> None:
    together = threading.Barrier(4)

    def buy() -> None:
        together.wait()
        actions.create_order(actor=admin, data=sale(client_of_alice, line("100")))
        connection.close()

    threads = [threading.Thread(target=buy) for _n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    close_old_connections()
    assert ClientFacts.objects.get(client=client_of_alice).gross == 400_00
    assert not list(facts.compare())
