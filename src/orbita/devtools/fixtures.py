"""Fixtures for tests that run real processes, of every room."""

import gc
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.middleware import csrf

from orbita import translations
from orbita.devtools import ROOT, browser, plain_environment

PATIENCE = 120.0  # seconds; only a test that fails waits so long


def pytest_configure() -> None:
    translations.compile_all()
    # Tokens spell no number and no word, or "700 is not on the page" fails once in a thousand runs.
    csrf.CSRF_ALLOWED_CHARS = "jqxzJQXZ"


def pytest_collection_finish() -> None:
    # Thousands of tests stay to the end: no look for garbage needs to go through them.
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL only what meets a database is tried: the rest said all on SQLite."""
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        return
    telling: list[pytest.Item] = []
    silent: list[pytest.Item] = []
    for item in items:
        (telling if _meets_a_database(item) else silent).append(item)
    config.hook.pytest_deselected(items=silent)
    items[:] = telling


def _meets_a_database(item: pytest.Item) -> bool:
    if item.get_closest_marker("no_database"):
        return False
    asked = {"db", "transactional_db", "live_server", "place", "bare_place", "template"}
    fixtures: list[str] = getattr(item, "fixturenames", [])
    return bool(item.get_closest_marker("django_db") or asked.intersection(fixtures))


@dataclass
class Place:
    """An empty data directory and, when the suite runs on PostgreSQL, an empty database."""

    environment: dict[str, str]

    @property
    def data(self) -> Path:
        return Path(self.environment["ORBITA_DATA"])

    def command(self, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
        """Starts `orbita ARGUMENTS` here."""
        return subprocess.Popen(
            [sys.executable, "-m", "orbita", *arguments],
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Runs `orbita ARGUMENTS` here to its end."""
        process = self.command(*arguments, **environment)
        output, errors = process.communicate(timeout=PATIENCE)
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    def ask(self, query: str) -> Any:
        """What the database answers to a question with one answer; None when there is no row."""
        url = self.environment.get("DATABASE_URL")
        with closing(
            _connect(url) if url else sqlite3.connect(self.data / "orbita.sqlite3")
        ) as base:
            row = base.execute(query).fetchone()
        return row and row[0]


@pytest.fixture
def bare_place(tmp_path: Path) -> Iterator[Place]:
    """A place that nothing has run in yet."""
    environment = _environment(tmp_path / "data")
    if not (url := _server()):
        yield Place(environment)
        return
    with _database(url, "template1") as fresh:
        yield Place(environment | {"DATABASE_URL": fresh})


@pytest.fixture
def place(migrated: Place, tmp_path: Path) -> Iterator[Place]:
    """A place whose database has its tables, and nothing in them that was not put there."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    environment = _environment(data)
    if not (url := _server()):
        shutil.copy(migrated.data / "orbita.sqlite3", data)
        yield Place(environment)
        return
    template = urlsplit(migrated.environment["DATABASE_URL"]).path[1:]
    with _database(url, template) as fresh:
        yield Place(environment | {"DATABASE_URL": fresh})


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Made once: the places of tests are copies of it."""
    environment = _environment(tmp_path_factory.mktemp("migrated") / "data")
    with _database(url, "template1") if (url := _server()) else nullcontext() as fresh:
        made = Place(environment | ({"DATABASE_URL": fresh} if fresh else {}))
        done = made.run("manage", "migrate", "-v0")
        if done.returncode:
            pytest.fail(done.stderr)
        yield made


def _environment(data: Path) -> dict[str, str]:
    return plain_environment() | {"ORBITA_DATA": str(data), "PYTHONPATH": str(ROOT / "src")}


def _server() -> str:
    """The address of PostgreSQL when the suite runs on it."""
    url = os.environ.get("DATABASE_URL", "")
    return url if url.startswith("postgres") else ""


@contextmanager
def _database(url: str, template: str) -> Iterator[str]:
    """The address of a new database, a copy of `template`."""
    name = f"place_{os.getpid()}_{time.monotonic_ns()}"
    with closing(_connect(url)) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        try:
            yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def _connect(url: str) -> Any:
    import psycopg

    return psycopg.connect(url, autocommit=True)


@dataclass
class Service:
    """A running `orbita serve`."""

    process: "subprocess.Popen[bytes]"
    url: str
    greeting: list[str]
    errors: Path

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


@pytest.fixture
def start_service(place: Place, tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Starts the service at a place on a free port and waits until it is ready."""
    started: list[Service] = []

    def start(command: str = "serve", *arguments: str, **environment: str) -> Service:
        output, errors = (tmp_path / f"{name}-{len(started)}.txt" for name in ("out", "err"))
        with output.open("w") as out, errors.open("w") as err:
            process = subprocess.Popen(
                [sys.executable, "-m", "orbita", command, "--port", "0", *arguments],
                env={**place.environment, **environment},
                stdout=out,
                stderr=err,
            )
        eventually(lambda: output.read_text() or process.poll() is not None)
        first, *greeting = output.read_text().splitlines() or [""]
        if not first.startswith("Orbita is ready: "):
            process.terminate()
            process.wait(PATIENCE)
            pytest.fail(f"the service did not start: {errors.read_text()}")
        service = Service(process, first.split()[-1], greeting, errors)
        started.append(service)
        return service

    yield start
    for service in started:
        if service.process.poll() is None:
            service.stop()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a browser; a test without one is skipped."""
    path = browser.find_chromium(install=False)
    if not path:
        pytest.skip("no Chromium")
    return path


def eventually(condition: Callable[[], object]) -> None:
    """Waits until the condition holds; fails when it never does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail("it never came true")
        time.sleep(0.05)
