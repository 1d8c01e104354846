"""Pairs gathered into groups of cards about the same client."""

from collections.abc import Iterable

from orbita.clients.duplicates.record import Pair


def groups(pairs: Iterable[Pair], threshold: float) -> list[list[int]]:
    """Groups of client ids, largest first, in each of which the cards belong together.

    Joins the surest pairs first, and two groups only when what is known of the pairs between them
    speaks for it: one bridge does not chain relatives into a crowd.
    """
    score: dict[tuple[int, int], float] = {}
    for pair in pairs:
        score[(pair.a, pair.b)] = pair.score
    members: dict[int, list[int]] = {}
    home: dict[int, int] = {}
    for (a, b), value in sorted(score.items(), key=lambda item: -item[1]):
        if value < threshold:
            break
        one, two = home.setdefault(a, a), home.setdefault(b, b)
        left, right = members.setdefault(one, [one]), members.setdefault(two, [two])
        if one == two:
            continue
        known = [score.get((min(x, y), max(x, y)), 0.0) for x in left for y in right]
        if sum(known) < threshold * len(known):
            continue
        left.extend(right)
        for each in right:
            home[each] = one
        del members[two]
    found = [sorted(ids) for ids in members.values() if len(ids) > 1]
    return sorted(found, key=lambda ids: (-len(ids), ids))
