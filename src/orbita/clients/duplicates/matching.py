"""All the pairs of a base at once."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from orbita.clients.duplicates.blocking import candidate_pairs
from orbita.clients.duplicates.features import Context, Floats, compare, evidence_of
from orbita.clients.duplicates.record import Pair, Record
from orbita.clients.duplicates.scorer import judged, model, sobered
from orbita.clients.duplicates.table import Ints, Table
from orbita.clients.duplicates.together import seen_together, ways

# Pairs are compared so many at a time: memory stays level whatever the size of the base.
BATCH = 500_000
# Log-odds below which a pair needs a third card to be believed.
THROUGH = 0.0
# Features of pairs into their log-odds.
Judge = Callable[[Floats], Floats]


def pairs_of(records: Iterable[Record], threshold: float) -> Iterator[Pair]:
    """The pairs among these records whose score is at least the threshold, by their ids.

    Reads all records first; they are not kept as they were.
    """
    table = Table(records)
    if table.size < 2:
        return
    context = Context(table)
    a, b = candidate_pairs(table)
    judge = model().pairs.log_odds
    own = odds_of(context, a, b, judge)
    a, b, seen = with_others(context, a, b, own, judge)
    scores = judged(seen)
    kept = np.flatnonzero(scores >= threshold)
    a, b, scores, seen = a[kept], b[kept], scores[kept], seen[kept]
    for start in range(0, len(a), BATCH):
        part = slice(start, start + BATCH)
        features = compare(context, a[part], b[part])
        believed = sobered(scores[part], seen[part], features)
        evidence = evidence_of(features)
        ids = table.ids[a[part]], table.ids[b[part]]
        low, high = np.minimum(*ids).tolist(), np.maximum(*ids).tolist()
        through = (seen[part, 1] > THROUGH) & (seen[part, 0] < THROUGH)
        rows = zip(low, high, believed.tolist(), evidence, through.tolist(), strict=True)
        for one, two, score, codes, is_through in rows:
            if score >= threshold:
                yield Pair(one, two, score, ("through", *codes) if is_through else codes)


def odds_of(context: Context, a: Ints, b: Ints, judge: Judge) -> Floats:
    """The log-odds of pairs of rows by themselves."""
    odds = np.empty(len(a), dtype=np.float32)
    for start in range(0, len(a), BATCH):
        part = slice(start, start + BATCH)
        odds[part] = judge(compare(context, a[part], b[part]))
    return odds


def with_others(
    context: Context, a: Ints, b: Ints, own: Floats, judge: Judge
) -> tuple[Ints, Ints, Floats]:
    """The pairs, those that only third cards join, and what is seen of them all together."""
    size = context.table.size
    found = ways(a, b, own, size)
    codes = a * size + b
    joined = np.setdiff1d(found.codes[found.through > 0], codes)
    one, two = joined // size, joined % size
    fitting = context.table.may_be_one(one, two)
    joined, one, two = joined[fitting], one[fitting], two[fitting]
    own = np.concatenate([own, odds_of(context, one, two, judge)])
    codes = np.concatenate([codes, joined])
    return codes // size, codes % size, seen_together(codes, own, found)
