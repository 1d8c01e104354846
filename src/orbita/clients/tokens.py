"""The words by which a client is found, without a database: imports make them beside the reader."""

from collections.abc import Iterable

from orbita.core.text import search_tokens

LONGEST = 40
MOST = 60
# What stands in most addresses tells nobody from another.
OF_ANY_ADDRESS = frozenset(
    """ул улица пр просп проспект пер переулок пл площадь ш шоссе б бул бульвар пр-т пр-д проезд наб
    набережная туп тупик г гор город с село д дом дер деревня п пос поселок рп пгт ст станица х хутор
    кв квартира оф офис ком комната к корп корпус стр строение влад владение лит литера под подъезд
    эт этаж мкр мкрн микрорайон обл область респ республика край р-н район россия рф им"""
    .replace("-", " ").split()
)  # fmt: skip


def name_words(*names: str) -> list[str]:
    """The distinct words of the names of a card."""
    found: dict[str, None] = {}
    for name in names:
        if name:
            found.update(dict.fromkeys(word[:LONGEST] for word in search_tokens(name)))
    return list(found)[:MOST]


def place_words(places: Iterable[str]) -> list[str]:
    """The words of cities and streets; numbers of houses are compared when a card is found."""
    found: dict[str, None] = {}
    for place in places:
        if place:
            for word in search_tokens(place):
                if len(word) > 1 and not word.isdigit() and word not in OF_ANY_ADDRESS:
                    found[word[:LONGEST]] = None
    return list(found)[:MOST]


def text_words(texts: Iterable[str]) -> list[str]:
    """The distinct words of the comment and the like; hardly any card has them."""
    filled = " ".join(filter(None, texts))
    return note_words(filled) if filled else []


def note_words(text: str) -> list[str]:
    """The distinct words of a text, short ones and plain numbers below four digits left out."""
    words = (word[:LONGEST] for word in search_tokens(text))
    return list(dict.fromkeys(word for word in words if len(word) > 2))[:400]
