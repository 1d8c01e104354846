"""Makes a place (a data directory and its database) ready for the code that runs on it."""

import contextlib
import fcntl
import pkgutil
import time
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

# Any number will do, as long as every Orbita on one PostgreSQL uses the same.
ADVISORY_LOCK = 7_021_405_233


def migrate_once(say: Callable[[str], object] = lambda words: None) -> bool:
    """Brings the base up to date when it is not; one process at a time. True when it had to."""
    _require_server()
    _close_file()
    if up_to_date():
        return False
    with _alone():
        if up_to_date():  # another process did it while this one waited
            return False
        say("Preparing the database...")
        call_command("migrate", interactive=False, verbosity=0)
    return True


def _require_server() -> None:
    """Raises `OperationalError` with the cause at once; the pool would try in vain for half a minute."""
    if connection.vendor != "postgresql":
        return
    import psycopg

    try:
        psycopg.connect(**{"connect_timeout": 5, **connection.get_connection_params()}).close()
    except psycopg.OperationalError as error:
        raise OperationalError(str(error)) from error


def _close_file() -> None:
    """Keeps other users of the machine out of SQLite's file, whatever folder it was put into.

    Its journal gets the same mode from SQLite itself.
    """
    path = Path(connection.settings_dict["NAME"])
    if connection.vendor != "sqlite" or not path.is_absolute():  # in memory, as in tests
        return
    with contextlib.suppress(OSError):  # somebody else's file, or no such folder: said elsewhere
        path.touch(mode=0o600)
        path.chmod(path.stat().st_mode & ~0o077)


def up_to_date() -> bool:
    """Whether every migration on disk is applied: by names alone, since loading them takes a second."""
    return _on_disk() <= set(MigrationRecorder(connection).applied_migrations())


def _on_disk() -> set[tuple[str, str]]:
    found = set()
    for app in apps.get_app_configs():
        module, _ = MigrationLoader.migrations_module(app.label)
        spec = _spec(module) if module else None
        for item in pkgutil.iter_modules(spec.submodule_search_locations if spec else []):
            if item.name[0] not in "_~":
                found.add((app.label, item.name))
    return found


def _spec(module: str) -> ModuleSpec | None:
    with contextlib.suppress(ModuleNotFoundError):
        return find_spec(module)
    return None


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Other processes on this directory wait, and on PostgreSQL those of other machines too."""
    with (settings.ORBITA_DATA / "migrate.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if connection.vendor != "postgresql":
            yield
            return
        # Asked again and again: a statement that waits would itself be waited for by CREATE INDEX
        # CONCURRENTLY of whoever has the lock.
        while not _got_lock():
            time.sleep(0.2)
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [ADVISORY_LOCK])


def _got_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [ADVISORY_LOCK])
        [(got,)] = cursor.fetchall()
    return bool(got)
