"""What third cards say of a pair: two cards that match one more match each other, and the reverse."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from orbita.clients.duplicates.features import Floats
from orbita.clients.duplicates.table import Ints

# Log-odds beyond which cards are taken for neighbours, and what stands for "no such third card".
NEAR = -1.0
NOBODY = -12.0
MOST = 12.0
_AT_ONCE = 4_000_000

SEEN_TOGETHER = {
    "own": "log-odds of the pair by itself",
    "through": "the weaker side of the surest way through a third card, log-odds",
    "through_next": "the same of the second surest way",
    "against": "a third card matches one and not the other: the weaker of both statements, log-odds",
}


class Ways(NamedTuple):
    """Pairs of rows as one number each, in order, with what third cards say of them."""

    codes: Ints
    through: Floats
    through_next: Floats
    against: Floats


def ways(a: Ints, b: Ints, odds: Floats, size: int) -> Ways:
    """The ways through third cards for the pairs given and for those that only such ways join.

    `size` is the number of rows; the code of a pair is `smaller * size + larger`.
    """
    limited = np.clip(odds, -MOST, MOST)
    source = np.concatenate([a, b])
    target = np.concatenate([b, a])
    value = np.concatenate([limited, limited])
    order = np.argsort(source, kind="stable")
    source, target, value = source[order], target[order], value[order]
    starts = np.searchsorted(source, np.arange(size + 1))
    known = np.sort(np.minimum(a, b) * size + np.maximum(a, b))
    near = np.flatnonzero(value > NEAR)
    degrees = (starts[1:] - starts[:-1])[source[near]]
    ends = np.cumsum(degrees)
    found: list[Ways] = []
    begin = 0
    while begin < len(near):
        limit = (ends[begin - 1] if begin else 0) + _AT_ONCE
        stop = max(begin + 1, int(np.searchsorted(ends, limit, side="right")))
        part = near[begin:stop]
        found.append(
            _ways_over(part, degrees[begin:stop], target, value, starts[source[part]], known, size)
        )
        begin = stop
    return _merged(found)


def _ways_over(
    near: npt.NDArray[np.intp],
    degrees: Ints,
    target: Ints,
    value: Floats,
    starts: Ints,
    known: Ints,
    size: int,
) -> Ways:
    """The ways whose first step is one of these edges, from the third card to a near one."""
    total = int(degrees.sum())
    first = np.repeat(near, degrees)
    inside = np.arange(total) - np.repeat(np.cumsum(degrees) - degrees, degrees)
    second = np.repeat(starts, degrees) + inside
    one, two = target[first], target[second]
    codes = np.minimum(one, two) * size + np.maximum(one, two)
    strength, other = value[first], value[second]
    # A way of two near steps is met from both its ends: once is enough.
    path = (other > NEAR) & (one < two)
    doubt = (other <= NEAR) & (one != two)
    doubt[doubt] = _is_in(codes[doubt], known)
    paths = _top(codes[path], np.minimum(strength, other)[path])
    doubts = _top(codes[doubt], np.minimum(strength, -other)[doubt])
    nobody = np.full(len(doubts.codes), NOBODY, dtype=np.float32)
    return _merged([paths, Ways(doubts.codes, nobody, nobody, doubts.through)])


def _is_in(codes: Ints, known: Ints) -> npt.NDArray[np.bool_]:
    places = np.minimum(np.searchsorted(known, codes), len(known) - 1)
    return np.asarray(known[places] == codes)


def _top(codes: Ints, values: Floats) -> Ways:
    """The largest and the second largest value of each code."""
    order = np.lexsort((-values, codes))
    codes, values = codes[order], values[order]
    is_first = np.ones(len(codes), dtype=bool)
    is_first[1:] = codes[1:] != codes[:-1]
    firsts = np.flatnonzero(is_first)
    after = np.minimum(firsts + 1, max(len(codes) - 1, 0))
    has_next = (firsts + 1 < len(codes)) & ~is_first[after]
    best = values[firsts].astype(np.float32)
    following = np.where(has_next, values[after], NOBODY).astype(np.float32)
    return Ways(codes[firsts], best, following, np.full(len(firsts), NOBODY, dtype=np.float32))


def _merged(parts: list[Ways]) -> Ways:
    """Several findings as one, each pair once."""
    if not parts:
        empty = np.zeros(0, dtype=np.float32)
        return Ways(np.zeros(0, dtype=np.int64), empty, empty, empty)
    if len(parts) == 1:
        return parts[0]
    every = np.concatenate([part.codes for part in parts])
    codes, places = np.unique(every, return_inverse=True)
    through = np.concatenate(
        [part.through for part in parts] + [part.through_next for part in parts]
    )
    best = _top(np.concatenate([places, places]), through)
    against = np.full(len(codes), NOBODY, dtype=np.float32)
    np.maximum.at(against, places, np.concatenate([part.against for part in parts]))
    return Ways(codes, best.through, best.through_next, against)


def seen_together(codes: Ints, own: Floats, found: Ways) -> Floats:
    """The features of SEEN_TOGETHER for these pairs."""
    if not len(found.codes):
        nobody = np.full(len(codes), NOBODY, dtype=np.float32)
        return np.column_stack([np.clip(own, -MOST, MOST), nobody, nobody, nobody])
    places = np.minimum(np.searchsorted(found.codes, codes), len(found.codes) - 1)
    hit = found.codes[places] == codes
    columns = [
        np.where(hit, column[places], NOBODY)
        for column in (found.through, found.through_next, found.against)
    ]
    return np.column_stack([np.clip(own, -MOST, MOST), *columns]).astype(np.float32)
