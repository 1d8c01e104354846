"""A real start: modes of files, what the log tells, what the demo says when others can reach it."""

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from orbita import supervisor
from orbita.devtools import ROOT
from orbita.devtools.fixtures import Place, Service

server = pytest.mark.server


def test_the_sources_hold_no_key_and_no_base() -> None:
    found = [
        path.relative_to(ROOT)
        for folder in ("src", "tests", "docs")
        for pattern in ("secret_key*", "*.sqlite3*")
        for path in (ROOT / folder).rglob(pattern)
    ]
    assert found == []


def closed(path: Path) -> bool:
    return stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


@pytest.fixture
def open_folder(bare_place: Place) -> Iterator[Path]:
    """A data directory that somebody made by hand, open to all, under the usual umask."""
    before = os.umask(0o022)
    bare_place.data.mkdir(mode=0o755)
    yield bare_place.data
    os.umask(before)


@server
def test_other_users_of_the_machine_read_neither_base_nor_key(
    bare_place: Place, open_folder: Path
) -> None:
    assert bare_place.run("user", "list").returncode == 0
    for path in open_folder.iterdir():
        if path.name.startswith(("secret_key", "orbita.sqlite3")):
            assert closed(path), path.name
    assert closed(open_folder / "secret_key")
    if (base := open_folder / "orbita.sqlite3").exists():
        base.chmod(0o644)
        assert bare_place.run("user", "list").returncode == 0
        assert closed(base)


def ask(url: str, **headers: str) -> tuple[int, str]:
    try:
        with urlopen(Request(url, headers=headers), timeout=30) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def raw(service: Service, text: bytes) -> bytes:
    host, port = service.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(text)
        return connection.recv(200)


@server
def test_a_running_service_keeps_its_secrets_out_of_answers_and_log(
    start_service: Callable[..., Service], place: Place
) -> None:
    service = start_service()
    link = next(word for word in " ".join(service.greeting).split() if "/set-up/" in word)
    token = link.rstrip("/").rpartition("/")[2]
    post = Request(link, data=b"company=x", method="POST")
    with pytest.raises(HTTPError) as refused:
        urlopen(post, timeout=30)
    assert refused.value.code == 403
    assert ask(f"{service.url}/", Host="evil.example")[0] == 400
    key = (place.data / "secret_key").read_text()
    for url in ("/no/such/", "/api/v1/clients", "/static/../../secret_key", "/static/%2e%2e/secret_key"):  # fmt: skip
        status, text = ask(service.url + url)
        assert status in (200, 302, 401, 404)
        assert key not in text
        assert "Traceback" not in text
    for strange in (
        b'GET /profile/ HTTP/1.1\r\nHost: localhost\r\nCookie: sessionid="abcdefgh\\000"\r\nConnection: close\r\n\r\n',
        b"GET /%00%ff%fe HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"POST /sign-in/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        b"Content-Type: multipart/form-data\r\nConnection: close\r\n\r\nabcde",
    ):
        assert b" 50" not in raw(service, strange)[:14]
    log = service.errors.read_text()
    assert "Forbidden" in log
    assert token not in log
    assert key not in log


@pytest.mark.parametrize(
    ("host", "environment", "local"),
    [
        ("127.0.0.1", {}, True),
        ("localhost", {}, True),
        ("0.0.0.0", {}, False),
        ("192.168.1.5", {}, False),
        ("127.0.0.1", {"ORBITA_URL": "https://crm.example.org"}, False),
        ("127.0.0.1", {"ORBITA_HOSTS": "crm.example.org"}, False),
    ],
)
def test_only_this_machine_is_local(
    host: str, environment: dict[str, str], local: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ORBITA_URL", "ORBITA_HOSTS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert supervisor._is_local(host) is local


@pytest.mark.no_database
@server
def test_a_demo_that_others_can_reach_warns_loudly(place: Place, tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    with out.open("w") as file:
        process: Any = subprocess.Popen(
            [sys.executable, "-m", "orbita", "demo", "--host", "0.0.0.0", "--port", "0"],
            env=place.environment,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        try:
            from orbita.devtools.fixtures import eventually

            eventually(lambda: "Orbita is ready" in out.read_text() or process.poll() is not None)
        finally:
            process.terminate()
            process.wait(60)
    assert out.read_text().count(supervisor.KNOWN_PASSWORDS) == 2
