"""The reads of the search: each one statement over one index, the same rows on both databases."""

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet

from orbita.clients.guarding import Sight
from orbita.clients.models import Client
from orbita.clients.search.index import NAME, OWN, OWNER_BITS, PLACE, WORD_BITS
from orbita.core.lookups import LAST_CHARACTER

_WORD_MASK = (1 << WORD_BITS) - 1
_OWNER_MASK = (1 << OWNER_BITS) - 1
_FOUND = "id, text, sound, kind"
# SQLite takes no more terms in one compound statement.
_MOST_BRANCHES = 400


# The kinds of words that a card is searched by first.
OF_CARDS = (NAME, PLACE, OWN)


def kinds_for(seen: Sight) -> tuple[int, ...]:
    """Those of them that an actor may find by."""
    places = (PLACE,) if seen.shows("addresses") else ()
    return (NAME, *places) if seen.hides_own else (NAME, *places, OWN)


def _list(kinds: Sequence[int]) -> str:
    return ", ".join(str(int(kind)) for kind in kinds)


class Found(NamedTuple):
    """A word of the base."""

    id: int
    text: str
    sound: str
    kind: int


def words_equal(texts: Collection[str]) -> list[Found]:
    """Words with these texts, of names, places and own fields."""
    given, one_of = _one_of("text", list(texts))
    rows = _rows(
        f"SELECT {_FOUND} FROM clients_word WHERE {one_of} AND kind IN ({_list(OF_CARDS)})",  # noqa: S608
        [given],
    )
    return [Found(*row) for row in rows]


def words_beginning(prefix: str, limit: int, *, kinds: Sequence[int] | None = None) -> list[Found]:
    """Words that begin so: of names, places and own fields, or of the kinds given."""
    rows = _rows(
        f"SELECT {_FOUND} FROM clients_word WHERE text >= %s AND text < %s"  # noqa: S608
        f" AND kind IN ({_list(kinds or OF_CARDS)}) ORDER BY text LIMIT {int(limit)}",
        [prefix, prefix + LAST_CHARACTER],
    )
    return [Found(*row) for row in rows]


def words_sounding(hashes: Collection[int], most: int) -> list[Found]:
    """Words that share a key with these hashes; those that share most of them come first."""
    if not hashes:
        return []
    if connection.vendor == "sqlite":
        rows = _rows(
            f"SELECT k.id & {_WORD_MASK} FROM json_each(%s) h CROSS JOIN clients_wordkey k"  # noqa: S608
            f" WHERE k.id >= h.value << {WORD_BITS} AND k.id < (h.value + 1) << {WORD_BITS}",
            [json.dumps(sorted(hashes))],
        )
    else:
        rows = _rows(
            f"SELECT k.id & {_WORD_MASK} FROM unnest(%s::bigint[]) h CROSS JOIN LATERAL"  # noqa: S608
            f" (SELECT id FROM clients_wordkey WHERE id >= h << {WORD_BITS}"
            f" AND id < (h + 1) << {WORD_BITS} LIMIT 20000) k",
            [sorted(hashes)],
        )
    shared: dict[int, int] = {}
    for (pk,) in rows:
        shared[pk] = shared.get(pk, 0) + 1
    ids = sorted(shared, key=shared.__getitem__, reverse=True)[:most]
    given, one_of = _one_of("id", ids)
    found = _rows(f"SELECT {_FOUND} FROM clients_word WHERE {one_of}", [given])  # noqa: S608
    return [Found(*row) for row in found]


