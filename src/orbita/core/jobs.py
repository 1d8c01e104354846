"""Background work behind the django-tasks interface, kept in the database.

What the stock database backend lacks and this one closes: a lease with a heartbeat (a killed
worker's job runs again), attempts with backoff, one transaction for a job's effects and its
completion, and periodic work with one tick per period however many workers run.
"""

import logging
import secrets
import threading
import time as clock
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from random import uniform
from typing import Any

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy, gettext_noop
from django_tasks import task
from django_tasks.backends.base import BaseTaskBackend
from django_tasks.base import Task, TaskResult, TaskResultStatus
from django_tasks.exceptions import TaskResultDoesNotExist

from orbita.core import context
from orbita.core.events import Actor, emit
from orbita.core.models import Company, Job
from orbita.core.registry import Registry
from orbita.core.seals.sealing import SEAL_EVERY, keep_sealed

logger = logging.getLogger(__name__)

LONGEST_BACKOFF = timedelta(hours=1)
QUEUES = ("default", "long")
# What somebody has asked for and waits for goes before what comes round by itself.
TICK_PRIORITY = -10
WORKER_DIED = gettext_noop("The worker died while running this job")


class LeaseLostError(Exception):
    """Another worker has taken the job over: whatever this one did since must roll back."""


class HandedBackError(Exception):
    """The worker is stopping: the job ends between two chunks and goes on in the next worker."""


def lease() -> timedelta:
    """How long a job stays with a worker that no longer answers."""
    return timedelta(seconds=settings.ORBITA_JOB_LEASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTask(Task[Any, Any]):
    """A task with our additions; given to the decorator: `@task(max_attempts=3, atomic=False)`.

    An atomic job and the mark that it is done are one transaction, so its database effects happen
    once. Long work sets `atomic=False`, does a chunk per transaction and calls `checkpoint` in
    each, and `is_cancelled` between them; a job with outside effects keeps their state in rows.
    """

    max_attempts: int = 5
    atomic: bool = True
    label: str | Promise = ""


class DatabaseBackend(BaseTaskBackend):
    task_class = JobTask
    supports_defer = True
    supports_get_result = True
    supports_priority = True

    def enqueue(self, task: Any, args: Any, kwargs: Any) -> TaskResult[Any]:
        job = _row(task, args, kwargs, timezone.now())
        job.save(force_insert=True)
        return _as_result(job)

    def enqueue_many(self, task: Any, arguments: Iterable[Sequence[Any]]) -> None:
        now = timezone.now()
        Job.objects.bulk_create([_row(task, args, {}, now) for args in arguments], batch_size=1000)

    def get_result(self, result_id: str) -> TaskResult[Any]:
        try:
            return _as_result(Job.objects.get(pk=int(result_id)))
        except (Job.DoesNotExist, ValueError):
            raise TaskResultDoesNotExist(result_id) from None


def _row(task: Any, args: Iterable[Any], kwargs: dict[str, Any], now: datetime) -> Job:
    return Job(
        task=task.module_path,
        args=list(args),
        kwargs=kwargs,
        queue=task.queue_name,
        priority=task.priority,
        enqueued_at=now,
        run_after=task.run_after or now,
        max_attempts=task.max_attempts,
    )


def enqueue_many(task: Any, arguments: Iterable[Sequence[Any]]) -> None:
    """Queues the task once per list of arguments, in bulk inserts."""
    task.get_backend().enqueue_many(task, arguments)


_RESULT_STATUS = {
    Job.Status.QUEUED: TaskResultStatus.READY,
    Job.Status.RUNNING: TaskResultStatus.RUNNING,
    Job.Status.DONE: TaskResultStatus.SUCCESSFUL,
    Job.Status.FAILED: TaskResultStatus.FAILED,
}


def _as_result(job: Job) -> TaskResult[Any]:
    result: TaskResult[Any] = TaskResult(
        task=import_string(job.task),
        id=str(job.pk),
        status=_RESULT_STATUS[Job.Status(job.status)],
        enqueued_at=job.enqueued_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        last_attempted_at=job.started_at,
        args=job.args,
        kwargs=job.kwargs,
        backend="default",
        errors=[],
        worker_ids=[""] * job.attempts,
    )
    object.__setattr__(result, "_return_value", job.result)
    return result


# ---- periodic work ----


@dataclass(frozen=True)
class Schedule:
    """Runs `task` every `every`, or daily at the company's local time `at`."""

    name: str
    task: Any
    every: timedelta | None = None
    at: time | None = None

    def latest_tick(self, now: datetime) -> datetime:
        """The last moment, not after `now`, at which the work was due."""
        if self.every:
            seconds = int(self.every.total_seconds())
            return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, tz=now.tzinfo)
        zone = Company.current().zone
        local = now.astimezone(zone)
        due = datetime.combine(local.date(), self.at or time(0), tzinfo=zone)
        if due > local:
            due = datetime.combine(
                local.date() - timedelta(days=1), self.at or time(0), tzinfo=zone
            )
        return due


