"""An installation of its own for tests that start and kill real processes."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parents[3]
PATIENCE = 60.0


class Place:
    """A data directory, a migrated database and the processes that were started on them."""

    def __init__(self, folder: Path, database_url: str, **settings: str) -> None:
        self.folder = folder
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ORBITA_")},
            "PYTHONPATH": str(SOURCE),
            "DJANGO_SETTINGS_MODULE": "orbita.config.settings",
            "ORBITA_DATA": str(folder / "data"),
            "DATABASE_URL": database_url or f"sqlite:///{folder}/orbita.sqlite3",
            **settings,
        }
        self.processes: list[subprocess.Popen[bytes]] = []

    def manage(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "django", *arguments]
        subprocess.run(command, env=self.environment, check=True, stdout=subprocess.DEVNULL)

    def run(self, code: str) -> Any:
        """Runs the code in a fresh Orbita process; what it assigns to `answer` comes back."""
        wrapped = (
            "import django, json, sys; django.setup(); answer = None\n"
            f"{code}\nsys.stdout.write(json.dumps(answer, default=str))"
        )
        done = subprocess.run(
            [sys.executable, "-c", wrapped], env=self.environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def start(self, *command: str, **settings: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, *command], env={**self.environment, **settings})
        self.processes.append(process)
        return process

    def worker(self, *options: str, **settings: str) -> subprocess.Popen[bytes]:
        return self.start("-m", "django", "worker", "--poll", "0.1", *options, **settings)

    def put_to_sleep(self, process: subprocess.Popen[bytes]) -> None:
        """Stops it, but not amid a write of its own: SQLite lets nobody else write as long as it sleeps."""
        process.send_signal(signal.SIGSTOP)
        while not self._takes_writes():
            process.send_signal(signal.SIGCONT)
            time.sleep(0.05)
            process.send_signal(signal.SIGSTOP)

    def _takes_writes(self) -> bool:
        kind, _colon, path = self.environment["DATABASE_URL"].partition(":///")
        if kind != "sqlite":
            return True
        with contextlib.closing(sqlite3.connect(path, timeout=1)) as base:
            try:
                base.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
        return True

    def stop_all(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def wait_for(what: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """The first true answer; fails after `patience` seconds."""
    end = time.monotonic() + patience
    while not (found := what()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return found
