"""Conditions that lists and forms filter clients by."""

from collections.abc import Collection, Iterable, Sequence

from django.db import connection
from django.db.models import Q
from django.db.models.expressions import RawSQL

from orbita.clients.aliases import survivor_id
from orbita.clients.guarding import CONTACTS, Sight
from orbita.clients.models import Client, ContactPoint
from orbita.clients.search import engine
from orbita.clients.search.lookup import PHONES_ENDING, kinds_for
from orbita.clients.search.query import digits_of, own_number
from orbita.clients.tokens import LONGEST
from orbita.core.lookups import LAST_CHARACTER
from orbita.core.phones import parse_phone
from orbita.core.text import normalise, search_tokens

MOST_WORDS = 6
# Near misses that a list shows when nothing has the words as they were typed.
MOST_NEAR = 200
_BY_WORD = (
    "SELECT p.id & 4294967295 FROM clients_word w"
    " JOIN clients_posting p ON p.id >= w.id << 32 AND p.id < (w.id + 1) << 32"
    " WHERE w.text >= %s AND w.text < %s AND w.kind"
)
_BY_CONTACT = "SELECT client_id FROM clients_contactpoint WHERE key >= %s AND key < %s"
_BY_WHOLE_CONTACT = "SELECT client_id FROM clients_contactpoint WHERE key = %s"
_BY_INN = "SELECT id FROM clients_client WHERE NOT (inn = '') AND inn >= %s AND inn < %s"
# The index over tax numbers leaves empty ones out, and SQLite wants to read that it may be used.
_OF_INN = "SELECT id FROM clients_client WHERE NOT (inn = '') AND inn = %s"
_BY_NUMBER = "SELECT client_id FROM clients_externalid WHERE value IN (%s, %s, %s)"
MESSENGERS = ("telegram:", "vk:", "max:")
PHONES = ("phone", "messenger")


def text_condition(query: str, seen: Sight, *, region: str = "RU") -> Q | None:
    """The clients that answer to what was typed into a search box; None when it says nothing.

    Fields that are closed to whoever looks find nobody; a masked one finds by the whole of it.

    Every word must be found, in any order; a phone is taken whole, in any spelling. When nobody has
    the words as they were typed, those a slip or two away, transliterated or typed with the wrong
    layout.
    """
    text = normalise(query)
    if not text:
        return None
    if number := own_number(text):
        return Q(pk=survivor_id(number))
    condition = _as_typed(query, text, region, seen)
    if condition is None or Client.objects.alive().filter(condition).exists():
        return condition
    near = engine.matches(query, seen, region=region, limit=MOST_NEAR)
    ids = [match.client_id for match in near if not (match.own_words and seen.hides_own)]
    return Q(pk__in=ids) if ids else condition


def _as_typed(query: str, text: str, region: str, seen: Sight) -> Q | None:
    by_phone = _phone_condition(query, text, region, seen)
    by_words = Q()
    for piece in text.split(" ")[:MOST_WORDS]:
        by_words &= _piece_condition(piece, seen)
    if not by_words:
        return by_phone
    return by_words | by_phone if by_phone else by_words


def _piece_condition(piece: str, seen: Sight) -> Q:
    """A word of the query: what begins with it, or with each of its words for «Ёлкина-Перова»."""
    words = search_tokens(piece)
    if not words:
        return Q()
    found = Q(pk__in=_begun(piece, seen))
    if words != [piece]:
        split = Q()
        for word in words[:MOST_WORDS]:
            split &= Q(pk__in=_begun(word, seen))
        found |= split
    return found


def _begun(piece: str, seen: Sight) -> RawSQL:
    """Clients with a word, a contact, a tax number or an outside number that begins so."""
    word = piece[:LONGEST]
    kinds = ", ".join(map(str, kinds_for(seen)))
    parts: list[tuple[str, list[str]]] = [(f"{_BY_WORD} IN ({kinds})", _range(word))]
    parts += _by_contact(piece, seen)
    parts.append((_BY_NUMBER, [piece, piece.upper(), piece.capitalize()]))
    if piece.isdigit() and piece.isascii():
        if seen.shows("inn"):
            parts.append((_BY_INN, [piece, piece + ":"]))
        elif seen.masks("inn"):
            parts.append((_OF_INN, [piece]))
    return _union(parts)


def _by_contact(piece: str, seen: Sight) -> list[tuple[str, list[str]]]:
    """By the beginning of contacts that are shown, by the whole of those that are masked."""
    starts = list(_contact_starts(piece))
    if not seen.closed:
        return [(_BY_CONTACT, _range(start + piece)) for start in starts]
    shown = [kind for kind in CONTACTS if seen.shows(kind)]
    masked = [kind for kind in CONTACTS if seen.masks(kind)]
    parts: list[tuple[str, list[str]]] = []
    for start in starts:
        if shown:
            parts.append((_BY_CONTACT + _of_kinds(shown), _range(start + piece)))
        if masked:
            parts.append((_BY_WHOLE_CONTACT + _of_kinds(masked), [start + piece]))
    return parts


def _of_kinds(kinds: Iterable[str]) -> str:
    return f" AND kind IN ({', '.join(repr(kind) for kind in kinds)})"


def _contact_starts(piece: str) -> Iterable[str]:
    """E-mails and addresses of sites by themselves, names in messengers behind the messenger's."""
    return ("", *MESSENGERS) if piece.isascii() and not piece.isdigit() else ()


def _range(start: str) -> list[str]:
    return [start, start + LAST_CHARACTER]


def _union(parts: Iterable[tuple[str, list[str]]]) -> RawSQL:
    statements, given = zip(*parts, strict=True)
    return RawSQL(" UNION ALL ".join(statements), [value for own in given for value in own])  # noqa: S611


def _phone_condition(query: str, text: str, region: str, seen: Sight) -> Q | None:
    digits = digits_of(text)
    if not digits:
        return None
    kinds = [kind for kind in PHONES if not seen.hides(kind)]
    if phone := parse_phone(query, region):
        return Q(pk__in=phones_ending(phone.e164[1:], kinds))
    condition = Q()
    open_kinds = [kind for kind in PHONES if seen.shows(kind)]
    if open_kinds:
        condition |= Q(pk__in=phones_ending(digits, open_kinds))
    if text.startswith("+") and seen.shows("phone"):
        condition |= Q(pk__in=_union([(_BY_CONTACT, _range(f"+{digits}"))]))
    if len(digits) <= 9:
        condition |= Q(pk=survivor_id(int(digits)))
    return condition or Q(pk__in=[])


def phones_ending(digits: str, kinds: Sequence[str] = PHONES) -> RawSQL:
    """The clients with a phone, also a messenger's, that ends in these four or more digits."""
    statement = PHONES_ENDING[connection.vendor].replace("client_id, key", "client_id", 1)
    if len(kinds) < len(PHONES):
        statement += _of_kinds([*kinds, ""])
    return RawSQL(statement + " AND key LIKE %s", [digits[-4:], f"%{digits}"])  # noqa: S611


def same_keys(keys: Collection[str], inn: str = "") -> Q | None:
    """The clients with one of these contact keys or this ИНН; None when nothing was given."""
    condition = Q()
    if keys:
        condition |= Q(pk__in=ContactPoint.objects.filter(key__in=keys).values("client_id"))
    if inn:
        condition |= Q(pk__in=RawSQL(_OF_INN, [inn]))  # noqa: S611
    return condition or None
