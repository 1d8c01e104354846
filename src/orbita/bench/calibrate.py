"""How fast this machine is: a fixed load on the processor and one on SQLite.

Figures are given raw and scaled to a reference machine, so that runs on different machines, and on
one whose neighbours are busy, can be compared. The loads must never change.
"""

import hashlib
import json
import sqlite3
import tempfile
import time
from pathlib import Path
from statistics import median

# What the loads take on the reference machine: two cores of a server in a cloud, left alone.
REFERENCE = {"cpu": 0.2, "sqlite": 1.0}


def cpu_seconds() -> float:
    """Seconds for a fixed mix of dictionary, text, JSON and hash work in one thread."""
    started = time.perf_counter()
    words: dict[str, int] = {}
    for number in range(350_000):
        key = f"клиент {number % 5_000}".casefold()
        words[key] = words.get(key, 0) + len(key)
    text = json.dumps(words, ensure_ascii=False)
    for _ in range(40):
        json.loads(text)
    digest = b""
    for _ in range(300_000):
        digest = hashlib.sha256(digest + b"orbita").digest()
    return time.perf_counter() - started


def sqlite_seconds() -> float:
    """Seconds for a fixed load and query of a table of 200,000 rows with two indexes on this disk."""
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder) / "calibrate.sqlite3", isolation_level=None)
        connection.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
            "CREATE TABLE row (id INTEGER PRIMARY KEY, name TEXT, day INTEGER, amount INTEGER);"
            "CREATE INDEX by_name ON row (name); CREATE INDEX by_day ON row (day, amount);"
        )
        started = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT INTO row VALUES (?, ?, ?, ?)",
            (
                (number, f"{number * 7919 % 200_000:06d} имя", number % 1_000, number * 31 % 9_973)
                for number in range(200_000)
            ),
        )
        connection.execute("COMMIT")
        for day in range(200):
            connection.execute(
                "SELECT sum(amount), count(*) FROM row WHERE day = ?", (day,)
            ).fetchone()
        connection.execute("SELECT day, sum(amount) FROM row GROUP BY day").fetchall()
        seconds = time.perf_counter() - started
        connection.close()
    return seconds


def measure(runs: int = 5) -> dict[str, float]:
    """Median seconds of each load over some runs."""
    return {
        "cpu": round(median(cpu_seconds() for _ in range(runs)), 3),
        "sqlite": round(median(sqlite_seconds() for _ in range(runs)), 3),
    }