SCHEDULES: Registry[Schedule] = Registry("schedule")


def enqueue_due(now: datetime | None = None) -> int:
    """Queues the latest tick of every schedule, once whoever asks. Returns how many were new."""
    now = now or timezone.now()
    rows = [
        Job(
            task=schedule.task.module_path,
            queue=schedule.task.queue_name,
            priority=TICK_PRIORITY,
            unique_key=f"tick:{schedule.name}:{schedule.latest_tick(now).isoformat()}",
            enqueued_at=now,
            run_after=now,
            max_attempts=schedule.task.max_attempts,
        )
        for schedule in SCHEDULES
    ]
    known = set(
        Job.objects.filter(unique_key__in=[row.unique_key for row in rows]).values_list(
            "unique_key", flat=True
        )
    )
    new = [row for row in rows if row.unique_key not in known]
    if new:
        Job.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


# ---- claiming and running ----


def claim(queues: Sequence[str]) -> Job | None:
    """Takes the next due job, or one whose worker died, under a fresh lease."""
    return _claim(Job.objects.filter(queue__in=queues))


def claim_one(job_id: int) -> Job | None:
    """Takes this very job to run it here; None when a worker has it or it is not due."""
    return _claim(Job.objects.filter(pk=job_id))


def _claim(jobs: QuerySet[Job]) -> Job | None:
    now = timezone.now()
    # What is to run at once is not kept waiting when the clock was put back since.
    its_time = Q(run_after__lte=now) | Q(run_after__lte=F("enqueued_at"))
    due = Q(status=Job.Status.QUEUED) & its_time
    abandoned = Q(status=Job.Status.RUNNING, lease_until__lt=now)
    for condition in (due, abandoned):
        ready = jobs.filter(condition).order_by("-priority", "run_after")
        if not ready.exists():  # a plain read: an idle worker must not take SQLite's write lock
            continue
        with transaction.atomic():
            job = ready.select_for_update(skip_locked=True).first()
            if job is None:
                continue
            if job.attempts >= job.max_attempts:
                _fail(job, WORKER_DIED)
                continue
            job.status = Job.Status.RUNNING
            job.attempts += 1
            job.started_at = now
            job.lease_until = now + lease()
            job.lease_token = secrets.token_hex(16)
            job.save(
                update_fields=["status", "attempts", "started_at", "lease_until", "lease_token"]
            )
            return job
    return None


def hold(job: Job, **fields: Any) -> None:
    """Renews the lease inside the current transaction; raises `LeaseLostError` when it is gone."""
    held = Job.objects.filter(
        pk=job.pk, lease_token=job.lease_token, status=Job.Status.RUNNING
    ).update(lease_until=timezone.now() + lease(), **fields)
    if not held:
        raise LeaseLostError(f"job {job.pk} was taken over")


_current = threading.local()


def current_job() -> Job | None:
    """The job this thread is running; its `state` is what the last checkpoint kept."""
    return getattr(_current, "job", None)


