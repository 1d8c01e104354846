"""Finding pairs: in a whole base at once, and for one new card."""

from collections.abc import Iterable, Iterator

import numpy as np

from orbita.clients.duplicates.blocking import candidate_pairs
from orbita.clients.duplicates.features import Context, compare, evidence_of
from orbita.clients.duplicates.record import Pair, Record
from orbita.clients.duplicates.scorer import model, probability
from orbita.clients.duplicates.source import load_records
from orbita.clients.duplicates.table import Table
from orbita.clients.models import Client
from orbita.clients.search import same_keys

LARGEST_BLOCK = 50
# Pairs are compared so many at a time: memory stays level whatever the size of the base.
BATCH = 500_000


def find_pairs(records: Iterable[Record], threshold: float = 0.01) -> Iterator[Pair]:
    """The pairs among these records whose score is at least the threshold, by their ids.

    Reads all records first; they are not kept as they were.
    """
    table = Table(records)
    if table.size < 2:
        return
    context = Context(table)
    one, two = candidate_pairs(table)
    for start in range(0, len(one), BATCH):
        a, b = one[start : start + BATCH], two[start : start + BATCH]
        seen = compare(context, a, b)
        scores = probability(model().log_odds(seen))
        kept = np.flatnonzero(scores >= threshold)
        evidence = evidence_of(seen[kept])
        ids = table.ids[a[kept]], table.ids[b[kept]]
        low, high = np.minimum(*ids), np.maximum(*ids)
        rows = zip(low.tolist(), high.tolist(), scores[kept].tolist(), evidence, strict=True)
        yield from (Pair(*row) for row in rows)


def likely(candidate: Record, limit: int = 5) -> list[Pair]:
    """The cards of the base that this one may repeat, the likeliest first."""
    condition = same_keys([*candidate.phones, *candidate.emails], candidate.inn)
    if condition is None:
        return []
    known = list(
        Client.objects.alive()
        .filter(condition)
        .exclude(pk=candidate.id)
        .values_list("pk", flat=True)[:LARGEST_BLOCK]
    )
    pairs = find_pairs([candidate, *load_records(known)], 0.01)
    mine = [pair for pair in pairs if candidate.id in (pair.a, pair.b)]
    return sorted(mine, key=lambda pair: -pair.score)[:limit]
