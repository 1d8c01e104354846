"""Writes the search index, in the transaction of what it is about."""

import json
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import islice
from operator import or_
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from orbita.clients.aliases import hold
from orbita.clients.fields.column import path
from orbita.clients.fields.kinds import TYPES
from orbita.clients.fields.values import searched_words
from orbita.clients.models import (
    Address,
    Client,
    FieldDefinition,
    Note,
    NotePosting,
    Posting,
    SearchedClient,
    SearchedNote,
    SearchedText,
    TextPosting,
    Word,
    WordKey,
)
from orbita.clients.search.spelling import hashes, skeleton
from orbita.clients.tokens import LONGEST, name_words, note_words, place_words, text_words
from orbita.core.bulk import insert_rows, reserve_ids

CHUNK = 2000
NAME, PLACE, NOTE, OWN, TEXT = (int(kind) for kind in Word.Kind)
# Words of texts are found by their beginning only: they have no sound.
SILENT = (NOTE, TEXT)
WORD_BITS = 27
OWNER_BITS = 32
# (kind, text) of words
Words = Iterable[tuple[int, str]]


def index_clients(client_ids: Iterable[int], *, fresh: bool = False) -> None:
    """Writes the words of these clients anew, inside the caller's transaction.

    `fresh` says that they have none yet, which spares looking for them.
    """
    _require_transaction()
    for ids in _chunks(sorted(set(client_ids))):
        if not fresh:
            forget_clients(ids)
        write_clients(_words_of(ids))
        write_words(SearchedText, TextPosting, texts_of(ids))


def write_clients(words: Mapping[int, Words]) -> None:
    """Indexes clients that have no words yet: id → its words."""
    write_words(SearchedClient, Posting, words)


def write_words(kept: Any, posted: Any, words: Mapping[int, Words]) -> None:
    """Puts words into one of the two pairs of tables: what a client has, and who has a word."""
    known = word_ids({word for own in words.values() for word in own})
    cards: list[tuple[int, bytes]] = []
    postings: list[int] = []
    for client, own in words.items():
        ids = [known[word] for word in own]
        cards.append((client, array("I", ids).tobytes()))
        postings += [word << OWNER_BITS | client for word in ids]
    postings.sort()
    insert_rows(kept, ("client", "words"), cards)
    insert_rows(posted, ("id",), ((one,) for one in postings))


def forget_clients(client_ids: Iterable[int]) -> None:
    """Takes the clients out of the index; to be called before their rows are deleted."""
    ids = list(client_ids)
    forget_words(SearchedClient, Posting, ids)
    forget_words(SearchedText, TextPosting, ids)


def forget_words(kept: Any, posted: Any, ids: Sequence[int]) -> None:
    """Takes out what `kept` says that these clients have in the table `posted`."""
    rows = kept.objects.filter(client_id__in=ids)
    postings = [
        word << OWNER_BITS | client
        for client, packed in rows.values_list("client_id", "words")
        for word in unpacked(packed)
    ]
    _delete(posted, postings)
    rows._raw_delete(rows.db)


def unpacked(words: Any) -> "array[int]":
    """The ids of words that a `SearchedClient` keeps."""
    ids = array("I")
    ids.frombytes(bytes(words))
    return ids


def index_notes(note_ids: Sequence[int]) -> None:
    """Writes the words of notes that are not in the index yet."""
    _require_transaction()
    rows = Note.objects.filter(pk__in=list(note_ids)).values_list("pk", "text")
    words = {pk: [(NOTE, word) for word in note_words(text)] for pk, text in rows}
    known = word_ids({word for own in words.values() for word in own})
    insert_rows(SearchedNote, ("note",), ((pk,) for pk in sorted(words)))
    postings = sorted(known[word] << OWNER_BITS | pk for pk, own in words.items() for word in own)
    insert_rows(NotePosting, ("id",), ((one,) for one in postings))


def index_texts(client_ids: Sequence[int]) -> None:
    """Writes the words of the texts of these clients anew, inside the caller's transaction."""
    _require_transaction()
    forget_words(SearchedText, TextPosting, client_ids)
    write_words(SearchedText, TextPosting, texts_of(client_ids))


