"""What the reading process is told. Light to import: that process has no Django yet."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`start` is the number of units (rows, or orders of several rows) that are done already.

    `users` finds colleagues by normalised name or e-mail: → (id, name shown). `limit` stops after
    so many source rows, for previews. `cells` asks for the cells of each row taken. `own` are the
    definitions of own fields that the file may set.
    """

    path: str
    mapping: dict[str, Any]
    source: str
    language: str
    region: str
    currency: str
    zone: str
    users: dict[str, tuple[int, str]] = field(default_factory=dict)
    start: int = 0
    batch: int = 1000
    limit: int | None = None
    cells: bool = False
    own: list[dict[str, Any]] = field(default_factory=list)
