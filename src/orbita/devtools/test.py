"""`./orbita test`: the whole suite on both databases, then the tests that start real servers."""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import IO
from xml.etree import ElementTree

from orbita import translations
from orbita.core.tests.seaweed import find_weed
from orbita.devtools import (
    ROOT,
    apt_install,
    browser,
    find,
    loudly,
    plain_environment,
    postgres,
    say,
)

# Debian package, a program of it, and what goes untested without it.
TOOLS = (
    ("gettext", "msgmerge", "translations are not compared with the sources"),
    ("mdbtools", "mdb-export", "MS Access files are not read"),
)
PLAIN = "not server and not browser"
PARALLEL = ["-n", "auto", "--dist", "worksteal", "-m"]
# Tests of servers wait more than they work.
PARALLEL_SERVERS = ["-n", str((os.cpu_count() or 1) + 1), "--dist", "worksteal", "-m"]
NO_TESTS = 5  # pytest's status when nothing matched


@dataclass(frozen=True)
class Run:
    name: str
    arguments: list[str]
    database: str = ""  # its address; the own SQLite otherwise


@dataclass
class Outcome:
    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    failed_runs: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)


def main(argv: Sequence[str]) -> int:
    """The exit status: 0 when every run passed. With pytest arguments: only these.

    `--postgres` before the arguments runs them on a private PostgreSQL instead of SQLite.
    """
    translations.compile_all()
    if not argv or argv[0] in ("-h", "--help"):
        return _whole() if not argv else _usage()
    if argv[0] == "--postgres":
        with postgres.cluster() as url:
            return _pytest(argv[1:], DATABASE_URL=url) if url else 1
    return _pytest(argv)


def _usage() -> int:
    sys.stdout.write("usage: orbita test [[--postgres] PYTEST_ARGUMENT…]\n")
    return 0


def _whole() -> int:
    begun = time.monotonic()
    outcome = Outcome()
    for package, program, loss in TOOLS:
        if not find(program) and not apt_install(package):
            _note(outcome, f"NO {package.upper()}: {loss}")
    if not os.environ.get("ORBITA_TEST_DATA"):
        _note(outcome, "NO DATA SETS: set ORBITA_TEST_DATA to their folder to compare with them")
    if not find_weed():
        _note(outcome, "NO SEAWEEDFS: backups were sent to no S3 server")
    chromium = browser.find_chromium()
    if chromium:
        os.environ["ORBITA_CHROMIUM"] = chromium
    else:
        outcome.notes.append("NO CHROMIUM: the browser tests did not run")
    with_servers = _files_marked("server", "browser")
    servers = "server or browser" if chromium else "server and not browser"
    plain = [Run("SQLite", [*PARALLEL, PLAIN])]
    slow = [Run("servers and browser", [*PARALLEL_SERVERS, servers, *with_servers])]
    with postgres.cluster() as url:
        if url:
            alone = "server and not browser"
            plain.append(Run("PostgreSQL", [*PARALLEL, PLAIN], url))
            apart = postgres.another_database(url, "servers")
            slow.append(
                Run("servers, PostgreSQL", [*PARALLEL_SERVERS, alone, *with_servers], apart)
            )
        else:
            outcome.notes.append("NO POSTGRESQL: nothing was tried on it")
        # Tests of servers mostly wait: the others work meanwhile.
        with ThreadPoolExecutor() as lanes:
            beside = lanes.submit(_lane, slow, outcome, is_told_after=True)
            _lane(plain, outcome)
            beside.result()
    return _summary(outcome, time.monotonic() - begun)


def _lane(runs: Sequence[Run], outcome: Outcome, *, is_told_after: bool = False) -> None:
    """One run after the other; two lanes at once would print into each other."""
    for run in runs:
        with tempfile.TemporaryDirectory() as folder:
            report, output = Path(folder) / "report.xml", Path(folder) / "output"
            arguments = [*run.arguments, f"--junitxml={report}"]
            with output.open("w+", encoding="utf-8") if is_told_after else nullcontext() as told:
                if not told:
                    say(f"\n==== {run.name} ====")
                status = _pytest(arguments, told, DATABASE_URL=run.database)
            with outcome.lock:
                if told:
                    say(f"\n==== {run.name} ====\n{output.read_text(encoding='utf-8')}")
                if status not in (0, NO_TESTS):
                    outcome.failed_runs.append(run.name)
                if report.exists():
                    _count(report, run.name, outcome)


def _files_marked(*marks: str) -> list[str]:
    """The files of tests that speak of these marks: reading all the others takes every process 10 s."""
    files = (path for folder in ("src", "tests") for path in (ROOT / folder).rglob("test_*.py"))
    said = [f"mark.{mark}" for mark in marks]
    return sorted(
        str(path.relative_to(ROOT))
        for path in files
        if any(words in path.read_text(encoding="utf-8") for words in said)
    )


def _note(outcome: Outcome, words: str) -> None:
    loudly(words)
    outcome.notes.append(words)


def _pytest(arguments: Sequence[str], output: IO[str] | None = None, **environment: str) -> int:
    """Runs pytest with a data directory of its own and none of the caller's settings."""
    with tempfile.TemporaryDirectory(prefix="orbita-test-") as data:
        return subprocess.run(
            [sys.executable, "-m", "pytest", *arguments],
            cwd=ROOT,
            env={**plain_environment(), "ORBITA_DATA": data, **environment},
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
        ).returncode


def _count(report: Path, name: str, outcome: Outcome) -> None:
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314  # our own file
        kinds = {child.tag: child.get("message") or "no reason given" for child in case}
        if "failure" in kinds:
            outcome.counts["failed"] += 1
        elif "error" in kinds:
            outcome.counts["error"] += 1
        elif "skipped" in kinds:
            outcome.counts["skipped"] += 1
            outcome.reasons[f"{name}: {kinds['skipped']}"] += 1
        else:
            outcome.counts["passed"] += 1


def _summary(outcome: Outcome, seconds: float) -> int:
    if outcome.notes or outcome.reasons:
        say("\n!!!! NOT EVERYTHING WAS TRIED:")
        for words in outcome.notes:
            say(f"!!!!   {words}")
        for reason, count in outcome.reasons.most_common():
            say(f"!!!!   {count} skipped, {reason}")
    for name in outcome.failed_runs:
        say(f"!!!! FAILED: {name}")
    kinds = ("failed", "passed", "skipped", "error")
    counts = ", ".join(f"{outcome.counts[kind]} {kind}" for kind in kinds if outcome.counts[kind])
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(f"==== {counts or 'no tests ran'} in {seconds:.2f}s ====\n")
    return 1 if outcome.failed_runs or not outcome.counts["passed"] else 0
