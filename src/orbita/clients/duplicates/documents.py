"""Own fields whose values belong to one client only: numbers of documents, of loyalty cards."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from orbita.clients.fields import kinds
from orbita.clients.fields.column import BARE, WHOLE, bare, path
from orbita.clients.fields.known import active, own_field
from orbita.clients.models.fields import FieldDefinition

# Shorter ones are given to many.
SHORTEST = 5
READY = FieldDefinition.IndexState.READY
_ONE = 10**kinds.SCALE


def compared() -> list[FieldDefinition]:
    """The fields of clients whose values tell duplicates."""
    return [field for field in active("client") if field.is_compared]


def numbers_in(fields: Iterable[FieldDefinition], own: Mapping[str, Any] | None) -> Iterator[str]:
    """What these fields hold in a column of own values, as `Record.numbers` has it."""
    for field in fields if own else ():
        number = _bared(field, (own or {}).get(field.key))
        if number:
            yield f"{field.name}:{number}"


def typed_numbers(values: Mapping[str, Any]) -> Iterator[str]:
    """The same of values by name as they were typed; what cannot be read is left out."""
    for field in compared():
        with suppress(ValueError):
            yield from numbers_in([field], {field.key: kinds.read(field, values.get(field.name))})


def same_numbers(numbers: Iterable[str]) -> Iterator[dict[str, Any]]:
    """For each of these the condition on clients that have it: one look into an index.

    A field whose index is still being made is left to the search of the whole base.
    """
    for number in numbers:
        name, _colon, value = number.rpartition(":")
        field = own_field("client", name)
        if field is None or not (field.is_compared and field.index_state == READY):
            continue
        if field.kind != FieldDefinition.Kind.NUMBER:
            yield {path(BARE, field.key): value}
        elif value.isdecimal():
            yield {path(WHOLE, field.key): int(value) * _ONE}


def _bared(field: FieldDefinition, stored: Any) -> str:
    if stored is None:
        return ""
    if field.kind == FieldDefinition.Kind.NUMBER:
        text = "" if stored % _ONE else str(stored // _ONE)
    else:
        text = bare(stored)
    signs = [char for char in text if char.isalnum()]
    # 0000000 and ххххххх are written for «there is none».
    return text if len(signs) >= SHORTEST and len(set(signs)) > 1 else ""
