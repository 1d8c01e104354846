"""Backups in an S3 storage, against a real server."""

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import obstore
import pytest
from django.utils import timezone

from orbita.core.backup import BackupError, making, plan, work
from orbita.core.backup.away import copies, fetching
from orbita.core.backup.away import storage as storages
from orbita.core.models import Backup, BackupCopy, BackupPlan, Company, Event, Job
from orbita.core.tests.seaweed import BUCKET, KEY_ID, SECRET, Seaweed

pytestmark = [pytest.mark.server, pytest.mark.django_db]
Status = BackupCopy.Status
SMALL = 300_000


@pytest.fixture
def place(seaweed: Seaweed, settings: Any, tmp_path: Path) -> Seaweed:
    """The server as the storage of this base, under a prefix of this test's own."""
    settings.ORBITA_S3 = {
        "endpoint": seaweed.endpoint,
        "bucket": BUCKET,
        "prefix": f"test/{secrets.token_hex(4)}",
        "region": "us-east-1",
        "key_id": KEY_ID,
        "secret": SECRET,
        "addressing": "path",
        "ca": "",
    }
    settings.ORBITA_DATA = tmp_path
    settings.LANGUAGE_CODE = "en"
    Company.objects.create()
    return seaweed


def made(size: int = SMALL, *, age: int = 0) -> Backup:
    """A proved backup of so many bytes, `age` days old."""
    moment = timezone.now().replace(microsecond=0) - timedelta(days=age)
    folder = making.folder_of(BackupPlan.current())
    folder.mkdir(exist_ok=True)
    path = folder / making.name_for(moment, encrypted=False)
    content = os.urandom(size)
    path.write_bytes(content)
    return Backup.objects.create(
        cause="schedule",
        status="good",
        started_at=moment,
        path=str(path),
        size=size,
        sha256=hashlib.sha256(content).hexdigest(),
    )


def sent(backup: Backup) -> BackupCopy:
    return copies.send(copies.enter(backup))


def over_there() -> dict[str, int]:
    return {entry.name: entry.size for entry in storages.required().entries()}


def client(server: Seaweed, given: dict[str, Any]) -> Any:
    return server.store(given["prefix"])


def test_a_small_backup_arrives_and_is_compared(place: Seaweed) -> None:
    copy = sent(backup := made())
    assert (copy.status, copy.reason) == (Status.THERE, "")
    assert over_there() == {backup.file.name: SMALL}
    assert Company.objects.get().stored_at == backup.started_at
    assert Event.objects.filter(kind="backup.sent").count() == 1


def test_a_big_backup_goes_in_parts_and_comes_back_the_same(
    place: Seaweed, settings: Any, tmp_path: Path
) -> None:
    backup = made(2 * storages.PART + 12_345)
    told: list[int] = []
    copy = copies.send(copies.enter(backup), told.append)
    assert copy.status == Status.THERE, copy.reason
    assert told == sorted(told)
    assert told[-1] == 99
    tag = obstore.head(client(place, settings.ORBITA_S3), backup.file.name)["e_tag"]
    assert str(tag).strip('"').endswith("-3"), "three parts"
    folder = tmp_path / "fetched"
    folder.mkdir()
    found = fetching.fetch("s3:latest", folder)
    assert found.name == backup.file.name
    assert found.read_bytes() == backup.file.read_bytes()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"key_id": "nobody"}, "refuses the key: InvalidAccessKeyId"),
        ({"secret": "not-this-one"}, "refuses the key: SignatureDoesNotMatch"),
        ({"bucket": "nowhere"}, "no bucket nowhere"),
        ({"endpoint": "http://127.0.0.1:9"}, "does not answer: http://127.0.0.1:9"),
    ],
)
def test_a_copy_that_cannot_be_sent_leaves_the_backup_good_and_is_tried_again(
    place: Seaweed, settings: Any, wrong: dict[str, str], says: str
) -> None:
    right = settings.ORBITA_S3
    settings.ORBITA_S3 = {**right, **wrong}
    backup = made()
    copy = sent(backup)
    assert copy.status == Status.FAILED
    assert says in copy.reason
    assert SECRET not in copy.error
    assert "not-this-one" not in copy.error
    backup.refresh_from_db()
    assert backup.status == Backup.Status.GOOD
    assert backup.file.is_file()
    assert Event.objects.filter(kind="backup.not_sent").count() == 1
    assert copies.trouble() == copy
    assert copies.due() is None, "not at once"
    BackupCopy.objects.update(retry_at=timezone.now() - timedelta(seconds=1))
    assert copies.due() == copy
    assert work.send_when_due.func()
    assert Job.objects.filter(task=work.send_copy.module_path).count() == 1
    assert work.send_when_due.func()
    assert Job.objects.filter(args=[copy.pk]).count() == 1
    settings.ORBITA_S3 = right
    assert sent(backup).status == Status.THERE
    assert copies.trouble() is None


