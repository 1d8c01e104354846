"""The words by which a client is found, without a database: imports make them beside the reader."""

from collections.abc import Iterable

from orbita.core.text import normalise, search_tokens

LONGEST = 60
PHONE_MARK = "<"
Contact = tuple[str, str]  # kind, key


def tokens_for(
    *,
    name: str,
    legal_name: str = "",
    city: str = "",
    inn: str = "",
    contacts: Iterable[Contact] = (),
    numbers: Iterable[str] = (),
) -> set[str]:
    """The tokens of a card. `contacts` are pairs of kind and key, `numbers` external ids."""
    words = set(search_tokens(name))
    if legal_name:
        words.update(search_tokens(legal_name))
    if city:
        words.update(search_tokens(city))
    if inn:
        words.add(inn)
    for number in numbers:
        words.add(normalise(number))
    for kind, key in contacts:
        if not key:
            continue
        if kind == "phone":
            words.add(PHONE_MARK + key[:0:-1])
        elif kind == "email":
            words.add(key)
        elif kind == "messenger":
            handle = key.partition(":")[2]
            words.add(PHONE_MARK + handle[:0:-1] if handle[:1] == "+" else handle)
        else:
            words.add(normalise(key))
    return {word[:LONGEST] for word in words if word}
