"""docs/performance.md from the figures of a run: raw, scaled to the reference machine, and the budget."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orbita.bench.calibrate import REFERENCE

HEAD = """# Performance

Filled by `./orbita bench core --page docs/performance.md`; nothing here is typed by hand.

Measured {when}. Two fixed loads, run before and after every measure, tell how fast the machine was
just then: {cpu} s for the processor and {sqlite} s for SQLite at the start of this run; the reference
machine takes {reference_cpu} s and {reference_sqlite} s. "Scaled" divides times by the measured ratio
(multiplies speeds): what waits for the base by SQLite's, the rest by the processor's. Budgets are for
the reference machine, so the scaled figure decides. Times of pages are whole requests inside one
process: middleware, sign-in, queries, templates. Medians of 40 requests after a warm-up.
"""


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


def page(figures: Mapping[str, Any]) -> str:
    """The whole page as Markdown."""
    lines = list(lines_of(figures["runs"]))
    return "\n".join(
        [
            HEAD.format(
                when=figures["when"],
                reference_cpu=REFERENCE["cpu"],
                reference_sqlite=REFERENCE["sqlite"],
                **figures["machine"],
            ),
            "| what | where | raw | scaled | budget | holds |",
            "|---|---|---|---|---|---|",
            *map(_row, lines),
            "",
            *_growth(figures["runs"]),
            "",
        ]
    )


SEARCH_HEAD = """# Search, measured

Filled by `./orbita bench search --page docs/performance-search.md`; nothing here is typed by hand.

Measured {when}, warm, in one process, everything that the search box asks for: clients, notes, orders
and products. The labelled set of 100 000 Russian cards and its 600 queries; bases larger than that are
filled up with invented cards. "hit@10": how often one of the cards meant is among the first ten. Times
are scaled to the reference machine as on the page of the other figures.
"""


def search_page(figures: Mapping[str, Any]) -> str:
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
    return "\n".join([SEARCH_HEAD.format(when=figures["when"]), *head, *rows, ""])


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
