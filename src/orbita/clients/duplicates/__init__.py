"""Which cards are about the same person or company: probabilistic matching of the whole base.

`docs/duplicates.md` says how it works. Everything here reads; what is done about a pair is decided
by people and by `clients.actions`.
"""

from orbita.clients.duplicates.evidence import CODES, evidence_words
from orbita.clients.duplicates.groups import groups
from orbita.clients.duplicates.incremental import likely
from orbita.clients.duplicates.matching import find_pairs
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
