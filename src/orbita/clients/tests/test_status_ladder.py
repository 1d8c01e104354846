"""What a client is by the facts: the published rule, with its numbers and its precedence."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbita.clients.status.ladder import (
    KINDS,
    MARKS,
    PRECEDENCE,
    RECORDED,
    Known,
    Numbers,
    Rules,
    judge,
)

TODAY = date(2026, 11, 23)
RULES = Rules()


def buyer(orders: int, every: int, silent: int, **more: object) -> Known:
    """So many orders, one in `every` days, the last `silent` days ago."""
    last = TODAY - timedelta(days=silent)
    return Known(
        orders=orders,
        gross=orders * 1000_00,
        first_on=last - timedelta(days=every * (orders - 1)),
        last_on=last,
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("known", "step"),
    [
        (Known(), "recorded"),
        (Known(is_company=True), "recorded"),
        (Known(is_company=True, contacted_on=TODAY), "no_decider"),
        (Known(is_company=True, decided=False), "no_decider"),
        (Known(is_company=True, decided=True), "recorded"),
        (Known(contacted_on=TODAY), "recorded"),
        (Known(marks=frozenset(["offer"])), "offer"),
        (Known(is_company=True, decided=False, marks=frozenset(["offer"])), "offer"),
        (Known(marks=frozenset(["offer", "mailings"])), "mailings"),
        (Known(marks=frozenset(["offer", "mailings", "asked"])), "asked"),
        (Known(marks=frozenset(["asked", "refused"])), "refused"),
        (buyer(1, 0, 10), "bought"),
        (buyer(2, 30, 10), "bought"),
        (buyer(2, 30, 10, marks=frozenset(["refused"])), "bought"),
        (Known(orders_known=False, gross=500_00), "bought"),
        (buyer(3, 30, 10), "regular"),
        (buyer(50, 7, 10), "regular"),
    ],
)
def test_each_step_has_its_condition(known: Known, step: str) -> None:
    assert judge(known, RULES, TODAY).step == step


@pytest.mark.parametrize(
    ("known", "step"),
    [
        # Three own intervals of 30 days.
        (buyer(4, 30, 89), "regular"),
        (buyer(4, 30, 90), "left_early"),
        (buyer(5, 30, 90), "left_early"),
        (buyer(6, 30, 89), "regular"),
        (buyer(6, 30, 90), "left_long"),
        # A year together makes the work long, however few the orders were.
        (buyer(2, 365, 1094), "bought"),
        (buyer(2, 365, 1095), "left_long"),
        (buyer(2, 364, 1092), "left_early"),
        # One order has no interval of its own: the usual one stands in.
        (buyer(1, 0, 269), "bought"),
        (buyer(1, 0, 270), "left_early"),
        (buyer(3, 0, 270), "left_early"),
        # Two orders on two days do not make a client leave in three.
        (buyer(2, 1, 41), "bought"),
        (buyer(2, 1, 42), "left_early"),
    ],
)
def test_stopped_means_silent_for_three_own_intervals(known: Known, step: str) -> None:
    assert judge(known, RULES, TODAY).step == step


@pytest.mark.parametrize(
    ("known", "kind"),
    [
        (Known(), "potential"),
        (Known(contacted_on=TODAY - timedelta(days=89)), "working"),
        (Known(contacted_on=TODAY - timedelta(days=90)), "potential"),
        (buyer(1, 0, 10), "active"),
        (buyer(3, 30, 10), "regular"),
        (buyer(3, 30, 90), "potential"),
        (buyer(3, 30, 90, contacted_on=TODAY), "working"),
        (buyer(6, 72, 10), "regular"),
        (buyer(6, 73, 10), "partner"),
        (replace(buyer(2, 30, 1), gross=300_000_00), "vip"),
        (replace(buyer(2, 30, 1), gross=300_000_00, returned=1), "active"),
        (replace(buyer(2, 30, 1), gross=1_000_000_00), "vip"),
        (replace(buyer(2, 30, 1), gross=1_000_000_00, is_company=True), "key"),
        (buyer(9, 60, 1, dead="dead_good"), "dead_good"),
        (buyer(9, 60, 1, dead="dead_now"), "dead_now"),
    ],
)
def test_each_base_kind_has_its_condition(known: Known, kind: str) -> None:
    assert judge(known, RULES, TODAY).kind == kind


def test_other_numbers_make_other_statuses() -> None:
    rules = Rules(Numbers(regular_from=5, intervals=2, long_from=4))
    assert judge(buyer(4, 30, 10), rules, TODAY).step == "bought"
    assert judge(buyer(4, 30, 60), rules, TODAY).step == "left_long"


def test_the_order_of_precedence_decides_between_two_that_hold() -> None:
    known = buyer(1, 0, 10, marks=frozenset(["refused"]))
    first = ("refused", *(name for name in PRECEDENCE if name != "refused"))
    assert judge(known, RULES, TODAY).step == "bought"
    assert judge(known, Rules(precedence=first), TODAY).step == "refused"


def test_rules_survive_being_stored_and_unknown_parts_do_no_harm() -> None:
    rules = Rules(Numbers(regular_from=4), tuple(reversed(PRECEDENCE)))
    assert Rules.from_json(rules.as_json()) == rules
    odd = {"numbers": {"gone": 1, "long_from": 9}, "precedence": ["gone", "offer"]}
    read = Rules.from_json(odd)
    assert read.numbers == Numbers(long_from=9)
    assert read.precedence[0] == "offer"
    assert sorted(read.precedence) == sorted(PRECEDENCE)


days = st.integers(0, 2000)


@given(
    orders=st.integers(0, 20),
    span=days,
    silent=days,
    contact=st.none() | days,
    marks=st.frozensets(st.sampled_from(MARKS)),
    is_company=st.booleans(),
    decided=st.none() | st.booleans(),
    gross=st.integers(0, 2_000_000_00),
)
def test_nothing_changes_by_time_before_the_day_that_was_told(
    orders: int,
    span: int,
    silent: int,
    contact: int | None,
    marks: frozenset[str],
    is_company: bool,
    decided: bool | None,
    gross: int,
) -> None:
    last = TODAY - timedelta(days=silent)
    known = Known(
        is_company=is_company,
        orders=orders,
        gross=gross if orders else 0,
        first_on=last - timedelta(days=span) if orders else None,
        last_on=last if orders else None,
        contacted_on=None if contact is None else TODAY - timedelta(days=contact),
        marks=marks,
        decided=decided,
    )
    now = judge(known, RULES, TODAY)
    assert now.step in (*PRECEDENCE, RECORDED)
    assert now.kind in KINDS
    assert now.due_on is None or now.due_on > TODAY
    until = now.due_on or TODAY + timedelta(days=7000)
    for day in {TODAY, TODAY + (until - TODAY) / 2, until - timedelta(days=1)}:
        then = judge(known, RULES, day)
        assert (then.step, then.kind) == (now.step, now.kind)
    if now.due_on:
        then = judge(known, RULES, now.due_on)
        assert (then.step, then.kind) != (now.step, now.kind)
