"""Gradient boosting of trees that ask the same questions on every branch.

Small on purpose: it needs numpy alone, and what it makes is a table that a person can read and
`clients.duplicates.scorer` evaluates.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class Settings(NamedTuple):
    trees: int = 300
    depth: int = 6
    rate: float = 0.08
    rows: float = 0.7
    columns: float = 0.5
    # The weight of doubt: larger keeps the leaves of few pairs near zero.
    doubt: float = 8.0
    borders: int = 24
    seed: int = 7


def borders_of(column: Array, most: int) -> Array:
    """Values that cut a column into parts, between those that occur."""
    values = np.unique(column)
    if len(values) <= most + 1:
        between: Array = np.round((values[1:] + values[:-1]) / 2, 4)
        return between
    cuts = np.unique(np.quantile(column, np.linspace(0, 1, most + 2)[1:-1]))
    spread = np.unique(np.quantile(values, np.linspace(0, 1, most // 2 + 2)[1:-1]))
    both: Array = np.unique(np.round(np.concatenate([cuts, spread]), 4))
    return both


def boost(
    seen: Array, truth: Array, weights: Array, names: dict[str, str], settings: Settings
) -> dict[str, Any]:
    """The trained forest as `model.json` keeps it."""
    random = np.random.default_rng(settings.seed)
    borders = [borders_of(seen[:, place], settings.borders) for place in range(seen.shape[1])]
    bins = np.column_stack(
        [np.searchsorted(cut, seen[:, place]) for place, cut in enumerate(borders)]
    ).astype(np.int64)
    share = np.average(truth, weights=weights)
    bias = float(np.log(share / (1 - share)))
    odds = np.full(len(seen), bias)
    trees = []
    names_of = list(names)
    askable = np.array([place for place, cut in enumerate(borders) if len(cut)])
    for _tree in range(settings.trees):
        rows = np.flatnonzero(random.random(len(seen)) < settings.rows)
        columns = random.permutation(askable)[: max(4, int(len(askable) * settings.columns))]
        chance = 1 / (1 + np.exp(-odds))
        slope, bend = (truth - chance) * weights, chance * (1 - chance) * weights
        questions = _questions(bins, borders, rows, columns, slope, bend, settings)
        leaf = np.zeros(len(seen), dtype=np.int64)
        for place, border in questions:
            leaf = leaf * 2 + (bins[:, place] > border)
        size = 1 << len(questions)
        up = np.bincount(leaf[rows], slope[rows], size)
        down = np.bincount(leaf[rows], bend[rows], size)
        gains = np.round(1000 * settings.rate * up / (down + settings.doubt)) / 1000
        odds += gains[leaf]
        trees.append(
            {
                "above": [
                    [names_of[place], float(borders[place][cut])] for place, cut in questions
                ],
                "weights": [round(gain * 1000) for gain in gains],
            }
        )
    return {
        "bias": bias,
        "features": {
            name: {"about": about, "borders": [float(value) for value in borders[place]]}
            for place, (name, about) in enumerate(names.items())
        },
        "trees": trees,
    }


def _questions(
    bins: Array,
    borders: list[Array],
    rows: Array,
    columns: Array,
    slope: Array,
    bend: Array,
    settings: Settings,
) -> list[tuple[int, int]]:
    """The questions of a tree, the one that tells most first."""
    questions: list[tuple[int, int]] = []
    leaf = np.zeros(len(rows), dtype=np.int64)
    slopes, bends = slope[rows], bend[rows]
    for depth in range(settings.depth):
        best: tuple[float, int, int] = (0.0, -1, -1)
        for place in columns:
            parts = len(borders[place]) + 1
            code = leaf * parts + bins[rows, place]
            shape = (1 << depth, parts)
            size = parts << depth
            up = np.bincount(code, slopes, size).reshape(shape).cumsum(axis=1)
            down = np.bincount(code, bends, size).reshape(shape).cumsum(axis=1)
            left = up[:, :-1] ** 2 / (down[:, :-1] + settings.doubt)
            right = (up[:, -1:] - up[:, :-1]) ** 2 / (down[:, -1:] - down[:, :-1] + settings.doubt)
            gains = (left + right).sum(axis=0)
            cut = int(gains.argmax())
            if gains[cut] > best[0]:
                best = (float(gains[cut]), int(place), cut)
        _gain, place, cut = best
        if place < 0 or (place, cut) in questions:
            break
        questions.append((place, cut))
        leaf = leaf * 2 + (bins[rows, place] > cut)
    return questions
