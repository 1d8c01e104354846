"""What the matcher knows of a card, and what it says of two."""

from datetime import date
from typing import NamedTuple

import msgspec


class Place(NamedTuple):
    """An address as it was typed."""

    city: str = ""
    text: str = ""


class Record(msgspec.Struct, kw_only=True):
    """A card, or what has been typed into one so far, with its texts as typed.

    `id` is the client's; 0 for a card that is not in the base yet. `phones` are E.164, or as typed
    when they could not be read. `company` is the name of a company with or without its legal form:
    of the card itself when `kind` is "company", else of where the person trades or works. `person`
    parts of a company are those of its contact person. `numbers` are other numbers that belong to
    one client: a passport, a loyalty card, a messenger's id. Before a colon stands what kind of number
    it is; numbers of different kinds are never compared.
    """

    id: int = 0
    kind: str = "person"
    last_name: str = ""
    first_name: str = ""
    middle_name: str = ""
    company: str = ""
    inn: str = ""
    sex: str = ""
    birthday: date | None = None
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()


class Pair(NamedTuple):
    """Two cards that may be one client; `a` < `b` are client ids (`a` is 0 for a new card).

    `score` is the probability that they are; `evidence` are codes of `duplicates.CODES`, the
    weightiest first.
    """

    a: int
    b: int
    score: float
    evidence: tuple[str, ...]
