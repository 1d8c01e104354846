"""`./orbita check`: every check that needs no running program, and a summary of them."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from orbita import translations
from orbita.devtools import ROOT, apt_install, loudly, plain_environment, say

PYTHON_FILES = ("src", "tests", "orbita")
# As an administrator behind a proxy would set it: Django's deployment warnings then mean us.
DEPLOYED = {
    "ORBITA_URL": "https://crm.example.com",
    "ORBITA_HSTS_SECONDS": "31536000",
    "ORBITA_BEHIND_PROXY": "yes",
}
# The first group are places to get packages from, the second are somebody's own folders.
PRIVATE = re.compile(
    r"https?://[^\s\"'/]*(?:pypi\.|pythonhosted\.|npmjs\.|npmmirror\.|unpkg\.|jsdelivr\.|deb\.debian\.)"
    r"|--(?:extra-)?index-url|--find-links"
    r"|/(?:home|Users)/[a-z][\w.-]*/|/root/\w"
)
FOREIGN = re.compile(r"(^|/)(vendor|data)/|\.min\.(js|css)$|\.map$")  # kept byte by byte


@dataclass(frozen=True)
class Check:
    name: str
    run: Callable[[], list[str]]  # the lines of trouble


def main(argv: Sequence[str]) -> int:
    """0 when every check passes. Names as arguments choose among them."""
    translations.compile_all()
    if unknown := set(argv) - {check.name for check in CHECKS}:
        say(
            f"orbita: no such check: {', '.join(sorted(unknown))}; there are {', '.join(c.name for c in CHECKS)}"
        )
        return 2
    chosen = [check for check in CHECKS if not argv or check.name in argv]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(_timed, chosen))
    for check, (lines, _) in zip(chosen, results, strict=True):
        if lines:
            sys.stdout.write(f"\n---- {check.name} ----\n")
            sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.write("\n")
    for check, (lines, seconds) in zip(chosen, results, strict=True):
        sys.stdout.write(f"{'FAILED' if lines else 'ok':<7}{check.name} ({seconds:.1f} s)\n")
    return 1 if any(lines for lines, _ in results) else 0


def _timed(check: Check) -> tuple[list[str], float]:
    begun = time.monotonic()
    try:
        lines = check.run()
    except Exception as error:
        lines = [f"the check itself failed: {type(error).__name__}: {error}"]
    return lines, time.monotonic() - begun


def _tool(*words: str, **environment: str) -> Callable[[], list[str]]:
    """A check that is a command of this interpreter: its output when it is not content."""

    def run() -> list[str]:
        with tempfile.TemporaryDirectory() as data:
            done = subprocess.run(
                [sys.executable, *words],
                cwd=ROOT,
                env={**plain_environment(), "ORBITA_DATA": data, **environment},
                capture_output=True,
                text=True,
            )
        output = [
            line
            for line in (done.stdout + done.stderr).strip().splitlines()
            if ": note: " not in line  # mypy's lists of overloads bury the error
        ]
        return (output or [f"status {done.returncode}"]) if done.returncode else []

    return run


def _translations() -> list[str]:
    if not translations.has_gettext() and not apt_install("gettext"):
        loudly(translations.NO_GETTEXT)
        return []
    return translations.problems()


def _private_words() -> list[str]:
    """Places where a committed file names a package host or a folder of somebody's machine."""
    own = re.compile(f"{PRIVATE.pattern}|{re.escape(str(ROOT))}/|{re.escape(str(Path.home()))}/")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found = []
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if FOREIGN.search(name) or path == Path(__file__) or not path.is_file():
            continue
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue  # a picture or a workbook
        found += [
            f"{name}:{number}: {match.group()}"
            for number, line in enumerate(lines, 1)
            if (match := own.search(line))
        ]
    return found


LINT_IMPORTS = "from importlinter.cli import lint_imports_command as command; command()"
DEPLOY_CHECK = ("manage", "check", "--deploy", "--fail-level", "WARNING")

CHECKS = (
    # The longest first: the others run beside it.
    Check("types", _tool("-m", "mypy", "src", "tests")),
    Check("style", _tool("-m", "ruff", "check", *PYTHON_FILES)),
    Check("format", _tool("-m", "ruff", "format", "--check", *PYTHON_FILES)),
    Check("rooms", _tool("-c", LINT_IMPORTS, "--no-logo")),
    Check("templates", _tool("-m", "djlint", "src", "--lint", "--quiet", "--allow-empty-input")),
    Check("translations", _translations),
    Check("migrations", _tool("-m", "orbita", "manage", "makemigrations", "--check", "--dry-run")),
    Check("deployment", _tool("-m", "orbita", *DEPLOY_CHECK, **DEPLOYED)),
    Check("private words", _private_words),
)
