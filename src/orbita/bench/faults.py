"""Kills, full disks, disks that cannot be written and a clock that goes back, while people write: what
is lost, and how much.

`main` runs on the base of its environment and prints what it found as a line of JSON. Each round starts
writers, a worker and often a backup, kills them all with SIGKILL at a random moment, and then looks:
everything a writer was told is committed has to be there, whole; the base and the facts have to be
sound; and what is called a good backup has to be one.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

LINE = 64  # bytes of the ledger: one write each, so that a killed writer leaves no half of one
WRITERS = 2
SMALL_DISK = 64  # MB
_START = "import sys; from orbita.bench import faults; sys.exit(faults.main(sys.argv[1:]))"


@dataclass
class Found:
    """What the rounds came to. All but the first three must stay empty or zero."""

    rounds: int = 0
    commits: int = 0
    backups: dict[str, int] = field(default_factory=dict)
    missing: int = 0
    halves: int = 0
    unsound: list[str] = field(default_factory=list)
    false_backups: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    @property
    def losses(self) -> int:
        return self.missing + self.halves + len(self.unsound) + len(self.false_backups)


def main(words: list[str]) -> int:
    import django

    django.setup()
    rounds, *kinds = words
    found = Found()
    ledger = Path(os.environ["ORBITA_DATA"]) / "ledger"
    ledger.touch()
    _prepare()
    random = Random()
    for _number in range(int(rounds)):
        kill_round(ledger, random, found)
    if "full" in kinds:
        full_disk(ledger, found)
    if "readonly" in kinds:
        read_only_disk(ledger, found)
    if "clock" in kinds:
        clock_goes_back(ledger, found)
    if "spoil" in kinds:
        spoil(ledger, found)
    sys.stdout.write(f"{json.dumps(asdict(found) | {'losses': found.losses})}\n")
    return int(found.losses > 0)


def _prepare() -> None:
    from orbita.accounts.models import Role, User

    if not User.objects.filter(email="faults@example.org").exists():
        role = Role.objects.get(key="administrator")
        User.objects.create_user("faults@example.org", name="Faults", role=role)


# ---- processes that are killed ----


@contextmanager
def _children(*works: Callable[[], object]) -> Iterator[list[int]]:
    """Runs each in a process of its own; on leaving all are killed, with what they started."""
    _close()
    children = [_child(work) for work in works]
    try:
        yield children
    finally:
        for child in children:
            with suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
        for child in children:
            os.waitpid(child, 0)


def _child(work: Callable[[], object]) -> int:
    child = os.fork()
    if child:
        with suppress(PermissionError, ProcessLookupError):
            os.setpgid(child, child)
        return child
    status = 1
    try:
        os.setpgid(0, 0)
        work()
        status = 0
    except BaseException as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
    finally:
        os._exit(status)


def _close() -> None:
    """No connection may be shared by two processes."""
    from django.db import connection

    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()  # type: ignore[attr-defined]


def write_on(ledger: Path, seed: int) -> None:
    """Makes clients with an order each until killed; notes every one after its commit."""
    from django.db import DatabaseError

    notes = os.open(ledger, os.O_WRONLY | os.O_APPEND)
    random = Random(seed)
    while True:
        try:
            note = _client_with_order(random)
        except (DatabaseError, OSError):
            time.sleep(0.01)  # a full disk: those who write are told so, and try again
            continue
        os.write(notes, note.ljust(LINE - 1).encode() + b"\n")


def _client_with_order(random: Random) -> str:
    from django.db import transaction
    from django.utils import timezone

    from orbita.accounts.models import User
    from orbita.clients.actions import create_client
    from orbita.commerce.actions import create_order
    from orbita.commerce.records import LineData, OrderData

    actor = User.objects.select_related("role").get(email="faults@example.org")
    price = random.randint(1, 100_000) * 10_000
    with transaction.atomic():
        client = create_client(actor=actor, values={"name": f"Fault {random.random()}"})
        lines = [LineData(name="Coffee", price=price)]
        data = OrderData(
            lines=lines, client_id=client.pk, ordered_on=timezone.now().date(), status="done"
        )
        order = create_order(actor=actor, data=data)
    return f"{client.pk} {order.pk} {order.total}"


def work_on() -> None:
    from orbita.core.jobs import Worker

    Worker(poll_seconds=0.05).run_forever()


def back_up() -> None:
    from orbita.core.backup import making
    from orbita.core.models import Backup

    making.back_up(cause=Backup.Cause.BY_HAND)


# ---- rounds ----


def kill_round(ledger: Path, random: Random, found: Found) -> None:
    """Everybody works for a moment of random length and is killed; then everything is looked at."""
    works: list[Callable[[], object]] = [work_on]
    for _writer in range(WRITERS):
        seed = random.getrandbits(32)
        works.append(lambda seed=seed: write_on(ledger, seed))  # type: ignore[misc]
    if random.random() < 0.7:
        works.append(back_up)
    # Some are killed while a backup copies, some while it is being proved.
    with _children(*works):
        time.sleep(random.choice([0.2, 0.5, 1.0, 2.0, 4.0, 10.0]) * (0.5 + random.random()))
    found.rounds += 1
    look(ledger, found)


def look(ledger: Path, found: Found) -> None:
    """Adds what is missing, half there or unsound, and backups that are called good and are not."""
    _look_at_rows(ledger, found)
    _look_at_the_base(found)
    _look_at_backups(found)


def _look_at_rows(ledger: Path, found: Found) -> None:
    from orbita.clients.models import Client
    from orbita.commerce.models import Order

    noted = [line.split() for line in ledger.read_text().splitlines() if line.strip()]
    kept = {
        pk: [client, total]
        for pk, client, total in Order.objects.values_list("pk", "client_id", "total")
    }
    wrong = [line for line in noted if kept.get(int(line[1])) != [int(line[0]), int(line[2])]]
    found.commits = len(noted)
    found.missing += len(wrong)
    # A client and his order are one transaction, and so are their events.
    ours = Client.objects.filter(name__startswith="Fault")
    found.halves += ours.filter(orders=None).count() + ours.filter(facts=None).count()


def _look_at_the_base(found: Found) -> None:
    from django.db import connection

    from orbita.core.backup import CHECKS, BackupError

    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            answer = cursor.execute("PRAGMA integrity_check").fetchall()
        if answer != [("ok",)]:
            found.unsound.append(str(answer)[:200])
    for check in CHECKS:
        try:
            check.run()
        except BackupError as error:
            found.unsound.append(f"{check.name}: {error}")


def _look_at_backups(found: Found) -> None:
    """A backup that is called good is whole, and no half of one lies under the name of a backup."""
    from orbita.core.backup import BackupError, archive, making
    from orbita.core.models import Backup, BackupPlan

    folder = making.folder_of(BackupPlan.current())
    named = set(folder.glob("orbita-*")) if folder.exists() else set()
    good = list(Backup.objects.filter(status=Backup.Status.GOOD))
    for row in good:
        if not making.is_whole(row):
            found.false_backups.append(row.path)
    for path in named:
        with tempfile.TemporaryDirectory() as name:
            try:
                archive.extract(path, Path(name), keep_files=False)
            except BackupError as error:
                found.false_backups.append(f"{path.name}: {error}")
    states = list(Backup.objects.values_list("status", flat=True))
    # Looked at once: hundreds of rounds shall not fill the disk.
    for path in named:
        path.unlink()
    for state in states:
        # One that still says it runs was killed: the next one would call it interrupted.
        told = "killed" if state == Backup.Status.RUNNING else state
        found.backups[told] = found.backups.get(told, 0) + 1
    Backup.objects.all().delete()


# ---- disks ----


def full_disk(ledger: Path, found: Found) -> None:
    """Writers and a backup on a disk that fills up, and that has room again afterwards."""
    if not _is_small_disk():
        found.left_out.append("full disk: the data directory is no small disk of its own")
        return
    data = Path(os.environ["ORBITA_DATA"])
    filler = data / "filler"
    with _children(lambda: write_on(ledger, 1), work_on):
        _fill(filler)
        time.sleep(2)
        said = _backup_says()
    if "free space" not in said and "disk is full" not in said:
        found.unsound.append(f"a backup on a full disk: {said or 'was made'}")
    _look_at_rows(ledger, found)
    filler.unlink()
    look(ledger, found)
    before = found.commits
    with _children(lambda: write_on(ledger, 2)):
        time.sleep(2)
    if said := _backup_says():
        found.unsound.append(f"a backup after the disk was full: {said}")
    look(ledger, found)
    if found.commits == before:
        found.unsound.append("nothing was written after the disk had room again")


def spoil(ledger: Path, found: Found) -> None:
    """Loses a row and half a backup on purpose: whoever looks for losses has to see both."""
    from django.db import transaction

    from orbita.clients import facts
    from orbita.commerce.models import Order
    from orbita.core.models import Backup

    with _children(lambda: write_on(ledger, 3)):
        time.sleep(2)
    back_up()
    order = Order.objects.earliest("pk")
    client = order.client_id
    with transaction.atomic():
        order.lines.all().delete()
        order.delete()
        facts.refresh([client] if client else [])
    path = Backup.objects.get().file
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    look(ledger, found)


def _is_small_disk() -> bool:
    stat = os.statvfs(os.environ["ORBITA_DATA"])
    return stat.f_blocks * stat.f_frsize <= (SMALL_DISK << 20)


def _fill(path: Path) -> None:
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * (256 << 10))
    with suppress(OSError), path.open("ab", buffering=0) as file:
        while True:
            file.write(b"\0" * 512)


def _backup_says() -> str:
    """What a backup complains of; empty when it was made."""
    done = subprocess.run(
        [sys.executable, "-m", "orbita", "backup"], capture_output=True, text=True
    )
    return done.stderr.strip() if done.returncode else ""


def read_only_disk(ledger: Path, found: Found) -> None:
    """A data directory that cannot be written any more is told in one line and loses nothing."""
    if not _is_small_disk():
        found.left_out.append("read-only disk: the data directory is no small disk of its own")
        return
    _close()
    data = os.environ["ORBITA_DATA"]
    subprocess.run(["mount", "-o", "remount,ro", data], check=True)  # noqa: S607
    try:
        said = _backup_says()
    finally:
        subprocess.run(["mount", "-o", "remount,rw", data], check=True)  # noqa: S607
    if not said.startswith("orbita: ") or "\n" in said:
        found.unsound.append(f"a backup on a read-only disk: {said or 'nothing'}")
    look(ledger, found)


# ---- the clock ----


def clock_goes_back(ledger: Path, found: Found) -> None:
    """An hour is put back under writers and a worker, as after a wrong clock was set right: nothing is
    lost, the log stays whole, and what was queued before runs at once.
    """
    from orbita.core.models import Job
    from orbita.core.seals.jobs import check_log

    with _children(lambda: write_on(ledger, 4)):
        time.sleep(2)
    waiting = check_log.enqueue()
    with _children(
        lambda: _an_hour_ago(lambda: write_on(ledger, 5)), lambda: _an_hour_ago(work_on)
    ):
        done = _comes_true(lambda: _is_done(Job, int(waiting.id)), seconds=30)
    if not done:
        found.unsound.append("a job that was queued before the clock went back waits")
    with _children(lambda: write_on(ledger, 6), work_on):
        time.sleep(2)
    look(ledger, found)


def _an_hour_ago(work: Callable[[], object]) -> None:
    import time_machine

    with time_machine.travel(datetime.now(UTC) - timedelta(hours=1)):
        work()


def _is_done(jobs: Any, pk: int) -> bool:
    return bool(jobs.objects.filter(pk=pk, status=jobs.Status.DONE).exists())


def _comes_true(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.2)
    return False


@contextmanager
def small_disk() -> Iterator[Path | None]:
    """A real disk of a few megabytes; None where one cannot be mounted."""
    with tempfile.TemporaryDirectory() as name:
        command = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK}m,mode=700", "none", name]
        with suppress(OSError):
            if subprocess.run(command, capture_output=True).returncode == 0:
                try:
                    yield Path(name)
                finally:
                    subprocess.run(["umount", "-l", name], check=True)  # noqa: S607
                return
        yield None


def run_on_empty(environment: dict[str, str], rounds: int, *kinds: str) -> dict[str, Any]:
    """What the rounds found on a base that is made here first, in processes of their own."""
    where = {**os.environ, **environment, "ORBITA_LOG_LEVEL": "CRITICAL"}
    migrate = [sys.executable, "-m", "orbita", "manage", "migrate", "-v0"]
    subprocess.run(migrate, env=where, check=True)
    done = subprocess.run(
        [sys.executable, "-c", _START, str(rounds), *kinds],
        env=where | {"DJANGO_SETTINGS_MODULE": "orbita.config.settings"},
        stdout=subprocess.PIPE,
        text=True,
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result
