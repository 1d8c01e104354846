"""A small shop for tests: clients, purchases, returns and totals, with their facts kept."""

from datetime import date, datetime, time
from itertools import count

from django.db import transaction

from orbita.accounts.models import User
from orbita.clients.facts import refresh
from orbita.clients.models import Client
from orbita.commerce.models import OpeningBalance, Order
from orbita.core.models import Company

_number = count(1)


def client(name: str = "Anna", responsible: User | None = None) -> Client:
    return Client.objects.create(name=name, name_key=name.lower(), responsible=responsible)


def buy(
    who: Client, day: date, roubles: float, *, kind: str = "sale", status: str = "done"
) -> None:
    minor = round(roubles * 100)
    order = Order(
        kind=kind,
        number=str(next(_number)),
        client=who,
        business_date=day,
        ordered_at=datetime.combine(day, time(12), Company.current().zone),
        status=status,
        total=minor,
        gross_base=minor,
        is_counted=status != "cancelled" and minor > 0,
    )
    with transaction.atomic():
        order.save()
        refresh([who.pk])


def give_back(who: Client, day: date, roubles: float) -> None:
    buy(who, day, roubles, kind="return")


def total(
    who: Client, roubles: float, *, first: date | None, last: date | None, orders: int | None = None
) -> None:
    with transaction.atomic():
        OpeningBalance.objects.create(
            client=who,
            total=round(roubles * 100),
            first_on=first,
            last_on=last,
            orders_count=orders,
        )
        refresh([who.pk])
