"""Cut points and sizes of the whole base in a few passes of plain SQL: no window functions.

Measured on 1M clients: docs/performance.md.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from math import sqrt
from typing import Any

from django.db import connection

from orbita.analytics.rfm.groups import group_at
from orbita.analytics.rfm.measure import Measured
from orbita.analytics.rfm.scoring import (
    Edges,
    Params,
    edges_of,
    ranks,
    recency_edges,
    score_amount,
)

SAMPLE = 20_000
# A base up to this size is sorted whole.
SMALL = 60_000
UNKNOWN = -1
# Days; further back a date cannot be counted on.
LONGEST = 36_600


@dataclass(frozen=True, slots=True)
class Cell:
    """Clients with the same three scores; f is None where the frequency is unknown."""

    r: int
    f: int | None
    m: int
    clients: int
    money: int


@dataclass(frozen=True)
class Summary:
    """The base cut into bands. Money is in minor units."""

    edges: Edges
    cells: tuple[Cell, ...] = field(default=())

    @property
    def clients(self) -> int:
        return sum(cell.clients for cell in self.cells)

    @property
    def money(self) -> int:
        return sum(cell.money for cell in self.cells)


def summarise(base: Measured, params: Params) -> Summary:
    """Cut points of the base and the number and money of clients in every cell."""
    bands, fixed = params.bands, params.fixed
    recency = fixed.get("recency") or _recency(base, bands)
    monetary = fixed.get("monetary") or _monetary(base, bands)
    # One pass gives both the orders to cut by and the sizes of cells.
    counted = _cells_by_frequency(base, recency, monetary)
    frequency = fixed.get("frequency") or _frequency(counted, bands)
    cells: dict[tuple[int, int | None, int], list[int]] = {}
    for (orders, r, m), (clients, money) in counted.items():
        f = None if orders is None else score_amount(orders, frequency)
        total = cells.setdefault((r, f, m), [0, 0])
        total[0] += clients
        total[1] += money
    return Summary(
        Edges(recency, frequency, monetary),
        tuple(
            Cell(r, f, m, clients, money)
            for (r, f, m), (clients, money) in sorted(
                cells.items(), key=lambda item: (item[0][0], item[0][1] or 0, item[0][2])
            )
        ),
    )


def _recency(base: Measured, bands: int) -> tuple[int, ...]:
    dates = base.rows("SELECT last_on, COUNT(*) FROM {base} GROUP BY last_on")
    return recency_edges([(base.days(day), count) for day, count in dates], bands)


def _frequency(counted: dict[tuple[int | None, int, int], Any], bands: int) -> tuple[int, ...]:
    orders: Counter[int] = Counter()
    for (value, _r, _m), (clients, _money) in counted.items():
        if value is not None:
            orders[value] += clients
    return edges_of(sorted(orders.items()), bands)


def _monetary(base: Measured, bands: int) -> tuple[int, ...]:
    """Exact values at the cuts: a sample says where to look, one pass counts and fetches there."""
    (total,) = base.rows("SELECT COUNT(*) FROM {base}")[0]
    if not total:
        return (0,) * (bands - 1)
    edges = _around_sample(base, total, bands) if total > SMALL else None
    if edges is None:
        edges = edges_of(_money_between(base, []), bands)
    return edges


def _around_sample(base: Measured, total: int, bands: int) -> tuple[int, ...] | None:
    step = max(2, total // SAMPLE)
    sample = sorted(
        row[0]
        for row in base.rows(
            "SELECT monetary FROM {base} WHERE client_id - client_id / %s * %s = 0", (step, step)
        )
    )
    if len(sample) < SAMPLE // 4:
        return None
    brackets = [_bracket(sample, share / bands) for share in range(1, bands)]
    below = ", ".join("SUM(CASE WHEN monetary < %s THEN 1 ELSE 0 END)" for _ in brackets)
    with connection.cursor() as cursor:
        # The parameters of the columns stand before those of the base.
        cursor.execute(
            f"SELECT {below} FROM ({base.sql}) AS base",  # noqa: S608 – own SQL
            (*(low for low, _high in brackets), *base.params),
        )
        passed = cursor.fetchone()
    inside = _money_between(base, brackets)
    values = [value for value, _count in inside]
    edges = []
    for rank, (low, high), before in zip(ranks(total, bands), brackets, passed, strict=True):
        value = _at_rank(inside, bisect_left(values, low), high, rank - int(before))
        if value is None:
            return None
        edges.append(value)
    return tuple(edges)


def _bracket(sample: Sequence[int], share: float) -> tuple[int, int]:
    """Values between which the quantile lies but for one chance in tens of thousands."""
    size = len(sample)
    spread = 4 * sqrt(size * share * (1 - share)) + 1
    low, high = int(size * share - spread), int(size * share + spread) + 1
    return sample[max(0, low)], sample[min(size - 1, high)]


def _money_between(base: Measured, brackets: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """(sum, how many clients) in rising order; within the brackets when there are any."""
    within = " OR ".join("monetary BETWEEN %s AND %s" for _ in brackets) or "1 = 1"
    counted = _grouped(
        f"SELECT monetary AS cell, 0 AS monetary FROM ({base.sql}) AS base WHERE {within}",  # noqa: S608
        (*base.params, *(edge for bracket in brackets for edge in bracket)),
    )
    return sorted((value, clients) for value, (clients, _sum) in counted.items())


def _at_rank(inside: Sequence[tuple[int, int]], start: int, high: int, rank: int) -> int | None:
    if rank < 1:
        return None
    for value, count in inside[start:]:
        if value > high:
            return None
        rank -= count
        if rank <= 0:
            return value
    return None


# ---- scores as SQL expressions ----


def recency_case(base_as_of: date, edges: Sequence[int]) -> tuple[str, list[Any]]:
    """The score of `last_on`; the days of the edges become dates."""
    top = len(edges) + 1
    whens = " ".join(f"WHEN last_on >= %s THEN {top - place}" for place in range(len(edges)))
    return f"CASE {whens} ELSE 1 END", [
        base_as_of - timedelta(days=min(max(-1, days), LONGEST)) for days in edges
    ]


def amount_case(column: str, edges: Sequence[int]) -> tuple[str, list[Any]]:
    whens = " ".join(f"WHEN {column} <= %s THEN {place + 1}" for place in range(len(edges)))
    return f"CASE {whens} ELSE {len(edges) + 1} END", list(edges)


def _cells_by_frequency(
    base: Measured, recency: Sequence[int], monetary: Sequence[int]
) -> dict[tuple[int | None, int, int], tuple[int, int]]:
    r, r_params = recency_case(base.as_of, recency)
    m, m_params = amount_case("monetary", monetary)
    sql = (
        f"SELECT COALESCE(frequency, {UNKNOWN}) * 100 + {r} * 10 + {m} AS cell, monetary"  # noqa: S608
        f" FROM ({base.sql}) AS base"
    )
    counted: dict[tuple[int | None, int, int], tuple[int, int]] = {}
    for cell, (clients, money) in _grouped(sql, (*r_params, *m_params, *base.params)).items():
        orders, scores = divmod(cell, 100)
        counted[None if orders == UNKNOWN else orders, *divmod(scores, 10)] = (clients, money)
    return counted


def _grouped(sql: str, params: Sequence[Any]) -> dict[int, tuple[int, int]]:
    """Key → (rows, sum) of a SELECT of (key, money)."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            # It groups by sorting; adding up as rows come is 2.1 times as fast on a million.
            cursor.execute(sql, params)
            clients: dict[int, int] = defaultdict(int)
            sums: dict[int, int] = defaultdict(int)
            for key, money in cursor.cursor:
                clients[key] += 1
                sums[key] += money
            return {key: (clients[key], sums[key]) for key in clients}
        cursor.execute(
            f"SELECT cell, COUNT(*), SUM(monetary) FROM ({sql}) AS cells GROUP BY cell",  # noqa: S608
            params,
        )
        return {int(key): (count, int(money)) for key, count, money in cursor.fetchall()}


