"""Rows as HTML, made in Python: a template loop over cells costs several times as much."""

from collections.abc import Iterator, Mapping, Sequence
from html import unescape
from typing import Any

from django.utils import timezone
from django.utils.html import conditional_escape, strip_tags
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from orbita.ui.lists.paging import page_of
from orbita.ui.lists.spec import Column, ListSpec, Look, Rows
from orbita.ui.lists.state import State

EXPORT_CHUNK = 1000


def prepared(queryset: Rows, columns: Sequence[Column]) -> Rows:
    for column in columns:
        if column.prepare:
            queryset = column.prepare(queryset)
    return queryset


def look_at(items: Sequence[Any], columns: Sequence[Column], actor: Any) -> Look:
    """Loads what the columns need for these rows: one read per column that asks."""
    now = timezone.now()
    ids = [item.pk for item in items]
    loaded: dict[str, Mapping[int, Any]] = {
        column.name: column.load(ids, actor) for column in columns if column.load and ids
    }
    return Look(actor=actor, now=now, today=timezone.localtime(now).date(), loaded=loaded)


def render_rows(
    spec: ListSpec, columns: Sequence[Column], items: Sequence[Any], actor: Any
) -> SafeString:
    """The `<tr>`s of a page."""
    look = look_at(items, columns, actor)
    classes = [
        " ".join(part for part in (column.css, "num" if column.numeric else "") if part)
        for column in columns
    ]
    opening = [f'<td role="cell" class="{css}">' if css else '<td role="cell">' for css in classes]
    pick = str(conditional_escape(_("Select")))
    rows: list[str] = []
    for item in items:
        rows.append('<tr role="row">')
        if spec.bulk:
            name = conditional_escape(spec.row_label(item))
            rows.append(
                '<td role="cell" class="c-sel"><input type="checkbox" name="ids" form="o-bulk-form"'
                f' value="{item.pk}" aria-label="{pick}: {name}"></td>'
            )
        rows += [
            f"{start}{conditional_escape(column.cell(item, look))}</td>"
            for start, column in zip(opening, columns, strict=True)
        ]
        rows.append("</tr>")
    return SafeString("".join(rows))


def headers(columns: Sequence[Column]) -> list[str]:
    return [str(column.label) for column in columns]


def export_rows(
    state: State, columns: Sequence[Column], rows: Rows | None = None
) -> Iterator[list[Any]]:
    """Every row that fits, as values in the order of the columns, read page by page by key.

    `rows` narrows them to a selection.
    """
    queryset = prepared(state.matching if rows is None else rows, columns)
    cursor = None
    while True:
        page = page_of(
            queryset, state.key, descending=state.descending, size=EXPORT_CHUNK, cursor=cursor
        )
        look = look_at(page.items, columns, state.actor)
        for item in page.items:
            yield [_value(column, item, look) for column in columns]
        cursor = page.next
        if cursor is None:
            return


def _value(column: Column, item: Any, look: Look) -> Any:
    if column.value:
        return column.value(item, look)
    cell = column.cell(item, look)
    # Only what is marked as HTML has tags: a name may well be "<3".
    return unescape(strip_tags(cell)) if isinstance(cell, SafeString) else cell