def write_texts(texts: Mapping[int, Sequence[str]]) -> None:
    """Indexes the texts of clients that have none in the index yet: id → words."""
    words = {pk: [(TEXT, word) for word in own] for pk, own in texts.items()}
    write_words(SearchedText, TextPosting, words)


def word_ids(words: Iterable[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """The ids of words, made with their keys where nobody had them yet."""
    wanted = set(words)
    if not wanted:
        return {}
    known = _known(wanted)
    # In one order for everybody: two transactions with the same new words wait, and never for each
    # other.
    new = sorted(wanted - known.keys())
    if new:
        made = _insert_words(new)
        keys = sorted(
            one << WORD_BITS | pk
            for (kind, text), pk in made.items()
            if kind not in SILENT
            for one in hashes(sound_of(kind, text))
        )
        insert_rows(WordKey, ("id",), ((key,) for key in keys))
        known |= made
        if len(known) < len(wanted):  # others made them meanwhile
            known |= _known(wanted - known.keys())
    return known


def _known(words: set[tuple[int, str]]) -> dict[tuple[int, str], int]:
    texts = list({text for _kind, text in words})
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT id, kind, text FROM clients_word WHERE text IN"
                " (SELECT value FROM json_each(%s))",
                [json.dumps(texts, ensure_ascii=False)],
            )
        else:
            cursor.execute("SELECT id, kind, text FROM clients_word WHERE text = ANY(%s)", [texts])
        rows = cursor.fetchall()
    return {(kind, text): pk for pk, kind, text in rows if (kind, text) in words}


def _insert_words(new: Sequence[tuple[int, str]]) -> dict[tuple[int, str], int]:
    if connection.vendor == "sqlite":
        made = dict(zip(new, reserve_ids(Word, len(new)), strict=True))
        insert_rows(
            Word,
            ("id", "kind", "text", "sound"),
            ((pk, kind, text, sound_of(kind, text)) for (kind, text), pk in made.items()),
        )
        return made
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO clients_word (kind, text, sound)"
            " SELECT * FROM unnest(%s::smallint[], %s::varchar[], %s::varchar[])"
            " ON CONFLICT DO NOTHING RETURNING id, kind, text",
            [
                [kind for kind, _text in new],
                [text for _kind, text in new],
                [sound_of(kind, text) for kind, text in new],
            ],
        )
        return {(kind, text): pk for pk, kind, text in cursor.fetchall()}


def sound_of(kind: int, text: str) -> str:
    """How a word sounds; nothing for words of texts."""
    return "" if kind in SILENT else skeleton(text)[:LONGEST]


def _delete(model: Any, ids: Sequence[int]) -> None:
    for start in range(0, len(ids), CHUNK):
        rows = model.objects.filter(pk__in=ids[start : start + CHUNK])
        rows._raw_delete(rows.db)


def _words_of(ids: Sequence[int]) -> dict[int, Words]:
    places: dict[int, list[str]] = defaultdict(list)
    addresses = Address.objects.filter(client_id__in=ids).order_by("pk")
    for pk, *parts in addresses.values_list("client_id", "city", "region", "text"):
        places[pk] += parts
    rows = Client.objects.filter(pk__in=ids).order_by("pk")
    return {
        pk: list(
            dict.fromkeys([*words_for(name, legal_name, [city, *places[pk]]), *_own_words(own)])
        )
        for pk, name, legal_name, city, own in rows.values_list(
            "pk", "name", "legal_name", "city", "own"
        )
    }


def _own_words(own: Mapping[str, Any] | None) -> list[tuple[int, str]]:
    """The words of own fields that are searched, with all their numbers."""
    return [(OWN, word) for word in name_words(*searched_words("client", own))]


# The texts of a card, and what was written when he was handed over or left alone.
TEXTS = (
    "comment",
    "difficulties",
    "special_terms",
    "contact_stop__reason",
    "dead__reason",
    "work__reason",
)
_FILLED = reduce(or_, (Q(**{f"{name}__gt": ""}) for name in TEXTS))


def texts_of(ids: Sequence[int]) -> dict[int, list[tuple[int, str]]]:
    """The words of the texts of those clients that have any."""
    rows = Client.objects.filter(_FILLED, pk__in=ids).order_by("pk").values_list("pk", *TEXTS)
    return {pk: [(TEXT, word) for word in text_words(texts)] for pk, *texts in rows}


