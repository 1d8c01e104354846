"""The trained model: features of a pair into the probability that it is one client.

`model.json` holds all of it. A tree asks up to six questions "is this feature above that border?";
the answers, read as a binary number, choose one of its weights. The sum of the weights of all trees
is the logarithm of the odds. `orbita.devtools.train_duplicates` writes the file.
"""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from orbita.clients.duplicates.features import FEATURES, Floats
from orbita.clients.duplicates.table import Ints
from orbita.clients.duplicates.together import NOBODY, SEEN_TOGETHER

FEW = 500
# Log-odds up to which a pair that no third card speaks of keeps its own: the second forest has seen so
# few of those that it knows one answer for all of them.
SCARCE = 3.7
# The features that tell of something near besides names, and how far each of them tells nothing.
NEAR_FROM = {
    "phone_rel": 1,
    "mail_rel": 1,
    "born_rel": 2,
    "inn_rel": 1,
    "place_rel": 1,
    "other_rel": 1,
    "company_rel": 1,
    "mail_name": 0,
}
# `first_rel` up to which first names are others, and the slips from which they are quite others.
OTHER_NAMES, MANY_SLIPS = 2, 3
UNLIKELY = 0.05
PLACES = {name: place for place, name in enumerate(SEEN_TOGETHER)}
PLACE = Path(__file__).with_name("model.json")


class Forest:
    """Trees of one kind of question. `names` are the columns of what is asked."""

    def __init__(self, data: dict[str, Any], names: Sequence[str]) -> None:
        if list(data["features"]) != list(names):
            raise ValueError("model.json belongs to other features: train it anew")
        self.borders = [
            np.array(each["borders"], dtype=np.float32) for each in data["features"].values()
        ]
        self.bias = float(data["bias"])
        places = {name: place for place, name in enumerate(names)}
        self.trees = [
            (
                [
                    (places[name], int(np.searchsorted(self.borders[places[name]], np.float32(at))))
                    for name, at in tree["above"]
                ],
                np.array(tree["weights"], dtype=np.float32) / 1000,
            )
            for tree in data["trees"]
        ]

        self._whole = self._laid_out()

    def _laid_out(self) -> tuple[Ints, Ints, Ints, Floats]:
        """All trees as a few arrays: for one card, calling numpy takes longer than its work."""
        deepest = max(len(questions) for questions, _weights in self.trees)
        places = np.zeros((len(self.trees), deepest), dtype=np.int64)
        borders = np.full((len(self.trees), deepest), 255, dtype=np.int64)
        weights = np.zeros((len(self.trees), 1 << deepest), dtype=np.float32)
        for row, (questions, values) in enumerate(self.trees):
            skipped = deepest - len(questions)
            for step, (place, border) in enumerate(questions, skipped):
                places[row, step], borders[row, step] = place, border
            weights[row, : len(values)] = values
        powers = 1 << np.arange(deepest - 1, -1, -1, dtype=np.int64)
        return places, borders, powers, weights

    def _few(self, bins: Sequence[npt.NDArray[np.uint8]]) -> Floats:
        places, borders, powers, weights = self._whole
        answers = np.column_stack(bins)[:, places] > borders
        leaves = answers @ powers
        chosen: Floats = weights[np.arange(len(weights)), leaves]
        total: Floats = self.bias + chosen.sum(axis=1)
        return total

    def log_odds(self, seen: Floats) -> Floats:
        """The logarithm of the odds of every line of features."""
        bins = [
            np.searchsorted(borders, seen[:, place]).astype(np.uint8)
            for place, borders in enumerate(self.borders)
        ]
        if len(seen) <= FEW:
            return self._few(bins)
        total = np.full(len(seen), self.bias, dtype=np.float32)
        for questions, weights in self.trees:
            leaf = np.zeros(len(seen), dtype=np.uint8)
            for place, border in questions:
                leaf = leaf * 2 + (bins[place] > border)
            total += weights[leaf]
        return total


class Model(NamedTuple):
    """A forest for pairs by themselves, and one for what third cards add to it."""

    pairs: Forest
    together: Forest


@cache
def model() -> Model:
    """The model that is shipped."""
    data = json.loads(PLACE.read_text(encoding="utf-8"))
    return Model(
        Forest(data["pairs"], list(FEATURES)), Forest(data["together"], list(SEEN_TOGETHER))
    )


def judged(seen: Floats) -> npt.NDArray[np.float64]:
    """The probability of pairs by what is seen of them together, see `together`."""
    odds = model().together.log_odds(seen)
    return probability(np.where(_alone(seen) & (seen[:, 0] < SCARCE), seen[:, 0], odds))


def sobered(
    scores: npt.NDArray[np.float64], seen: Floats, features: Floats
) -> npt.NDArray[np.float64]:
    """The scores, low where first names are quite other ones and nothing else is near, not even one
    digit off: the model has learnt from too few cards as bare as these.
    """
    value = {name: features[:, place] for place, name in enumerate(FEATURES)}
    bare = np.all([value[name] <= missing for name, missing in NEAR_FROM.items()], axis=0)
    differ = (value["first_rel"] <= OTHER_NAMES) & (value["first_slips"] >= MANY_SLIPS)
    return np.where(_alone(seen) & bare & differ, np.minimum(scores, UNLIKELY), scores)


def _alone(seen: Floats) -> npt.NDArray[np.bool_]:
    """Pairs of which no third card says anything."""
    through, against = (seen[:, PLACES[name]] for name in ("through", "against"))
    alone: npt.NDArray[np.bool_] = (through <= NOBODY) & (against <= NOBODY)
    return alone


def probability(log_odds: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """What the odds mean, between 0 and 1."""
    return 1.0 / (1.0 + np.exp(-log_odds.astype(np.float64)))
