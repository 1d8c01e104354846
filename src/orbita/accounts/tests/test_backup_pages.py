"""What administrators see and do about backups."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orbita.accounts.models import User
from orbita.core.backup import keys
from orbita.core.models import Backup, BackupCopy, BackupPlan, Company, Event, Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


def text_of(browser: Client, name: str, query: str = "") -> str:
    return browser.get(reverse(name) + query).content.decode()


def good(path: Path) -> Backup:
    path.write_bytes(b"archive")
    return Backup.objects.create(
        cause="hand",
        status="good",
        started_at=timezone.now(),
        path=str(path),
        size=7,
        proof={"tables": 91, "rows": 278_965, "files": 2, "looked_at": {"pages": 11, "facts": 451}},
    )


def test_the_button_queues_one_backup_however_often_it_is_pressed(browser: Client) -> None:
    for _press in range(2):
        browser.post(reverse("accounts:back-up-now"))
    row = Backup.objects.get()
    assert (row.status, row.cause) == ("running", "hand")
    assert [job.args for job in Job.objects.filter(task__contains="backup")] == [[row.pk]]
    assert "hx-trigger" in text_of(browser, "accounts:backups", "?part=list")


def test_the_list_tells_what_was_looked_at_in_the_restored_copy(
    browser: Client, tmp_path: Path
) -> None:
    row = good(tmp_path / "orbita.tar")
    page = text_of(browser, "accounts:backups")
    assert "91 tables" in page
    assert "278" in page
    assert reverse("accounts:download-backup", args=[row.pk]) in page
    row.file.unlink()
    page = text_of(browser, "accounts:backups")
    assert "the file is not there" in page
    assert reverse("accounts:download-backup", args=[row.pk]) not in page


def test_a_download_is_recorded_and_gives_the_very_file(browser: Client, tmp_path: Path) -> None:
    row = good(tmp_path / "orbita.tar")
    answer = browser.post(reverse("accounts:download-backup", args=[row.pk]))
    assert b"".join(answer.streaming_content) == b"archive"  # type: ignore[attr-defined]
    assert 'filename="orbita.tar"' in answer["Content-Disposition"]
    assert Event.objects.filter(kind="backup.downloaded", subject_id=row.pk).count() == 1
    row.file.write_bytes(b"something else")
    assert browser.post(reverse("accounts:download-backup", args=[row.pk])).status_code == 302
    assert Event.objects.filter(kind="backup.downloaded").count() == 1


def test_the_plan_is_changed_and_recorded(browser: Client, tmp_path: Path) -> None:
    given = {
        "is_on": "on", "hour": "4", "keep_daily": "3", "keep_weekly": "2", "keep_monthly": "1",
        "folder": str(tmp_path / "other disk"),
    }  # fmt: skip
    assert browser.post(reverse("accounts:backup-plan"), given).status_code == 302
    plan = BackupPlan.objects.get()
    assert (plan.is_on, plan.hour, plan.keep_daily) == (True, 4, 3)
    assert Event.objects.filter(kind="backup.plan_changed").count() == 1
    page = text_of(browser, "accounts:backups")
    assert "04:00" in page
    assert "other disk" in page


@pytest.mark.parametrize("folder", ["here", "/proc/none", "/dev/null"])
def test_a_folder_that_cannot_be_written_is_refused(browser: Client, folder: str) -> None:
    given = {
        "hour": "4", "keep_daily": "3", "keep_weekly": "2", "keep_monthly": "1", "folder": folder
    }  # fmt: skip
    answer = browser.post(reverse("accounts:backup-plan"), given)
    assert answer.status_code == 200
    assert not BackupPlan.objects.exists()


def test_a_key_is_trusted_only_after_it_was_given_back(browser: Client) -> None:
    address = reverse("accounts:backup-key")
    page = browser.post(address, {"step": "make"}).content.decode()
    [recovery] = re.findall(r"AGE-SECRET-KEY-1\w+", page)
    [recipient] = set(re.findall(r"age1[a-z0-9]+", page))
    assert not BackupPlan.current().recipient, "nothing is encrypted before the proof"
    wrong = keys.make_pair().recovery
    answer = browser.post(address, {"step": "trust", "recipient": recipient, "recovery": wrong})
    assert "does not open" in answer.content.decode()
    assert not BackupPlan.current().recipient
    browser.post(address, {"step": "trust", "recipient": recipient, "recovery": recovery})
    assert BackupPlan.current().recipient == recipient
    page = text_of(browser, "accounts:backup-key")
    assert recipient in page
    assert "AGE-SECRET-KEY" not in page
    browser.post(address, {"step": "drop"})
    assert not BackupPlan.current().recipient


def test_a_restored_copy_is_told_on_every_page_until_it_may_send(
    browser: Client, alice: User
) -> None:
    Company.objects.create(sending_paused_at=timezone.now())
    assert "restored copy" in text_of(browser, "accounts:profile")
    manager = Client()
    manager.force_login(alice)
    assert "restored copy" not in text_of(manager, "accounts:profile")
    assert manager.post(reverse("accounts:resume-sending")).status_code == 403
    browser.post(reverse("accounts:resume-sending"))
    assert "restored copy" not in text_of(browser, "accounts:profile")
    assert Event.objects.filter(kind="sending.resumed").count() == 1


def test_an_old_backup_is_told_everywhere_and_none_at_all_in_the_settings(browser: Client) -> None:
    Company.objects.create()
    assert "proved backup" not in text_of(browser, "accounts:profile")
    assert "no proved backup yet" in text_of(browser, "accounts:backups")
    assert "no proved backup yet" in text_of(browser, "accounts:jobs")
    Company.objects.update(backed_up_at=timezone.now() - timedelta(days=5))
    assert "last proved backup" in text_of(browser, "accounts:profile")
    Company.objects.update(backed_up_at=timezone.now())
    assert "proved backup" not in text_of(browser, "accounts:profile")


def test_the_notice_of_old_backups_leads_to_this_page_from_others_only(browser: Client) -> None:
    Company.objects.create()
    here = reverse("accounts:backups")
    notice = re.compile(r'class="o-alert warn".*?</div>', re.DOTALL)
    (on_the_page,) = notice.findall(text_of(browser, "accounts:backups"))
    assert here not in on_the_page
    (elsewhere,) = notice.findall(text_of(browser, "accounts:jobs"))
    assert here in elsewhere


def test_the_page_shows_what_lies_in_the_storage_without_asking_it(
    browser: Client, settings: Any, tmp_path: Path
) -> None:
    assert "ORBITA_S3_BUCKET" in text_of(browser, "accounts:backups")
    # Nobody answers there: a page that asked would say so, or wait.
    settings.ORBITA_S3 = {"endpoint": "http://127.0.0.1:9", "bucket": "b", "prefix": "p"}
    place = "http://127.0.0.1:9/b/p"
    now = timezone.now()
    for name, status, age in (("one", "there", 2), ("two", "failed", 1), ("three", "unknown", 3)):
        BackupCopy.objects.create(
            place=place, name=name, status=status, size=5, made_at=now - timedelta(days=age)
        )
    BackupCopy.objects.create(place="http://elsewhere/b", name="far", size=5, made_at=now)
    page = text_of(browser, "accounts:backups")
    for words in (place, "s3:one", "There, compared", "Not sent", "Not sent by this base"):
        assert words in page
    assert "s3:far" not in page
    assert "The newest backup is not in the storage." in page
    assert "not encrypted: whoever can read there" in page


def test_looking_again_sends_what_waits_without_waiting(
    browser: Client, settings: Any, tmp_path: Path
) -> None:
    settings.ORBITA_S3 = {"endpoint": "http://127.0.0.1:9", "bucket": "b", "prefix": "p"}
    BackupPlan.objects.create(folder=str(tmp_path))
    backup = good(tmp_path / "orbita-20261124-030000.tar")
    copy = BackupCopy.objects.create(
        place="http://127.0.0.1:9/b/p",
        name=backup.file.name,
        backup=backup,
        status="failed",
        size=7,
        made_at=backup.started_at,
        retry_at=timezone.now() + timedelta(hours=6),
    )
    browser.post(reverse("accounts:look-into-storage"))
    asked = {job.task.rpartition(".")[2]: job.args for job in Job.objects.all()}
    assert asked == {"look_into_storage": [], "send_copy": [copy.pk]}
