"""Backups of real bases by the real commands, on the database the suite runs on."""

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import obstore
import psycopg
import pytest

from orbita.core.backup import keys
from orbita.core.tests.place import Place, wait_for
from orbita.core.tests.seaweed import Seaweed

pytestmark = pytest.mark.server

SOMETHING = (
    "from django.db import transaction\n"
    "from orbita.core.events import emit\n"
    "from orbita.core.mail import queue_mail\n"
    "from orbita.core.models import Company\n"
    "with transaction.atomic():\n"
    "    company = Company.objects.create(name='Coffee at Anna’s')\n"
    "    emit('company.changed', actor=None, data={'name': company.name})\n"
    "    queue_mail(key='hello', to='a@example.org', subject='Hello', text='Hello')\n"
)
NAMES = (
    "from orbita.core.models import Company\n"
    "answer = sorted(Company.objects.values_list('name', flat=True))"
)


def call(place: Place, *words: str | Path, fails: bool = False) -> str:
    """Runs a command; returns what it printed, or, when it is to fail, what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "orbita", *map(str, words)],
        env=place.environment,
        capture_output=True,
        text=True,
    )
    assert (done.returncode == 1) == fails, done.stderr + done.stdout
    return done.stderr.strip().splitlines()[-1] if fails else done.stdout


@pytest.fixture
def empty_place(
    tmp_path_factory: pytest.TempPathFactory, template: Place
) -> Iterator[Callable[[], Place]]:
    """Makes machines where nothing was ever started."""
    made: list[str] = []
    url = template.environment["DATABASE_URL"]

    def make() -> Place:
        folder = tmp_path_factory.mktemp("empty")
        if url.startswith("sqlite"):
            return Place(folder, "")
        name = f"orbita_empty_{secrets.token_hex(4)}"
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(f"CREATE DATABASE {name}")
        made.append(name)
        return Place(folder, urlunsplit(urlsplit(url)._replace(path=f"/{name}")))

    yield make
    for name in made:
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def busy(place: Place) -> Place:
    """A place with a company, a letter that waits and two attachments."""
    place.run(SOMETHING)
    for name, content in (("2026/11/договор", b"contract"), ("2026/11/plan", os.urandom(300_000))):
        path = Path(place.environment["ORBITA_DATA"], "files/attachments", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return place


def attachments(place: Place) -> dict[str, bytes]:
    folder = Path(place.environment["ORBITA_DATA"], "files")
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def secret(place: Place, name: str = "secret_key") -> str:
    return Path(place.environment["ORBITA_DATA"], name).read_text()


def test_a_backup_restores_onto_an_empty_machine_with_one_command(
    busy: Place, empty_place: Callable[[], Place], tmp_path: Path
) -> None:
    file = tmp_path / "one.tar"
    made = json.loads(call(busy, "backup", file, "--format", "json"))
    assert made["path"] == str(file)
    assert made["proof"]["files"] == 2
    assert made["proof"]["looked_at"]["pages"] > 0
    other = empty_place()
    told = call(other, "restore", file)
    assert "letters are paused" in told
    assert other.run(NAMES) == busy.run(NAMES)
    assert attachments(other) == attachments(busy)
    assert secret(other) != secret(busy), "an open backup holds no secrets"
    last = other.run(
        "from orbita.core.models import Event\n"
        "answer = Event.objects.order_by('-pk').values_list('kind', flat=True)[0]"
    )
    assert last == "backup.restored"


def test_sign_ins_are_in_no_backup(busy: Place, tmp_path: Path) -> None:
    busy.run(
        "from orbita.accounts.sessions import SessionStore\n"
        "store = SessionStore()\nstore['planted'] = 1\nstore.create()"
    )
    key = busy.run(
        "from orbita.accounts.models import UserSession\nanswer = UserSession.objects.get().pk"
    )
    call(busy, "backup", tmp_path / "one.tar")
    folder = tmp_path / "apart"
    shutil.unpack_archive(tmp_path / "one.tar", folder, "tar")
    if (packed := folder / "database.sqlite3.gz").exists():
        content = subprocess.run(["gzip", "-dc", packed], check=True, capture_output=True).stdout
    else:
        command = ["pg_restore", "-f", "-", str(folder / "database.dump")]
        content = subprocess.run(command, check=True, capture_output=True).stdout
    assert b"Coffee at Anna" in content
    assert key.encode() not in content


def test_a_restored_copy_sends_nothing_until_somebody_resumes_it(
    busy: Place, empty_place: Callable[[], Place], tmp_path: Path
) -> None:
    call(busy, "backup", tmp_path / "one.tar")
    other = empty_place()
    call(other, "restore", tmp_path / "one.tar")
    said = other.run(
        "from orbita.core import jobs, mail\n"
        "from orbita.core.backup import pause\n"
        "from orbita.core.models import OutgoingMail\n"
        "from django.conf import settings\n"
        "settings.ORBITA_SMTP_URL = 'smtp://127.0.0.1:1?tls=none'\n"
        "mail.queue_mail(key='new', to='b@example.org', subject='New', text='New')\n"
        "jobs.run_all()\n"
        "before = list(OutgoingMail.objects.order_by('pk').values_list('key', 'status', 'error'))\n"
        "woken = mail.wake_waiting_mail.func()\n"
        "pause.resume(actor=None)\n"
        "answer = before, woken, mail.wake_waiting_mail.func()"
    )
    (hello, new), woken, woken_after = said
    # The original may have sent it meanwhile: never again by itself.
    assert hello[:2] == ["hello", "doubt"]
    assert new[:2] == ["new", "queued"]
    assert "restored copy" in new[2]
    assert (woken, woken_after) == (0, 1)


def test_an_encrypted_backup_holds_the_secrets_and_opens_with_its_recovery_key_only(
    busy: Place, empty_place: Callable[[], Place], tmp_path: Path
) -> None:
    pair, other_pair = keys.make_pair(), keys.make_pair()
    busy.run(
        "from orbita.core.backup import plan\n"
        f"plan.change(actor=None, recipient={pair.recipient!r})"
    )
    file = tmp_path / "one.tar.age"
    made = json.loads(call(busy, "backup", file, "--format", "json"))
    assert made["encrypted"]
    assert made["proof"]["files"] == 2, "proved by reading back the encrypted file itself"
    other = empty_place()
    assert "is encrypted" in call(other, "restore", file, fails=True)
    (tmp_path / "wrong").write_text(other_pair.recovery)
    (tmp_path / "right").write_text(f"# kept in the safe\n{pair.recovery}\n")
    wrong = call(other, "restore", file, "--key-file", tmp_path / "wrong", fails=True)
    assert "does not fit" in wrong
    call(other, "restore", file, "--key-file", tmp_path / "right")
    assert other.run(NAMES) == busy.run(NAMES)
    assert secret(other) == secret(busy)
    assert secret(other, "seal_keys") == secret(busy, "seal_keys")
    cut = tmp_path / "cut.tar.age"
    cut.write_bytes(file.read_bytes()[:-70_000])
    said = call(other, "restore", cut, "--key-file", tmp_path / "right", "--yes", fails=True)
    assert "damaged or cut off" in said


def test_a_place_with_data_is_replaced_only_on_demand_and_after_saving_it(
    busy: Place, tmp_path: Path
) -> None:
    call(busy, "backup", tmp_path / "one.tar")
    busy.run("from orbita.core.models import Company\nCompany.objects.create(name='Later')")
    later = Path(busy.environment["ORBITA_DATA"], "files/later")
    later.write_bytes(b"later")
    assert "--yes" in call(busy, "restore", tmp_path / "one.tar", fails=True)
    assert "Later" in busy.run(NAMES)
    told = call(busy, "restore", tmp_path / "one.tar", "--yes")
    assert "Later" not in busy.run(NAMES)
    assert not later.exists()
    saved = Path(told.partition("kept in ")[2].splitlines()[0])
    call(busy, "restore", saved, "--yes")
    assert "Later" in busy.run(NAMES)
    assert later.read_bytes() == b"later"


def test_a_backup_of_an_older_version_is_brought_up_to_date(
    busy: Place, empty_place: Callable[[], Place], tmp_path: Path
) -> None:
    busy.manage("migrate", "-v0", "gateways", "0001")
    busy.run(
        "from pathlib import Path\n"
        "from orbita.core.backup import making\n"
        "with making.working() as work:\n"
        f"    making.write(Path({str(tmp_path / 'old.tar')!r}), [], work=work)"
    )
    other = empty_place()
    call(other, "restore", tmp_path / "old.tar")
    rows = other.run("from orbita.gateways.models import Export\nanswer = Export.objects.count()")
    assert rows == 0
    assert other.run(NAMES) == busy.run(NAMES)


def test_what_does_not_fit_the_place_changes_nothing(busy: Place, tmp_path: Path) -> None:
    call(busy, "backup", tmp_path / "one.tar")
    assert "is there already" in call(busy, "backup", tmp_path / "one.tar", fails=True)
    for what, sentence in (
        (b"", "not a backup of Orbita"),
        (os.urandom(50_000), "not a backup of Orbita"),
        ((tmp_path / "one.tar").read_bytes()[:200_000], "damaged or cut off"),
    ):
        (tmp_path / "bad.tar").write_bytes(what)
        assert sentence in call(busy, "restore", tmp_path / "bad.tar", "--yes", fails=True)
    assert "No such file" in call(busy, "restore", tmp_path / "none.tar", "--yes", fails=True)
    assert busy.run(NAMES) == ["Coffee at Anna’s"]
    left = {path.name for path in Path(busy.environment["ORBITA_DATA"]).iterdir()}
    assert "backup-work" not in left


def test_a_base_whose_facts_are_wrong_makes_a_backup_that_is_not_called_good(
    busy: Place, empty_place: Callable[[], Place], tmp_path: Path
) -> None:
    busy.run(
        "from orbita.clients.models import Client, ClientFacts\n"
        "from orbita.clients.facts import refresh\n"
        "from django.db import transaction\n"
        "client = Client.objects.create(name='Anna', name_key='anna')\n"
        "with transaction.atomic():\n    refresh([client.pk])\n"
        "ClientFacts.objects.update(gross=12345)"
    )
    said = call(busy, "backup", tmp_path / "one.tar", fails=True)
    assert "not proved" in said
    assert "gross of client" in said
    status: Any = busy.run(
        "from orbita.core.models import Backup, Company\n"
        "answer = list(Backup.objects.values_list('status')), Company.objects.get().backed_up_at"
    )
    assert status == [[["unproved"]], None]
    # It is all there is: whoever needs it may have it, and is told.
    other = empty_place()
    assert "gross of client" in call(other, "restore", tmp_path / "one.tar")
    assert other.run(NAMES) == busy.run(NAMES)


@pytest.mark.no_database
def test_a_damaged_base_makes_no_backup_and_is_set_aside_by_a_restore(
    busy: Place, tmp_path: Path
) -> None:
    call(busy, "backup", tmp_path / "one.tar")
    base = busy.folder / "orbita.sqlite3"
    busy.run(
        "from django.db import connection\n"
        "connection.cursor().execute('PRAGMA wal_checkpoint(TRUNCATE)')"
    )
    content = bytearray(base.read_bytes())
    for start in range(200 * 4096, len(content), 20 * 4096):
        content[start : start + 2048] = os.urandom(2048)
    base.write_bytes(content)
    call(busy, "backup", tmp_path / "two.tar", fails=True)
    assert not list(tmp_path.glob("*two*"))
    told = call(busy, "restore", tmp_path / "one.tar", "--yes")
    aside = Path(told.partition("kept in ")[2].splitlines()[0])
    assert aside.stat().st_size >= len(content)
    assert "before-restore" in aside.name
    assert busy.run(NAMES) == ["Coffee at Anna’s"]


def test_a_backup_goes_to_the_storage_and_restores_from_it_onto_an_empty_machine(
    busy: Place, empty_place: Callable[[], Place], seaweed: Seaweed
) -> None:
    prefix = f"machine/{secrets.token_hex(4)}"
    busy.environment |= {**seaweed.settings, "ORBITA_S3_PREFIX": prefix}
    made = json.loads(call(busy, "backup", "--format", "json"))
    name = Path(made["path"]).name
    assert made["sent"] == f"{seaweed.endpoint}/backups/{prefix}/{name}"
    other = empty_place()
    other.environment |= {**seaweed.settings, "ORBITA_S3_PREFIX": prefix}
    assert call(other, "backup", "--list").split("\t")[0] == f"s3:{name}"
    told = call(other, "restore", "s3:latest")
    assert "restored the base of" in told
    assert other.run(NAMES) == busy.run(NAMES)
    assert attachments(other) == attachments(busy)
    # The copy keeps still: what it makes stays here.
    assert json.loads(call(other, "backup", "--format", "json"))["sent"] is None
    assert len(call(other, "backup", "--list").splitlines()) == 1
    # A file that somebody named himself he carries himself.
    assert (
        json.loads(call(busy, "backup", busy.folder / "own.tar", "--format", "json"))["sent"]
        is None
    )


def test_a_backup_that_could_not_be_sent_says_so_and_the_worker_sends_it_later(
    busy: Place, seaweed: Seaweed
) -> None:
    prefix = f"machine/{secrets.token_hex(4)}"
    right = {**seaweed.settings, "ORBITA_S3_PREFIX": prefix}
    busy.environment |= {**right, "ORBITA_S3_SECRET": "wrong"}
    told = call(busy, "backup", fails=True)
    assert "the backup is made, but not sent. The storage refuses the key" in told
    states = (
        "from orbita.core.models import Backup, BackupCopy\n"
        "answer = [list(model.objects.values_list('status', flat=True))"
        " for model in (Backup, BackupCopy)]"
    )
    assert busy.run(states) == [["good"], ["failed"]]
    assert "refuses the key" in call(busy, "backup", "--list", fails=True)
    busy.environment |= right
    busy.run("from orbita.core.backup.work import ask_to_send\nanswer = ask_to_send() is not None")
    busy.worker()
    assert wait_for(lambda: busy.run(states) == [["good"], ["there"]])


def test_a_copy_cut_short_in_the_storage_restores_nothing(
    busy: Place, empty_place: Callable[[], Place], seaweed: Seaweed
) -> None:
    prefix = f"machine/{secrets.token_hex(4)}"
    busy.environment |= {**seaweed.settings, "ORBITA_S3_PREFIX": prefix}
    made = json.loads(call(busy, "backup", "--format", "json"))
    path = Path(made["path"])
    obstore.put(seaweed.store(prefix), path.name, path.read_bytes()[:-20_000])
    other = empty_place()
    other.environment |= busy.environment | {
        name: other.environment[name] for name in ("ORBITA_DATA", "DATABASE_URL")
    }
    told = call(other, "restore", f"s3:{path.name}", fails=True)
    assert "damaged or cut off" in told
    assert not Path(other.environment["ORBITA_DATA"], "files").exists()