def checkpoint(state: Any, *, done: int, total: int | None = None) -> None:
    """Keeps how far a chunked job is, in the transaction of the chunk.

    A job that starts again finds `state` (JSON) in `current_job().state`. `done` and `total` feed
    the progress bar. Raises `LeaseLostError` when another worker took over: the chunk rolls back.
    Outside a job it does nothing, so that the same code runs by hand.
    """
    job = current_job()
    if job is None:
        return
    if not connection.in_atomic_block:
        raise RuntimeError("checkpoint() belongs inside the transaction of its chunk")
    fields: dict[str, Any] = {"state": state, "progress": done}
    if total is not None:
        fields["total"] = total
    # Work that gets on does not use its attempts up, however often workers are restarted.
    hold(job, attempts=1, **fields)
    for name, value in fields.items():
        setattr(job, name, value)
    if watch := getattr(_current, "watch", None):
        watch(job)


def is_cancelled() -> bool:
    """Whether somebody asked the current job to stop. To be called between chunks.

    Raises `HandedBackError` when the worker itself is stopping: what is done stays, the next worker
    goes on from the checkpoint.
    """
    job = current_job()
    if job is None:
        return False
    if getattr(_current, "stopping", None) and _current.stopping.is_set():
        raise HandedBackError
    return Job.objects.filter(pk=job.pk, cancel_requested=True).exists()


def request_cancel(job_id: int) -> None:
    """Asks a job to stop; one that never calls `is_cancelled` runs to its end."""
    Job.objects.filter(pk=job_id, status__in=[Job.Status.QUEUED, Job.Status.RUNNING]).update(
        cancel_requested=True
    )


def run(
    job: Job,
    stopping: threading.Event | None = None,
    watch: Callable[[Job], None] | None = None,
) -> None:
    """Runs a claimed job to its end: done, queued again with a delay, or failed with the cause.

    `watch` is called at every checkpoint, for whoever shows the progress.
    """
    _current.job, _current.stopping, _current.watch = job, stopping, watch
    heartbeat = _Heartbeat(job)
    heartbeat.start()
    try:
        with context.request(f"job-{job.pk}-{job.attempts}"):
            _call(job)
    except LeaseLostError:
        logger.warning("job %s was taken over by another worker", job.pk)
    except HandedBackError:
        hand_back(job)
    except Exception as error:
        logger.exception("job %s (%s) failed", job.pk, job.task)
        _retry_or_fail(job, error)
    finally:
        heartbeat.stop()
        _current.job = _current.stopping = _current.watch = None


def _call(job: Job) -> None:
    function = import_string(job.task)
    if function.atomic:
        with transaction.atomic():
            _finish(job, function.call(*job.args, **job.kwargs))
        return
    result = function.call(*job.args, **job.kwargs)
    with transaction.atomic():
        _finish(job, result)


def _finish(job: Job, result: Any) -> None:
    hold(
        job,
        status=Job.Status.DONE,
        finished_at=timezone.now(),
        result=result,
        error="",
    )
    job.status, job.result = Job.Status.DONE, result


def hand_back(job: Job) -> bool:
    """Gives a running job back to the queue at once and takes back the attempt it cost."""
    held = Job.objects.filter(
        pk=job.pk, lease_token=job.lease_token, status=Job.Status.RUNNING
    ).update(
        status=Job.Status.QUEUED,
        attempts=F("attempts") - 1,
        run_after=timezone.now(),
        lease_until=None,
        lease_token="",
    )
    return bool(held)


def _retry_or_fail(job: Job, error: Exception) -> None:
    cause = "".join(traceback.format_exception_only(error)).strip()[:2000]
    with transaction.atomic():
        held = Job.objects.select_for_update().filter(pk=job.pk, lease_token=job.lease_token)
        kept = held.first()
        if kept is None or kept.status != Job.Status.RUNNING:
            return
        if kept.attempts >= kept.max_attempts:
            _fail(kept, cause)
            return
        delay = min(timedelta(seconds=10 * 2**kept.attempts * uniform(0.8, 1.2)), LONGEST_BACKOFF)  # noqa: S311
        held.update(
            status=Job.Status.QUEUED,
            run_after=timezone.now() + delay,
            lease_until=None,
            lease_token="",
            error=cause,
        )


def _fail(job: Job, cause: str) -> None:
    Job.objects.filter(pk=job.pk).update(
        status=Job.Status.FAILED,
        finished_at=timezone.now(),
        lease_until=None,
        lease_token="",
        error=cause,
    )


