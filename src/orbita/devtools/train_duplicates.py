"""Trains the matcher's model: `python -m orbita.devtools.train_duplicates FOLDER`.

FOLDER holds the labelled bases. Half of the families of ru_dev_100000 and of fake_1000 and FEBRL's
second set are learnt from, each also with more noise than it came with; everything else is what
the model is measured by.
"""

import json
import os
import sys
import time
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class Sample(NamedTuple):
    """Candidate pairs of a base, seen and labelled. `true` counts all true pairs, found or not."""

    seen: Array
    truth: Array
    true: int


def main(arguments: Sequence[str]) -> int:
    """Trains, prints what the model reaches on what it has not seen, writes model.json."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orbita.config.settings")
    import django

    django.setup()
    from orbita.clients.duplicates.features import FEATURES
    from orbita.clients.duplicates.scorer import PLACE, Forest
    from orbita.devtools import labelled
    from orbita.devtools.boosting import Settings, boost

    folder = Path(arguments[0])
    russian = labelled.russian_base(folder, 100_000)
    learnt = [row for row in russian if _half(row.family) == 0]
    held = [row for row in russian if _half(row.family) == 1]
    febrl = labelled.febrl_base(folder, ["dataset2"])
    bare = labelled.febrl_base(folder, ["dataset2"], with_number=False)
    fake = [row for row in labelled.fake_base(folder) if _half(row.family) == 0]
    parts: list[tuple[list[labelled.Labelled], float]] = [
        (learnt, 1.0),
        (labelled.worsened(learnt, share=0.15, seed=1), 0.5),
        (labelled.worsened(learnt[: len(learnt) // 2], share=0.3, seed=2), 0.3),
        (febrl, 1.0),
        (bare, 1.0),
        (labelled.worsened(febrl, share=0.15, seed=3), 0.5),
        (fake, 1.0),
    ]
    samples = [(sample(rows), weight) for rows, weight in parts]
    seen = np.concatenate([part.seen for part, _weight in samples])
    truth = np.concatenate([part.truth for part, _weight in samples]).astype(float)
    weights = np.concatenate([np.full(len(part.truth), weight) for part, weight in samples])
    started = time.monotonic()
    forest = boost(seen, truth, weights, dict(FEATURES), Settings())
    sys.stdout.write(f"{len(seen)} pairs learnt in {time.monotonic() - started:.0f} s\n")
    about = "Written by orbita.devtools.train_duplicates; clients/duplicates/scorer.py reads it."
    PLACE.write_text(_told({"about": about, "pairs": forest}), encoding="utf-8")
    judge = Forest(forest, list(FEATURES))
    tests = {
        "ru_dev_100000, the other half": held,
        "the same, worse": labelled.worsened(held, share=0.15, seed=5),
        "the same, much worse": labelled.worsened(held, share=0.3, seed=6),
        "ru_dev_10000": labelled.russian_base(folder, 10_000),
        "febrl3": labelled.febrl_base(folder, ["dataset3"]),
        "febrl3 without numbers": labelled.febrl_base(folder, ["dataset3"], with_number=False),
        "febrl4": labelled.febrl_base(folder, ["dataset4a", "dataset4b"]),
        "febrl4 without numbers": labelled.febrl_base(
            folder, ["dataset4a", "dataset4b"], with_number=False
        ),
        "fake_1000, the other half": [
            row for row in labelled.fake_base(folder) if _half(row.family) == 1
        ],
    }
    for name, rows in tests.items():
        sys.stdout.write(f"{name:32} {measured(judge, sample(rows))}\n")
        sys.stdout.flush()
    return 0


def _half(family: str) -> int:
    return zlib.crc32(family.encode()) % 2


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
    return Sample(
        compare(Context(table), a, b),
        entity[a] == entity[b],
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


def _told(model: dict[str, Any]) -> str:
    """JSON with a line for each feature and each tree, so that changes can be read."""
    forest = model["pairs"]
    features = ",\n".join(
        f"   {json.dumps(name)}: {json.dumps(value)}" for name, value in forest["features"].items()
    )
    trees = ",\n".join(f"   {json.dumps(tree)}" for tree in forest["trees"])
    return (
        f'{{\n "about": {json.dumps(model["about"])},\n "pairs": {{\n'
        f'  "bias": {forest["bias"]:.5f},\n  "features": {{\n{features}\n  }},\n'
        f'  "trees": [\n{trees}\n  ]\n }}\n}}\n'
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