def test_each_failure_is_waited_for_longer(place: Seaweed, settings: Any) -> None:
    settings.ORBITA_S3 = {**settings.ORBITA_S3, "secret": "wrong"}
    backup = made()
    waits = []
    for _try in range(8):
        copy = sent(backup)
        assert copy.retry_at is not None
        waits.append(round((copy.retry_at - timezone.now()).total_seconds() / 60))
    assert waits == [10, 20, 40, 80, 160, 320, 360, 360]


def test_a_server_that_dies_midway_leaves_no_file_and_the_next_try_sends_it(
    place: Seaweed,
) -> None:
    backup = made(4 * storages.PART)

    def strike(percent: int) -> None:
        if percent == 30:
            place.kill()

    try:
        copy = copies.send(copies.enter(backup), strike)
    finally:
        place.start()
    assert copy.status == Status.FAILED
    assert "does not answer" in copy.reason
    assert over_there() == {}
    assert sent(backup).status == Status.THERE
    assert over_there() == {backup.file.name: backup.size}


def test_an_upload_that_is_broken_off_leaves_nothing(place: Seaweed) -> None:
    copy = copies.enter(made(3 * storages.PART))

    class StoppedError(Exception):
        pass

    def stop(percent: int) -> None:
        if percent == 40:
            raise StoppedError

    with pytest.raises(StoppedError):
        copies.send(copy, stop)
    assert over_there() == {}
    copy.refresh_from_db()
    assert copy.status == Status.SENDING
    assert copies.due() == copy, "what a killed process left is taken up again"


