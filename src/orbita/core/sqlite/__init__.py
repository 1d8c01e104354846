"""SQLite for many at once: whoever waits for the one write lock waits fairly.

SQLite's own waiting sleeps longer and longer between its tries, up to 100 ms, and so misses the
short gaps between the chunks of an import. Here a waiter tries every few milliseconds, and says that
it waits, so that long work need not rest when nobody does.
"""

import fcntl
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
TRY_EVERY = 0.002  # seconds
_BUSY = 5  # SQLITE_BUSY; its extended codes hold it in the low byte: https://www.sqlite.org/rescode.html


def patiently(attempt: Callable[[], T], database: str, seconds: float) -> T:
    """What `attempt` returns once SQLite lets it, or its "database is locked" after some seconds."""
    try:
        return attempt()
    except sqlite3.OperationalError as error:
        if not is_busy(error):
            raise
    deadline = time.monotonic() + seconds
    with _seen_to_wait(database):
        while True:
            time.sleep(TRY_EVERY)
            try:
                return attempt()
            except sqlite3.OperationalError as error:
                if not is_busy(error) or time.monotonic() > deadline:
                    raise


def make_way(connection: Any, seconds: float = 1.0) -> None:
    """Lets those who wait for the write lock go first; returns at once when nobody does.

    To be called between two transactions of long work. After `seconds` the work goes on all the
    same, taking its turn among the others. Other databases let everybody write anyway.
    """
    deadline = time.monotonic() + seconds
    while somebody_waits(connection) and time.monotonic() < deadline:
        time.sleep(TRY_EVERY / 2)


def somebody_waits(connection: Any) -> bool:
    """Whether another connection, of any process, waits for the write lock of this SQLite base now."""
    if connection.vendor != "sqlite":
        return False
    with _waiting_room(str(connection.settings_dict["NAME"])) as room:
        if room is None:
            return False
        try:
            fcntl.flock(room, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def is_busy(error: sqlite3.OperationalError) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == _BUSY


@contextmanager
def _seen_to_wait(database: str) -> Iterator[None]:
    with _waiting_room(database) as room:
        if room is not None:
            fcntl.flock(room, fcntl.LOCK_SH)
        yield


@contextmanager
def _waiting_room(database: str) -> Iterator[int | None]:
    """A file beside the base that everybody who waits holds locked; None for a base in memory."""
    path = Path(f"{database}-waiting")
    if not Path(database).is_file():
        yield None
        return
    with path.open("a") as file:
        yield file.fileno()
