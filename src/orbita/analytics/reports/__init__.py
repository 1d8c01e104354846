"""Reports for scripts: each says its options and gives rows; the command prints them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from orbita.core.registry import Registry

Value = str | int | None


class Number(str):
    """A decimal number with its digits fixed: printed as a number, never through a float."""

    __slots__ = ()


@dataclass(frozen=True)
class Report:
    """A report of the command `report NAME`.

    `open(options)` gives the rows while its block lasts, as values in the order of `columns`, in an
    order that does not change from run to run. It raises `ValueError` or `ValidationError` with a
    sentence when the options make no sense.
    """

    name: str
    help: str
    columns: Sequence[str]
    add_arguments: Callable[[Any], None]
    open: Callable[[dict[str, Any]], AbstractContextManager[Iterator[Sequence[Value]]]]


REPORTS: Registry[Report] = Registry("report")
