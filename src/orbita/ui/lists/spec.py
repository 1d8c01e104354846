"""What a room says about its list; the mechanism does the rest."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise

from orbita.core.registry import Registry
from orbita.core.rules import Rule
from orbita.ui.lists.paging import SortKey
from orbita.ui.menu import address, permitted

Label = str | Promise
Rows = QuerySet[Any]
ALL = "all"


@dataclass(frozen=True, slots=True)
class Look:
    """What cells need besides the row: who looks, when, and what was loaded for the whole page."""

    actor: Any
    now: datetime
    today: date
    loaded: Mapping[str, Mapping[int, Any]] = field(default_factory=dict)

    def loaded_for(self, column: str, item: Any) -> Any:
        """What the column's `load` found for this row; None when nothing."""
        return self.loaded.get(column, {}).get(item.pk)


@dataclass(frozen=True)
class Column:
    """A column. `cell` gives text (escaped) or safe HTML; it must not query.

    `load(ids, actor)` reads extra data for a whole page at once, `prepare` joins what the cell
    needs (select_related). `value` is what an export gets: text, number, date or None; without it,
    the cell's text. A column with a permission is neither shown nor sorted by without it, nor is one
    that is not `open_to` the actor.
    `css` places the cell on a phone: c-name c-sum c-st c-rfm c-last c-call; others are left out
    there. c-n, c-next and c-own drop on narrower desktops.
    """

    name: str
    label: Label
    cell: Callable[[Any, Look], Any]
    sort: SortKey | None = None
    numeric: bool = False
    css: str = ""
    default: bool = True
    permission: str | None = None
    load: Callable[[Sequence[int], Any], Mapping[int, Any]] | None = None
    prepare: Callable[[Rows], Rows] | None = None
    value: Callable[[Any, Look], Any] | None = None
    short: Label = ""
    fixed: bool = False
    open_to: Callable[[Any], bool] | None = None

    def is_open(self, actor: Any) -> bool:
        """Whether the actor may see the column, sort by it and export it."""
        return permitted(actor, self.permission) and (self.open_to is None or self.open_to(actor))


@dataclass(frozen=True)
class Button:
    """A link that looks like a button: in the head of a list, or where a list is empty."""

    label: Label
    url_name: str
    icon: str = ""
    permission: str | None = None
    primary: bool = False
    dialog: bool = False
    wide: bool = False

    @property
    def url(self) -> str | None:
        return address(self.url_name)


@dataclass(frozen=True)
class BulkAction:
    """Work on the selected rows: `handler(request, selection)`, or a page that is posted to.

    A page gets the selection with `selection_of(request, spec)`.
    """

    name: str
    label: Label
    icon: str = ""
    permission: str | None = None
    handler: Callable[[HttpRequest, Any], HttpResponse] | None = None
    url_name: str = ""


@dataclass(frozen=True)
class BuiltinView:
    """A view that the room gives to everybody, beside "All". `columns` are those it begins with."""

    name: str
    label: Label
    rule: Rule
    sort: str = ""
    permission: str | None = None
    columns: Sequence[str] | None = None


@dataclass(frozen=True)
class EmptyState:
    title: Label
    text: Label = ""
    buttons: Sequence[Button] = ()


@dataclass(frozen=True)
class ListSpec:
    """A list. `queryset(actor)` is what the actor may see (`visible_to`), without an order.

    `subject` names the facts of its filters, "" for none. `search(queryset, text, actor)` narrows
    by text and must not find by what the actor may not see. `noun(count_text, count)` says
    "214 clients". Rows that are `personal` count as reading. `default_sort` is a column's name, with
    "-" for descending. `more_columns` gives
    columns that come and go while the program runs.
    """

    name: str
    label: Label
    url_name: str
    queryset: Callable[[Any], Rows]
    columns: Sequence[Column]
    default_sort: str
    empty: EmptyState
    subject: str = ""
    search: Callable[[Rows, str, Any], Rows] | None = None
    search_hint: Label = ""
    row_url: Callable[[Any], str] | None = None
    row_label: Callable[[Any], str] = str
    views: Sequence[BuiltinView] = ()
    bulk: Sequence[BulkAction] = ()
    buttons: Sequence[Button] = ()
    export: str | None = None
    foot: Callable[[Rows, Any], str] | None = None
    page_size: int = 25
    count_limit: int = 5000
    phone_cards: bool = True
    more_columns: Callable[[], Sequence[Column]] | None = None
    personal: bool = False

    def column(self, name: str) -> Column | None:
        return next((column for column in self.every_column() if column.name == name), None)

    def every_column(self) -> list[Column]:
        """All columns there are now; what a phone shows as a button stays at the end."""
        more = self.more_columns() if self.more_columns else ()
        columns = list(self.columns)
        end = len(columns)
        while end and "c-call" in columns[end - 1].css:
            end -= 1
        return [*columns[:end], *more, *columns[end:]]

    def columns_for(self, actor: Any) -> list[Column]:
        """The columns that this actor may have."""
        return [column for column in self.every_column() if column.is_open(actor)]


@dataclass(frozen=True)
class Exporter:
    """A way out of any list. Its page is posted to, with the list's name and the list's query.

    It reads the rows with `export_rows`, checks `spec.export` and records what was taken. With a
    `short` label it also stands in the bar over selected rows: the form then has `all`.
    """

    name: str
    label: Label
    url_name: str
    icon: str = "download"
    short: Label = ""


LISTS: Registry[ListSpec] = Registry("list")
EXPORTERS: Registry[Exporter] = Registry("exporter")
