"""Months of RFM: who moved from which group to which, counted as of each month's last day."""

from datetime import date, timedelta

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Count, Min
from django.utils import timezone

from orbita.analytics.actions.steps import Report, execute, id_ranges, short_transaction, silent
from orbita.analytics.models import RfmHistory, RfmMonth, RfmScore, RfmSettings
from orbita.analytics.rfm.compute import Summary, scored_sql, summarise
from orbita.analytics.rfm.groups import group_of
from orbita.analytics.rfm.measure import Measured, measured
from orbita.analytics.rfm.scoring import Params
from orbita.clients.models import ClientFacts
from orbita.core.models import Company

# How far back months are counted, and kept when they are counted anew.
MONTHS_BACK = 24


def close_months(*, anew: bool = False, report: Report = silent) -> int:
    """Counts the months that have ended and are not counted yet; `anew` counts all of them.

    Returns how many were counted. Afterwards every score knows its group at the last month's end.
    """
    params = RfmSettings.current().params
    months = _months_to_close(anew)
    for place, month in enumerate(months):
        _close(month, params, lambda share, done=place: report((done + share) / len(months)))  # type: ignore[misc]
    if months:
        _remember_groups()
    return len(months)


def _months_to_close(anew: bool) -> list[date]:
    current = Company.current().business_date().replace(day=1)
    earliest = _months_before(current, MONTHS_BACK)
    first = _first_purchase()
    start = max(earliest, first.replace(day=1)) if first else current
    if anew:
        with short_transaction():
            # What lies before was counted by other rules or from purchases that are gone.
            RfmMonth.objects.filter(month__lt=start).delete()
            RfmHistory.objects.filter(month__lt=start)._raw_delete(DEFAULT_DB_ALIAS)
    else:
        counted = RfmMonth.objects.order_by("-month").values_list("month", flat=True).first()
        if counted:
            start = max(start, next_month(counted))
    months = []
    while start < current:
        months.append(start)
        start = next_month(start)
    return months


def _first_purchase() -> date | None:
    first: date | None = ClientFacts.objects.aggregate(first=Min("first_order_on"))["first"]
    return first


def next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _months_before(month: date, count: int) -> date:
    year, number = divmod(month.year * 12 + month.month - 1 - count, 12)
    return date(year, number + 1, 1)


def _close(month: date, params: Params, report: Report) -> None:
    as_of = next_month(month) - timedelta(days=1)
    with measured(as_of, params) as base:
        summary = summarise(base, params)
        _store_moves(month, base, summary, report)
    with short_transaction():
        moves = (
            RfmHistory.objects.filter(month=month)
            .values_list("was", "group")
            .annotate(clients=Count("pk"))
            .order_by("was", "group")
        )
        RfmMonth.objects.update_or_create(
            month=month,
            defaults={
                "edges": {
                    "recency": summary.edges.recency,
                    "frequency": summary.edges.frequency,
                    "monetary": summary.edges.monetary,
                },
                "groups": sizes(summary, params.bands),
                "moves": [list(move) for move in moves],
                "computed_at": timezone.now(),
            },
        )


def sizes(summary: Summary, bands: int) -> dict[str, list[int]]:
    """Group → [clients, money]."""
    groups: dict[str, list[int]] = {}
    for cell in summary.cells:
        total = groups.setdefault(group_of(cell.r, cell.f, cell.m, bands).name, [0, 0])
        total[0] += cell.clients
        total[1] += cell.money
    return groups


def _store_moves(month: date, base: Measured, summary: Summary, report: Report) -> None:
    scored, values = scored_sql(base, summary.edges)
    table = RfmHistory._meta.db_table
    # The group before: the last move of an earlier month.
    before = (
        f'COALESCE((SELECT h."group" FROM {table} h WHERE h.client_id = {{client}}'  # noqa: S608
        " AND h.month < %s ORDER BY h.month DESC LIMIT 1), '')"
    )
    moved = (
        f'INSERT INTO {table} (client_id, month, was, "group")'  # noqa: S608 – own names
        ' SELECT client_id, %s, was, "group" FROM (SELECT ready.client_id,'
        f' {before.format(client="ready.client_id")} AS was, ready."group" AS "group"'
        f" FROM ({scored}) AS ready WHERE ready.client_id BETWEEN %s AND %s) AS pairs"
        ' WHERE was <> "group"'
    )
    left = (
        f'INSERT INTO {table} (client_id, month, was, "group")'  # noqa: S608 – own names
        " SELECT client_id, %s, was, '' FROM (SELECT known.client_id,"
        f" {before.format(client='known.client_id')} AS was"
        f" FROM (SELECT DISTINCT client_id FROM {table} WHERE client_id BETWEEN %s AND %s"
        " AND month < %s) AS known WHERE NOT EXISTS"
        f" (SELECT 1 FROM ({base.sql}) AS base WHERE base.client_id = known.client_id)) AS pairs"
        " WHERE was <> ''"
    )
    for first, last in id_ranges(report):
        with short_transaction():
            RfmHistory.objects.filter(
                month=month, client_id__gte=first, client_id__lte=last
            )._raw_delete(DEFAULT_DB_ALIAS)
            execute(moved, [month, month, *values, first, last])
            execute(left, [month, month, first, last, month, *base.params])


def _remember_groups() -> None:
    """Writes into every score the group its client had at the end of the last closed month."""
    scores, history = RfmScore._meta.db_table, RfmHistory._meta.db_table
    before = (
        f'COALESCE((SELECT h."group" FROM {history} h WHERE h.client_id = {scores}.client_id'  # noqa: S608
        " ORDER BY h.month DESC LIMIT 1), '')"
    )
    for first, last in id_ranges():
        with short_transaction():
            execute(
                f"UPDATE {scores} SET was = {before}"  # noqa: S608 – own names
                f" WHERE client_id BETWEEN %s AND %s AND was <> {before}",
                [first, last],
            )
