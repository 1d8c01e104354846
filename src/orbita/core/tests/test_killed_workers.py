"""Real workers, really killed. Runs on the database of DATABASE_URL."""

import signal
from pathlib import Path
from typing import Any

import pytest

from orbita.core.tests.place import Place, kill, wait_for

pytestmark = pytest.mark.server


def enqueue(place: Place, task: str, *arguments: Any) -> None:
    place.run(
        f"from orbita.core.tests import work\nwork.{task}.enqueue({str(place.folder)!r}, *{arguments!r})"
    )


def job(place: Place) -> dict[str, Any]:
    found: dict[str, Any] = place.run(
        "from orbita.core.models import Job\n"
        "answer = Job.objects.filter(task__contains='tests.work').values().get()"
    )
    return found


def companies(place: Place) -> list[str]:
    names: list[str] = place.run(
        "from orbita.core.models import Company\n"
        "answer = sorted(Company.objects.values_list('name', flat=True))"
    )
    return names


def reached(place: Place, name: str) -> Path:
    return Path(wait_for(lambda: next(iter(place.folder.glob(name)), None)))


def finished(place: Place) -> dict[str, Any]:
    found: dict[str, Any] = wait_for(
        lambda: row if (row := job(place))["status"] in ("done", "failed") else None
    )
    return found


def test_a_job_whose_worker_is_killed_runs_again_after_its_lease_with_its_effects_once(
    place: Place,
) -> None:
    enqueue(place, "whole")
    first = place.worker()
    reached(place, "inside")
    kill(first)
    assert companies(place) == []
    assert job(place)["status"] == "running"
    place.worker()
    row = finished(place)
    assert (row["status"], row["attempts"], row["result"]) == ("done", 2, "done")
    assert companies(place) == ["effect"]


def test_a_job_that_kills_every_worker_fails_in_the_end_and_says_why(place: Place) -> None:
    enqueue(place, "whole")
    for _attempt in range(3):
        worker = place.worker()
        reached(place, "inside")
        kill(worker)
        (place.folder / "inside").unlink()
    place.worker()
    row = finished(place)
    assert (row["status"], row["attempts"]) == ("failed", 3)
    assert "worker died" in row["error"]
    assert companies(place) == []


def test_a_chunked_job_killed_inside_a_chunk_and_between_chunks_does_every_chunk_once(
    place: Place,
) -> None:
    enqueue(place, "in_chunks", 6, ["inside 2", "after 4"])
    for mark in ("inside 2", "after 4"):
        worker = place.worker()
        reached(place, mark)
        kill(worker)
    assert job(place)["state"] == {"next": 5}
    place.worker()
    row = finished(place)
    assert (row["status"], row["progress"], row["total"]) == ("done", 6, 6)
    assert companies(place) == [f"chunk {number}" for number in range(6)]


def test_a_worker_that_slept_beyond_its_lease_leaves_no_effects(place: Place) -> None:
    enqueue(place, "in_chunks", 4, ["after 1"])
    sleeper = place.worker()
    reached(place, "after 1")
    place.put_to_sleep(sleeper)
    place.worker()
    assert finished(place)["status"] == "done"
    (place.folder / "go").touch()
    sleeper.send_signal(signal.SIGCONT)
    sleeper.terminate()
    sleeper.wait(30)
    assert job(place)["status"] == "done"
    assert companies(place) == [f"chunk {number}" for number in range(4)]


def test_sigterm_hands_a_chunked_job_back_between_two_chunks(place: Place) -> None:
    enqueue(place, "slow_chunks", 30)
    worker = place.worker()
    reached(place, "begun")
    worker.terminate()
    assert worker.wait(30) == 0
    row = job(place)
    assert row["status"] == "queued"
    assert 0 < row["state"]["next"] < 30
    assert row["lease_token"] == ""
    place.worker()
    assert finished(place)["status"] == "done"
    assert companies(place) == sorted(f"chunk {number}" for number in range(30))


def test_sigterm_does_not_wait_for_ever_and_the_job_runs_again(place: Place) -> None:
    enqueue(place, "whole")
    worker = place.worker("--grace", "0.5")
    reached(place, "inside")
    worker.terminate()
    assert worker.wait(30) == 0
    assert companies(place) == []
    place.worker()
    assert finished(place)["status"] == "done"
    assert companies(place) == ["effect"]


def test_a_job_ends_at_the_next_chunk_when_it_is_cancelled(place: Place) -> None:
    enqueue(place, "slow_chunks", 600)
    place.worker()
    reached(place, "begun")
    place.run(
        "from orbita.core import jobs, models\n"
        "jobs.request_cancel(models.Job.objects.get(task__contains='tests.work').pk)"
    )
    row = finished(place)
    assert (row["status"], row["result"]) == ("done", "cancelled")
    assert len(companies(place)) == row["progress"] < 600
