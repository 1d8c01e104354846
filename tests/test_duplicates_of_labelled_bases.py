"""What docs/duplicates.md says of the matcher is true of the labelled base it has not learnt from."""

import os
from pathlib import Path

import pytest

from orbita.clients.duplicates import find_pairs, groups
from orbita.devtools.labelled import russian_base


@pytest.mark.dataset
def test_the_labelled_russian_base_is_matched_as_well_as_is_said() -> None:
    if not os.environ.get("ORBITA_TEST_DATA"):
        pytest.skip("NOT RUN: ORBITA_TEST_DATA does not name the folder with the public data sets")
    rows = russian_base(Path(os.environ["ORBITA_TEST_DATA"]) / "er", 10_000)
    entity = {row.record.id: row.entity for row in rows}
    sizes: dict[str, int] = {}
    for row in rows:
        sizes[row.entity] = sizes.get(row.entity, 0) + 1
    true = sum(size * (size - 1) // 2 for size in sizes.values())
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
