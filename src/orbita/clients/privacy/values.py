"""What a person is recognised by where no key leads to him: in log entries of others, in files."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from orbita.clients.models import BankAccount, Client, ContactPoint, ExternalId
from orbita.core.events import payload_of
from orbita.core.models import Event
from orbita.core.text import clean_line

Kind = ContactPoint.Kind
# Of a phone: Russian numbers are written with 8, +7 or neither before these.
DIGITS = 10
SHORTEST_NAME = 7
SHORTEST_NUMBER = 6


@dataclass(frozen=True)
class Values:
    """`texts` are found as they stand in any case, `phones` (their last digits) however written."""

    cards: tuple[int, ...]
    names: frozenset[str]
    texts: frozenset[str]
    phones: frozenset[str]

    @cached_property
    def pattern(self) -> re.Pattern[str] | None:
        """Finds any of the values in a text; None when nothing tells the person apart."""
        parts = [rf"(?<!\w){re.escape(text)}(?!\w)" for text in sorted(self.texts)]
        parts += [r"\D{0,3}".join(phone) + r"(?!\d)" for phone in sorted(self.phones)]
        return re.compile("|".join(parts), re.IGNORECASE) if parts else None

    def found_in(self, value: Any) -> bool:
        """Whether a column's value, text or JSON, has any of them."""
        if self.pattern is None or value in (None, "", [], {}):
            return False
        return self.pattern.search(_text(value)) is not None

    @cached_property
    def fragments(self) -> list[str]:
        """What the payloads of other clients' events would hold: see `core.events.encode`."""
        sides = ("person", "company", "client", "other")
        found = [f'"{side}":{pk},' for side in sides for pk in self.cards]
        found += [f'"id":{pk},"name":{_encoded(name)}' for pk in self.cards for name in self.names]
        return found + [_encoded(text)[1:-1] for text in sorted(self.texts)]


def _encoded(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    return json.dumps(value, ensure_ascii=False, default=str)


def values_of(cards: Sequence[int]) -> Values:
    """The values of these cards, those of the past too, that no other card has.

    A name that somebody else bears, or a phone that a family shares, tells nobody apart: others would
    lose what is said of them.
    """
    rows = list(Client._base_manager.filter(pk__in=cards))
    names = {row.name for row in rows if row.name}
    points = set(ContactPoint.objects.filter(client__in=cards).values_list("kind", "key", "value"))
    for event in Event.objects.filter(
        client_id__in=cards, kind__startswith="client."
    ).select_related("payload"):
        past = payload_of(event)
        names |= set(_names_in(past))
        points |= set(_points_in(past))
    texts = set(_telling_names(rows, names, cards)) | set(_numbers(rows, cards))
    phones: set[str] = set()
    shared = _shared_keys({key for _kind, key, _value in points if key}, cards)
    for kind, key, value in points:
        if key in shared:
            continue
        if kind == Kind.PHONE and len(digits := re.sub(r"\D", "", key or value)) >= DIGITS:
            phones.add(digits[-DIGITS:])
        texts |= {text for text in (value, key.partition(":")[2] or key) if _is_telling(text)}
    return Values(tuple(cards), frozenset(names), frozenset(texts), frozenset(phones))


def _names_in(payload: Mapping[str, Any]) -> Iterator[str]:
    for part in ("before", "after"):
        told = payload.get(part) or {}
        parts = [told.get(name) for name in ("last_name", "first_name", "middle_name")]
        for name in (told.get("name"), " ".join(str(one) for one in parts if one)):
            if isinstance(name, str) and name:
                yield name


def _points_in(payload: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for part in ("before", "after"):
        entries = (payload.get(part) or {}).get("contacts")
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, Mapping):
                yield str(entry.get("kind")), str(entry.get("key") or ""), str(entry.get("value"))


def _telling_names(
    rows: Iterable[Client], names: Iterable[str], cards: Sequence[int]
) -> Iterator[str]:
    from orbita.core.text import normalise

    keys = {row.name_key for row in rows} | {normalise(name)[:300] for name in names}
    others = Client._base_manager.filter(name_key__in=keys).exclude(pk__in=cards)
    borne = set(others.values_list("name_key", flat=True))
    if borne:
        return
    first_and_last = {f"{row.first_name} {row.last_name}" for row in rows if not row.is_company}
    legal = {row.legal_name for row in rows}
    for name in {clean_line(name) for name in {*names, *first_and_last, *legal}}:
        if len(name) >= SHORTEST_NAME and " " in name:
            yield name


def _numbers(rows: Iterable[Client], cards: Sequence[int]) -> Iterator[str]:
    """Tax numbers, accounts, numbers of documents, numbers in other systems."""
    for row in rows:
        yield from (one for one in (row.inn, row.ogrn) if _is_telling(one))
        for key, value in (row.own or {}).items():
            if isinstance(value, str) and not key.startswith("_") and _is_telling(value):
                yield value
    accounts = BankAccount.objects.filter(client__in=cards)
    yield from (one for one in accounts.values_list("account", flat=True) if _is_telling(one))
    ids = ExternalId.objects.filter(client__in=cards).values_list("value", flat=True)
    yield from (one for one in ids if _is_telling(one))


def _shared_keys(keys: Iterable[str], cards: Sequence[int]) -> set[str]:
    others = ContactPoint.objects.filter(key__in=set(keys)).exclude(client__in=cards)
    return set(others.values_list("key", flat=True))


def _is_telling(text: str) -> bool:
    """An address of e-mail, or a number long enough to be one person's only."""
    digits = sum(map(str.isdigit, text))
    return ("@" in text and len(text) > SHORTEST_NAME) or digits >= SHORTEST_NUMBER
