"""Trains the matcher's model: `python -m orbita.devtools.train_duplicates FOLDER`.

FOLDER holds the labelled bases. Half of the families of ru_dev_100000 and of fake_1000, and FEBRL's
second set, are learnt from, also with more noise than they came with; another quarter and FEBRL's
first set teach what third cards add; everything else is what the model is measured by.
"""

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from orbita.devtools.boosting import Settings, boost

Array = npt.NDArray[Any]


class Sample(NamedTuple):
    """Candidate pairs of a base, seen and labelled. `true` counts all true pairs, found or not."""

    context: Any
    a: Array
    b: Array
    seen: Array
    truth: Array
    entity: Array
    true: int


def main(arguments: Sequence[str]) -> int:
    """Trains, prints what the model reaches on what it has not seen, writes model.json."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orbita.config.settings")
    import django

    django.setup()
    from orbita.clients.duplicates.features import FEATURES
    from orbita.clients.duplicates.scorer import PLACE, Forest
    from orbita.clients.duplicates.together import SEEN_TOGETHER
    from orbita.devtools import labelled

    folder = Path(arguments[0])
    russian = labelled.russian_base(folder, 100_000)
    fake = labelled.fake_base(folder)
    learnt = [row for row in russian if labelled.quarter(row.family) < 2]
    joined = [row for row in russian if labelled.quarter(row.family) == 2]
    held = [row for row in russian if labelled.quarter(row.family) == 3]
    febrl = labelled.febrl_base(folder, ["dataset2"])
    bare = labelled.febrl_base(folder, ["dataset2"], with_number=False)
    parts = [
        (learnt, 1.0),
        (labelled.worsened(learnt, share=0.15, seed=1), 0.5),
        (labelled.worsened(learnt[: len(learnt) // 2], share=0.3, seed=2), 0.3),
        (febrl, 3.0),
        (bare, 2.0),
        (labelled.worsened(febrl, share=0.15, seed=3), 2.0),
        ([row for row in fake if labelled.quarter(row.family) < 2], 1.0),
    ]
    if "--keep-pairs" in arguments:
        pairs = json.loads(PLACE.read_text(encoding="utf-8"))["pairs"]
    else:
        pairs = _learnt(parts, FEATURES, Settings())
    judge = Forest(pairs, list(FEATURES))
    first = labelled.febrl_base(folder, ["dataset1"])
    first_bare = labelled.febrl_base(folder, ["dataset1"], with_number=False)
    parts = [
        (joined, 1.0),
        (labelled.worsened(joined, share=0.15, seed=4), 0.5),
        # Most bases have few clients with three cards: no third card is no evidence.
        (thinned(joined), 1.0),
        (labelled.worsened(thinned(joined), share=0.15, seed=8), 0.5),
        (first, 3.0),
        (first_bare, 3.0),
        (labelled.worsened(first, share=0.15, seed=9), 1.0),
        (labelled.worsened(febrl, share=0.15, seed=7), 1.0),
        ([row for row in fake if labelled.quarter(row.family) == 2], 1.0),
    ]
    together = _learnt(
        parts, SEEN_TOGETHER, Settings(trees=120, depth=4, columns=1.0, rate=0.12, doubt=4.0), judge
    )
    about = "Written by orbita.devtools.train_duplicates; clients/duplicates/scorer.py reads it."
    PLACE.write_text(_told(about, {"pairs": pairs, "together": together}), encoding="utf-8")
    final = Forest(together, list(SEEN_TOGETHER))
    tests = {
        "ru_dev_100000, a quarter not learnt": held,
        "the same, worse": labelled.worsened(held, share=0.15, seed=5),
        "the same, much worse": labelled.worsened(held, share=0.3, seed=6),
        "ru_dev_10000": labelled.russian_base(folder, 10_000),
        "febrl3": labelled.febrl_base(folder, ["dataset3"]),
        "febrl3 without numbers": labelled.febrl_base(folder, ["dataset3"], with_number=False),
        "febrl4": labelled.febrl_base(folder, ["dataset4a", "dataset4b"]),
        "febrl4 without numbers": labelled.febrl_base(
            folder, ["dataset4a", "dataset4b"], with_number=False
        ),
        "fake_1000, a quarter not learnt": [
            row for row in fake if labelled.quarter(row.family) == 3
        ],
    }
    for name, rows in tests.items():
        seen = sample(rows)
        sys.stdout.write(f"{name:36} by itself {measured(judge, seen)}\n")
        sys.stdout.write(f"{'':36}  together {measured(final, together_of(seen, judge))}\n")
        sys.stdout.flush()
    return 0


def _learnt(
    parts: Sequence[tuple[Sequence[Any], float]],
    names: Mapping[str, str],
    settings: Settings,
    judge: Any = None,
) -> dict[str, Any]:
    """The forest learnt from bases with their weights; with `judge`, from what it leaves open."""
    started = time.monotonic()
    seen, truth, weights = [], [], []
    for rows, weight in parts:
        part = sample(rows)
        if judge is not None:
            part = together_of(part, judge)
        seen.append(part.seen)
        truth.append(part.truth.astype(float))
        weights.append(np.full(len(part.truth), weight))
    every = np.concatenate(seen)
    forest = boost(every, np.concatenate(truth), np.concatenate(weights), dict(names), settings)
    sys.stdout.write(f"{len(every)} pairs learnt in {time.monotonic() - started:.0f} s\n")
    sys.stdout.flush()
    return forest


def thinned(rows: Sequence[Any]) -> list[Any]:
    """At most two cards of each client."""
    seen: dict[str, int] = {}
    kept = []
    for row in rows:
        seen[row.entity] = seen.get(row.entity, 0) + 1
        if seen[row.entity] <= 2:
            kept.append(row)
    return kept


def together_of(part: Sample, judge: Any) -> Sample:
    """The same pairs, and those that third cards join, as the second forest sees them."""
    from orbita.clients.duplicates.matching import with_others

    a, b, seen = with_others(
        part.context, part.a, part.b, judge.log_odds(part.seen), judge.log_odds
    )
    return part._replace(a=a, b=b, seen=seen, truth=part.entity[a] == part.entity[b])


def sample(rows: Sequence[Any]) -> Sample:
    """The candidate pairs among labelled records."""
    from orbita.clients.duplicates.blocking import candidate_pairs
    from orbita.clients.duplicates.features import Context, compare
    from orbita.clients.duplicates.table import Table

    table = Table(row.record for row in rows)
    _names, entity, sizes = np.unique(
        [row.entity for row in rows], return_inverse=True, return_counts=True
    )
    a, b = candidate_pairs(table)
    context = Context(table)
    return Sample(
        context,
        a,
        b,
        compare(context, a, b),
        entity[a] == entity[b],
        entity,
        int((sizes * (sizes - 1) // 2).sum()),
    )


def measured(judge: Any, part: Sample) -> str:
    """F1 at 0.5 and at its best threshold, precision and recall at 0.99, and the ceiling."""
    from orbita.clients.duplicates.scorer import probability

    scores = probability(judge.log_odds(part.seen))

    def at(threshold: float) -> tuple[float, float, float]:
        said = scores >= threshold
        right = float((said & part.truth).sum())
        return (
            2 * right / (said.sum() + part.true),
            right / max(1, said.sum()),
            right / part.true,
        )

    best = max(np.arange(0.05, 0.96, 0.05), key=lambda threshold: at(float(threshold))[0])
    half, sure = at(0.5), at(0.99)
    return (
        f"F1 {half[0]:.4f} (best {at(float(best))[0]:.4f} at {best:.2f})"
        f"  at .5 P {half[1]:.4f} R {half[2]:.4f}  at .99 P {sure[1]:.5f} R {sure[2]:.4f}"
        f"  found {part.truth.sum() / part.true:.4f} of {part.true}"
    )


def _told(about: str, forests: dict[str, dict[str, Any]]) -> str:
    """JSON with a line for each feature and each tree, so that changes can be read."""
    told = [f' "about": {json.dumps(about)}']
    for name, forest in forests.items():
        features = ",\n".join(
            f"   {json.dumps(key)}: {json.dumps(value)}"
            for key, value in forest["features"].items()
        )
        trees = ",\n".join(f"   {json.dumps(tree)}" for tree in forest["trees"])
        told.append(
            f' "{name}": {{\n  "bias": {forest["bias"]:.5f},\n'
            f'  "features": {{\n{features}\n  }},\n  "trees": [\n{trees}\n  ]\n }}'
        )
    return "{\n" + ",\n".join(told) + "\n}\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
