"""How events and seals become bytes: the same on SQLite and PostgreSQL, and for whoever checks.

A row is the MessagePack array of its columns but the id, moments as text in UTC
(`2026-01-31 12:00:00.000001`, no fraction when it is zero). https://msgpack.org
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.db import connection

from orbita.core.models import EventSeal

MARK = 4  # bytes of a row's digest that its seal remembers
_VERSION = b"orbita event seal 1\n"
_pack = msgspec.msgpack.Encoder().encode
_COLUMNS = (
    "e.id, {happened}, {recorded}, e.kind, e.origin, e.actor_id, e.client_id, e.subject_type,"
    " e.subject_id, e.request_id, e.commitment"
)
Range = tuple[int, int]


def columns() -> str:
    """What to select of `core_event e` for `leaf`; SQLite's moments as the text they are."""
    if connection.vendor == "sqlite":
        return _COLUMNS.format(happened="e.happened_at || ''", recorded="e.recorded_at || ''")
    return _COLUMNS.format(happened="e.happened_at", recorded="e.recorded_at")


WIDTH = 11


def leaf(row: Sequence[Any]) -> bytes:
    """The digest of one event's row, as selected by `columns`, its id left out."""
    values = list(row[1:WIDTH])
    for place in (0, 1):
        if isinstance(values[place], datetime):
            values[place] = moment(values[place])
    values[-1] = binary(values[-1])
    return hashlib.sha256(_pack(values)).digest()


def binary(value: Any) -> bytes:
    """The bytes of a column; of what SQLite may hold there instead, its text."""
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()


def moment(value: datetime) -> str:
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ")


def content(leaves: Iterable[tuple[int, bytes]]) -> tuple[bytes, bytes]:
    """The digest and the marks of a batch: ids with the digests of their rows, in sealed order."""
    digest, marks = hashlib.sha256(), bytearray()
    for key, each in leaves:
        digest.update(key.to_bytes(8, "big", signed=True) + each)
        marks += each[:MARK]
    return digest.digest(), bytes(marks)


def seal_digest(seal: EventSeal, before: bytes) -> bytes:
    """What the digest of this seal must be when that of the one before is `before` (b"" for none)."""
    fields = (
        seal.number, before, seal.first_id, seal.last_id, seal.count, seal.total, seal.missing,
        seal.late, bytes(seal.marks), bytes(seal.content), moment(seal.sealed_at),
    )  # fmt: skip
    return hashlib.sha256(_VERSION + _pack(fields)).digest()


def text_of(value: Sequence[Any]) -> str:
    return json.dumps(value, separators=(",", ":"))


def gaps_between(ids: Iterable[int], first: int) -> Iterator[Range]:
    """The ranges of numbers from `first` up that are not among the rising ids."""
    expected = first
    for key in ids:
        if key > expected:
            yield expected, key - 1
        expected = key + 1
