"""What docs/duplicates.md says of the matcher is true of labelled bases it has not learnt from."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from orbita.clients.duplicates import find_pairs, groups
from orbita.devtools.labelled import Labelled, febrl_base, russian_base

pytestmark = pytest.mark.dataset


@pytest.fixture
def folder() -> Path:
    if not os.environ.get("ORBITA_TEST_DATA"):
        pytest.skip("NOT RUN: ORBITA_TEST_DATA does not name the folder with the public data sets")
    return Path(os.environ["ORBITA_TEST_DATA"]) / "er"


def true_pairs(rows: Sequence[Labelled]) -> int:
    sizes = Counter(row.entity for row in rows)
    return sum(size * (size - 1) // 2 for size in sizes.values())


def test_the_labelled_russian_base_is_matched_as_well_as_is_said(folder: Path) -> None:
    rows = russian_base(folder, 10_000)
    entity = {row.record.id: row.entity for row in rows}
    true = true_pairs(rows)
    pairs = list(find_pairs((row.record for row in rows), 0.01))

    def right(threshold: float) -> tuple[int, int]:
        said = [pair for pair in pairs if pair.score >= threshold]
        return sum(entity[pair.a] == entity[pair.b] for pair in said), len(said)

    hits, said = right(0.5)
    assert 2 * hits / (said + true) > 0.988
    hits, said = right(0.99)
    assert hits / said > 0.998
    assert hits / true > 0.93
    joined = groups(pairs, 0.5)
    together = [(x, y) for ids in joined for i, x in enumerate(ids) for y in ids[i + 1 :]]
    hits = sum(entity[x] == entity[y] for x, y in together)
    assert 2 * hits / (len(together) + true) > 0.99


@pytest.mark.parametrize("names", [["dataset3"], ["dataset4a", "dataset4b"]])
def test_febrls_people_are_matched_as_well_as_is_said(folder: Path, names: list[str]) -> None:
    rows = febrl_base(folder, names)
    entity = {row.record.id: row.entity for row in rows}
    said = list(find_pairs((row.record for row in rows), 0.5))
    hits = sum(entity[pair.a] == entity[pair.b] for pair in said)
    assert 2 * hits / (len(said) + true_pairs(rows)) >= 0.999
