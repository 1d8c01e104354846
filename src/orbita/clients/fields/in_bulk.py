"""Own fields of thousands of clients at once, for the loader."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orbita.clients.fields import kinds
from orbita.clients.fields.known import active, own_field
from orbita.clients.fields.values import indexed, taken
from orbita.clients.models import Client
from orbita.clients.models.fields import FieldDefinition, FieldMark
from orbita.clients.records import ClientData, prepare
from orbita.core.bulk import insert_rows

Values = Mapping[str, Any]


def as_json(own: Values | None) -> str | None:
    """The column as bulk inserts take it."""
    return json.dumps(own, ensure_ascii=False) if own else None


def keep_distinct(rows: Sequence[ClientData], ids: Sequence[int | None] = ()) -> None:
    """Takes values that stand elsewhere out of the records, into their comments.

    `ids` are the clients that the records belong to, when they are known.
    """
    if not any(row.own for row in rows):
        return
    owners = list(ids) or [None] * len(rows)
    for field in active("client"):
        if not field.is_unique:
            continue
        given = [
            (row, owner, indexed(field, row.own[field.key]))
            for row, owner in zip(rows, owners, strict=True)
            if field.key in row.own
        ]
        if not given:
            continue
        # A client's own value is no stranger to him, so clients that are changed are asked one by one.
        fresh = taken(Client, field, {value for _row, owner, value in given if owner is None})
        seen: set[Any] = set()
        for row, owner, value in given:
            known = value in fresh if owner is None else taken(Client, field, [value], owner)
            if known or value in seen:
                _take_out(row, field)
            seen.add(value)


def _take_out(row: ClientData, field: FieldDefinition) -> None:
    value = row.own_told.pop(field.name)
    row.own = {key: one for key, one in row.own.items() if key not in (field.key, f"_{field.key}")}
    words = f"{field.label}: {kinds.words(field, value)}"
    row.comment = "\n".join(part for part in (row.comment, words) if part)
    prepare(row)


def merge(
    row: Client, data: ClientData, *, overwrites: bool
) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Gives a known client what it lacks, or all; what differs before and after, None for nothing."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    kept = dict(row.own or {})
    for name, value in data.own_told.items():
        field = own_field("client", name)
        if field is None:
            continue
        old, new = kept.get(field.key), data.own[field.key]
        if new != old and (overwrites or old is None):
            before[name], after[name] = kinds.plain(field, old), value
            kept |= {key: data.own[key] for key in (field.key, f"_{field.key}") if key in data.own}
    if not after:
        return None
    row.own = kept
    return before, after


def mark(cards: Iterable[tuple[int, Values]]) -> None:
    """Writes the choices of new clients where filters look for them."""
    many = [f for f in active("client") if f.kind == FieldDefinition.Kind.CHOICES]
    if not many:
        return
    rows = [
        (field.pk, option, pk)
        for pk, own in cards
        for field in many
        for option in own.get(field.key) or ()
    ]
    if rows:
        insert_rows(FieldMark, ("field", "option", "record_id"), rows)


def mark_again(cards: Iterable[tuple[int, Values]]) -> None:
    """The same for clients that may have choices already."""
    changed = list(cards)
    if not changed:
        return
    many = [f.pk for f in active("client") if f.kind == FieldDefinition.Kind.CHOICES]
    FieldMark.objects.filter(record_id__in=[pk for pk, _own in changed], field__in=many).delete()
    mark(changed)


def unmark(ids: Sequence[int]) -> None:
    """Takes away the choices of clients who go for good."""
    many = [f.pk for f in active("client") if f.kind == FieldDefinition.Kind.CHOICES]
    if many:
        FieldMark.objects.filter(record_id__in=ids, field__in=many).delete()
