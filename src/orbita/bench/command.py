"""`./orbita bench`: fills bases of stated sizes, measures, writes docs/performance.md."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orbita.bench import calibrate, faults, report
from orbita.devtools import postgres

SIZES = {100_000: 1_000_000, 1_000_000: 10_000_000}  # clients: orders
MEASURES = ("pages", "rfm", "api")
RUNS = 2  # of each fixed load, before and after every measure
IMPORTED = 200_000
DEALS = 5_000  # open ones on the board


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="orbita bench", description=__doc__)
    parser.add_argument(
        "what", choices=("core", "search", "duplicates", "work", "faults", "calibrate")
    )
    parser.add_argument("--clients", type=int, action="append", help="a size of the base; several")
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--keep", type=Path, help="keep the bases here and use them again")
    parser.add_argument("--rounds", type=int, default=200, help="of faults (%(default)s)")
    parser.add_argument("--output", type=Path, help="write all figures here as JSON")
    parser.add_argument("--page", type=Path, help="put the figures into this page of Markdown")
    options = parser.parse_args(argv)
    figures: dict[str, Any] = {
        "when": datetime.now(UTC).isoformat(timespec="minutes"),
        "machine": calibrate.measure(),
    }
    _say(f"machine: {figures['machine']}")
    if options.what == "core":
        figures["runs"] = list(_core(options))
    if options.what == "search":
        figures["runs"] = list(_search(options))
    if options.what == "work":
        figures["runs"] = list(_work(options))
    if options.what == "duplicates":
        figures |= _duplicates(options)
    if options.what == "faults":
        figures["runs"] = list(_faults(options))
    text = json.dumps(figures, indent=2, ensure_ascii=False)
    if options.output:
        options.output.write_text(text + "\n", encoding="utf-8")
    if options.page and options.what not in ("calibrate", "faults"):
        report.put(options.page, options.what, figures)
    sys.stdout.write(text + "\n")
    return 0


def _wanted(options: argparse.Namespace) -> tuple[str, ...]:
    return ("sqlite", "postgresql") if options.database == "both" else (options.database,)


def _search(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    for database in _wanted(options):
        for clients in options.clients or SIZES:
            with _base(database, clients, options.keep) as environment:
                if environment is None:
                    _say(f"{database}: left out, there is no server and none could be started")
                    continue
                run: dict[str, Any] = {"database": database, "clients": clients}
                run |= _filling(environment, "prepare_search", clients)
                run["search"] = _measure("search", environment)
                _say(f"{database} {clients}: {run['search']}")
                yield run


def _work(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    for database in _wanted(options):
        for clients in options.clients or (100_000,):
            with _base(database, clients, options.keep) as environment:
                if environment is None:
                    _say(f"{database}: left out, there is no server and none could be started")
                    continue
                _filling(environment, "prepare", clients, SIZES.get(clients, clients * 10))
                _filling(environment, "prepare_work", DEALS, mark="filled-work")
                run = {"database": database, "clients": clients, "deals": DEALS}
                run["work"] = _measure("work", environment)
                _say(f"{database} {clients}: {run['work']}")
                yield run


def _faults(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Rounds of kills and a clock that goes back on each database, then a disk that is full and one that
    cannot be written.
    """
    for database in _wanted(options):
        with _base(database, 0, None) as environment:
            if environment is None:
                _say(f"{database}: left out, there is no server and none could be started")
                continue
            found = faults.run_on_empty(environment, options.rounds, "clock")
            _say(f"{database}: {found}")
            yield {"database": database, **found}
    with faults.small_disk() as disk:
        if disk is None:
            _say("full and read-only disks: LEFT OUT, no disk can be mounted here (root can)")
            return
        environment = {"ORBITA_DATA": str(disk), "DATABASE_URL": ""}
        found = faults.run_on_empty(environment, 0, "full", "readonly")
        _say(f"full and read-only disk: {found}")
        yield {"database": "sqlite", "disk": "full and read-only", **found}


def _duplicates(options: argparse.Namespace) -> dict[str, Any]:
    """The labelled bases, and a base of a million that `--keep` shares with the search."""
    million = max(options.clients or SIZES)
    with _base("sqlite", million, options.keep) as environment:
        environment = environment or {}
        sets = _measure("sets_of_duplicates", environment)
        _say(f"labelled bases: {sets}")
        _filling(environment, "prepare_search", million)
        return {"sets": sets, "scan": _measure("scan_for_duplicates", environment)}


def _core(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    for database in _wanted(options):
        for clients in options.clients or SIZES:
            orders = SIZES.get(clients, clients * 10)
            with _base(database, clients, options.keep) as environment:
                if environment is None:
                    _say(f"{database}: left out, there is no server and none could be started")
                    continue
                run: dict[str, Any] = {"database": database, "clients": clients, "orders": orders}
                run |= _filling(environment, "prepare", clients, orders)
                for name in MEASURES:
                    run[name] = _measure(name, environment)
                    _say(f"{database} {clients}: {name} {run[name]}")
                yield run
        with _base(database, 0, None) as environment:
            if environment is not None:
                yield {"database": database, **_on_an_empty_base(database, environment)}


def _on_an_empty_base(database: str, environment: dict[str, str]) -> dict[str, Any]:
    """The import and, on SQLite, where writers wait for each other, a person beside a second one."""
    _measure("prepare", environment, "1000", "5000")
    found: dict[str, Any] = {"imports": _measure("imports", environment, str(IMPORTED))}
    if database == "sqlite":
        found["idle"] = _measure("idle", environment)
        with _base(database, 0, None) as fresh:
            _measure("prepare", fresh or {}, "1000", "5000")
            found["beside_import"] = _measure("beside_import", fresh or {}, str(IMPORTED))
    _say(f"{database}: {found}")
    return found


@contextmanager
def _base(database: str, clients: int, keep: Path | None) -> Iterator[dict[str, str] | None]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = (keep or Path(temporary)) / f"{database}-{clients}"
        folder.mkdir(parents=True, exist_ok=True)
        environment = {"ORBITA_DATA": str(folder), "DATABASE_URL": ""}
        if database == "sqlite":
            yield environment
            return
        with postgres.cluster(folder / "cluster" if keep else None) as url:
            yield {**environment, "DATABASE_URL": url} if url else None


def _filling(
    environment: dict[str, str], name: str, *sizes: int, mark: str = "filled"
) -> dict[str, Any]:
    """Fills the base, and says how that went, unless a kept one is filled already."""
    done = Path(environment["ORBITA_DATA"], mark)
    if done.exists():
        return {}
    filled = _measure(name, environment, *map(str, sizes))
    done.touch()
    return {"filling": filled}


def _measure(name: str, environment: dict[str, str], *arguments: str) -> dict[str, Any]:
    _say(f"{name} {' '.join(arguments)}…")
    before = calibrate.measure(RUNS)
    done = subprocess.run(
        [sys.executable, "-m", "orbita.bench.measures", name, *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    # A shared machine is not as fast one minute as the next: each measure is scaled by its own.
    after = calibrate.measure(RUNS)
    result["machine"] = {name: round((before[name] + after[name]) / 2, 3) for name in before}
    return result


def _say(words: str) -> None:
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()