def _without_texts(after: int) -> list[int]:
    """The next clients whose texts the index does not know."""
    known = Exists(SearchedText.objects.filter(client=OuterRef("pk")))
    rows = Client.objects.filter(_FILLED, ~known, pk__gt=after).order_by("pk")
    return list(rows.values_list("pk", flat=True)[:CHUNK])


def words_for(name: str, legal_name: str, places: Iterable[str]) -> list[tuple[int, str]]:
    """The words of a card with their kinds."""
    return of_kinds(name_words(name, legal_name), place_words(places))


def of_kinds(names: Sequence[str], places: Sequence[str]) -> list[tuple[int, str]]:
    """Words of names and of places as `write_clients` takes them."""
    return [(NAME, word) for word in names] + [(PLACE, word) for word in places]


@dataclass(frozen=True)
class Progress:
    """How many clients, notes and texts of cards `index_missing` has brought into the index so far."""

    clients: int = 0
    notes: int = 0
    texts: int = 0


def index_missing() -> Iterator[Progress]:
    """Indexes what the index does not know yet, each chunk in a transaction of its own.

    For a base that was filled before there was an index, or past the actions.
    """
    clients = notes = last = 0
    while ids := _lacking("clients_client", "clients_searchedclient", "client_id", last):
        with transaction.atomic():
            hold(ids)
            index_clients(_still_lacking(ids))
        clients, last = clients + len(ids), ids[-1]
        yield Progress(clients, notes)
    last = 0
    while ids := _lacking("clients_note", "clients_searchednote", "note_id", last):
        with transaction.atomic():
            done = set(SearchedNote.objects.filter(pk__in=ids).values_list("pk", flat=True))
            index_notes([pk for pk in ids if pk not in done])
        notes, last = notes + len(ids), ids[-1]
        yield Progress(clients, notes)
    yield from (Progress(clients + moved, notes) for moved in _own_words_anew())
    last = texts = 0
    while ids := _without_texts(last):
        with transaction.atomic():
            hold(ids)
            index_texts(ids)
        texts, last = texts + len(ids), ids[-1]
        yield Progress(clients, notes, texts)


def _own_words_anew() -> Iterator[int]:
    """Indexes the clients anew whose own words stand in the index of an older base as places."""
    count = 0
    for field in FieldDefinition.objects.filter(is_indexed=False):
        filled = Client.objects.filter(
            **{f"{path(TYPES[field.kind].how, field.key)}__isnull": False}
        ).order_by("pk")
        last = 0
        while ids := list(filled.filter(pk__gt=last).values_list("pk", flat=True)[:CHUNK]):
            with transaction.atomic():
                hold(ids)
                index_clients(ids)
            count, last = count + len(ids), ids[-1]
            yield count
        FieldDefinition.objects.filter(pk=field.pk).update(is_indexed=True)


def _still_lacking(ids: Sequence[int]) -> list[int]:
    done = set(SearchedClient.objects.filter(pk__in=ids).values_list("pk", flat=True))
    return [pk for pk in ids if pk not in done]


def _lacking(table: str, index: str, key: str, after: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM {table} t WHERE id > %s AND NOT EXISTS"  # noqa: S608
            f" (SELECT 1 FROM {index} i WHERE i.{key} = t.id) ORDER BY id LIMIT {CHUNK}",
            [after],
        )
        return [row[0] for row in cursor.fetchall()]


def _require_transaction() -> None:
    if not connection.in_atomic_block:
        raise RuntimeError("the search index changes in the transaction of its source")


def _chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    iterator = iter(ids)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


def indexed_words(client_id: int) -> set[str]:
    """The words by which the index finds a client, as its postings say."""
    packed = SearchedClient.objects.filter(pk=client_id).values_list("words", flat=True).first()
    ids = unpacked(packed or b"")
    found = Posting.objects.filter(pk__in=[word << OWNER_BITS | client_id for word in ids])
    words = [posting >> OWNER_BITS for posting in found.values_list("pk", flat=True)]
    return set(Word.objects.filter(pk__in=words).values_list("text", flat=True))
