"""Cards by an address as people write it: «ул. Ленина, д. 5», «Казань Баумана 12-4».

The index holds the words of cities and streets. What stands in most addresses tells nobody from
another, and numbers of houses are compared with those of the cards that the words have found.
"""

import re
from collections.abc import Callable
from dataclasses import replace

from orbita.clients.search import lookup
from orbita.clients.search.index import NAME, OWN
from orbita.clients.search.match import Match
from orbita.clients.search.query import Reading
from orbita.clients.tokens import OF_ANY_ADDRESS
from orbita.core.text import search_tokens

LOOKED_AT = 1000
# What a card costs whose address has every number that was typed, and what it costs without.
WHOLE, ANOTHER_HOUSE = 0.05, 0.5
_NUMBER = re.compile(r"\d+[^\W\d_]?")
NOT_PLACES = frozenset([NAME, OWN])


def by_address(plain: str, find: Callable[[Reading], list[Match]]) -> list[Match]:
    """The cards with such an address; none when the text does not read like one. `find` finds cards
    by words of addresses.
    """
    words = search_tokens(plain)
    numbers = {word for word in words if word[0].isdigit()}
    streets = [word for word in words if word not in numbers and word not in OF_ANY_ADDRESS]
    if not streets or len(streets) == len(words):
        return []
    found = sorted(find(Reading(tuple(streets))), key=lambda match: match.price)[:LOOKED_AT]
    if not numbers:
        return found
    wanted = set(_NUMBER.findall(" ".join(numbers)))
    known = lookup.addresses_of([match.client_id for match in found])
    whole = {pk for pk, text in known if wanted <= set(_NUMBER.findall(text.casefold()))}
    return [
        replace(match, price=WHOLE if match.client_id in whole else match.price + ANOTHER_HOUSE)
        for match in found
    ]
