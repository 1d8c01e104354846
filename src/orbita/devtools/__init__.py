"""What developers and CI run: checks, tests, and the PostgreSQL and browser the tests need."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


# What of the caller's settings may reach a check or a test.
_KEPT = {"ORBITA_TEST_DATA", "ORBITA_CHROMIUM", "ORBITA_VENV"}


def say(words: str) -> None:
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()


def loudly(words: str) -> None:
    """A line that cannot be overlooked in a long log."""
    say(f"\n!!!! {words}\n")


def find(*names: str) -> str | None:
    return next((path for name in names if (path := shutil.which(name))), None)


def apt_install(*packages: str) -> bool:
    """Installs Debian packages when this process may. False, with the reason on stderr, when not."""
    apt = find("apt-get")
    if not apt or os.geteuid() != 0:
        return False
    say(f"Installing {' '.join(packages)}...")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = [apt, "install", "-y", "--no-install-recommends", *packages]
    for command in (install, [apt, "update"], install):  # lists of packages may be missing or old
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if command is install and done.returncode == 0:
            return True
    say((done.stderr.strip().splitlines() or ["apt-get gave no reason"])[-1])
    return False


def plain_environment() -> dict[str, str]:
    """The environment without the caller's Orbita: his base and settings are not for tests.

    The suite starts a thousand processes: without compiled files each would take twice the work.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT
        or not (name.startswith("ORBITA_") or name in ("DATABASE_URL", "PYTHONDONTWRITEBYTECODE"))
    }
