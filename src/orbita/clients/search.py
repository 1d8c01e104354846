"""The words by which a client is found, kept in `SearchToken` beside the card.

Words of the name, the legal name and the city, ИНН, numbers in other systems and e-mails are
tokens as they are; a phone is one token of its digits from the last to the first, so that its last
digits find it. Everything is found by prefix.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from django.db import connection
from django.db.models import Q

from orbita.clients.models import Client, ContactPoint, ExternalId, SearchToken
from orbita.clients.tokens import LONGEST, PHONE_MARK, Contact, tokens_for
from orbita.core.phones import parse_phone
from orbita.core.text import normalise, search_tokens

CHUNK = 2000
FEWEST_DIGITS = 4
MOST_WORDS = 6


def index_clients(client_ids: Iterable[int], *, fresh: bool = False) -> None:
    """Writes the tokens of these clients anew, inside the caller's transaction.

    `fresh` says that they have none yet, which spares the deletion.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("the search index changes in the transaction of its source")
    iterator = iter(sorted(set(client_ids)))
    while ids := list(islice(iterator, CHUNK)):
        if not fresh:
            SearchToken.objects.filter(client_id__in=ids).delete()
        SearchToken.objects.bulk_create(
            [
                SearchToken(client_id=pk, token=token)
                for pk, tokens in _tokens(ids).items()
                for token in sorted(tokens)
            ],
            batch_size=5000,
        )


def _tokens(ids: Sequence[int]) -> Mapping[int, set[str]]:
    contacts: dict[int, list[Contact]] = defaultdict(list)
    for pk, kind, key in ContactPoint.objects.filter(client_id__in=ids).values_list(
        "client_id", "kind", "key"
    ):
        contacts[pk].append((kind, key))
    numbers: dict[int, list[str]] = defaultdict(list)
    for pk, value in ExternalId.objects.filter(client_id__in=ids).values_list("client_id", "value"):
        numbers[pk].append(value)
    rows = Client.objects.filter(pk__in=ids).values("pk", "name", "legal_name", "city", "inn")
    return {
        row["pk"]: tokens_for(
            name=row["name"],
            legal_name=row["legal_name"],
            city=row["city"],
            inn=row["inn"],
            contacts=contacts[row["pk"]],
            numbers=numbers[row["pk"]],
        )
        for row in rows
    }


def text_condition(query: str, *, region: str = "RU") -> Q | None:
    """The clients that answer to what was typed into a search box; None when it says nothing.

    Every word must be found, in any order; a phone is taken whole, in any spelling.
    """
    text = normalise(query)
    if not text:
        return None
    if number := _own_number(text):
        return Q(pk=number)
    by_phone = _phone_condition(query, text, region)
    by_words = Q()
    for piece in text.split(" ")[:MOST_WORDS]:
        by_words &= _piece_condition(piece)
    if not by_words:
        return by_phone
    return by_words | by_phone if by_phone else by_words


def _piece_condition(piece: str) -> Q:
    """A word of the query: a token that begins with it, or with each of its words for «Ёлкина-Перова»."""
    words = search_tokens(piece)
    if words == [piece]:
        return Q(pk__in=_having(Q(token__prefix=piece[:LONGEST])))
    if not words:
        return Q()
    split = Q()
    for word in words[:MOST_WORDS]:
        split &= Q(pk__in=_having(Q(token__prefix=word[:LONGEST])))
    return split | Q(pk__in=_having(Q(token__prefix=piece[:LONGEST])))


def _own_number(text: str) -> int | None:
    """«№ 1427» or «#1427»: the client's own number, whatever else these digits might be."""
    bare = text.removeprefix("no").removeprefix("№").removeprefix("#").strip()
    if bare != text and bare.isascii() and bare.isdigit() and len(bare) < 16:
        return int(bare)
    return None


def _phone_condition(query: str, text: str, region: str) -> Q | None:
    digits = "".join(filter(str.isdigit, text))
    letters = any(char.isalpha() for char in text)
    if letters or "@" in text or len(digits) < FEWEST_DIGITS or len(digits) > 15:
        return None
    if phone := parse_phone(query, region):
        return Q(pk__in=_having(Q(token__prefix=PHONE_MARK + phone.e164[:0:-1])))
    condition = Q(pk__in=_having(Q(token__prefix=PHONE_MARK + digits[::-1])))
    if text.startswith("+"):
        beginning = ContactPoint.objects.filter(kind="phone", key__prefix=f"+{digits}")
        condition |= Q(pk__in=beginning.values("client_id"))
    if len(digits) <= 9:
        condition |= Q(pk=int(digits))
    return condition


def _having(condition: Q) -> Any:
    return SearchToken.objects.filter(condition).values("client_id")


def same_keys(keys: Collection[str], inn: str = "") -> Q | None:
    """The clients with one of these contact keys or this ИНН; None when nothing was given."""
    condition = Q()
    if keys:
        condition |= Q(pk__in=ContactPoint.objects.filter(key__in=keys).values("client_id"))
    if inn:
        condition |= Q(inn=inn)
    return condition or None
