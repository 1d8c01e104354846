"""docs/performance.md from the figures of a run: raw, scaled to the reference machine, and the budget."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orbita.bench.calibrate import REFERENCE
from orbita.bench.published import OTHERS

HEAD = """# Performance

Filled by `./orbita bench core`, `search`, `duplicates` and `work` with `--page docs/performance.md`, a section
each; nothing here is typed by hand. Two fixed loads, run before and after every measure, tell how fast
the machine was just then: the reference machine takes {cpu} s for the processor's and {sqlite} s for
SQLite's. "Scaled" divides times by the measured ratio (multiplies speeds): what waits for the base by
SQLite's, the rest by the processor's. Budgets are for the reference machine, so the scaled figure
decides.
"""
TITLES = {
    "core": "## Pages, import, RFM, API",
    "search": "## Search",
    "duplicates": "## Duplicates",
    "work": "## Deals",
}
CORE_HEAD = """Measured {when}; the loads took {cpu} s and {sqlite} s at the start. Times of pages are whole requests
inside one process: middleware, sign-in, queries, templates. Medians of 40 requests after a warm-up.
What bounds the import is told in docs/import-export.md.
"""


def put(path: Path, what: str, figures: Mapping[str, Any]) -> None:
    """Puts the section of one bench into the page, in place of the one of the last time."""
    known = path.read_text(encoding="utf-8") if path.exists() else ""
    sections = {}
    for name, title in TITLES.items():
        if title in known:
            sections[name] = known.split(title + "\n", 1)[1].split("\n## ", 1)[0].strip("\n")
    render = {
        "core": core_section,
        "search": search_section,
        "duplicates": duplicates_section,
        "work": work_section,
    }
    sections[what] = render[what](figures).strip("\n")
    parts = [f"{TITLES[name]}\n\n{sections[name]}\n" for name in TITLES if name in sections]
    path.write_text("\n".join([HEAD.format(**REFERENCE), *parts]), encoding="utf-8")


@dataclass(frozen=True)
class Line:
    what: str
    where: str
    raw: float
    unit: str
    budget: float | None = None
    at_least: bool = False
    machine: Mapping[str, float] = field(default_factory=lambda: REFERENCE)
    by: str = "cpu"

    @property
    def scaled(self) -> float | None:
        """On the reference machine; sizes and shares do not depend on the machine."""
        ratio = self.machine[self.by] / REFERENCE[self.by]
        if self.unit in ("ms", "s"):
            return self.raw / ratio
        if self.unit == "rows/s":
            return self.raw * ratio
        return None

    @property
    def holds(self) -> bool | None:
        """By the scaled figure where there is one: the budget is for the reference machine."""
        if self.budget is None:
            return None
        figure = self.raw if self.scaled is None else self.scaled
        return figure >= self.budget if self.at_least else figure <= self.budget


def core_section(figures: Mapping[str, Any]) -> str:
    """Every figure with its budget."""
    lines = list(lines_of(figures["runs"]))
    return "\n".join(
        [
            CORE_HEAD.format(when=figures["when"], **figures["machine"]),
            "| what | where | raw | scaled | budget | holds |",
            "|---|---|---|---|---|---|",
            *map(_row, lines),
            "",
            *_growth(figures["runs"]),
        ]
    )


WORK_HEAD = """Measured {when}; the loads took {cpu} s and {sqlite} s at the start. Whole requests inside one process by
an administrator, medians of 40 after a warm-up. All deals are open and in one pipeline.
"""
WORK_BUDGETS = {"board": 60, "board of one person": 60, "moving a deal": 30}


def work_section(figures: Mapping[str, Any]) -> str:
    """The seller's pages with their budgets."""
    lines = [
        Line(
            f"{name}, {kind}",
            f"{run['database']}, {run['clients']} clients, {run['deals']} deals",
            run["work"][name][f"{kind}_ms"],
            "ms",
            budget if kind == "p50" else None,
            machine=run["work"]["machine"],
        )
        for run in figures["runs"]
        for name, budget in WORK_BUDGETS.items()
        for kind in ("p50", "p95")
    ]
    return "\n".join(
        [
            WORK_HEAD.format(when=figures["when"], **figures["machine"]),
            "| what | where | raw | scaled | budget | holds |",
            "|---|---|---|---|---|---|",
            *map(_row, lines),
        ]
    )


SEARCH_HEAD = """Measured {when}, warm, in one process, everything that the search box asks for: clients, notes, orders
and products. The labelled set of 100 000 Russian cards and its 600 queries; bases larger than that are
filled up with invented cards. "hit@10": how often one of the cards meant is among the first ten.
Budgets: 50 ms for 95 of 100; hit@10 of .97 for one slip, transliteration and layout, .95 for two slips.
"""


def search_section(figures: Mapping[str, Any]) -> str:
    """The figures of the search as Markdown."""
    rows = [
        f"| {run['database']}, {run['clients']} clients | {kind} | {one['hit10']:.3f} |"
        f" {one['p50_ms']:g} ms | {one['p95_ms']:g} ms |"
        f" {one['p95_ms'] / (run['search']['machine']['cpu'] / REFERENCE['cpu']):.1f} ms |"
        for run in figures["runs"]
        for kind, one in run["search"].items()
        if isinstance(one, dict) and "hit10" in one
    ]
    head = ["| where | queries | hit@10 | p50 | p95 | p95 scaled |", "|---|---|---|---|---|---|"]
    return "\n".join([SEARCH_HEAD.format(when=figures["when"]), *head, *rows])


