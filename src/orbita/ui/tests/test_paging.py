"""Keyset pages against sorting in memory, with gaps and equal values."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orbita.core.models import Job
from orbita.ui.lists.paging import Cursor, Page, SortKey, dump, load, page_of

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = {
    "started_at": SortKey("started_at", nullable=True),
    "priority": SortKey("priority"),
    "id": SortKey("id"),
}


def make_jobs(days: list[int | None]) -> None:
    Job.objects.all().delete()
    Job.objects.bulk_create(
        Job(
            task="x",
            priority=(day or 0) % 3,
            enqueued_at=START,
            run_after=START,
            started_at=None if day is None else START + timedelta(days=day, microseconds=7),
        )
        for day in days
    )


def expected(name: str, descending: bool) -> list[int]:
    """Ids in order: rows without a value last in either direction, ties by id."""
    rows = list(Job.objects.values_list("pk", name))
    some = sorted((row for row in rows if row[1] is not None), key=lambda row: (row[1], row[0]))
    none = sorted(row for row in rows if row[1] is None)
    if descending:
        some.reverse()
        none.reverse()
    return [row[0] for row in some + none]


def turn(name: str, descending: bool, size: int, cursor: Cursor | None) -> Page:
    if cursor is not None:
        cursor = load(dump(cursor, name), name)  # as it travels in an address
    return page_of(Job.objects.all(), KEYS[name], descending=descending, size=size, cursor=cursor)


def ids(page: Page) -> list[int]:
    return [item.pk for item in page.items]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    days=st.lists(st.one_of(st.none(), st.integers(0, 4)), max_size=13),
    name=st.sampled_from(sorted(KEYS)),
    descending=st.booleans(),
    size=st.integers(1, 5),
)
def test_pages_forward_and_back_give_every_row_once_in_order(
    days: list[int | None], name: str, descending: bool, size: int
) -> None:
    make_jobs(days)
    whole = expected(name, descending)
    forward: list[int] = []
    page = turn(name, descending, size, None)
    while True:
        assert page.position == len(forward) + 1
        forward += ids(page)
        if page.next is None:
            break
        page = turn(name, descending, size, page.next)
    assert forward == whole
    back = ids(page)
    while page.previous is not None:
        page = turn(name, descending, size, page.previous)
        back = ids(page) + back
    assert back[-len(whole) :] == whole if whole else back == []
    assert page.position == 1


def test_a_page_continues_where_it_stopped_though_rows_came_and_went() -> None:
    make_jobs([1, 2, 3, 4, 5, 6])
    first = turn("started_at", False, 3, None)
    Job.objects.filter(pk=ids(first)[-1]).delete()
    make = Job(task="x", enqueued_at=START, run_after=START, started_at=START)
    make.save()
    second = turn("started_at", False, 3, first.next)
    assert [item.started_at.day for item in second.items] == [5, 6, 7]


def test_a_cursor_that_was_made_up_or_belongs_to_another_order_is_refused() -> None:
    good = dump(Cursor(False, False, 1, 1, 26), "clients:-name")
    assert load(good, "clients:name") is None
    assert load(good[:-2] + "xx", "clients:-name") is None
    assert load("zzz", "clients:-name") is None
    assert load(good, "clients:-name") == Cursor(False, False, 1, 1, 26)


def test_a_cursor_of_another_kind_of_value_begins_from_the_start() -> None:
    make_jobs([1, 2])
    strange = Cursor(False, False, "not a date", 1, 26)
    page = page_of(Job.objects.all(), KEYS["started_at"], descending=False, size=5, cursor=strange)
    assert (len(page.items), page.position) == (2, 1)


def explain(rows: Any) -> str:
    return str(rows.explain())


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the planner of PostgreSQL needs volume")
def test_a_deep_page_is_a_search_in_the_index_and_not_a_walk_through_it() -> None:
    from orbita.ui.lists.paging import _beyond

    make_jobs([1, 2, 3])
    cursor = Cursor(False, False, 1, 1, 26)
    rows = Job.objects.all()
    rows = rows.filter(_beyond(rows, SortKey("id"), cursor, ">")).order_by("id")
    assert "SEARCH" in explain(rows)
