from collections import Counter
from datetime import date

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from orbita.analytics.rfm.groups import GROUPS, combined, group_at, group_of
from orbita.analytics.rfm.scoring import (
    Edges,
    Params,
    edges_of,
    recency_edges,
    score,
    score_amount,
    score_recency,
    start_of_period,
)

bands = st.integers(3, 6)
values = st.lists(st.integers(0, 40) | st.integers(0, 10**9), min_size=1, max_size=200)


def by_definition(value: int, base: list[int], bands: int) -> int:
    """1 + whole bands of the base that are strictly worse: less, that is."""
    return 1 + bands * sum(other < value for other in base) // len(base)


@given(values, bands)
def test_a_score_is_the_share_of_the_base_that_is_strictly_worse(
    base: list[int], bands: int
) -> None:
    edges = edges_of(sorted(Counter(base).items()), bands)
    assert [score_amount(value, edges) for value in base] == [
        by_definition(value, base, bands) for value in base
    ]


@given(values, bands)
def test_recency_is_scored_alike_with_more_days_being_worse(base: list[int], bands: int) -> None:
    edges = recency_edges(Counter(base).items(), bands)
    assert [score_recency(days, edges) for days in base] == [
        by_definition(-days, [-other for other in base], bands) for days in base
    ]


@given(values, bands)
def test_equal_clients_get_equal_scores_and_better_ones_never_lower(
    base: list[int], bands: int
) -> None:
    edges = edges_of(sorted(Counter(base).items()), bands)
    ordered = [score_amount(value, edges) for value in sorted(base)]
    assert ordered == sorted(ordered)
    assert all(1 <= each <= bands for each in ordered)
    assert list(edges) == sorted(edges)


def test_a_hundred_different_clients_fall_into_equal_fifths() -> None:
    edges = edges_of([(value, 1) for value in range(100)], 5)
    assert Counter(score_amount(value, edges) for value in range(100)) == {
        1: 20,
        2: 20,
        3: 20,
        4: 20,
        5: 20,
    }


def test_those_who_bought_once_stay_together_in_the_lowest_band() -> None:
    edges = edges_of([(1, 70), (2, 20), (3, 10)], 5)
    assert [score_amount(orders, edges) for orders in (1, 2, 3)] == [1, 4, 5]


def test_cut_points_set_by_hand_decide_with_the_edge_itself_included() -> None:
    edges = Edges(recency=(30, 90, 180, 365), frequency=(1, 2, 4, 9), monetary=(100, 200, 300, 400))
    assert [score_recency(days, edges.recency) for days in (0, 30, 31, 365, 366)] == [5, 5, 4, 2, 1]
    assert [score_amount(orders, edges.frequency) for orders in (1, 2, 3, 9, 10)] == [1, 2, 3, 4, 5]
    best = score(3, 12, 1_000, edges)
    assert (best.r, best.f, best.m, best.group.name) == (5, 5, 5, "champions")


@pytest.mark.parametrize(
    ("bands", "edges"), [(5, (1, 2, 3)), (4, (1, 1, 2)), (4, (3, 2, 1)), (2, (1,)), (7, (1,) * 6)]
)
def test_impossible_bands_and_cut_points_are_refused(bands: int, edges: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError):
        Params(bands=bands, fixed={"frequency": edges})


def test_an_unknown_frequency_is_not_guessed_and_money_alone_decides() -> None:
    edges = Edges((30, 90, 180, 365), (1, 2, 4, 9), (100, 200, 300, 400))
    unknown = score(400, None, 1_000, edges)
    assert (unknown.r, unknown.f, unknown.m) == (1, None, 5)
    assert unknown.group.name == "cant_lose"


@pytest.mark.parametrize("bands", [3, 4, 5, 6])
def test_every_cell_of_the_map_has_one_group(bands: int) -> None:
    cells = range(1, bands + 1)
    found = {group_of(r, f, m, bands).name for r in cells for f in (None, *cells) for m in cells}
    assert found <= set(GROUPS)
    assert {"champions", "loyal", "cant_lose", "new", "lost"} <= found
    for fm in cells:
        assert group_at(bands, bands, bands).name == "champions"
        assert group_at(1, fm, bands).hue in ("save", "wake")


def test_five_bands_use_every_group() -> None:
    cells = range(1, 6)
    assert {group_at(r, fm, 5).name for r in cells for fm in cells} == set(GROUPS)


def test_frequency_and_money_are_combined_by_their_mean_rounded_down() -> None:
    assert [combined(f, m) for f, m in ((5, 5), (4, 5), (1, 2), (1, 5), (None, 4))] == [
        5,
        4,
        1,
        3,
        4,
    ]


@pytest.mark.parametrize(
    ("as_of", "months", "start"),
    [
        (date(2026, 11, 23), 12, date(2025, 11, 23)),
        (date(2026, 3, 31), 1, date(2026, 2, 28)),
        (date(2024, 3, 31), 1, date(2024, 2, 29)),
        (date(2026, 5, 31), 1, date(2026, 4, 30)),
        (date(2026, 1, 15), 1, date(2025, 12, 15)),
        (date(2026, 11, 23), None, None),
    ],
)
def test_a_period_of_months_starts_after_the_same_day(
    as_of: date, months: int | None, start: date | None
) -> None:
    assert start_of_period(as_of, months) == start
