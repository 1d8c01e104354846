"""Own fields of thousands of records at once, for the loaders."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orbita.clients.fields import kinds
from orbita.clients.fields.known import active, own_field
from orbita.clients.fields.values import holders, indexed, stored, stored_pair
from orbita.clients.models import Client
from orbita.clients.models.fields import FieldDefinition, FieldMark
from orbita.clients.records import ClientData, prepare, tell
from orbita.core.bulk import insert_rows

Values = Mapping[str, Any]


def as_json(own: Values | None) -> str | None:
    """The column as bulk inserts take it."""
    return json.dumps(own, ensure_ascii=False) if own else None


def take_repeated(
    model: Any, subject: str, rows: Sequence[dict[str, Any]], ids: Sequence[int | None]
) -> list[dict[str, str]]:
    """Takes values that must be the only ones and stand elsewhere out of plain values by name.

    `ids` are the records that they are for, None for new ones. Returns what was taken out of each,
    in words, by key of the field.
    """
    out: list[dict[str, str]] = [{} for _row in rows]
    for field in active(subject):
        if not field.is_unique:
            continue
        given = [
            (place, indexed(field, kinds.read(field, row[field.name])))
            for place, row in enumerate(rows)
            if row.get(field.name) is not None
        ]
        owners = holders(model, field, {value for _place, value in given}) if given else {}
        seen: set[Any] = set()
        for place, value in given:
            if value in seen or owners.get(value, set()) - {ids[place]}:
                told = kinds.words(field, rows[place].pop(field.name))
                out[place][field.key] = f"{field.label}: {told}"
            seen.add(value)
    return out


def keep_distinct(rows: Sequence[ClientData], ids: Sequence[int | None] = ()) -> None:
    """Takes values that stand elsewhere out of the records, into their comments.

    `ids` are the clients that the records belong to, when they are known.
    """
    if not any(row.own for row in rows):
        return
    owners = list(ids) or [None] * len(rows)
    out = take_repeated(Client, "client", [row.own_told for row in rows], owners)
    for row, words in zip(rows, out, strict=True):
        if words:
            gone = {*words, *(f"_{key}" for key in words)}
            row.own = {key: value for key, value in row.own.items() if key not in gone}
            row.comment = "\n".join(part for part in (row.comment, *words.values()) if part)
            prepare(row)


def give_defaults(rows: Sequence[ClientData], defaults: Values) -> None:
    """Fills the gaps of new clients with plain values by name."""
    if not defaults:
        return
    given = [(field, kinds.read(field, defaults[field.name])) for field in _named(defaults)]
    for row in rows:
        missing = [
            (field, value)
            for field, value in given
            if field.name not in row.own_told and field.suits(row.kind)
        ]
        for field, value in missing:
            row.own |= stored_pair(field, field.key, value)
            row.own_told[field.name] = defaults[field.name]
        if missing:
            tell(row)


def _named(values: Values) -> list[FieldDefinition]:
    return [field for field in active("client") if field.name in values]


def plain_all(record: Any, subject: str) -> dict[str, Any]:
    """The plain values of all fields in use by name, None for what is empty: what an undo puts back."""
    return {field.name: kinds.plain(field, stored(record, field)) for field in active(subject)}


def joined(before: Values, given: Values, *, overwrites: bool) -> dict[str, Any]:
    """Plain values of a known record with those given: in place of its own, or in its gaps."""
    taken = {name: v for name, v in given.items() if overwrites or before.get(name) is None}
    return {**before, **taken}


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


def _of_choices(subject: str) -> list[FieldDefinition]:
    return [field for field in active(subject) if field.kind == FieldDefinition.Kind.CHOICES]


def mark(cards: Iterable[tuple[int, Values]], subject: str = "client") -> None:
    """Writes the choices of new records where filters look for them."""
    many = _of_choices(subject)
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


def mark_again(cards: Iterable[tuple[int, Values]], subject: str = "client") -> None:
    """The same for records that may have choices already."""
    changed = list(cards)
    unmark([pk for pk, _own in changed], subject)
    mark(changed, subject)


def unmark(ids: Sequence[int], subject: str = "client") -> None:
    """Takes away the choices of records that go for good."""
    many = _of_choices(subject)
    if many and ids:
        FieldMark.objects.filter(record_id__in=ids, field__in=many).delete()
