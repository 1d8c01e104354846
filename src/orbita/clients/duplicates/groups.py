"""Pairs gathered into groups of cards about the same client."""

from collections.abc import Iterable

from orbita.clients.duplicates.record import Pair


def groups(pairs: Iterable[Pair], threshold: float) -> list[list[int]]:
    """Groups of client ids, largest first, in each of which the cards belong together.

    Joins the surest pairs first, and two groups only when the scores between all their cards reach
    the threshold on average, a pair that is not known counting as 0: one bridge does not chain
    relatives into a crowd.
    """
    score = {(pair.a, pair.b): pair.score for pair in pairs}
    home: dict[int, int] = {}
    members: dict[int, list[int]] = {}
    # Group → the groups it has pairs with → the sum of their scores.
    between: dict[int, dict[int, float]] = {}
    for (a, b), value in score.items():
        for one, other in ((a, b), (b, a)):
            home[one] = one
            members[one] = [one]
            between.setdefault(one, {})[other] = value
    for (a, b), value in sorted(score.items(), key=lambda item: -item[1]):
        if value < threshold:
            break
        one, two = home[a], home[b]
        if one == two:
            continue
        if between[one][two] < threshold * len(members[one]) * len(members[two]):
            continue
        if len(between[one]) < len(between[two]):
            one, two = two, one
        for each in members[two]:
            home[each] = one
        members[one] += members.pop(two)
        _join(between, one, two)
    found = [sorted(ids) for ids in members.values() if len(ids) > 1]
    return sorted(found, key=lambda ids: (-len(ids), ids))


def _join(between: dict[int, dict[int, float]], one: int, two: int) -> None:
    """The pairs of `two` become pairs of `one`."""
    mine = between[one]
    for other, total in between.pop(two).items():
        theirs = between[other]
        del theirs[two]
        if other != one:
            mine[other] = theirs[one] = mine.get(other, 0.0) + total
