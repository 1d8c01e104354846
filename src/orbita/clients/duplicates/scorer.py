"""The trained model: features of a pair into the probability that it is one client.

`model.json` holds all of it. A tree asks up to six questions "is this feature above that border?";
the answers, read as a binary number, choose one of its weights. The sum of the weights of all trees
is the logarithm of the odds. `./orbita manage train_duplicates` writes the file.
"""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from orbita.clients.duplicates.features import FEATURES, Floats

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

    def log_odds(self, seen: Floats) -> Floats:
        """The logarithm of the odds of every line of features."""
        bins = [
            np.searchsorted(borders, seen[:, place]).astype(np.uint8)
            for place, borders in enumerate(self.borders)
        ]
        total = np.full(len(seen), self.bias, dtype=np.float32)
        for questions, weights in self.trees:
            leaf = np.zeros(len(seen), dtype=np.uint8)
            for place, border in questions:
                leaf = leaf * 2 + (bins[place] > border)
            total += weights[leaf]
        return total


@cache
def model() -> Forest:
    """The model of pairs that is shipped."""
    return Forest(json.loads(PLACE.read_text(encoding="utf-8"))["pairs"], list(FEATURES))


def probability(log_odds: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """What the odds mean, between 0 and 1."""
    return 1.0 / (1.0 + np.exp(-log_odds.astype(np.float64)))
