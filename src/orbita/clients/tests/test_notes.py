from datetime import timedelta
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from orbita.accounts.models import User
from orbita.accounts.policy import Denied
from orbita.clients import files
from orbita.clients.actions import (
    add_file,
    add_note,
    create_client,
    delete_file,
    delete_note,
    restore_note,
)
from orbita.clients.facts import compare
from orbita.clients.models import Attachment, Client, Note
from orbita.core.events import payload_of
from orbita.core.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_files(tmp_path: Path, settings: object) -> None:
    settings.STORAGES = {  # type: ignore[attr-defined]
        **settings.STORAGES,  # type: ignore[attr-defined]
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path)},
        },
    }


@pytest.fixture
def row(alice: User) -> Client:
    return create_client(actor=alice, values={"name": "Соколова Ирина"})


def file(name: str = "договор.pdf", content: bytes = b"%PDF-1.4") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def test_a_note_is_an_event_and_no_contact(alice: User, row: Client) -> None:
    add_note(actor=alice, client=row, text="Любит эспрессо")
    event = Event.objects.get(kind="note.added")
    assert payload_of(event) == {"kind": "note", "text": "Любит эспрессо", "files": []}
    row.facts.refresh_from_db()
    assert row.facts.last_contact_at is None


def test_the_latest_talk_is_the_last_contact(alice: User, row: Client) -> None:
    earlier, later = timezone.now() - timedelta(days=9), timezone.now() - timedelta(days=2)
    add_note(actor=alice, client=row, text="Звонок", kind="call", happened_at=later)
    add_note(actor=alice, client=row, text="Встреча", kind="meeting", happened_at=earlier)
    row.facts.refresh_from_db()
    assert row.facts.last_contact_at == later
    delete_note(actor=alice, note=Note.objects.get(kind="call"))
    row.facts.refresh_from_db()
    assert row.facts.last_contact_at == earlier
    restore_note(actor=alice, note=Note.objects.get(kind="call"))
    assert list(compare()) == []


def test_empty_future_and_endless_notes_are_refused(alice: User, row: Client) -> None:
    tomorrow = timezone.now() + timedelta(days=1)
    for wrong in (
        {"text": " \n "},
        {"text": "a" * 20_001},
        {"text": "Завтра", "happened_at": tomorrow},
        {"text": "Голубь", "kind": "pigeon"},
    ):
        with pytest.raises(ValidationError):
            add_note(actor=alice, client=row, **wrong)
    assert not Note.objects.exists()


def test_a_file_is_stored_under_a_random_name_and_keeps_its_own(alice: User, row: Client) -> None:
    add_note(actor=alice, client=row, text="", files=[file("../../etc/договор поставки.pdf")])
    attachment = Attachment.objects.get()
    assert attachment.name == "договор поставки.pdf"
    assert attachment.size == 8
    stored = Path(attachment.file.path)
    assert stored.read_bytes() == b"%PDF-1.4"
    assert len(stored.name) == 32
    assert "." not in stored.name


@pytest.mark.parametrize(
    "name",
    [
        "page.html",
        "image.svg",
        "run.exe",
        "x.pdf.js",
        "noextension",
        ".htaccess",
        "a.PHP",
        "a.pdf\0.html",
    ],
)
def test_files_that_could_run_are_refused(alice: User, row: Client, name: str) -> None:
    with pytest.raises(ValidationError):
        add_file(actor=alice, client=row, file=file(name))
    assert not Attachment.objects.exists()


def test_large_and_empty_files_are_refused(
    alice: User, row: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LARGEST", 10)
    for wrong in (file(content=b""), file(content=b"x" * 11)):
        with pytest.raises(ValidationError):
            add_note(actor=alice, client=row, text="Вот", files=[wrong])
    assert not Note.objects.exists()


def test_a_note_that_fails_leaves_no_file_behind(alice: User, row: Client, tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        add_note(actor=alice, client=row, text="Вот", files=[file(), file("page.html")])
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_teammate_may_write_a_note_but_not_delete_anothers(
    alice: User, bob: User, charlie: User, viewer: User, row: Client
) -> None:
    note = add_note(actor=bob, client=row, text="Звонила, пока Алисы не было", kind="call")
    for actor in (charlie, viewer):
        with pytest.raises(Denied):
            add_note(actor=actor, client=row, text="Чужое")
    other = add_note(actor=alice, client=row, text="Моё")
    with pytest.raises(Denied):
        delete_note(actor=bob, note=other)
    assert delete_note(actor=bob, note=note) is not None


def test_a_deleted_file_is_gone_from_the_card(alice: User, row: Client) -> None:
    attachment = add_file(actor=alice, client=row, file=file())
    assert delete_file(actor=alice, attachment=attachment) is not None
    assert delete_file(actor=alice, attachment=attachment) is None
    attachment.refresh_from_db()
    assert attachment.deleted_at is not None
