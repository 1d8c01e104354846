"""Timing a call many times: medians to quote, 95th percentiles to know the tail."""

import time
from collections.abc import Callable
from statistics import median, quantiles
from typing import Any


def timed(call: Callable[[], Any], runs: int = 40, warm_up: int = 3) -> dict[str, float]:
    """Milliseconds of a call over some runs: p50 and p95."""
    for _ in range(warm_up):
        call()
    taken = [once(call) for _ in range(runs)]
    return {
        "p50_ms": round(median(taken) * 1000, 2),
        "p95_ms": round(quantiles(taken, n=20)[-1] * 1000, 2),
    }


def paired(ours: Callable[[], Any], baseline: Callable[[], Any], runs: int = 200) -> float:
    """Speed of ours as a share of the baseline's, the median of runs taken in turn."""
    for _ in range(10):
        ours(), baseline()
    return round(median(once(baseline) / once(ours) for _ in range(runs)), 3)


def once(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started
