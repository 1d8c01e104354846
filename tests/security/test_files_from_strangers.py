"""Uploads: size before reading, names that climb, pages and programs under the name of a table."""

import io
import os
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from orbita.accounts.models import User
from orbita.clients.actions import add_file, create_client
from orbita.clients.models import Attachment, Client
from orbita.gateways.models import Import
from tests.security.hostile import caller, signed_in

pytestmark = pytest.mark.django_db
HTML = b"<!doctype html><script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.ORBITA_DATA = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "files")},
        },
    }
    return tmp_path


@pytest.fixture
def card(alice: User) -> Client:
    return create_client(actor=alice, values={"last_name": "Петрова"})


@pytest.mark.parametrize(
    "name",
    ["x.svg", "x.html", "x.htm", "x.xhtml", "x.js", "x.exe", "x.php", "x.pdf.html", "x.html\0.pdf.svg",
     "noextension", "x.shtml", "x.xml", "x.mht"],
)  # fmt: skip
def test_what_a_browser_or_a_desktop_would_run_is_not_attached(
    alice: User, card: Client, name: str
) -> None:
    with pytest.raises(ValidationError):
        add_file(actor=alice, client=card, file=SimpleUploadedFile(name, HTML))
    assert not Attachment.objects.exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.pdf", HTML), ("a.png", SVG), ("a.jpg", HTML), ("a.zip", HTML), ("a.docx", b"MZ\x90\0"),
     ("a.txt", b"MZ\x90\0\x03"), ("a.csv", b"\x7fELF\x02\x01\x01\0"), ("a.xls", HTML), ("a.mp4", SVG),
     ("a.heic", b"\0"), ("a.JPEG", b"GIF89a"), ("a.mp3", b"#!/bin/sh\n")],
    ids=range(12),
)  # fmt: skip
def test_a_file_that_is_not_what_its_name_says_is_not_attached(
    alice: User, card: Client, name: str, content: bytes
) -> None:
    with pytest.raises(ValidationError):
        add_file(actor=alice, client=card, file=SimpleUploadedFile(name, content))
    assert not Attachment.objects.exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.pdf", b"\n%PDF-1.7"), ("a.PNG", b"\x89PNG\r\n\x1a\n"), ("a.jpeg", b"\xff\xd8\xff\xe0"),
     ("a.doc", b"{\\rtf1"), ("a.xls", b"PK\x03\x04"), ("a.mov", b"\0\0\0\x08wide"),
     ("a.txt", "Привет".encode("utf-16")), ("a.csv", "Имя;Да".encode("cp1251")),
     ("a.heic", b"\0\0\0\x18ftypheic")],
    ids=range(9),
)  # fmt: skip
def test_files_of_real_programs_are_attached(
    alice: User, card: Client, name: str, content: bytes
) -> None:
    row = add_file(actor=alice, client=card, file=SimpleUploadedFile(name, content))
    assert Path(row.file.path).read_bytes() == content


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.pdf", b"%PDF-1.4" + HTML), ("a.gif", b"GIF89a/*" + HTML), ("a.csv", HTML), ("../../../etc/a.txt", HTML),
     ("..\\..\\a.txt", b"x"), ('a"\r\nSet-Cookie: x=1\r\n.txt', b"x"), ("<img src=x>.txt", b"x"),
     ("\u202efdp.txt", b"x"), ("a" * 400 + ".txt", b"x")],
    ids=range(9),
)  # fmt: skip
def test_whatever_is_attached_only_ever_comes_back_as_a_download(
    alice: User, card: Client, folder: Path, name: str, content: bytes
) -> None:
    file = SimpleUploadedFile("x", content)
    file._name = name  # type: ignore[attr-defined]  # as a hostile program would send it
    row = add_file(actor=alice, client=card, file=file)
    kept = Path(row.file.path)
    assert folder.resolve() in kept.resolve().parents
    assert stat.S_IMODE(kept.stat().st_mode) & 0o077 == 0
    assert not ({"/", "\\", "\r", "\n", "\0", "\u202e"} & set(row.name))
    answer = signed_in(alice).get(reverse("clients:file", args=[row.pk]))
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers
    assert "sandbox" in answer["Content-Security-Policy"]


def test_too_large_a_request_is_refused_before_it_is_read(head: User, card: Client) -> None:
    class Unread(io.BytesIO):
        def read(self, *args: Any) -> bytes:
            raise AssertionError("it was read")

    browser = signed_in(head)
    for url in (reverse("gateways:import"), reverse("clients:note", args=[card.pk])):
        unread: dict[str, Any] = {"wsgi.input": Unread(), "CONTENT_LENGTH": str(2**40)}
        response = browser.generic(
            "POST", url, b"", content_type="multipart/form-data; boundary=x", **unread
        )
        assert response.status_code == 413


@pytest.mark.parametrize(
    "name", ["../../x.csv", "a\0b.csv", "<img src=x onerror=alert(1)>.csv", "a" * 500 + ".csv", "/etc/passwd"]
)  # fmt: skip
def test_an_imported_file_is_stored_under_a_name_of_ours(
    head: User, folder: Path, name: str
) -> None:
    file = SimpleUploadedFile(name, "Имя;Телефон\nАнна Б;89160000002\n".encode())
    answer = caller(head).post("/api/v1/imports", {"file": file})
    assert answer.status_code == 202
    row = Import.objects.get()
    assert row.path.parent == folder / "imports"
    assert row.path.name.isalnum()
    assert "\0" not in row.file_name
    assert "/" not in row.file_name


def bomb() -> bytes:
    """A workbook of a few kilobytes that unpacks to gigabytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            block = b"0" * (8 * 1024 * 1024)
            for _n in range(300):
                part.write(block)
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [HTML, SVG, b"\x7fELF" + b"\0" * 100, b"PK\x03\x04" + os.urandom(200), b"%PDF-1.4", b"\0" * 5000,
     b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>"],
    ids=range(7),
)  # fmt: skip
def test_what_is_no_table_is_refused_in_words_and_not_kept(
    head: User, folder: Path, content: bytes, django_capture_on_commit_callbacks: Any
) -> None:
    file = SimpleUploadedFile("clients.xlsx", content)
    with django_capture_on_commit_callbacks(execute=True):
        answer = signed_in(head).post(reverse("gateways:import"), {"file": file})
    assert answer.status_code == 422
    assert "root:" not in answer.content.decode()
    assert not Import.objects.exists()
    assert not list((folder / "imports").iterdir())


def test_a_zip_bomb_is_refused_without_being_unpacked(
    head: User, folder: Path, django_capture_on_commit_callbacks: Any
) -> None:
    file = SimpleUploadedFile("clients.xlsx", bomb())
    with django_capture_on_commit_callbacks(execute=True):
        answer = caller(head).post("/api/v1/imports", {"file": file})
    assert answer.status_code == 422
    assert not list((folder / "imports").iterdir())


def test_nothing_uploaded_is_served_by_its_address(alice: User, folder: Path) -> None:
    (folder / "files").mkdir()
    (folder / "files" / "x.txt").write_text("secret")
    for address in ("/files/x.txt", "/imports/x", "/exports/x", "/media/x.txt", "/static/x.txt"):
        assert signed_in(alice).get(address).status_code == 404
