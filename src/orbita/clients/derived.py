"""Tables of upper rooms that are worked out from clients and go with them without a word."""

from dataclasses import dataclass
from typing import Any

from orbita.core.registry import Registry


@dataclass(frozen=True)
class Derived:
    """A model with a `client` key whose rows nobody wrote by hand: scores, aggregates."""

    name: str
    model: Any


DERIVED: Registry[Derived] = Registry("derived table")
