"""What an import would do, found out on its first rows without writing anything."""

from dataclasses import dataclass, field

from orbita.gateways.files.columns import Mapping
from orbita.gateways.models import Import

LOOKED_AT = 1000
SHOWN = 50


@dataclass(slots=True)
class PreviewColumn:
    """A column of the file: its place, heading, what it is taken for and some of its values."""

    index: int
    letter: str
    label: str
    field: str
    samples: list[str]


@dataclass(slots=True)
class PreviewRow:
    """A row of the file and what would become of it.

    `read` is what was understood, as label → text; `client_id` the known client it would change,
    or the one it looks like when `noted`.
    """

    number: int
    cells: list[str]
    outcome: str  # created, updated, unchanged, rejected
    reason: str = ""
    noted: bool = False
    client_id: int | None = None
    read: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class PreviewSheet:
    name: str
    rows: int
    hidden: bool


@dataclass(slots=True)
class Preview:
    """`counts` and `noted` are of the rows looked at; `estimate` is for the whole file.

    `reasons` says how often each reason of rejection was met. `earlier` is an import of the very
    same content that still stands.
    """

    mapping: Mapping
    sheets: list[PreviewSheet]
    columns: list[PreviewColumn]
    rows: list[PreviewRow]
    counts: dict[str, int]
    estimate: dict[str, int]
    looked_at: int
    total: int
    noted: int
    reasons: list[tuple[str, int]]
    notes: list[str]
    encoding: str = ""
    earlier: Import | None = None


def preview(row: Import, *, rows: int = LOOKED_AT, shown: int = SHOWN) -> Preview:
    """What `start_import` would do with the file as it is configured now. Raises `FileError`."""
    raise NotImplementedError
