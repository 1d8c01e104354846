from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from django_tasks import task

from orbita.core import jobs
from orbita.core.models import Company, Job


@task()
def name_company(name: str) -> str:
    Company.objects.create(name=name)
    return name


@task(max_attempts=2)
def break_down(name: str) -> None:
    Company.objects.create(name=name)
    raise ValueError("no such luck")


pytestmark = pytest.mark.django_db(transaction=True)


def test_a_job_runs_once_and_keeps_its_result() -> None:
    result = name_company.enqueue("Orbit")
    assert jobs.run_all() == 1
    assert Company.objects.get().name == "Orbit"
    assert name_company.get_result(result.id).return_value == "Orbit"


def test_a_job_rolls_back_with_its_cause() -> None:
    with transaction.atomic():
        name_company.enqueue("Orbit")
        transaction.set_rollback(True)
    assert jobs.run_all() == 0


def test_a_failing_job_leaves_no_effects_and_is_retried_later_then_fails_with_its_cause() -> None:
    break_down.enqueue("Orbit")
    assert jobs.run_all() == 1
    job = Job.objects.get()
    assert (job.status, job.attempts) == (Job.Status.QUEUED, 1)
    assert job.run_after > timezone.now()
    Job.objects.update(run_after=timezone.now())
    jobs.run_all()
    job.refresh_from_db()
    assert (job.status, job.error) == (Job.Status.FAILED, "ValueError: no such luck")
    assert not Company.objects.exists()


def test_a_job_of_a_dead_worker_runs_again_after_its_lease() -> None:
    name_company.enqueue("Orbit")
    taken = jobs.claim(jobs.QUEUES)
    assert taken is not None
    assert jobs.claim(jobs.QUEUES) is None
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert jobs.run_all() == 1
    assert Company.objects.count() == 1


def test_a_worker_that_lost_its_lease_leaves_no_effects() -> None:
    name_company.enqueue("Orbit")
    slow = jobs.claim(jobs.QUEUES)
    assert slow is not None
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    jobs.run_all()
    jobs.run(slow)
    assert Company.objects.count() == 1
    assert Job.objects.get().status == Job.Status.DONE


def test_every_tick_of_a_schedule_is_queued_once() -> None:
    now = timezone.now()
    assert jobs.enqueue_due(now) == len(jobs.SCHEDULES)
    assert jobs.enqueue_due(now) == 0
    assert jobs.enqueue_due(now + timedelta(days=1, minutes=1)) == len(jobs.SCHEDULES)
