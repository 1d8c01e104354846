"""Kills and bad disks while people write. `./orbita bench faults` does hundreds of these rounds."""

from typing import Any

import pytest

from orbita.bench import faults
from orbita.devtools.fixtures import Place

pytestmark = pytest.mark.server


def lost_nothing(found: dict[str, Any]) -> bool:
    return found["losses"] == 0 and found["commits"] > 0 and not found["left_out"]


def test_nothing_committed_is_lost_when_everybody_is_killed(place: Place) -> None:
    found = faults.run_on_empty(place.environment, 3)
    assert lost_nothing(found), found
    assert found["rounds"] == 3


@pytest.mark.no_database
def test_full_and_read_only_disks_are_told_and_lose_nothing(place: Place) -> None:
    with faults.small_disk() as disk:
        if disk is None:
            pytest.skip("NO SMALL DISK: only root can mount one; full disks were not tried")
        environment = {**place.environment, "ORBITA_DATA": str(disk), "DATABASE_URL": ""}
        found = faults.run_on_empty(environment, 0, "full", "readonly")
    assert lost_nothing(found), found
    assert found["backups"] == {"good": 1}


def test_nothing_is_lost_or_kept_waiting_when_the_clock_goes_back(place: Place) -> None:
    found = faults.run_on_empty(place.environment, 0, "clock")
    assert lost_nothing(found), found


def test_a_loss_would_be_seen(place: Place) -> None:
    """The looking itself is tried: one row taken away, one file cut."""
    found = faults.run_on_empty(place.environment, 0, "spoil")
    assert found["missing"] == 1
    assert len(found["false_backups"]) == 2
