"""Keeps every client's scores, and the totals that the page shows."""

from collections import Counter
from typing import Any

from django.db.models import Count
from django.utils import timezone

from orbita.analytics.actions.history import close_months
from orbita.analytics.actions.steps import Report, execute, id_ranges, short_transaction, silent
from orbita.analytics.models import RfmRun, RfmScore, RfmSettings
from orbita.analytics.rfm.compute import Summary, scored_sql, summarise
from orbita.analytics.rfm.measure import Measured, measured
from orbita.core.models import Company

# Of a whole calculation: the scores come first, since everybody looks at them.
SHARE_OF_SCORES = 0.6


def refresh(*, history: bool = False) -> RfmRun:
    """Calculates everything anew as of today: scores, then months that have ended since.

    `history` also recalculates the months before, as after an import of old orders or a change of
    settings. Safe to run again after being cut off anywhere.
    """
    with short_transaction():
        RfmRun.objects.update_or_create(
            pk=1, defaults={"started_at": timezone.now(), "progress": 0}
        )
    refresh_scores(report=lambda share: _report(share * SHARE_OF_SCORES))
    close_months(
        anew=history, report=lambda share: _report(SHARE_OF_SCORES + share * (1 - SHARE_OF_SCORES))
    )
    moves = _moves()
    with short_transaction():
        run = RfmRun.current()
        run.moves = moves
        run.progress = None
        run.save(update_fields=["moves", "progress"])
    return run


def _report(share: float) -> None:
    # Inside the caller's loop but outside its transactions: others see it move.
    RfmRun.objects.filter(pk=1).update(progress=min(99, int(share * 100)))


def refresh_scores(*, report: Report = silent) -> RfmRun:
    """Scores of all clients as of today's business date, and their totals."""
    settings, as_of = RfmSettings.current(), Company.current().business_date()
    params = settings.params
    with measured(as_of, params) as base:
        summary = summarise(base, params)
        _store(base, summary, report)
    moves = _moves()
    with short_transaction():
        run = RfmRun.current()
        run.as_of, run.computed_at = as_of, timezone.now()
        run.settings = settings.as_json()
        run.edges = {
            "recency": summary.edges.recency,
            "frequency": summary.edges.frequency,
            "monetary": summary.edges.monetary,
        }
        run.cells = [[cell.r, cell.f, cell.m, cell.clients, cell.money] for cell in summary.cells]
        run.moves = moves
        run.save()
    return run


_COLUMNS = 'last_on, frequency, monetary, r, f, m, fm, "group"'


def _store(base: Measured, summary: Summary, report: Report) -> None:
    scored, values = scored_sql(base, summary.edges)
    table = RfmScore._meta.db_table
    columns = [name.strip() for name in _COLUMNS.split(",")]
    taken = ", ".join(f"{column} = excluded.{column}" for column in columns)
    changed = " OR ".join(f"{table}.{column} <> excluded.{column}" for column in columns)
    unknown = " OR ".join(
        f"({table}.{c} IS NULL) <> (excluded.{c} IS NULL)" for c in ("frequency", "f")
    )
    upsert = (
        f"INSERT INTO {table} (client_id, {_COLUMNS}, was)"  # noqa: S608 – own names and numbers
        f" SELECT client_id, {_COLUMNS}, '' FROM ({scored}) AS ready"
        " WHERE client_id BETWEEN %s AND %s"
        # Most clients stay as they were from day to day: nothing is written for them.
        f" ON CONFLICT (client_id) DO UPDATE SET {taken} WHERE {changed} OR {unknown}"
    )
    gone = (
        f"DELETE FROM {table} WHERE client_id BETWEEN %s AND %s AND NOT EXISTS"  # noqa: S608
        f" (SELECT 1 FROM ({base.sql}) AS base WHERE base.client_id = {table}.client_id)"
    )
    for first, last in id_ranges(report):
        with short_transaction():
            execute(upsert, [*values, first, last])
            execute(gone, [first, last, *base.params])


def _moves() -> list[list[Any]]:
    """[group at the end of the last closed month, group now, clients], counted chunk by chunk.

    Read outside of any transaction: nobody waits for it.
    """
    clients: Counter[tuple[str, str]] = Counter()
    for first, last in id_ranges():
        chunk = RfmScore.objects.filter(pk__gte=first, pk__lte=last)
        rows = chunk.values_list("was", "group").annotate(n=Count("pk")).order_by()
        for was, group, count in rows:
            clients[was, group] += count
    return [[was, group, count] for (was, group), count in sorted(clients.items())]