def test_a_try_that_was_killed_after_its_end_is_not_sent_twice(
    place: Seaweed, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = sent(made())
    BackupCopy.objects.update(status=Status.SENDING)
    copy.refresh_from_db()
    monkeypatch.setattr(storages.Storage, "put", None)
    assert copies.send(copy).status == Status.THERE


def test_a_backup_whose_file_changed_is_not_sent(place: Seaweed) -> None:
    for content in (os.urandom(SMALL), os.urandom(SMALL + 1), os.urandom(SMALL - 1)):
        backup = made()
        backup.file.write_bytes(content)
        copy = sent(backup)
        assert copy.status == Status.FAILED
        assert copy.reason == "The file has changed since it was made."
        assert over_there() == {}
        BackupCopy.objects.all().delete()
        backup.file.unlink()


def test_a_file_of_somebody_else_is_not_written_over(place: Seaweed, settings: Any) -> None:
    backup = made()
    obstore.put(client(place, settings.ORBITA_S3), backup.file.name, b"somebody's")
    copy = sent(backup)
    assert copy.status == Status.FAILED
    assert "another file named" in copy.reason
    assert over_there() == {backup.file.name: len(b"somebody's")}


def test_copies_cut_short_or_gone_are_found_and_sent_again(
    place: Seaweed, settings: Any, tmp_path: Path
) -> None:
    backup = made(400_000)
    sent(backup)
    store = client(place, settings.ORBITA_S3)
    obstore.put(store, backup.file.name, backup.file.read_bytes()[:250_000])
    copies.look()
    row = BackupCopy.objects.get()
    assert row.status == Status.FAILED
    assert row.reason == "What lies in the storage differs from what was sent."
    assert copies.due() == row
    assert sent(backup).status == Status.THERE
    assert over_there() == {backup.file.name: 400_000}
    obstore.delete(store, [backup.file.name])
    copies.look()
    assert BackupCopy.objects.get().status == Status.GONE
    assert Company.objects.get().stored_at is None
    assert Event.objects.filter(kind="backup.copy_lost").count() == 2
    assert copies.due() is not None
    assert sent(backup).status == Status.THERE


def test_what_arrives_differently_is_taken_away_again(
    place: Seaweed, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = storages.Storage.put

    def spoil(self: storages.Storage, name: str, blocks: Iterator[bytes], size: int) -> None:
        original(self, name, (bytes(len(block)) for block in blocks), size)

    monkeypatch.setattr(storages.Storage, "put", spoil)
    copy = sent(made())
    assert copy.status == Status.FAILED
    assert copy.reason == "What lies in the storage differs from what was sent."
    assert over_there() == {}


def test_rotation_keeps_by_the_rule_of_the_folder_and_leaves_what_is_not_ours(
    place: Seaweed, settings: Any
) -> None:
    plan.change(actor=None, keep_daily=2, keep_weekly=0, keep_monthly=0)
    ours = [sent(made(1000, age=age)) for age in range(4)]
    store = client(place, settings.ORBITA_S3)
    strange = ["orbita-20200101-000000.tar", "notes.txt", "orbita-99999999-999999.tar", "x/y.tar"]
    for name in strange:
        obstore.put(store, name, b"not ours")
    copies.look()
    assert copies.rotate() == 2
    left = {one["path"] for one in obstore.list(store).collect() if one["size"]}
    assert left == {ours[0].name, ours[1].name, *strange}
    assert set(BackupCopy.objects.values_list("name", "status")) == {
        (ours[0].name, Status.THERE),
        (ours[1].name, Status.THERE),
        (strange[0], Status.UNKNOWN),
    }


def test_a_failed_copy_pushes_no_good_one_out(place: Seaweed, settings: Any) -> None:
    plan.change(actor=None, keep_daily=1, keep_weekly=0, keep_monthly=0)
    old = sent(made(age=1))
    right = settings.ORBITA_S3
    settings.ORBITA_S3 = {**right, "secret": "wrong"}
    newest = sent(made())
    settings.ORBITA_S3 = right
    assert newest.status == Status.FAILED
    assert copies.rotate() == 0
    assert over_there() == {old.name: SMALL}


def test_copies_at_a_former_place_are_left_where_they_are(place: Seaweed, settings: Any) -> None:
    plan.change(actor=None, keep_daily=1, keep_weekly=0, keep_monthly=0)
    former, right = sent(made(age=1)), settings.ORBITA_S3
    settings.ORBITA_S3 = {**right, "prefix": f"{right['prefix']}/other"}
    sent(backup := made())
    copies.look()
    assert copies.rotate() == 0
    assert over_there() == {backup.file.name: SMALL}
    settings.ORBITA_S3 = right
    assert over_there() == {former.name: SMALL}


def test_a_restored_copy_sends_and_removes_nothing(place: Seaweed) -> None:
    copy = copies.enter(made())
    Company.objects.update(sending_paused_at=timezone.now())
    assert copies.due() is None
    assert not work.send_when_due.func()
    work.send_copy.func(copy.pk)
    assert over_there() == {}
    assert work.look_into_storage.func() == 0


def test_only_one_copy_is_sent_at_a_time(place: Seaweed) -> None:
    first, second = copies.enter(made(age=1)), copies.enter(made())

    def meanwhile(percent: int) -> None:
        with pytest.raises(BackupError, match="Another copy"):
            copies.send(second)

    assert copies.send(first, meanwhile).status == Status.THERE


def test_settings_of_other_programs_turn_no_request_elsewhere(
    place: Seaweed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "theirs")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "theirs")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "theirs")
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    monkeypatch.setenv("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "true")
    assert sent(made()).status == Status.THERE


def test_a_name_that_is_not_there_is_refused(place: Seaweed, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="no backup named"):
        fetching.fetch("s3:../../etc/passwd", tmp_path)
    with pytest.raises(BackupError, match="no backup named latest"):
        fetching.fetch("s3:latest", tmp_path)


def test_what_is_kept_of_an_error_reads_in_both_languages(place: Seaweed, settings: Any) -> None:
    from django.utils import translation

    settings.ORBITA_S3 = {**settings.ORBITA_S3, "bucket": "nowhere"}
    copy = sent(made())
    with translation.override("ru"):
        assert copy.reason == "В хранилище нет бакета nowhere."
    assert json.loads(copy.error)
