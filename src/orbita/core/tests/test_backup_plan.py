"""When backups are due, and which of them stay."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from orbita.core.backup import plan, work
from orbita.core.models import Backup, BackupPlan, Company, Job

pytestmark = pytest.mark.django_db


def test_the_newest_of_days_weeks_and_months_stay() -> None:
    now = datetime(2026, 11, 23, 3, tzinfo=UTC)
    made = [(number, now - timedelta(days=number)) for number in range(400)]
    stay = plan.kept(made, BackupPlan(keep_daily=7, keep_weekly=4, keep_monthly=6))
    days = sorted(stay)
    assert days[:7] == list(range(7))
    # Sundays of the weeks before, the last days of the months before.
    assert {1, 8, 15} <= stay
    assert {23, 54, 84, 115, 146} <= stay
    assert len(stay) == 14


def test_the_newest_stays_whatever_the_plan_says() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    nothing = BackupPlan(keep_daily=0, keep_weekly=0, keep_monthly=0)
    assert plan.kept([(1, now), (2, now - timedelta(days=1))], nothing) == {1}
    assert plan.kept([], nothing) == set()


def test_rotation_removes_files_of_the_plan_only(tmp_path: Path) -> None:
    plan.change(actor=None, folder=str(tmp_path), keep_daily=1, keep_weekly=0, keep_monthly=0)
    elsewhere = tmp_path / "named"
    elsewhere.mkdir()
    now = timezone.now()

    def row(name: str, age: int, **other: str) -> Backup:
        path = tmp_path / name
        path.touch()
        return Backup.objects.create(
            **{"cause": "schedule", "status": "good", **other},
            started_at=now - timedelta(days=age),
            path=str(path),
        )

    row("new", 0)
    row("old", 1)
    row("unproved", 2, status="unproved")
    row("own", 3, cause="command")
    row("before", 3, cause="restore")
    row("named/far", 4)
    assert plan.rotate() == 1
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"new", "unproved", "own", "before", "named/far"}


def test_a_failed_backup_removes_no_good_one(tmp_path: Path) -> None:
    plan.change(actor=None, folder=str(tmp_path), keep_daily=1, keep_weekly=0, keep_monthly=0)
    (tmp_path / "good").touch()
    now = timezone.now()
    Backup.objects.create(
        cause="schedule",
        status="good",
        started_at=now - timedelta(days=9),
        path=str(tmp_path / "good"),
    )
    Backup.objects.create(cause="schedule", status="failed", started_at=now, path="")
    assert plan.rotate() == 0
    assert (tmp_path / "good").exists()


def test_a_backup_is_due_once_after_its_hour_by_the_company_clock() -> None:
    Company.objects.create(time_zone="Asia/Vladivostok")
    current = BackupPlan(hour=3)
    due = plan.last_due(current, datetime(2026, 11, 23, 18, 0, tzinfo=UTC))
    assert due == datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
    due = plan.last_due(current, datetime(2026, 11, 23, 16, 59, tzinfo=UTC))
    assert due == datetime(2026, 11, 22, 17, 0, tzinfo=UTC)


def test_the_schedule_queues_one_backup_for_a_day_and_none_before_it_was_set() -> None:
    assert not work.back_up_when_due.func()
    plan.change(actor=None, is_on=True)
    assert not work.back_up_when_due.func(), "the night before the plan is not made up for"
    BackupPlan.objects.update(changed_at=timezone.now() - timedelta(days=3))
    assert work.back_up_when_due.func()
    assert not work.back_up_when_due.func()
    assert Backup.objects.get().cause == "schedule"
    assert Job.objects.filter(task=work.make_backup.module_path).count() == 1


@pytest.mark.parametrize(
    "wrong",
    [{"hour": 24}, {"keep_daily": 0}, {"recipient": "age1nonsense"}, {"folder": "relative"}],
)
def test_a_plan_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        plan.change(actor=None, **wrong)
    assert not BackupPlan.objects.exists()
