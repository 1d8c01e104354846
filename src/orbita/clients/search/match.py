"""A card that was found."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Match:
    """A card that may be meant. `price` is 0 for what was typed exactly; `why` are codes.

    `own_words` are those words of own fields that it was found by.
    """

    client_id: int
    price: float
    why: tuple[str, ...]
    told: str = ""
    own_words: tuple[str, ...] = ()
