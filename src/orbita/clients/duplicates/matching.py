"""Finding pairs: in a whole base at once, and for one new card."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from orbita.clients.duplicates.record import Pair, Record
from orbita.clients.duplicates.source import load_records
from orbita.clients.models import Client
from orbita.clients.search import same_keys

LARGEST_BLOCK = 50


def find_pairs(records: Iterable[Record], threshold: float = 0.01) -> Iterator[Pair]:
    """The pairs among these records whose score is at least the threshold, by their ids."""
    holders: dict[tuple[str, str], list[int]] = defaultdict(list)
    for record in records:
        for code, values in (
            ("phone", record.phones),
            ("email", record.emails),
            ("inn", (record.inn,) if record.inn else ()),
        ):
            for value in values:
                holders[(code, value)].append(record.id)
    found: dict[tuple[int, int], list[str]] = defaultdict(list)
    for (code, _value), ids in holders.items():
        if len(ids) <= LARGEST_BLOCK:
            for place, a in enumerate(ids):
                for b in ids[place + 1 :]:
                    found[(min(a, b), max(a, b))].append(code)
    for (a, b), codes in sorted(found.items()):
        score = 1 - 0.3 ** len(codes)
        if a != b and score >= threshold:
            yield Pair(a, b, score, tuple(dict.fromkeys(codes)))


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