DUPLICATES_HEAD = """Measured {when}. F1: "pairs" are those from a score of 0.5, "groups" the pairs within the groups,
"whole groups" the groups without a card more or less; "ceiling" is the recall that the pairs with any
proof in common allow. Of the Russian 100,000 and of fake_1000 the quarter that nothing was learnt from.
The figures of others are pairs / groups, each with the threshold that suits it best on that very base,
measured apart on four cores; docs/duplicates.md says how ours works.
"""


def duplicates_section(figures: Mapping[str, Any]) -> str:
    """The labelled bases beside what others reach, then speed and memory on a million cards."""
    rows = [
        f"| {name} | {one['pairs_f1']:.4f} | {one['groups_f1']:.4f} | {one['whole_groups_f1']:.4f} |"
        f" {one['sure_precision']:.4f} / {one['sure_recall']:.4f} |"
        f" {one['ceiling_recall'] or '–'} | {' | '.join(_others(name))} |"
        for name, one in figures["sets"].items()
        if isinstance(one, dict) and "pairs_f1" in one
    ]
    scan = figures["scan"]
    slower = scan["machine"]["cpu"] / REFERENCE["cpu"]
    return "\n".join(
        [
            DUPLICATES_HEAD.format(when=figures["when"]),
            "| base | pairs | groups | whole groups | from 0.99: precision / recall | ceiling |"
            " splink | recordlinkage | dedupe |",
            "|---|---|---|---|---|---|---|---|---|",
            *rows,
            "",
            f"{scan['cards']} cards of a base on SQLite, compared with each other: {scan['seconds']} s, scaled"
            f" {scan['seconds'] / slower:.0f} s (budget 300 s), {scan['peak_mb']} MiB (budget 4096);"
            f" {scan['pairs']} pairs from 0.01. One card against that base: p50 {scan['new_card_p50_ms']} ms,"
            f" p95 {scan['new_card_p95_ms']} ms, scaled {scan['new_card_p95_ms'] / slower:.1f} ms (budget 20 ms).",
        ]
    )


def _others(base: str) -> list[str]:
    return [OTHERS[base].get(name, "–") for name in ("splink", "recordlinkage", "dedupe")]


def lines_of(runs: Sequence[Mapping[str, Any]]) -> Iterator[Line]:
    """Every figure of the runs with its budget."""
    for run in runs:
        if "clients" in run:
            yield from _of_a_filled_base(run)
        else:
            yield from _of_an_empty_base(run)


def _of_a_filled_base(run: Mapping[str, Any]) -> Iterator[Line]:
    small = run["clients"] <= 100_000
    where = f"{run['database']}, {run['clients']} clients, {run['orders']} orders"
    for name, timing in _pages(run):
        machine = run["pages"]["machine"]
        budget = 25 if small else None
        yield Line(f"{name}, p50", where, timing["p50_ms"], "ms", budget, machine=machine)
        yield Line(f"{name}, p95", where, timing["p95_ms"], "ms", machine=machine)
    rfm = run["rfm"]
    yield Line(
        "RFM of the whole base",
        where,
        rfm["rfm"]["p50_ms"],
        "ms",
        None if small else 1500,
        machine=rfm["machine"],
        by="sqlite",
    )
    ratio = run["api"]["ratio"]
    yield Line("API list of 50 to a bare JsonResponse", where, ratio, "×", 0.8, at_least=True)


def _of_an_empty_base(run: Mapping[str, Any]) -> Iterator[Line]:
    database, done = run["database"], run["imports"]["import"]
    where = f"{database}, XLSX of {done['rows']} clients"
    floor = 10_000 if database == "sqlite" else 6_000
    yield Line(
        "import, end to end",
        where,
        done["rows_per_second"],
        "rows/s",
        floor,
        at_least=True,
        machine=run["imports"]["machine"],
        by="sqlite",
    )
    yield Line("import, peak memory", where, done["peak_mb"], "MiB", 500)
    if "idle" in run:
        yield Line("`serve` at rest, memory", database, run["idle"]["idle_mb"], "MiB", 350)
    if "beside_import" in run:
        saving = run["beside_import"]["saving a card"]
        same: dict[str, Any] = {"machine": run["beside_import"]["machine"], "by": "sqlite"}
        yield Line("saving a card during an import, p50", where, saving["p50_ms"], "ms", **same)
        yield Line(
            "saving a card during an import, p95", where, saving["p95_ms"], "ms", 300, **same
        )


def _growth(runs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """How much slower a page becomes when the base grows tenfold; the budget is 1.5×."""
    for database in dict.fromkeys(run["database"] for run in runs):
        sized = sorted(
            (run for run in runs if run["database"] == database and "clients" in run),
            key=lambda run: run["clients"],
        )
        if len(sized) < 2:
            continue
        small, large = sized[0], sized[-1]
        slower = large["pages"]["machine"]["cpu"] / small["pages"]["machine"]["cpu"]
        for name, timing in _pages(small):
            ratio = large["pages"][name]["p50_ms"] / timing["p50_ms"] / slower
            verdict = "holds" if ratio <= 1.5 else "**short**"
            yield (
                f"- {database}, {name}: from {small['clients']} to {large['clients']} "
                f"clients × {ratio:.2f} scaled (budget 1.5): {verdict}"
            )


def _pages(run: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, float]]]:
    for name, timing in run["pages"].items():
        if isinstance(timing, dict) and "p50_ms" in timing:
            yield name, timing


def _row(line: Line) -> str:
    scaled = line.scaled
    sign = "≥" if line.at_least else "≤"
    budget = f"{sign} {line.budget:g} {line.unit}" if line.budget is not None else ""
    holds = {True: "yes", False: "**no**", None: ""}[line.holds]
    shown = f"{scaled:.1f} {line.unit}" if scaled is not None else "–"
    return (
        f"| {line.what} | {line.where} | {line.raw:g} {line.unit} | {shown} | {budget} | {holds} |"
    )