def owners(
    words: Sequence[int], most: int, *, table: str = "clients_posting"
) -> dict[int, list[int]]:
    """The clients (or notes) that have each of the words, at most `most` for a word."""
    found: dict[int, list[int]] = {word: [] for word in words}
    for start in range(0, len(words), _MOST_BRANCHES):
        part = [int(word) for word in words[start : start + _MOST_BRANCHES]]
        if connection.vendor == "sqlite":
            branches = " UNION ALL ".join(
                f"SELECT * FROM (SELECT id FROM {table} WHERE id >= {word << OWNER_BITS}"  # noqa: S608
                f" AND id < {word + 1 << OWNER_BITS} LIMIT {int(most)})"
                for word in part
            )
            rows = _rows(branches, [])
        else:
            rows = _rows(
                f"SELECT p.id FROM unnest(%s::bigint[]) w CROSS JOIN LATERAL"  # noqa: S608
                f" (SELECT id FROM {table} WHERE id >= w << {OWNER_BITS}"
                f" AND id < (w + 1) << {OWNER_BITS} LIMIT {int(most)}) p",
                [part],
            )
        for (pk,) in rows:
            found[pk >> OWNER_BITS].append(pk & _OWNER_MASK)
    return found


def having_both(first: int, second: int, limit: int, scanned: int) -> list[int]:
    """Clients with both words, looking through no more than `scanned` that have the first."""
    rows = _rows(
        f"SELECT a.id & {_OWNER_MASK} FROM (SELECT id FROM clients_posting WHERE id >= %s"  # noqa: S608
        f" AND id < %s LIMIT {int(scanned)}) a WHERE EXISTS (SELECT 1 FROM clients_posting b"
        f" WHERE b.id = {int(second) << OWNER_BITS} | (a.id & {_OWNER_MASK})) LIMIT {int(limit)}",
        [first << OWNER_BITS, first + 1 << OWNER_BITS],
    )
    return [row[0] for row in rows]


def recent_having(words: Sequence[int], looked_at: int) -> list[int]:
    """Of the clients last talked to and those who bought last, the ones with one of the words."""
    rows = _rows(
        "SELECT client_id FROM (SELECT client_id FROM clients_clientfacts WHERE last_contact_at"  # noqa: S608
        f" IS NOT NULL ORDER BY last_contact_at DESC LIMIT {int(looked_at)}) a UNION"
        " SELECT client_id FROM (SELECT client_id FROM clients_clientfacts WHERE last_order_on"
        f" IS NOT NULL ORDER BY last_order_on DESC LIMIT {int(looked_at)}) b",
        [],
    )
    clients = [row[0] for row in rows]
    given, one_of = _one_of("id", [word << OWNER_BITS | pk for word in words for pk in clients])
    rows = _rows(f"SELECT id FROM clients_posting WHERE {one_of}", [given])  # noqa: S608
    return list({row[0] & _OWNER_MASK for row in rows})


def words_of(clients: Collection[int]) -> list[tuple[int, Any]]:
    """(client, its packed words)."""
    given, one_of = _one_of("client_id", list(clients))
    return _rows(f"SELECT client_id, words FROM clients_searchedclient WHERE {one_of}", [given])  # noqa: S608


def named_from(beginnings: Sequence[str], most: int) -> list[tuple[int, str]]:
    """(client, name) of names that begin in one of these ways, at most `most` for each."""
    if not beginnings:
        return []
    if connection.vendor == "sqlite":
        branch = (
            "SELECT * FROM (SELECT id, name_key FROM clients_client WHERE name_key >= %s"  # noqa: S608
            f" AND name_key < %s ORDER BY name_key LIMIT {int(most)})"
        )
        given = [text for start in beginnings for text in (start, start + LAST_CHARACTER)]
        return _rows(" UNION ALL ".join([branch] * len(beginnings)), given)
    return _rows(
        "SELECT c.id, c.name_key FROM unnest(%s::varchar[]) s CROSS JOIN LATERAL"  # noqa: S608
        " (SELECT id, name_key FROM clients_client WHERE name_key >= s"
        f" AND name_key < s || %s ORDER BY name_key LIMIT {int(most)}) c",
        [list(beginnings), LAST_CHARACTER],
    )


def with_keys(keys: Collection[str]) -> list[tuple[int, str]]:
    """(client, key) of contacts whose key is one of these."""
    given, one_of = _one_of("key", list(keys))
    return _rows(f"SELECT client_id, key FROM clients_contactpoint WHERE {one_of}", [given])  # noqa: S608


