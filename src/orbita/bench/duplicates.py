"""The matcher of duplicates: how well it tells the labelled bases apart, and how quick it is on a million.

The labelled bases are read as an import would put them into the base. What the model has learnt from
is left out, or said.
"""

import resource
from collections import Counter
from collections.abc import Sequence
from functools import partial
from itertools import combinations
from statistics import median, quantiles
from time import perf_counter
from typing import Any

from orbita.bench.search import data_folder
from orbita.bench.timing import once
from orbita.clients.duplicates import find_pairs, groups, likely, load_records
from orbita.clients.models import Client
from orbita.devtools.labelled import Labelled, fake_base, febrl_base, quarter, russian_base

AT, SURE = 0.5, 0.99
SAMPLE = 400


def measure_sets() -> dict[str, Any]:
    """What the matcher reaches on each labelled base, by its name."""
    folder = data_folder()
    if folder is None:
        return {}
    russian = russian_base(folder, 100_000)
    bases = {
        "febrl3": febrl_base(folder, ["dataset3"]),
        "febrl4": febrl_base(folder, ["dataset4a", "dataset4b"]),
        "fake_1000": [row for row in fake_base(folder) if quarter(row.family) == 3],
        "Russian 10,000": russian_base(folder, 10_000),
        "Russian 100,000": [row for row in russian if quarter(row.family) == 3],
    }
    return {name: _reached(rows) for name, rows in bases.items()}


def _reached(rows: Sequence[Labelled]) -> dict[str, Any]:
    entity = {row.record.id: row.entity for row in rows}
    true = sum(size * (size - 1) // 2 for size in Counter(entity.values()).values())
    started = perf_counter()
    pairs = list(find_pairs(row.record for row in rows))
    seconds = perf_counter() - started
    joined = groups(pairs, AT)
    together = [pair for ids in joined for pair in combinations(ids, 2)]
    half = _right(entity, [(pair.a, pair.b) for pair in pairs if pair.score >= AT])
    sure = _right(entity, [(pair.a, pair.b) for pair in pairs if pair.score >= SURE])
    grouped = _right(entity, together)
    whole = _whole_groups(entity, joined)
    return {
        "cards": len(rows),
        "pairs_f1": round(2 * half[0] / (half[1] + true), 4),
        "groups_f1": round(2 * grouped[0] / (grouped[1] + true), 4),
        "whole_groups_f1": round(whole, 4),
        "sure_precision": round(sure[0] / sure[1], 4),
        "sure_recall": round(sure[0] / true, 4),
        "ceiling_recall": _sharing(rows, true),
        "cards_per_second": round(len(rows) / seconds),
    }


def _right(entity: dict[int, str], said: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """How many of the pairs are of one client, and how many there are."""
    return sum(entity[a] == entity[b] for a, b in said), len(said)


def _whole_groups(entity: dict[int, str], joined: Sequence[Sequence[int]]) -> float:
    """F1 of whole groups, single cards among them: right is a group without one card more or less."""
    members: dict[str, list[int]] = {}
    for pk, label in entity.items():
        members.setdefault(label, []).append(pk)
    truth = {tuple(sorted(ids)) for ids in members.values()}
    grouped = {pk for ids in joined for pk in ids}
    said = {tuple(ids) for ids in joined} | {(pk,) for pk in entity if pk not in grouped}
    return 2 * len(truth & said) / (len(truth) + len(said))


def _sharing(rows: Sequence[Labelled], true: int) -> float | None:
    """The share of the true pairs that have any proof in common; None where labels do not tell."""
    if any(row.proofs < 0 for row in rows):
        return None
    members: dict[str, list[int]] = {}
    for row in rows:
        members.setdefault(row.entity, []).append(row.proofs)
    sharing = sum(bool(a & b) for bits in members.values() for a, b in combinations(bits, 2))
    return round(sharing / true, 4)


def scan() -> dict[str, Any]:
    """The whole base compared with itself, and single cards compared with the base."""
    cards = Client.objects.count()
    started = perf_counter()
    found = sum(1 for _pair in find_pairs(load_records()))
    seconds = perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    step = max(1, cards // SAMPLE)
    records = list(load_records(range(1, cards + 1, step)))
    taken = [once(partial(likely, record)) * 1000 for record in records]
    return {
        "cards": cards,
        "pairs": found,
        "seconds": round(seconds, 1),
        "peak_mb": round(peak),
        "new_card_p50_ms": round(median(taken), 1),
        "new_card_p95_ms": round(quantiles(taken, n=20)[-1], 1),
    }
