"""Merges and their undo while others work on the same cards, in processes of their own."""

import json
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest

from orbita.devtools.fixtures import PATIENCE, Place

pytestmark = pytest.mark.server
PEOPLE, ROUNDS = 5, 40


def start(place: Place, *arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "orbita.commerce.tests.crowd", *map(str, arguments)],
        env=place.environment | {"DJANGO_SETTINGS_MODULE": "orbita.config.settings"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def outcome(process: "subprocess.Popen[str]") -> Any:
    output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    return json.loads(output)


def test_nothing_is_lost_while_cards_are_merged_and_parted_under_work(place: Place) -> None:
    place.run("manage", "migrate", "-v0")
    clients = outcome(start(place, "set_up"))
    crowd = [start(place, "work", seed, ROUNDS) for seed in range(PEOPLE)]
    done: Counter[str] = Counter()
    for process in crowd:
        done.update(outcome(process))
    assert done["merge"]
    assert done["undo"]
    merged = outcome(start(place, "look"))
    expect(merged, done)
    outcome(start(place, "part"))
    parted = outcome(start(place, "look"))
    assert parted["clients"] == clients
    expect(parted, done)


def expect(found: dict[str, int], done: Counter[str]) -> None:
    assert found["notes"] == done["note"]
    assert found["orders"] == done["order"]
    assert found["bought"] == found["sold"]
    for name in ("hidden notes", "hidden orders", "facts that differ"):
        assert found[name] == 0, name
    assert found["cards without a main phone"] == 0
