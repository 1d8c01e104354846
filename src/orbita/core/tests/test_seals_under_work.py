"""Writers, sealers and a killed sealer as real processes on one base: the chain loses nothing."""

import json
from typing import Any

import pytest

from orbita.core.tests.place import Place, kill, wait_for

pytestmark = pytest.mark.server
WRITERS, DEATHS = 3, 3
WRITER = """
import django, pathlib, random, sys, time; django.setup()
from django.db import transaction
from orbita.core.events import NewEvent, emit_many
seed, vendor, stop, outcome = sys.argv[1:]
chance, written = random.Random(seed), 0
while not pathlib.Path(stop).exists():
    count, fails = chance.randint(1, 40), chance.random() < 0.3
    with transaction.atomic():
        emit_many([NewEvent("job.retried", data={"n": n}) for n in range(count)], actor=None)
        if vendor == "postgresql":
            time.sleep(chance.choice([0, 0, 0.02, 0.2]))
        transaction.set_rollback(fails)
    written += 0 if fails else count
    time.sleep(0.01)
pathlib.Path(outcome).write_text(str(written))
"""
SEALER = """
import django, sys, time; django.setup()
from orbita.core.seals import checkpoints, sealing
sealing.MOST = 50
sealed = open(sys.argv[1], "a", buffering=1)
while True:
    if sealing.seal_next() == sealing.NOTHING:
        time.sleep(0.01)
    else:
        checkpoints.sign_latest()
        sealed.write(".\\n")
"""
OUTCOME = """
import time
from orbita.core.models import Event, EventGap, EventSeal
from orbita.core.seals import checkpoints, seal_all, verify
deadline = time.monotonic() + 60
while (seal_all() or EventGap.objects.exists()) and time.monotonic() < deadline:
    time.sleep(0.1)
done = verify(checkpoints.own())
late = sum(seal.late != "[]" for seal in EventSeal.objects.all())
answer = {"ok": done.ok, "problem": str(done.problem), "count": done.count, "late": late,
          "unsealed": done.unsealed, "events": Event.objects.count(),
          "gaps": EventGap.objects.count()}
"""


def vendor(place: Place) -> str:
    return "postgresql" if place.environment["DATABASE_URL"].startswith("postgres") else "sqlite"


def test_nothing_is_lost_from_the_chain_while_many_write_and_sealers_die(place: Place) -> None:
    before = place.run("from orbita.core.models import Event\nanswer = Event.objects.count()")
    stop, sealed = place.folder / "stop", place.folder / "sealed"
    files = [place.folder / f"written-{number}" for number in range(WRITERS)]
    writers = [
        place.start("-c", WRITER, str(number), vendor(place), str(stop), str(file))
        for number, file in enumerate(files)
    ]
    place.start("-c", SEALER, str(sealed))
    for _ in range(DEATHS):
        sealed.write_text("")
        victim = place.start("-c", SEALER, str(sealed))
        wait_for(lambda: len(sealed.read_text()) > 20)
        kill(victim)
    stop.touch()
    for writer in writers:
        assert writer.wait(60) == 0
    place.stop_all()
    written = sum(int(file.read_text()) for file in files)
    outcome: dict[str, Any] = place.run(OUTCOME)
    assert outcome["ok"], outcome["problem"]
    assert outcome["count"] == outcome["events"] == before + written
    assert (outcome["unsealed"], outcome["gaps"]) == (0, 0)
    if vendor(place) == "postgresql":
        assert outcome["late"], "no event came late: the test did not try what it is for"


def test_the_worker_seals_within_seconds_what_others_write(place: Place) -> None:
    place.worker()
    sealed = "from orbita.core.seals import verify\ndone = verify()\nanswer = done.unsealed"
    place.run(
        "from django.db import transaction\nfrom orbita.core.events import emit\n"
        "with transaction.atomic(): emit('job.retried', actor=None)"
    )
    wait_for(lambda: place.run(sealed) == 0)
    said = json.loads((place.folder / "data/audit/checkpoint.json").read_text())
    assert said["events"] >= 1
