"""Background work behind the django-tasks interface, kept in the database.

What the stock database backend lacks and this one closes: a lease with a heartbeat (a killed
worker's job runs again), attempts with backoff, one transaction for a job's effects and its
completion, and periodic work with one tick per period however many workers run.
"""

import logging
import secrets
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import uniform
from typing import Any

from django.db import DatabaseError, close_old_connections, connection, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django_tasks import task
from django_tasks.backends.base import BaseTaskBackend
from django_tasks.base import Task, TaskResult, TaskResultStatus
from django_tasks.exceptions import TaskResultDoesNotExist

from orbita.core import context
from orbita.core.models import Company, Job
from orbita.core.registry import Registry

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
HEARTBEAT = 15.0  # seconds
LONGEST_BACKOFF = timedelta(hours=1)
QUEUES = ("default", "long")


class LeaseLostError(Exception):
    """Another worker has taken the job over: whatever this one did since must roll back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTask(Task[Any, Any]):
    """A task with our additions; given to the decorator: `@task(max_attempts=3, atomic=False)`.

    An atomic job and the mark that it is done are one transaction, so its database effects happen
    once. A job with outside effects or long work sets `atomic=False` and calls `hold` in each of
    its own transactions.
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
        now = timezone.now()
        job = Job.objects.create(
            task=task.module_path,
            args=list(args),
            kwargs=kwargs,
            queue=task.queue_name,
            priority=task.priority,
            enqueued_at=now,
            run_after=task.run_after or now,
            max_attempts=task.max_attempts,
        )
        return _as_result(job)

    def get_result(self, result_id: str) -> TaskResult[Any]:
        try:
            return _as_result(Job.objects.get(pk=int(result_id)))
        except (Job.DoesNotExist, ValueError):
            raise TaskResultDoesNotExist(result_id) from None


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
    now = timezone.now()
    due = Q(status=Job.Status.QUEUED, run_after__lte=now)
    abandoned = Q(status=Job.Status.RUNNING, lease_until__lt=now)
    for condition in (due, abandoned):
        ready = Job.objects.filter(condition, queue__in=queues).order_by("-priority", "run_after")
        if not ready.exists():  # a plain read: an idle worker must not take SQLite's write lock
            continue
        with transaction.atomic():
            job = ready.select_for_update(skip_locked=True).first()
            if job is None:
                continue
            if job.attempts >= job.max_attempts:
                _fail(job, "The worker died while running this job")
                continue
            job.status = Job.Status.RUNNING
            job.attempts += 1
            job.started_at = now
            job.lease_until = now + LEASE
            job.lease_token = secrets.token_hex(16)
            job.save(
                update_fields=["status", "attempts", "started_at", "lease_until", "lease_token"]
            )
            return job
    return None


def hold(job: Job) -> None:
    """Renews the lease inside the current transaction; raises `LeaseLostError` when it is gone."""
    held = Job.objects.filter(
        pk=job.pk, lease_token=job.lease_token, status=Job.Status.RUNNING
    ).update(lease_until=timezone.now() + LEASE)
    if not held:
        raise LeaseLostError(f"job {job.pk} was taken over")


_current = threading.local()


def current_job() -> Job | None:
    """The job this thread is running, for work that renews its lease itself."""
    return getattr(_current, "job", None)


def run(job: Job) -> None:
    """Runs a claimed job to its end: done, queued again with a delay, or failed with the cause."""
    function = import_string(job.task)
    _current.job = job
    heartbeat = _Heartbeat(job)
    heartbeat.start()
    try:
        with context.request(f"job-{job.pk}-{job.attempts}"):
            if function.atomic:
                with transaction.atomic():
                    _finish(job, function.call(*job.args, **job.kwargs))
            else:
                result = function.call(*job.args, **job.kwargs)
                with transaction.atomic():
                    _finish(job, result)
    except LeaseLostError:
        logger.warning("job %s was taken over by another worker", job.pk)
    except Exception as error:
        logger.exception("job %s (%s) failed", job.pk, job.task)
        _retry_or_fail(job, error)
    finally:
        heartbeat.stop()
        _current.job = None


