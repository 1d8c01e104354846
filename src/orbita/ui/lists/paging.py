"""Pages by key and not by offset: the thousandth page costs what the first does.

Rows without a value come last in either direction. They are read as a segment of their own, so
that both segments stay a range of the index on (column, id) on every database: NULLS LAST and
`OR` conditions would not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.core import signing
from django.core.exceptions import ValidationError
from django.db.models import BooleanField, F, Field, Func, QuerySet, Value
from django.db.models.sql.compiler import SQLCompiler

Rows = QuerySet[Any]


@dataclass(frozen=True)
class SortKey:
    """What a column is sorted by.

    `path` is the ORM path of one indexed column and `tie` of the unique number that settles equal
    values: for a column of a joined table, give the tie in that table ("facts__client_id"), so that
    one index covers both. `inner` says that every row has a partner in the joined table.
    """

    path: str
    nullable: bool = False
    tie: str = "pk"
    descending_first: bool = False
    inner: bool = False


@dataclass(frozen=True, slots=True)
class Cursor:
    """The place between two pages: the key of the row beside it, and how far from the start it is."""

    backward: bool
    null: bool
    value: Any
    tie: int
    position: int


@dataclass(frozen=True, slots=True)
class Page:
    items: Sequence[Any]
    position: int
    next: Cursor | None
    previous: Cursor | None


class _RowComparison(Func):
    """`(a, b) > (x, y)`: a range that both databases look up in an index."""

    output_field: Field[Any, Any] = BooleanField()

    def __init__(self, *expressions: Any, operator: str = ">") -> None:
        super().__init__(*expressions)
        self._operator = operator

    def as_sql(self, compiler: SQLCompiler, connection: Any, *args: Any, **kwargs: Any) -> Any:
        parts = [compiler.compile(expression) for expression in self.source_expressions]
        half = len(parts) // 2
        left, right = (
            ", ".join(sql for sql, _params in side) for side in (parts[:half], parts[half:])
        )
        parameters = [value for _sql, params in parts for value in params]
        return f"({left}) {self._operator} ({right})", parameters


def dump(cursor: Cursor, context: str) -> str:
    """An opaque signed text; `context` binds it to one list and one order."""
    value = cursor.value
    if isinstance(value, date):  # a datetime too
        value = value.isoformat()
    elif isinstance(value, Decimal):
        value = str(value)
    fields = [int(cursor.backward), int(cursor.null), value, cursor.tie, cursor.position]
    return signing.Signer(salt=f"ui.lists:{context}").sign_object(fields)


def load(text: str, context: str) -> Cursor | None:
    """The cursor, or None when it was made up, or made for another order."""
    try:
        fields = signing.Signer(salt=f"ui.lists:{context}").unsign_object(text)
        backward, null, value, tie, position = fields
    except (signing.BadSignature, ValueError):
        return None
    return Cursor(bool(backward), bool(null), value, tie, position)


def page_of(
    queryset: Rows, key: SortKey, *, descending: bool, size: int, cursor: Cursor | None = None
) -> Page:
    """One page of the rows in the order of the key. Rows carry `list_key` and `list_tie`."""
    backward = cursor is not None and cursor.backward
    try:
        items = _read(queryset, key, descending, size + 1, cursor)
    except ValidationError:
        # A cursor of a column whose type has changed since.
        return page_of(queryset, key, descending=descending, size=size)
    more = len(items) > size
    items = items[:size]
    if backward and not more and len(items) < size:
        # Rows before this page have gone meanwhile: a short first page would look like the last.
        return page_of(queryset, key, descending=descending, size=size)
    if backward:
        items.reverse()
    position = cursor.position if cursor and not (backward and not more) else 1
    return Page(
        items=items,
        position=position,
        next=_beside(items[-1], False, position + size) if items and (more or backward) else None,
        previous=_beside(items[0], True, max(1, position - size))
        if items and (more if backward else cursor is not None)
        else None,
    )


def _beside(item: Any, backward: bool, position: int) -> Cursor:
    return Cursor(backward, item.list_key is None, item.list_key, item.list_tie, position)


def _read(
    queryset: Rows, key: SortKey, descending: bool, size: int, cursor: Cursor | None
) -> list[Any]:
    """Up to `size` rows from the cursor on, in reading order: backwards for a backward cursor."""
    backward = cursor is not None and cursor.backward
    reverse = descending != backward
    queryset = queryset.annotate(list_key=F(key.path), list_tie=F(key.tie))
    segments = [False, True] if key.nullable else [False]
    if backward:
        segments.reverse()
    if cursor is not None and cursor.null in segments:
        segments = segments[segments.index(cursor.null) :]
    items: list[Any] = []
    for null in segments:
        start = cursor if cursor is not None and cursor.null == null else None
        items += _segment(queryset, key, null, reverse, start)[: size - len(items)]
        if len(items) >= size:
            break
    return items


def _segment(
    queryset: Rows, key: SortKey, null: bool, reverse: bool, cursor: Cursor | None
) -> Rows:
    if key.nullable or key.inner:
        queryset = queryset.filter(**{f"{key.path}__isnull": null})
    if cursor is not None:
        queryset = queryset.filter(_beyond(queryset, key, cursor, "<" if reverse else ">"))
    names = [key.tie] if null else [key.path, key.tie]
    order = [F(name).desc() if reverse else F(name).asc() for name in dict.fromkeys(names)]
    return queryset.order_by(*order)


def _beyond(queryset: Rows, key: SortKey, cursor: Cursor, operator: str) -> _RowComparison:
    def typed(path: str, value: Any) -> Value:
        output = F(path).resolve_expression(queryset.query.clone(), allow_joins=True).output_field
        return Value(output.to_python(value), output_field=output)

    names = [key.tie] if cursor.null else [key.path, key.tie]
    values = {key.path: cursor.value, key.tie: cursor.tie}
    return _RowComparison(
        *(F(name) for name in names),
        *(typed(name, values[name]) for name in names),
        operator=operator,
    )
