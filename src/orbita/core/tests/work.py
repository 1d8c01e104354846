"""Jobs for the tests that kill workers. A file in `folder` tells that a place was reached."""

import time
from pathlib import Path

from django.db import transaction
from django_tasks import task

from orbita.core import jobs
from orbita.core.models import Company


def stay_once(folder: str, name: str) -> None:
    """On the first visit says so and waits to be killed (or told to go); later goes on at once."""
    mark = Path(folder) / name
    if not mark.exists():
        mark.touch()
        for _tick in range(1200):
            if (Path(folder) / "go").exists():
                return
            time.sleep(0.1)


@task(max_attempts=3)
def whole(folder: str) -> str:
    Company.objects.create(name="effect")
    stay_once(folder, "inside")
    return "done"


@task(atomic=False, queue_name="long")
def in_chunks(folder: str, chunks: int, stays: list[str]) -> str:
    state = jobs.current_job().state or {"next": 0}  # type: ignore[union-attr]
    for number in range(state["next"], chunks):
        if jobs.is_cancelled():
            return "cancelled"
        with transaction.atomic():
            Company.objects.create(name=f"chunk {number}")
            jobs.checkpoint({"next": number + 1}, done=number + 1, total=chunks)
            if f"inside {number}" in stays:
                stay_once(folder, f"inside {number}")
        if f"after {number}" in stays:
            stay_once(folder, f"after {number}")
    return "done"


@task(atomic=False, queue_name="long")
def slow_chunks(folder: str, chunks: int) -> str:
    """Chunks of a tenth of a second, for stopping and cancelling in the middle."""
    state = jobs.current_job().state or {"next": 0}  # type: ignore[union-attr]
    for number in range(state["next"], chunks):
        if jobs.is_cancelled():
            return "cancelled"
        with transaction.atomic():
            Company.objects.create(name=f"chunk {number}")
            jobs.checkpoint({"next": number + 1}, done=number + 1, total=chunks)
        (Path(folder) / "begun").touch()
        time.sleep(0.1)
    return "done"
