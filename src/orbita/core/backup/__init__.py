"""Backups that are proved, and restoring them.

`archive` is the file: an ordinary tar whose last member holds the digests of all others, encrypted
with age or open. `sqlite` and `postgres` copy a base, tell its figures and put a copy in its place.
`proof` restores a backup into a temporary base and compares. `making` and `restoring` are the two
whole ways; `plan` is the schedule and what is kept; `away` are copies in an S3 storage; `work` are
the jobs.
"""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.functional import Promise

from orbita.core.registry import Registry
from orbita.core.sentences import Sentence as _


class BackupError(Exception):
    """Why a backup or a restore is not done, as one sentence."""


@dataclass(frozen=True)
class Check:
    """Looks at a restored copy, in a process that has it for its base.

    `run` returns how many things it looked at, and raises `BackupError` when one of them is wrong.
    """

    name: str
    label: str | Promise
    run: Callable[[], int]


@dataclass(frozen=True)
class SecretFile:
    """A file of ORBITA_DATA that must not lie open: it travels in encrypted backups only."""

    name: str
    label: str | Promise


@dataclass(frozen=True)
class LeftOut:
    """A table whose rows no backup has, such as keys of sessions that would still open the door."""

    name: str


@dataclass(frozen=True)
class Afterwards:
    """What a base that was just restored needs before people get it: `run` returns how much it did.

    Runs in the restoring process, with the restored base and its files in their place.
    """

    name: str
    run: Callable[[], int]


CHECKS: Registry[Check] = Registry("check of a restored copy")
SECRET_FILES: Registry[SecretFile] = Registry("secret file")
AFTERWARDS: Registry[Afterwards] = Registry("work after a restore")
LEFT_OUT: Registry[LeftOut] = Registry("table left out of backups")


def left_out() -> list[str]:
    return sorted(table.name for table in LEFT_OUT)


def database() -> Any:
    """The module for the kind of the base: `sqlite` or `postgres`."""
    from django.db import connection

    from orbita.core.backup import postgres, sqlite

    return postgres if connection.vendor == "postgresql" else sqlite


@contextmanager
def alone() -> Iterator[None]:
    """One backup or restore at a time in a data directory. Raises `BackupError` when one runs."""
    path = Path(settings.ORBITA_DATA) / "backup.lock"
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError(_("Another backup or restore is running.")) from None
        yield
