"""Conditions that lists and forms filter clients by."""

from collections.abc import Collection, Iterable

from django.db import connection
from django.db.models import Q
from django.db.models.expressions import RawSQL

from orbita.clients.aliases import survivor_id
from orbita.clients.models import Client, ContactPoint
from orbita.clients.search import engine
from orbita.clients.search.lookup import OF_CARDS, PHONES_ENDING
from orbita.clients.search.query import digits_of, own_number
from orbita.clients.tokens import LONGEST
from orbita.core.lookups import LAST_CHARACTER
from orbita.core.phones import parse_phone
from orbita.core.text import normalise, search_tokens

MOST_WORDS = 6
# Near misses that a list shows when nothing has the words as they were typed.
MOST_NEAR = 200
_BY_WORD = (
    "SELECT p.id & 4294967295 FROM clients_word w"  # noqa: S608
    " JOIN clients_posting p ON p.id >= w.id << 32 AND p.id < (w.id + 1) << 32"
    f" WHERE w.text >= %s AND w.text < %s AND w.kind IN ({', '.join(map(str, OF_CARDS))})"
)
_BY_CONTACT = "SELECT client_id FROM clients_contactpoint WHERE key >= %s AND key < %s"
_BY_INN = "SELECT id FROM clients_client WHERE NOT (inn = '') AND inn >= %s AND inn < %s"
# The index over tax numbers leaves empty ones out, and SQLite wants to read that it may be used.
_OF_INN = "SELECT id FROM clients_client WHERE NOT (inn = '') AND inn = %s"
_BY_NUMBER = "SELECT client_id FROM clients_externalid WHERE value IN (%s, %s, %s)"
MESSENGERS = ("telegram:", "vk:", "max:")


def text_condition(query: str, *, region: str = "RU") -> Q | None:
    """The clients that answer to what was typed into a search box; None when it says nothing.

    Every word must be found, in any order; a phone is taken whole, in any spelling. When nobody has
    the words as they were typed, those a slip or two away, transliterated or typed with the wrong
    layout.
    """
    text = normalise(query)
    if not text:
        return None
    if number := own_number(text):
        return Q(pk=survivor_id(number))
    condition = _as_typed(query, text, region)
    if condition is None or Client.objects.alive().filter(condition).exists():
        return condition
    near = engine.near(query, region=region, limit=MOST_NEAR)
    return Q(pk__in=near) if near else condition


def _as_typed(query: str, text: str, region: str) -> Q | None:
    by_phone = _phone_condition(query, text, region)
    by_words = Q()
    for piece in text.split(" ")[:MOST_WORDS]:
        by_words &= _piece_condition(piece)
    if not by_words:
        return by_phone
    return by_words | by_phone if by_phone else by_words


def _piece_condition(piece: str) -> Q:
    """A word of the query: what begins with it, or with each of its words for «Ёлкина-Перова»."""
    words = search_tokens(piece)
    if not words:
        return Q()
    found = Q(pk__in=_begun(piece))
    if words != [piece]:
        split = Q()
        for word in words[:MOST_WORDS]:
            split &= Q(pk__in=_begun(word))
        found |= split
    return found


def _begun(piece: str) -> RawSQL:
    """Clients with a word, a contact, a tax number or an outside number that begins so."""
    word = piece[:LONGEST]
    parts: list[tuple[str, list[str]]] = [(_BY_WORD, _range(word))]
    parts += [(_BY_CONTACT, _range(start + piece)) for start in _contact_starts(piece)]
    parts.append((_BY_NUMBER, [piece, piece.upper(), piece.capitalize()]))
    if piece.isdigit() and piece.isascii():
        parts.append((_BY_INN, [piece, piece + ":"]))
    return _union(parts)


def _contact_starts(piece: str) -> Iterable[str]:
    """E-mails and addresses of sites by themselves, names in messengers behind the messenger's."""
    return ("", *MESSENGERS) if piece.isascii() and not piece.isdigit() else ()


def _range(start: str) -> list[str]:
    return [start, start + LAST_CHARACTER]


def _union(parts: Iterable[tuple[str, list[str]]]) -> RawSQL:
    statements, given = zip(*parts, strict=True)
    return RawSQL(" UNION ALL ".join(statements), [value for own in given for value in own])  # noqa: S611


def _phone_condition(query: str, text: str, region: str) -> Q | None:
    digits = digits_of(text)
    if not digits:
        return None
    if phone := parse_phone(query, region):
        return Q(pk__in=phones_ending(phone.e164[1:]))
    condition = Q(pk__in=phones_ending(digits))
    if text.startswith("+"):
        condition |= Q(pk__in=_union([(_BY_CONTACT, _range(f"+{digits}"))]))
    if len(digits) <= 9:
        condition |= Q(pk=survivor_id(int(digits)))
    return condition


def phones_ending(digits: str) -> RawSQL:
    """The clients with a phone that ends in these four or more digits."""
    statement = PHONES_ENDING[connection.vendor].replace("client_id, key", "client_id", 1)
    return RawSQL(statement + " AND key LIKE %s", [digits[-4:], f"%{digits}"])  # noqa: S611


def same_keys(keys: Collection[str], inn: str = "") -> Q | None:
    """The clients with one of these contact keys or this ИНН; None when nothing was given."""
    condition = Q()
    if keys:
        condition |= Q(pk__in=ContactPoint.objects.filter(key__in=keys).values("client_id"))
    if inn:
        condition |= Q(pk__in=RawSQL(_OF_INN, [inn]))  # noqa: S611
    return condition or None
