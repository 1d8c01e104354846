"""A crowd at work on one base: run by the test as processes of their own."""

import json
import sys
from contextlib import suppress
from datetime import date
from random import Random
from typing import Any

CLIENTS = 6


def set_up() -> Any:
    from orbita.accounts.models import Role, User
    from orbita.clients.actions import create_client
    from orbita.clients.contacts import read_contact

    role = Role.objects.get(key="administrator")
    actor = User.objects.create_user("crowd@example.org", "сложный пароль", name="Ada", role=role)
    for number in range(CLIENTS):
        create_client(
            actor=actor,
            values={"name": f"Соколова Ирина {number}"},
            contacts=[
                read_contact("phone", "+79000001427"),
                read_contact("phone", f"+7900000143{number}"),
            ],
            tags=["опт"],
        )
    return CLIENTS


def work(seed: int, rounds: int) -> Any:
    """Random deeds with cards fetched beforehand; returns how many of each came through."""
    from django.core.exceptions import ValidationError

    worker = _Worker(Random(seed))
    done = dict.fromkeys(worker.deeds, 0)
    for _round in range(rounds):
        name = worker.rng.choice(list(worker.deeds))
        with suppress(ValidationError):
            done[name] += worker.deeds[name]()
    return done


class _Worker:
    def __init__(self, rng: Random) -> None:
        from orbita.accounts.models import User

        self.rng = rng
        self.actor = User.objects.get(email="crowd@example.org")
        self.deeds = {
            "note": self.note,
            "order": self.order,
            "contact": self.contact,
            "field": self.field,
            "reorder": self.reorder,
            "merge": self.merge,
            "undo": self.undo,
        }

    def client(self) -> Any:
        from orbita.clients.models import Client

        return self.rng.choice(list(Client.objects.alive()))

    def note(self) -> int:
        from orbita.clients.actions import add_note

        kind = self.rng.choice(["note", "call"])
        add_note(actor=self.actor, client=self.client(), text="сказал", kind=kind)
        return 1

    def order(self) -> int:
        from orbita.commerce.actions import create_order

        create_order(actor=self.actor, data=self._data(self.client().pk))
        return 1

    def reorder(self) -> int:
        from orbita.commerce.actions import update_order
        from orbita.commerce.models import Order

        orders = list(Order.objects.all())
        if not orders:
            return 0
        order = self.rng.choice(orders)
        update_order(actor=self.actor, order=order, data=self._data(order.client_id))
        return 1

    def _data(self, client_id: int | None) -> Any:
        from orbita.commerce.records import LineData, OrderData

        price = self.rng.randint(1, 90) * 10_000
        return OrderData(
            client_id=client_id,
            ordered_on=date(2025, 3, 1),
            lines=[LineData(name="Лак", quantity=1000, price=price)],
        )

    def contact(self) -> int:
        from orbita.clients.actions import add_contact

        number = f"+7900{self.rng.randrange(10**7):07}"
        add_contact(actor=self.actor, client=self.client(), kind="phone", value=number)
        return 1

    def field(self) -> int:
        from orbita.clients.actions import update_client

        values = {"position": f"повар {self.rng.randrange(1000)}"}
        return int(update_client(actor=self.actor, client=self.client(), values=values) is not None)

    def merge(self) -> int:
        from orbita.clients.actions import merge_clients

        keep, drop = self.client(), self.client()
        merge_clients(actor=self.actor, keep=keep, drop=drop)
        return 1

    def undo(self) -> int:
        from orbita.clients.actions import undo_merge
        from orbita.clients.models import Merge

        standing = list(Merge.objects.filter(undone_at=None))
        if not standing:
            return 0
        undo_merge(actor=self.actor, merge=self.rng.choice(standing))
        return 1


def look() -> Any:
    """What stands in the base, and whether all of it stands on cards that people see."""
    from orbita.clients import facts
    from orbita.clients.models import Client, ClientFacts, ContactPoint, Note
    from orbita.commerce.models import Order

    alive = ClientFacts.objects.filter(client__deleted_at=None)
    hidden = {"client__deleted_at__isnull": False}
    return {
        "clients": Client.objects.alive().count(),
        "notes": Note.objects.count(),
        "orders": Order.objects.count(),
        "contacts": ContactPoint.objects.values("key").distinct().count(),
        "hidden notes": Note.objects.filter(**hidden).count(),
        "hidden orders": Order.objects.filter(**hidden).count(),
        "facts that differ": len(list(facts.compare())),
        "bought": sum(alive.values_list("gross", flat=True)),
        "sold": sum(Order.objects.values_list("gross_base", flat=True)),
        "cards without a main phone": Client.objects.alive()
        .filter(contacts__kind="phone")
        .exclude(contacts__in=ContactPoint.objects.filter(kind="phone", is_main=True))
        .count(),
    }


def part() -> Any:
    """Takes every merge back."""
    from orbita.accounts.models import User
    from orbita.clients.actions import undo_merges_of
    from orbita.clients.models import Client

    actor = User.objects.get(email="crowd@example.org")
    ids = list(Client.objects.values_list("pk", flat=True))
    return undo_merges_of(actor=actor, client_ids=ids)


if __name__ == "__main__":
    import django

    django.setup()
    _name, deed, *numbers = sys.argv
    deeds = {"set_up": set_up, "work": work, "look": look, "part": part}
    sys.stdout.write(json.dumps(deeds[deed](*map(int, numbers))))  # type: ignore[operator]
