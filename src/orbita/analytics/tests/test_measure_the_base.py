from collections import Counter
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from orbita.analytics.rfm import compute
from orbita.analytics.rfm.compute import summarise
from orbita.analytics.rfm.measure import as_date, measured
from orbita.analytics.rfm.scoring import Edges, Params, edges_of, recency_edges, score
from orbita.analytics.tests.shop import buy, client, give_back, total
from orbita.core.models import Company

pytestmark = pytest.mark.django_db
Rows = dict[int, tuple[date, int | None, int]]


def today() -> date:
    return Company.current().business_date()


def rows(as_of: date, **params: Any) -> Rows:
    with measured(as_of, Params(**params)) as base:
        found = base.rows("SELECT client_id, last_on, frequency, monetary FROM {base}")
    return {pk: (as_date(last), frequency, int(money)) for pk, last, frequency, money in found}


def test_only_clients_who_bought_are_measured() -> None:
    client("Never")
    refused, anna = client("Refused"), client()
    buy(refused, today(), 100, status="cancelled")
    buy(anna, date(2026, 1, 5), 100)
    buy(anna, date(2026, 2, 5), 50)
    assert rows(today()) == {anna.pk: (date(2026, 2, 5), 2, 15_000)}


def test_returns_count_only_when_asked_for() -> None:
    anna = client()
    buy(anna, date(2026, 1, 5), 100)
    give_back(anna, date(2026, 1, 20), 30)
    assert rows(today())[anna.pk][2] == 10_000
    assert rows(today(), net=True)[anna.pk][2] == 7_000
    assert rows(date(2026, 1, 10), net=True)[anna.pk][2] == 10_000


def test_an_earlier_day_ignores_what_came_later() -> None:
    anna, boris = client(), client("Boris")
    buy(anna, date(2026, 1, 5), 100)
    buy(anna, date(2026, 3, 5), 900)
    buy(boris, date(2026, 3, 6), 10)
    assert rows(date(2026, 2, 1)) == {anna.pk: (date(2026, 1, 5), 1, 10_000)}


def test_a_purchase_dated_ahead_does_not_count_today() -> None:
    anna = client()
    buy(anna, date(2026, 1, 5), 100)
    buy(anna, today() + timedelta(days=3), 900)
    assert rows(today()) == {anna.pk: (date(2026, 1, 5), 1, 10_000)}


def test_a_period_counts_only_its_own_purchases() -> None:
    anna, boris = client(), client("Boris")
    buy(anna, date(2024, 1, 5), 100)
    buy(anna, date(2026, 1, 5), 20)
    buy(boris, date(2024, 1, 5), 100)
    assert rows(date(2026, 2, 1), months=12) == {anna.pk: (date(2026, 1, 5), 1, 2_000)}


def test_deleted_clients_are_not_in_the_base() -> None:
    anna = client()
    buy(anna, date(2026, 1, 5), 100)
    anna.deleted_at = timezone.now()
    anna.save()
    assert rows(today()) == rows(date(2026, 2, 1)) == {}


def test_totals_count_until_orders_of_their_time_arrive() -> None:
    known, unknown, later, replaced, undated = (client(name) for name in "KULRN")
    total(known, 500, first=date(2025, 1, 1), last=date(2025, 6, 1), orders=4)
    total(unknown, 500, first=None, last=date(2025, 6, 1))
    total(later, 500, first=date(2025, 1, 1), last=date(2025, 6, 1), orders=4)
    buy(later, date(2025, 7, 1), 50)
    total(replaced, 500, first=date(2025, 1, 1), last=date(2025, 6, 1), orders=4)
    buy(replaced, date(2025, 5, 1), 50)
    total(undated, 500, first=None, last=None)
    expected = {
        known.pk: (date(2025, 6, 1), 4, 50_000),
        unknown.pk: (date(2025, 6, 1), None, 50_000),
        later.pk: (date(2025, 7, 1), 5, 55_000),
        replaced.pk: (date(2025, 5, 1), 1, 5_000),
    }
    assert rows(today()) == expected
    assert rows(today() - timedelta(days=1)) == expected
    assert rows(date(2025, 6, 15)) == expected | {later.pk: (date(2025, 6, 1), 4, 50_000)}
    # A total cannot be divided: one that ends later, or reaches back before the period, is out.
    assert set(rows(date(2025, 5, 15))) == {replaced.pk}
    assert set(rows(date(2025, 12, 1), months=10)) == {later.pk, replaced.pk}


