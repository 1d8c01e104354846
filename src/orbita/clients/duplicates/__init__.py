"""Which cards are about the same person or company: probabilistic matching of the whole base.

`docs/duplicates.md` says how it works. Everything here reads; what is done about a pair is decided
by people and by `clients.actions`. The engine stands on numpy, which is loaded with the first
search: most processes never compare cards.
"""

from collections.abc import Iterable, Iterator

from orbita.clients.duplicates.evidence import CODES, evidence_words
from orbita.clients.duplicates.groups import groups
from orbita.clients.duplicates.record import Pair, Place, Record
from orbita.clients.duplicates.source import load_records, record_of

__all__ = [
    "CODES",
    "Pair",
    "Place",
    "Record",
    "evidence_words",
    "find_pairs",
    "groups",
    "likely",
    "load_records",
    "record_of",
]


def find_pairs(records: Iterable[Record], threshold: float = 0.01) -> Iterator[Pair]:
    """The pairs among these records whose score is at least the threshold, see `matching`."""
    from orbita.clients.duplicates.matching import pairs_of

    return pairs_of(records, threshold)


def likely(candidate: Record, limit: int = 5) -> list[Pair]:
    """The cards of the base that this one may repeat, the likeliest first, see `incremental`."""
    from orbita.clients.duplicates.incremental import pairs_with

    return pairs_with(candidate, limit)