def with_keys_from(beginnings: Sequence[str], most: int) -> list[tuple[int, str]]:
    """(client, key) of contacts whose key begins in one of these ways, at most `most` for each."""
    branch = (
        "SELECT * FROM (SELECT client_id, key FROM clients_contactpoint WHERE key >= %s"  # noqa: S608
        f" AND key < %s ORDER BY key LIMIT {int(most)}) b"
    )
    given = [text for start in beginnings for text in (start, start + LAST_CHARACTER)]
    return _rows(" UNION ALL ".join([branch] * len(beginnings)), given)


def with_phones_ending(digits: str, most: int) -> list[tuple[int, str]]:
    """(client, key) of phones and messengers whose number ends in these four or more digits."""
    rows = _rows(PHONES_ENDING[connection.vendor], [digits[-4:]])
    return [(pk, key) for pk, key in rows if key.endswith(digits)][:most]


def with_inn_from(digits: str, most: int) -> list[tuple[int, str]]:
    """(client, ИНН) of tax numbers that begin so."""
    return _rows(
        "SELECT id, inn FROM clients_client WHERE NOT (inn = '') AND inn >= %s AND inn < %s"  # noqa: S608
        f" ORDER BY inn LIMIT {int(most)}",
        [digits, digits + ":"],
    )


def with_numbers(values: Collection[str]) -> list[tuple[int, str]]:
    """(client, number) of clients that another system calls so."""
    given, one_of = _one_of("value", list(values))
    return _rows(f"SELECT client_id, value FROM clients_externalid WHERE {one_of}", [given])  # noqa: S608


def addresses_of(clients: Collection[int]) -> list[tuple[int, str]]:
    """(client, address without its city) of these clients."""
    given, one_of = _one_of("client_id", list(clients))
    return _rows(f"SELECT client_id, text FROM clients_address WHERE {one_of}", [given])  # noqa: S608


def with_tags(texts: Collection[str], most: int) -> list[tuple[int, str]]:
    """(client, tag) of clients with a tag that begins in one of these ways; the newest first."""
    branch = "(t.name_key >= %s AND t.name_key < %s)"
    given = [text for start in texts for text in (start, start + LAST_CHARACTER)]
    tags = _rows(
        "SELECT id, name FROM clients_tag t WHERE " + " OR ".join([branch] * len(texts)),  # noqa: S608
        given,
    )
    found: list[tuple[int, str]] = []
    for pk, name in tags[:20]:
        rows = _rows(
            "SELECT client_id FROM clients_clienttag WHERE tag_id = %s"  # noqa: S608
            f" ORDER BY client_id DESC LIMIT {int(most)}",
            [pk],
        )
        found += [(row[0], name) for row in rows]
    return found


# The index is partial, so its condition stands here word for word.
PHONES_ENDING = {
    "sqlite": "SELECT client_id, key FROM clients_contactpoint"
    " WHERE kind IN ('phone', 'messenger') AND SUBSTR(key, -4) = %s",
    "postgresql": "SELECT client_id, key FROM clients_contactpoint"
    " WHERE kind IN ('phone', 'messenger') AND RIGHT(key, 4) = %s",
}


def _one_of(column: str, values: Iterable[Any]) -> tuple[Any, str]:
    if connection.vendor == "sqlite":
        given = json.dumps(list(values), ensure_ascii=False)
        return given, f"{column} IN (SELECT value FROM json_each(%s))"  # noqa: S608
    return list(values), f"{column} = ANY(%s)"


def _rows(statement: str, parameters: Sequence[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        rows: list[Any] = cursor.fetchall()
    return rows


def having_any(rows: QuerySet[Client], words: Sequence[int]) -> QuerySet[Client]:
    """Of some clients those with one of the words: for a choice that is small beside the base."""
    owned = " OR ".join(
        f"EXISTS (SELECT 1 FROM clients_posting p WHERE p.id = {word << OWNER_BITS} | clients_client.id)"  # noqa: S608
        for word in words
    )
    return rows.extra(where=[f"({owned})"])  # noqa: S610