def make_shop(clients: int = 90) -> None:
    random, start = Random(7), today() - timedelta(days=700)
    for place in range(clients):
        who = client(f"Client {place}")
        for _ in range(random.choice((0, 1, 1, 1, 2, 3, 8))):
            buy(
                who,
                start + timedelta(days=random.randrange(700)),
                random.choice((10, 10, 99.5, 640)),
            )
        if place % 9 == 0:
            give_back(who, start + timedelta(days=random.randrange(700)), 5)
        if place % 11 == 0:
            total(
                who,
                random.randrange(5, 500),
                first=start - timedelta(days=90),
                last=start + timedelta(days=random.randrange(60)),
                orders=random.choice((None, 3)),
            )


def naive(measured_rows: Rows, as_of: date, bands: int) -> tuple[Edges, Counter[Any]]:
    values = list(measured_rows.values())

    def cut(column: int) -> tuple[int, ...]:
        known = Counter(row[column] for row in values if row[column] is not None)
        return edges_of(sorted(known.items()), bands)  # type: ignore[arg-type]

    days = Counter((as_of - last).days for last, _frequency, _money in values)
    edges = Edges(recency_edges(days.items(), bands), cut(1), cut(2))
    cells: Counter[Any] = Counter()
    for last, frequency, money in values:
        scores = score((as_of - last).days, frequency, money, edges)
        cells[scores.r, scores.f, scores.m] += 1
    return edges, cells


@pytest.mark.parametrize("sampled", [False, True])
def test_the_database_cuts_and_counts_like_plain_python(
    sampled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_shop()
    if sampled:
        monkeypatch.setattr(compute, "SMALL", 10)
        monkeypatch.setattr(compute, "SAMPLE", 30)
    for as_of in (today(), today() - timedelta(days=200)):
        for params in ({}, {"net": True}, {"months": 9}, {"bands": 3}, {"bands": 6}):
            edges, cells = naive(rows(as_of, **params), as_of, params.get("bands", 5))
            with measured(as_of, Params(**params)) as base:
                summary = summarise(base, Params(**params))
                sql, values = compute.scored_sql(base, summary.edges)
                written = Counter(
                    (r, f, m)
                    for _pk, _last, _freq, _money, r, f, m, _fm, _group in base_rows(sql, values)
                )
            assert summary.edges == edges
            assert {(c.r, c.f, c.m): c.clients for c in summary.cells} == cells == written


def base_rows(sql: str, values: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def test_facts_and_orders_say_the_same_of_today(monkeypatch: pytest.MonkeyPatch) -> None:
    make_shop()
    for net in (False, True):
        from_facts = rows(today(), net=net)
        with monkeypatch.context() as patch:
            patch.setattr("orbita.analytics.rfm.measure._facts_are_as_of", lambda as_of: False)
            assert rows(today(), net=net) == from_facts


def test_cut_points_set_by_hand_override_those_of_the_base() -> None:
    make_shop(30)
    params = Params(fixed={"monetary": (1_000, 2_000, 9_950, 64_000), "recency": (1, 2, 3, 4)})
    with measured(today(), params) as base:
        edges = summarise(base, params).edges
    assert edges.monetary == (1_000, 2_000, 9_950, 64_000)
    assert edges.recency == (1, 2, 3, 4)


def test_an_empty_base_has_no_cells() -> None:
    with measured(today(), Params()) as base:
        assert summarise(base, Params()).cells == ()
