"""Lists: one mechanism for every room. docs/lists.md shows how to add one."""

from orbita.ui.lists.page import ListPage, bounded_count, list_page
from orbita.ui.lists.paging import SortKey, page_of
from orbita.ui.lists.rows import export_rows, headers, prepared, render_rows
from orbita.ui.lists.selection import Selection, SelectionError, selection_of
from orbita.ui.lists.spec import (
    EXPORTERS,
    LISTS,
    BuiltinView,
    BulkAction,
    Button,
    Column,
    EmptyState,
    Exporter,
    ListSpec,
    Look,
)
from orbita.ui.lists.state import State, compact, joined, matching, members, parse_rule

__all__ = [
    "EXPORTERS",
    "LISTS",
    "BuiltinView",
    "BulkAction",
    "Button",
    "Column",
    "EmptyState",
    "Exporter",
    "ListPage",
    "ListSpec",
    "Look",
    "Selection",
    "SelectionError",
    "SortKey",
    "State",
    "address_of",
    "bounded_count",
    "compact",
    "export_rows",
    "headers",
    "joined",
    "list_page",
    "matching",
    "members",
    "page_of",
    "parse_rule",
    "prepared",
    "render_rows",
    "selection_of",
]


def address_of(spec: ListSpec, rule: dict[str, object]) -> str:
    """The address of a list that shows what fits a rule: for links from reports and maps."""
    from urllib.parse import urlencode

    from django.urls import reverse

    return f"{reverse(spec.url_name)}?{urlencode({'view': 'all', 'f': compact(rule)})}"
