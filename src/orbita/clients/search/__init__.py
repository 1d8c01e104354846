"""Finding clients: the index, the forgiving search over it, the conditions of lists."""

from .choosing import clients_like
from .conditions import same_keys, text_condition
from .index import (
    Progress,
    forget_clients,
    index_clients,
    index_missing,
    index_notes,
    index_texts,
    indexed_words,
    of_kinds,
    write_clients,
    write_texts,
)
from .notes import FoundNote, find_notes
from .ranking import WHY, FoundClient, find_clients

__all__ = [
    "WHY",
    "FoundClient",
    "FoundNote",
    "Progress",
    "clients_like",
    "find_clients",
    "find_notes",
    "forget_clients",
    "index_clients",
    "index_missing",
    "index_notes",
    "index_texts",
    "indexed_words",
    "of_kinds",
    "same_keys",
    "text_condition",
    "write_clients",
    "write_texts",
]