def _finish(job: Job, result: Any) -> None:
    hold(job)
    job.status, job.finished_at, job.result, job.error = Job.Status.DONE, timezone.now(), result, ""
    job.save(update_fields=["status", "finished_at", "result", "error"])


def _retry_or_fail(job: Job, error: Exception) -> None:
    cause = "".join(traceback.format_exception_only(error)).strip()
    with transaction.atomic():
        held = Job.objects.select_for_update().filter(pk=job.pk, lease_token=job.lease_token)
        if not held.exists():
            return
        if job.attempts >= job.max_attempts:
            _fail(job, cause)
            return
        delay = min(timedelta(seconds=10 * 2**job.attempts * uniform(0.8, 1.2)), LONGEST_BACKOFF)  # noqa: S311
        held.update(
            status=Job.Status.QUEUED,
            run_after=timezone.now() + delay,
            lease_until=None,
            lease_token="",
            error=cause,
        )


def _fail(job: Job, cause: str) -> None:
    Job.objects.filter(pk=job.pk).update(
        status=Job.Status.FAILED, finished_at=timezone.now(), lease_until=None, error=cause
    )


def retry(job: Job) -> None:
    """Queues a failed job again with a full set of attempts."""
    Job.objects.filter(pk=job.pk, status=Job.Status.FAILED).update(
        status=Job.Status.QUEUED,
        attempts=0,
        run_after=timezone.now(),
        finished_at=None,
        lease_token="",
    )


class _Heartbeat(threading.Thread):
    def __init__(self, job: Job) -> None:
        super().__init__(daemon=True)
        self._job = job
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(HEARTBEAT):
            try:
                Job.objects.filter(pk=self._job.pk, lease_token=self._job.lease_token).update(
                    lease_until=timezone.now() + LEASE
                )
            except Exception:
                # SQLite is busy with the job's own long transaction: nobody else can claim meanwhile.
                logger.info("heartbeat of job %s was late", self._job.pk)
        connection.close()

    def stop(self) -> None:
        self._stopped.set()


class Worker:
    """Runs jobs until told to stop: one lane for all, one kept free for short work."""

    lanes: tuple[tuple[str, ...], ...] = (("default",), ("long", "default"))

    def __init__(self, poll_seconds: float = 1.0) -> None:
        self._poll = poll_seconds
        self._running: dict[int, Job] = {}
        self.stopping = threading.Event()

    def run_forever(self) -> None:
        threads = [
            threading.Thread(target=self._guard, args=(lambda q=lane: self._step(q),))
            for lane in self.lanes
        ]
        threads.append(threading.Thread(target=self._guard, args=(self._tick,)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _guard(self, step: Callable[[], bool]) -> None:
        while not self.stopping.is_set():
            close_old_connections()
            try:
                busy = step()
            except Exception:
                logger.exception("worker step failed")
                busy = False
            if not busy:
                self.stopping.wait(self._poll)
        connection.close()

    def _step(self, queues: Sequence[str]) -> bool:
        job = claim(queues)
        if job:
            self._running[job.pk] = job
            try:
                run(job)
            finally:
                del self._running[job.pk]
        return job is not None

    def hand_back(self) -> None:
        """Queues the jobs still running again, as if never begun; what they did so far rolls back.

        Best effort: while a job holds SQLite's write lock, it waits for its lease to end instead.
        """
        for job in list(self._running.values()):
            try:
                Job.objects.filter(
                    pk=job.pk, lease_token=job.lease_token, status=Job.Status.RUNNING
                ).update(
                    status=Job.Status.QUEUED,
                    attempts=job.attempts - 1,
                    lease_until=None,
                    lease_token="",
                )
            except DatabaseError:
                logger.warning("job %s starts again when its lease ends", job.pk)

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


@task(label="Remove finished jobs")
def prune_finished_jobs() -> None:
    """Keeps thirty days of finished jobs; failed ones stay until somebody looks."""
    old = timezone.now() - timedelta(days=30)
    Job.objects.filter(
        status=Job.Status.DONE, finished_at__lt=old, run_after__lte=F("finished_at")
    ).delete()