def retry(*, actor: Actor, job: Job) -> bool:
    """Queues a failed job again with a full set of attempts; False when it has not failed.

    Who may is asked above: the policy lives in the room of accounts.
    """
    with transaction.atomic():
        changed = Job.objects.filter(pk=job.pk, status=Job.Status.FAILED).update(
            status=Job.Status.QUEUED,
            attempts=0,
            run_after=timezone.now(),
            finished_at=None,
            cancel_requested=False,
        )
        if changed:
            emit(
                "job.retried",
                actor=actor,
                subject_type="job",
                subject_id=job.pk,
                data={"task": job.task, "error": job.error},
            )
    return bool(changed)


class _Heartbeat(threading.Thread):
    """Renews the lease while the job works, from a thread and a connection of its own."""

    def __init__(self, job: Job) -> None:
        super().__init__(daemon=True)
        self._job = job
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(lease().total_seconds() / 4):
            try:
                hold(self._job)
            except LeaseLostError:
                break
            except Exception:
                # SQLite is busy with the job's own long transaction: nobody else can claim meanwhile.
                logger.info("heartbeat of job %s was late", self._job.pk)
        connection.close()

    def stop(self) -> None:
        self._stopped.set()


class Worker:
    """Runs jobs until told to stop: one lane for all, one kept free for short work.

    Beside them it queues what the schedule asks for, and seals the log of events.
    """

    lanes: tuple[tuple[str, ...], ...] = (("default",), ("long", "default"))

    def __init__(self, poll_seconds: float = 1.0) -> None:
        self._poll = poll_seconds
        self.stopping = threading.Event()
        self._running: dict[int, Job] = {}

    def run_forever(self, grace: float = 10.0) -> bool:
        """Until `stopping` is set, then at most `grace` seconds more. True when all work had ended.

        False when a job was still at work and was handed back: the process has to exit then, and
        what the job does meanwhile cannot commit, as it has lost its lease.
        """
        steps: list[tuple[Callable[[], bool], float]] = [
            *((partial(self._step, lane), self._poll) for lane in self.lanes),
            (self._tick, self._poll),
            (keep_sealed, SEAL_EVERY),
        ]
        threads = [threading.Thread(target=self._guard, args=step, daemon=True) for step in steps]
        for thread in threads:
            thread.start()
        # The kernel may give a signal to another thread; Python handles it when this one wakes up.
        while not self.stopping.wait(1.0):
            pass
        deadline = clock.monotonic() + grace
        for thread in threads:
            thread.join(max(deadline - clock.monotonic(), 0))
        if not any(thread.is_alive() for thread in threads):
            return True
        for job in list(self._running.values()):
            self._hand_back(job)
        return False

    def _hand_back(self, job: Job) -> None:
        try:
            if connection.vendor == "sqlite":
                connection.patience = 1.0  # type: ignore[attr-defined]
            hand_back(job)
        except DatabaseError:
            # SQLite is held by the job's own transaction: its lease will run out instead.
            logger.warning("job %s could not be handed back", job.pk)

    def _guard(self, step: Callable[[], bool], pause: float) -> None:
        while not self.stopping.is_set():
            close_old_connections()
            try:
                busy = step()
            except Exception:
                logger.exception("worker step failed")
                busy = False
            if not busy:
                self.stopping.wait(pause)
        connection.close()

    def _step(self, queues: Sequence[str]) -> bool:
        job = claim(queues)
        if job:
            self._running[job.pk] = job
            try:
                run(job, self.stopping)
            finally:
                del self._running[job.pk]
        return job is not None

    def _tick(self) -> bool:
        enqueue_due()
        return False


def run_all() -> int:
    """Runs everything that is due, in this thread. For tests and the command line."""
    count = 0
    while job := claim(QUEUES):
        run(job)
        count += 1
    return count


@task(label=gettext_lazy("Remove finished jobs"))
def prune_finished_jobs() -> None:
    """Keeps thirty days of finished jobs; failed ones stay until somebody looks."""
    old = timezone.now() - timedelta(days=30)
    Job.objects.filter(
        status=Job.Status.DONE, finished_at__lt=old, run_after__lte=F("finished_at")
    ).delete()
