"""What is kept of a person, table by table. Rooms register theirs from their `room.py`.

Every table with a key to a client or a column of text is exactly one of these; a test holds it:

- `Personal`: its rows belong to a client and go with him, or stay without what tells who he was.
- `Trace`: its rows belong to nobody, and may have the person's own values in them.
- `Settled`: nothing of a client is ever put there, or it goes in a way of its own; it says why.

Work that would write a person anew while he is erased is a `Hindrance`, files beside the base are a
`Store`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet

from orbita.clients.derived import DERIVED
from orbita.core.registry import Registry

if TYPE_CHECKING:
    from orbita.clients.privacy.erasing import Erasing

Rows = QuerySet[Any]
Step = Callable[["Erasing"], None]


def _of_model(model: Any) -> str:
    return str(model._meta.label_lower)


@dataclass(frozen=True)
class Personal:
    """Rows that belong to a client: those where one of the paths `of` leads to him, or `where` does.

    They are deleted, unless `empty` says what their columns get instead; `stay` names the columns of
    text that may stay then, since they do not tell who the client was. `told` are the columns that the
    copy for the client shows, `first` is done before the rows go.
    """

    model: Any
    of: tuple[str, ...] = ("client",)
    where: Callable[[Sequence[int]], Q] | None = None
    told: tuple[str, ...] = ()
    empty: Mapping[str, Any] | None = None
    stay: tuple[str, ...] = ()
    first: Step | None = None

    @property
    def name(self) -> str:
        return _of_model(self.model)

    def rows(self, cards: Sequence[int]) -> Rows:
        """The rows of these cards."""
        wanted = self.where(cards) if self.where else Q(pk__in=[])
        for path in () if self.where else self.of:
            wanted |= Q(**{f"{path}__in": cards})
        found: Rows = self.model._base_manager.filter(wanted)
        return found


@dataclass(frozen=True)
class Trace:
    """Rows of nobody that may hold what somebody typed about a person: found by the values.

    A row where one is found is deleted, or its columns get what `empty` says; `put` does what is more
    than that, with the rows that were found. `only` narrows the rows that are looked at, `stay` names
    columns of text where nobody writes about people.
    """

    model: Any
    columns: tuple[str, ...]
    empty: Mapping[str, Any] | None = None
    stay: tuple[str, ...] = ()
    put: Callable[["Erasing", Sequence[Any]], None] | None = None
    only: Q = field(default_factory=Q)

    @property
    def name(self) -> str:
        return _of_model(self.model)


@dataclass(frozen=True)
class Settled:
    """Tables that an erasure need not look at, and why."""

    why: str
    models: tuple[Any, ...]

    @property
    def name(self) -> str:
        return self.why


@dataclass(frozen=True)
class Hindrance:
    """Work under way that would write the person anew: `why(cards)` tells it, "" when there is none."""

    name: str
    why: Callable[[Sequence[int]], str]


@dataclass(frozen=True)
class Store:
    """Files outside the database that may hold a person: `find` lists them while the base still knows
    whose they are, and they are removed after the commit.
    """

    name: str
    find: Step


PERSONAL: Registry[Personal] = Registry("personal table")
TRACES: Registry[Trace] = Registry("table with traces")
SETTLED: Registry[Settled] = Registry("kind of settled tables")
HINDRANCES: Registry[Hindrance] = Registry("hindrance of an erasure")
STORES: Registry[Store] = Registry("store of files")


def personal_tables() -> list[Personal]:
    """All of them, the uppermost rooms first: their tables refer to those below."""
    known = {one.name for one in PERSONAL}
    derived = {one.name: one for one in (Personal(each.model) for each in DERIVED)}
    return [
        *(one for name, one in derived.items() if name not in known),
        *reversed(list(PERSONAL)),
    ]