def scored_sql(base: Measured, edges: Edges) -> tuple[str, list[Any]]:
    """A SELECT of client_id, last_on, frequency, monetary, r, f, m, fm and "group" over the base."""
    r, r_params = recency_case(base.as_of, edges.recency)
    f, f_params = amount_case("frequency", edges.frequency)
    m, m_params = amount_case("monetary", edges.monetary)
    bands = len(edges.recency) + 1
    places = " ".join(
        f"WHEN {r_score * 10 + fm} THEN '{group_at(r_score, fm, bands).name}'"
        for r_score in range(1, bands + 1)
        for fm in range(1, bands + 1)
    )
    sql = (
        "SELECT client_id, last_on, frequency, monetary, r, f, m, fm,"  # noqa: S608 – own SQL
        f' CASE r * 10 + fm {places} END AS "group"'
        " FROM (SELECT client_id, last_on, frequency, monetary, r, f, m,"
        " CASE WHEN f IS NULL THEN m ELSE (f + m) / 2 END AS fm"
        f" FROM (SELECT client_id, last_on, frequency, monetary, {r} AS r,"
        f" CASE WHEN frequency IS NULL THEN NULL ELSE {f} END AS f, {m} AS m"
        f" FROM ({base.sql}) AS base) AS scored) AS placed"
    )
    return sql, [*r_params, *f_params, *m_params, *base.params]
