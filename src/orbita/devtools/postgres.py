"""A private PostgreSQL for tests: made in a temporary directory, gone when the tests are over."""

import contextlib
import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict
from urllib.parse import urlsplit, urlunsplit

from orbita.devtools import apt_install, find, loudly

OLDEST = 15
PR_SET_PDEATHSIG = 1
# Nothing here has to survive a power cut.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "listen_addresses": "127.0.0.1",
}


def find_binaries(*, install: bool = True) -> Path | None:
    """The folder with the newest initdb and postgres of at least version 15."""
    folders = [
        *Path("/usr/lib/postgresql").glob("*/bin"),
        *Path("/opt/homebrew/opt").glob("postgresql@*/bin"),
    ]
    on_path = find("postgres")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    found = {version: folder for folder in folders if (version := _version(folder)) >= OLDEST}
    if found:
        return found[max(found)]
    if install and apt_install("postgresql"):
        return find_binaries(install=False)
    return None


def _version(folder: Path) -> int:
    with contextlib.suppress(OSError, ValueError, IndexError):
        output = subprocess.check_output([folder / "postgres", "--version"], text=True)
        return int(output.split()[2].split(".")[0])
    return 0


@contextlib.contextmanager
def cluster(keep: Path | None = None) -> Iterator[str | None]:
    """The DATABASE_URL of a fresh cluster; None, after a loud line, when there cannot be one.

    With `keep` it is the one that lives in this folder, made there when there is none yet.
    """
    binaries = find_binaries()
    if not binaries:
        loudly("POSTGRESQL TESTS SKIPPED: no PostgreSQL 15 or newer (apt install postgresql)")
        yield None
        return
    owner = _owner()
    if os.geteuid() == 0 and owner is None:
        loudly(
            "POSTGRESQL TESTS SKIPPED: the server refuses to run as root and has no user of its own"
        )
        yield None
        return
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
    directory = keep or Path(tempfile.mkdtemp(prefix="orbita-pg-"))
    try:
        if owner:
            os.chown(directory, owner.pw_uid, owner.pw_gid)
        with _started(binaries, directory, owner, signal.SIGINT if keep else signal.SIGQUIT) as url:
            yield url
    finally:
        if not keep:
            shutil.rmtree(directory, ignore_errors=True)


def another_database(url: str, name: str) -> str:
    """The address of one more database in the cluster: what runs of tests make is called after it, and two
    runs at once must not make the same.
    """
    import psycopg

    with contextlib.closing(psycopg.connect(url, autocommit=True)) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


class _Place(TypedDict, total=False):
    cwd: Path
    env: dict[str, str]
    user: int
    group: int
    extra_groups: list[int]


def _owner() -> pwd.struct_passwd | None:
    """The user `postgres` when root has to step down; None to stay oneself."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam("postgres")
    return None


@contextlib.contextmanager
def _started(
    binaries: Path, directory: Path, owner: pwd.struct_passwd | None, stop: signal.Signals
) -> Iterator[str]:
    place: _Place = {
        "cwd": directory,
        "env": {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
    }
    if owner:
        place |= {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    password_file, data = directory / "password", directory / "data"
    if not data.exists():
        password_file.write_text(secrets.token_urlsafe(16))
        if owner:
            os.chown(password_file, owner.pw_uid, owner.pw_gid)
        make: list[str | Path] = [
            *(binaries / "initdb", "--pgdata", data, "--username", "orbita", "--no-sync"),
            *("--auth", "scram-sha-256", "--pwfile", password_file),
            *("--encoding", "UTF8", "--locale", "C.UTF-8"),
        ]
        subprocess.run(make, check=True, stdout=subprocess.DEVNULL, **place)
    password = password_file.read_text()
    port = _spare_port()
    options = {**SETTINGS, "port": str(port), "unix_socket_directories": str(directory)}
    words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    with (directory / "log").open("wb") as log:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data, *words],
            stdout=log,
            stderr=log,
            preexec_fn=_stop_with_parent,
            start_new_session=True,
            **place,
        )
    try:
        _wait(server, binaries, port, directory)
        yield f"postgres://orbita:{password}@127.0.0.1:{port}/postgres"
    finally:
        server.send_signal(stop)
        server.wait(120)


def _stop_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def _spare_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def _wait(server: "subprocess.Popen[bytes]", binaries: Path, port: int, directory: Path) -> None:
    probe: list[str | Path] = [binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    for _ in range(300):
        if server.poll() is not None:
            break
        if subprocess.run(probe).returncode == 0:
            return
        time.sleep(0.1)
    raise RuntimeError(f"PostgreSQL did not start: {(directory / 'log').read_text()[-500:]}")
