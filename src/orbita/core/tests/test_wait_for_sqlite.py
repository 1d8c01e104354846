"""Several connections to one file, each in a thread of its own."""

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from orbita.core.sqlite import make_way
from orbita.core.sqlite.base import DatabaseWrapper

pytestmark = pytest.mark.django_db
OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 10,
    "init_command": "PRAGMA journal_mode=WAL",
}
HOLD = 0.3  # seconds


@pytest.fixture
def connect(tmp_path: Path) -> Callable[..., Any]:
    path = tmp_path / "base.sqlite3"
    sqlite3.connect(path).execute("CREATE TABLE done (who TEXT)").connection.close()

    def make(**options: Any) -> Any:
        settings = {
            "ENGINE": "orbita.core.sqlite",
            "NAME": str(path),
            "OPTIONS": OPTIONS | options,
            "TIME_ZONE": None,
            "CONN_MAX_AGE": None,
            "CONN_HEALTH_CHECKS": False,
            "AUTOCOMMIT": True,
            "ATOMIC_REQUESTS": False,
        }
        return DatabaseWrapper(settings, alias="default")

    return make


def begin(connection: Any) -> None:
    connection.ensure_connection()
    connection._start_transaction_under_autocommit()


def write(connection: Any, who: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO done VALUES (%s)", [who])


def everybody(connection: Any) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT who FROM done ORDER BY rowid")
        return [row[0] for row in cursor.fetchall()]


def in_thread(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


@pytest.fixture
def held(connect: Callable[..., Any]) -> Any:
    """A connection that holds the write lock."""
    connection = connect()
    begin(connection)
    yield connection
    connection.close()


def test_a_statement_waits_until_the_lock_is_free(connect: Callable[..., Any], held: Any) -> None:
    def late() -> None:
        connection = connect()
        write(connection, "late")
        connection.close()

    waiter = in_thread(late)
    time.sleep(HOLD)
    write(held, "first")
    held.connection.commit()
    waiter.join(5)
    assert everybody(held) == ["first", "late"]


def test_patience_ends_with_the_error_of_sqlite(connect: Callable[..., Any], held: Any) -> None:
    other = connect(timeout=HOLD)
    with pytest.raises(OperationalError, match="locked"):
        write(other, "never")
    other.close()


def test_long_work_lets_everybody_through_who_waits(connect: Callable[..., Any], held: Any) -> None:
    def work(name: str) -> Callable[[], None]:
        def once() -> None:
            connection = connect()
            begin(connection)
            write(connection, name)
            connection.connection.commit()
            connection.close()

        return once

    waiters = [in_thread(work(name)) for name in ("a", "b", "c")]
    time.sleep(HOLD)
    write(held, "long work")
    held.connection.commit()
    make_way(held, seconds=10)
    begin(held)
    write(held, "long work goes on")
    held.connection.commit()
    for waiter in waiters:
        waiter.join(5)
    found = everybody(held)
    assert found[0] == "long work"
    assert sorted(found[1:4]) == ["a", "b", "c"]
    assert found[4] == "long work goes on"


def test_long_work_does_not_wait_for_ever(connect: Callable[..., Any], held: Any) -> None:
    def impatient() -> None:
        connection = connect(timeout=4 * HOLD)
        with pytest.raises(OperationalError):
            write(connection, "never")
        connection.close()

    waiter = in_thread(impatient)
    time.sleep(HOLD)
    make_way(held, seconds=HOLD / 3)  # the lock is not given up: the waiter goes on waiting
    assert waiter.is_alive()
    waiter.join(5)


def test_a_base_in_memory_has_nobody_who_waits(connect: Callable[..., Any]) -> None:
    connection = connect()
    connection.settings_dict["NAME"] = ":memory:"
    make_way(connection)
    connection.close()
