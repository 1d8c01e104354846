from pathlib import Path
from typing import Any

from orbita.bench import report

MACHINE = {"cpu": 0.4, "sqlite": 2.0}


def search(p95: float) -> dict[str, Any]:
    found = {"typo1": {"hit10": 0.983, "p50_ms": 3.2, "p95_ms": p95, "queries": 60}}
    run = {"database": "sqlite", "clients": 100_000, "search": {**found, "machine": MACHINE}}
    return {"when": "2026-11-23", "runs": [run]}


def duplicates() -> dict[str, Any]:
    one = {
        "pairs_f1": 0.9989,
        "groups_f1": 0.9994,
        "whole_groups_f1": 0.9985,
        "sure_precision": 1.0,
        "sure_recall": 0.99,
        "ceiling_recall": None,
    }
    scan = {
        "cards": 1_000_000,
        "pairs": 7,
        "seconds": 100.0,
        "peak_mb": 900,
        "new_card_p50_ms": 4.0,
        "new_card_p95_ms": 12.0,
        "machine": MACHINE,
    }
    return {"when": "2026-11-23", "sets": {"febrl3": one, "took_s": 3.0}, "scan": scan}


def test_each_bench_replaces_its_own_section_and_leaves_the_others(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    report.put(page, "duplicates", duplicates())
    report.put(page, "search", search(80.0))
    report.put(page, "search", search(20.0))
    text = page.read_text(encoding="utf-8")
    assert text.count("# Performance\n") == 1
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## Search",
        "## Duplicates",
    ]
    assert "| sqlite, 100000 clients | typo1 | 0.983 | 3.2 ms | 20 ms | 10.0 ms |" in text
    assert "80 ms" not in text
    assert "| febrl3 | 0.9989 | 0.9994 | 0.9985 | 1.0000 / 0.9900 | – | .997 / .999 |" in text
    assert "100.0 s, scaled 50 s" in text
