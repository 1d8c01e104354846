"""docs/performance.md from the figures of a run: raw, scaled to the reference machine, and the budget."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

HEAD = """# Performance

Filled by `./orbita bench core --page docs/performance.md`; nothing here is typed by hand.

Measured {when} on a machine whose fixed loads take {cpu} s (processor) and {sqlite} s (SQLite); on the
reference machine each takes 1 s. "Scaled" divides times by the machine's factor (multiplies speeds),
so that runs on different machines can be compared. Times of pages are whole requests inside one
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
    by: str = "cpu"

    def scaled(self, machine: Mapping[str, float]) -> float | None:
        """On the reference machine; sizes and shares do not depend on the machine."""
        if self.unit in ("ms", "s"):
            return self.raw / machine[self.by]
        if self.unit == "rows/s":
            return self.raw * machine[self.by]
        return None

    @property
    def holds(self) -> bool | None:
        if self.budget is None:
            return None
        return self.raw >= self.budget if self.at_least else self.raw <= self.budget


def page(figures: Mapping[str, Any]) -> str:
    """The whole page as Markdown."""
    machine = figures["machine"]
    lines = list(lines_of(figures["runs"]))
    return "\n".join(
        [
            HEAD.format(when=figures["when"], **machine),
            "| what | where | raw | scaled | budget | holds |",
            "|---|---|---|---|---|---|",
            *(_row(line, machine) for line in lines),
            "",
            *_growth(figures["runs"]),
            "",
        ]
    )


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
    for name, timing in run["pages"].items():
        if isinstance(timing, dict):
            yield Line(f"{name}, p50", where, timing["p50_ms"], "ms", 25 if small else None)
            yield Line(f"{name}, p95", where, timing["p95_ms"], "ms")
    budget = None if small else 1500
    yield Line("RFM of the whole base", where, run["rfm"]["rfm"]["p50_ms"], "ms", budget)
    ratio = run["api"]["ratio"]
    yield Line("API list of 50 to a bare JsonResponse", where, ratio, "×", 0.8, at_least=True)


def _of_an_empty_base(run: Mapping[str, Any]) -> Iterator[Line]:
    database, done = run["database"], run["imports"]["import"]
    where = f"{database}, XLSX of {done['rows']} clients"
    floor = 10_000 if database == "sqlite" else 6_000
    yield Line("import, end to end", where, done["rows_per_second"], "rows/s", floor, at_least=True)
    yield Line("import, peak memory", where, done["peak_mb"], "MiB", 500)
    if "idle" in run:
        yield Line("`serve` at rest, memory", database, run["idle"]["idle_mb"], "MiB", 350)
    if "beside_import" in run:
        saving = run["beside_import"]["saving a card"]
        yield Line("saving a card during an import, p50", where, saving["p50_ms"], "ms")
        yield Line("saving a card during an import, p95", where, saving["p95_ms"], "ms", 300)


def _growth(runs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """How much slower a page becomes when the base grows tenfold; the budget is 1.5×."""
    for database in dict.fromkeys(run["database"] for run in runs):
        sized = sorted(
            (run for run in runs if run["database"] == database and "clients" in run),
            key=lambda run: run["clients"],
        )
        if len(sized) < 2:
            continue
        small, large = sized[0]["pages"], sized[-1]["pages"]
        for name, timing in small.items():
            if isinstance(timing, dict):
                ratio = large[name]["p50_ms"] / timing["p50_ms"]
                verdict = "holds" if ratio <= 1.5 else "**short**"
                yield (
                    f"- {database}, {name}: from {sized[0]['clients']} to {sized[-1]['clients']} "
                    f"clients × {ratio:.2f} (budget 1.5): {verdict}"
                )


def _row(line: Line, machine: Mapping[str, float]) -> str:
    scaled = line.scaled(machine)
    sign = "≥" if line.at_least else "≤"
    budget = f"{sign} {line.budget:g} {line.unit}" if line.budget is not None else ""
    holds = {True: "yes", False: "**no**", None: ""}[line.holds]
    shown = f"{scaled:.1f} {line.unit}" if scaled is not None else "–"
    return (
        f"| {line.what} | {line.where} | {line.raw:g} {line.unit} | {shown} | {budget} | {holds} |"
    )
