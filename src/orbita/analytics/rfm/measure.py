"""Recency, frequency and money of every client as one table of the database.

All time up to today is read from the clients' facts. Any other day or a period is summed from
orders into a temporary table. docs/rfm.md says what counts.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    Max,
    OuterRef,
    QuerySet,
    Sum,
    When,
)

from orbita.analytics.rfm.scoring import Params, start_of_period
from orbita.clients.models import Client, ClientFacts
from orbita.commerce.facts import COUNTED_SALE, RETURN, SALE
from orbita.commerce.models import OpeningBalance, Order
from orbita.core.models import Company

_TABLE = "rfm_measured"


@dataclass(frozen=True)
class Measured:
    """A SELECT of client_id, last_on, frequency (NULL when unknown) and monetary (minor units)."""

    sql: str
    params: tuple[Any, ...]
    as_of: date

    def rows(self, statement: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Runs a SELECT in which {base} stands for the measured table; `params` come after it."""
        with connection.cursor() as cursor:
            cursor.execute(statement.format(base=f"({self.sql}) AS base"), (*self.params, *params))
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows

    def days(self, last_on: Any) -> int:
        return (self.as_of - as_date(last_on)).days


def as_date(value: Any) -> date:
    """A date column of a raw query: SQLite gives its text."""
    return value if isinstance(value, date) else date.fromisoformat(value)


@contextmanager
def measured(as_of: date, params: Params) -> Iterator[Measured]:
    """The measured base; later purchases are ignored. The table is gone when the block ends."""
    if params.months is None and _facts_are_as_of(as_of):
        yield _from_facts(as_of, params)
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMPORARY TABLE {_TABLE} (client_id bigint PRIMARY KEY, last_on date,"
            " frequency integer, monetary bigint)"
        )
    try:
        _sum_orders(as_of, params)
        columns = f"SELECT client_id, last_on, frequency, monetary FROM {_TABLE}"  # noqa: S608
        yield Measured(columns, (), as_of)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE {_TABLE}")


def _facts_are_as_of(as_of: date) -> bool:
    """Whether the facts say what was known on that day: it is today and nothing is dated later."""
    if as_of != Company.current().business_date():
        return False
    if ClientFacts.objects.filter(last_order_on__gt=as_of).exists():
        return False
    # Nothing indexes business dates, but no zone is further than a day away from the moment.
    lately = datetime.combine(as_of, datetime.min.time(), Company.current().zone)
    return not Order.objects.filter(
        ordered_at__gte=lately - timedelta(days=1), business_date__gt=as_of
    ).exists()


def _from_facts(as_of: date, params: Params) -> Measured:
    known = Case(
        When(orders_known=True, then=F("orders_count")),
        default=None,
        output_field=IntegerField(null=True),
    )
    query = (
        ClientFacts.objects.filter(last_order_on__isnull=False)
        .exclude(client_id__in=_deleted())
        .values("client_id")
        .annotate(
            last_on=F("last_order_on"),
            frequency=known,
            monetary=F("gross") - F("returned") if params.net else F("gross"),
        )
    )
    sql, values = _compiled(query)
    return Measured(sql, values, as_of)


def _deleted() -> QuerySet[Client, int]:
    return Client.objects.filter(deleted_at__isnull=False).values_list("pk", flat=True)


def _sum_orders(as_of: date, params: Params) -> None:
    """Fills the temporary table: orders first, then the opening balances that still count."""
    after = start_of_period(as_of, params.months)
    # Counted orders alone: the covering index answers without the table.
    orders = Order.objects.filter(is_counted=True, client__isnull=False)
    orders = orders.filter(business_date__lte=as_of).exclude(client_id__in=_deleted())
    balances = OpeningBalance.objects.filter(last_on__lte=as_of).exclude(client_id__in=_deleted())
    if after:
        orders = orders.filter(business_date__gt=after)
        # A total that reaches back before the period cannot be divided: it is left out whole.
        balances = balances.filter(first_on__gt=after)
    returned = Sum("gross_base", filter=RETURN, default=0)
    gross = Sum("gross_base", filter=SALE, default=0)
    summed = orders.values("client_id").annotate(
        last_on=Max("business_date", filter=SALE),
        frequency=Count("kind", filter=SALE),
        monetary=gross - returned if params.net else gross,
    )
    replaced = Order.objects.filter(
        COUNTED_SALE, client_id=OuterRef("client_id"), business_date__lte=OuterRef("last_on")
    )
    totals = (
        balances.filter(~Exists(replaced))
        .values("client_id")
        .annotate(
            last=F("last_on"),
            frequency=F("orders_count"),
            monetary=F("total"),
        )
        .values_list("client_id", "last", "frequency", "monetary")
    )
    _insert(summed, "")
    # Orders that did not replace the total are all later than it.
    _insert(
        totals,
        f" ON CONFLICT (client_id) DO UPDATE SET"
        f" last_on = COALESCE({_TABLE}.last_on, excluded.last_on),"
        f" frequency = {_TABLE}.frequency + excluded.frequency,"
        f" monetary = {_TABLE}.monetary + excluded.monetary",
    )
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {_TABLE} WHERE last_on IS NULL")  # noqa: S608 – own name


def _insert(query: QuerySet[Any, Any], conflict: str) -> None:
    sql, values = _compiled(query)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_TABLE} (client_id, last_on, frequency, monetary) {sql}{conflict}",
            values,
        )


def _compiled(query: QuerySet[Any, Any]) -> tuple[str, tuple[Any, ...]]:
    sql, values = query.query.get_compiler(connection=connection).as_sql()
    return sql, tuple(values)
