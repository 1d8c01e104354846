"""The forgiving search: from what was typed to the cards it may mean, the likeliest first.

First the words of the base that each typed word may stand for, with a price: nothing for the word
itself, a little for its beginning, another form of the name, another alphabet or layout, a whole
point for every slip of the hand. Then the cards that have one for each, found by the rarest of
them; a card's price is the sum. Misses are looked for only when nothing cheaper was found.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler, Levenshtein

from orbita.clients.aliases import survivor_id
from orbita.clients.first_names import FIRST_NAMES
from orbita.clients.guarding import Sight
from orbita.clients.search import lookup, query
from orbita.clients.search.addresses import NOT_PLACES, by_address
from orbita.clients.search.diminutives import OTHER_FORMS
from orbita.clients.search.index import NAME, OWN, PLACE, unpacked
from orbita.clients.search.lookup import Found
from orbita.clients.search.match import Match
from orbita.clients.search.spelling import (
    are_neighbours,
    hashes,
    in_cyrillic,
    letters,
    skeleton,
)
from orbita.core.phones import parse_phone

PREFIX, FORM, ALPHABET, LAYOUT, ELSEWHERE = 0.2, 0.4, 0.2, 0.1, 0.3
INITIAL = 0.3
UNLIKELY = 0.2
UNFOUND = 3.0
# A card of more words found may miss one of them.
WORDS_TO_SPARE_ONE = 3
MOST_BEGINNINGS = 300
MOST_SOUNDING = 4000
MOST_PRICED = 80
# A word that so many clients have is frequent: its clients are found through the other words.
RARE = 120
MOST_OWNERS = 500
MOST_CHECKED = 2500
FREQUENT_PAIRS = 8
SCANNED = 8_000
LOOKED_AT = 1000


@dataclass(slots=True)
class Candidate:
    """A word of the base that a typed word may stand for."""

    word: Found
    price: float
    why: str


@dataclass(slots=True)
class Term:
    """A typed word with everything it may stand for, by the ids of words."""

    text: str
    sound: str
    is_switched: bool
    is_last: bool
    # Kinds of words that whoever searches may not find by.
    closed: frozenset[int] = frozenset()
    candidates: dict[int, Candidate] = field(default_factory=dict)
    # Words that so many have that only the first of them were read.
    frequent: list[Candidate] = field(default_factory=list)

    def add(self, word: Found, price: float, why: str) -> None:
        if word.kind in self.closed:
            return
        price += 0 if word.kind == NAME else ELSEWHERE
        if self.is_switched:
            price, why = price + LAYOUT, "layout" if why in ("exact", "prefix") else why
        known = self.candidates.get(word.id)
        if known is None or known.price > price:
            self.candidates[word.id] = Candidate(word, price, why)

    @property
    def is_short(self) -> bool:
        """An initial: too many words begin so, it is compared with the names that are found."""
        return len(self.text) == 1

    def cheapest(self, most: int) -> list[Candidate]:
        """The likeliest words; a quarter of the places is kept for slips, whatever begins so."""
        found = sorted(self.candidates.values(), key=lambda one: one.price)
        written = [one for one in found if one.price < 1]
        slips = found[len(written) :]
        kept = max(most * 3 // 4, most - len(slips))
        return [*written[:kept], *slips[: most - min(kept, len(written))]]


def matches(text: str, seen: Sight, *, region: str = "RU", limit: int = 50) -> list[Match]:
    """The cards that a text may mean, whoever may see them, by price. Closed fields find nobody; by
    the whole of a masked one, whoever knows it is found.
    """
    found = _matches(text, seen, region, limit)
    return [match for match in found if _is_open(match, seen)] if seen.closed else found


def _is_open(match: Match, seen: Sight) -> bool:
    return all(_finds(code, match, seen) for code in match.why)


def _finds(code: str, match: Match, seen: Sight) -> bool:
    fields = _FIELDS_OF.get(code, ())
    if code == "contact":
        fields = (_kind_of(match.told),)
    whole = code in ("phone", "email", "inn", "contact") and match.price == 0
    return all(seen.shows(name) or (whole and seen.masks(name)) for name in fields)


def _kind_of(key: str) -> str:
    """Which kind of contact has such a key: see `ContactPoint`."""
    if "@" in key:
        return "email"
    return "messenger" if ":" in key else "link"


def _matches(text: str, seen: Sight, region: str, limit: int) -> list[Match]:
    plain = query.plain(text)
    if not plain:
        return []
    if number := query.own_number(plain):
        return [Match(survivor_id(number), 0, ("own_number",))]
    found = _Best()
    if "@" in plain.lstrip("@"):
        found.take(_by_email(plain))
        if not found:
            found.take(_by_words(plain.partition("@")[0], seen, limit, extra=1.5))
        return found.cheapest(limit)
    if digits := query.digits_of(plain):
        found.take(_by_digits(text, plain, digits, region))
        return found.cheapest(limit)
    found.take(_by_handle(plain))
    found.take(_by_tag(plain))
    if seen.shows("addresses"):
        found.take(by_address(plain, lambda words: _by_places(words, limit)))
    found.take(_by_words(plain, seen, limit))
    return found.cheapest(limit)


class _Best:
    """The cheapest match of every client."""

    def __init__(self) -> None:
        self._found: dict[int, Match] = {}

    def __len__(self) -> int:
        return len(self._found)

    def take(self, matches: Iterable[Match]) -> None:
        for match in matches:
            known = self._found.get(match.client_id)
            if known is None or known.price > match.price:
                self._found[match.client_id] = match

    def cheapest(self, most: int) -> list[Match]:
        return sorted(self._found.values(), key=lambda match: match.price)[:most]


# ---- e-mails, phones, numbers ----


def _by_email(address: str) -> list[Match]:
    address = address.replace(" ", "")
    found = [Match(pk, 0, ("email",), key) for pk, key in lookup.with_keys([address])]
    if not found:
        begun = lookup.with_keys_from([address], 50)
        found = [Match(pk, PREFIX, ("email_part",), key) for pk, key in begun]
    if not found and len(address) <= 80:
        near_by = lookup.with_keys(query.emails_one_slip_off(address))
        found = [Match(pk, 1, ("email_typo",), key) for pk, key in near_by]
    return found or _emails_alike(address)


def _emails_alike(address: str) -> list[Match]:
    """Addresses that share the beginning and differ by two slips."""
    local, _at, _domain = address.partition("@")
    if len(local) < 6:
        return []
    begun = lookup.with_keys_from([local[: max(4, len(local) // 2)]], 1500)
    keys = [key for _pk, key in begun]
    close = process.extract(address, keys, scorer=OSA.distance, score_cutoff=2, limit=20)
    return [Match(begun[place][0], 1 + miss, ("email_typo",), key) for key, miss, place in close]


def _by_handle(plain: str) -> list[Match]:
    """Names in messengers, addresses of sites, outside numbers: one word, typed from its start."""
    word = plain.lstrip("@")
    if " " in word or len(word) < 3:
        return []
    found = [
        Match(pk, 0, ("number",), value)
        for pk, value in lookup.with_numbers({word, word.upper(), word.capitalize()})
    ]
    if word.isascii():
        starts = [word, *(f"{service}:{word}" for service in ("telegram", "vk", "max"))]
        for pk, key in lookup.with_keys_from(starts, 30):
            whole = key.rpartition(":")[2] == word
            found.append(Match(pk, 0 if whole else PREFIX, ("contact",), key))
    return found


def _by_digits(text: str, plain: str, digits: str, region: str) -> list[Match]:
    found = [Match(pk, 0, ("number",), value) for pk, value in lookup.with_numbers([digits, plain])]
    found += [
        Match(pk, 0 if inn == digits else PREFIX, ("inn",), inn)
        for pk, inn in lookup.with_inn_from(digits, 30)
    ]
    if len(digits) <= 9:
        found.append(Match(survivor_id(int(digits)), ALPHABET, ("own_number",)))
    phone = parse_phone(text, region)
    if phone:
        found += [Match(pk, 0, ("phone",), key) for pk, key in _phones([phone.e164])]
    if not phone or not found:
        ends = digits[1:] if len(digits) == 11 and digits[0] in "78" else digits
        found += [
            Match(pk, PREFIX / 2, ("phone_part",), key)
            for pk, key in lookup.with_phones_ending(ends, 200)
        ]
    if not phone and not any(match.why[0] == "phone_part" for match in found):
        starts = [f"+{digits}", f"+7{digits}"] + (["+7" + digits[1:]] if digits[0] == "8" else [])
        begun = lookup.with_keys_from(starts, 50)
        found += [Match(pk, PREFIX, ("phone_part",), key) for pk, key in begun]
    if not found or (phone and not any(match.why[0] == "phone" for match in found)):
        slips = query.phones_one_digit_off(digits)
        if phone:
            slips |= query.phones_one_slip_off(phone.e164)
        elif len(digits) in (10, 11):
            slips |= query.phones_one_slip_off("+7" + digits[-10:])
        found += [Match(pk, 1, ("phone_typo",), key) for pk, key in _phones(slips)]
    return found


def _phones(numbers: Iterable[str]) -> list[tuple[int, str]]:
    given = list(numbers)
    return lookup.with_keys([*given, *(f"whatsapp:{one}" for one in given)]) if given else []


def _by_places(reading: query.Reading, limit: int) -> list[Match]:
    search = _Words(reading, limit, NOT_PLACES)
    return search.as_typed() or search.one_slip()


def _by_tag(plain: str) -> list[Match]:
    """Those with a tag that begins so, in either layout of the keyboard."""
    starts = {plain, *(" ".join(one.words) for one in query.readings(plain))}
    starts = {start for start in starts if len(start) > 1}
    tagged = lookup.with_tags(starts, 100) if starts else []
    return [Match(pk, ELSEWHERE * 2, ("tag",), name) for pk, name in tagged]


# ---- words ----


def _by_words(plain: str, seen: Sight, limit: int, extra: float = 0.0) -> list[Match]:
    found = _Best()
    closed = frozenset() if seen.shows("addresses") else frozenset([PLACE])
    searches = [_Words(reading, limit, closed) for reading in query.readings(plain)]
    # Latin letters may be Russian ones by another layout or alphabet: both are tried step by step,
    # the cheaper steps of either before the dearer. Russian ones are rarely meant as Latin.
    at_once = searches if plain.isascii() else searches[:1]
    for step in (_Words.as_typed, _Words.one_slip, _Words.two_slips):
        for search in at_once:
            found.take(step(search))
        cheap = sum(match.price < _ENOUGH[step] for match in found.cheapest(limit))
        exact = sum(match.price < PREFIX / 2 for match in found.cheapest(limit))
        # One who is written just so may yet be a slip in the base: then the right one is near.
        if cheap >= limit or exact > 2 or (cheap and step is not _Words.as_typed):
            break
    if not found:
        for search in searches[len(at_once) :]:
            found.take(search.as_typed())
    if extra:
        return [
            Match(one.client_id, one.price + extra, one.why, one.told)
            for one in found.cheapest(limit)
        ]
    return found.cheapest(limit)


class _Words:
    """One reading of the words, step by step; every step knows what those before have found."""

    def __init__(self, reading: query.Reading, limit: int, closed: frozenset[int]) -> None:
        last = len(reading.words) - 1
        self.terms = [
            Term(word, skeleton(word), reading.is_switched, place == last, closed)
            for place, word in enumerate(reading.words)
        ]
        self.limit = limit
        self._rare = RARE if len(self.terms) > 1 else MOST_OWNERS
        self._owners: dict[int, list[int]] = {}

    def as_typed(self) -> list[Match]:
        """The words themselves, their beginnings, other forms of names, other alphabets."""
        exact = lookup.words_equal(
            {form for term in self.terms for form in (term.text, *OTHER_FORMS.get(term.text, ()))}
        )
        for term in self.terms:
            if term.is_short:
                continue
            forms = OTHER_FORMS.get(term.text, ())
            for word in exact:
                if word.text == term.text:
                    term.add(word, 0, "exact")
                elif word.text in forms:
                    term.add(word, FORM, "form")
            self._beginnings(term)
        self._same_sounds([term for term in self.terms if len(term.sound) > 1])
        return self._cards()

    def _beginnings(self, term: Term) -> None:
        starts = [term.text]
        if term.text.isascii() and not term.text.isdigit():
            starts.append(in_cyrillic(term.text))
        for start in starts:
            words = lookup.words_beginning(start, MOST_BEGINNINGS)
            if len(words) == MOST_BEGINNINGS:  # those that so many bear are surely wanted
                words += lookup.words_equal(_names_beginning(start))
            for word in words:
                rest = len(word.text) - len(start)
                known = word.text in FIRST_NAMES
                price = PREFIX if term.is_last else PREFIX * 1.5
                price += 0 if known else min(rest, 10) * 0.01
                if rest:
                    term.add(word, price, "prefix")
                elif start is not term.text:
                    term.add(word, ALPHABET / 2, "alphabet")

    def _same_sounds(self, terms: Sequence[Term]) -> None:
        keys = {key for term in terms for key in hashes(term.sound, 0)}
        for word in lookup.words_sounding(keys, MOST_SOUNDING):
            for term in terms:
                if word.sound == term.sound:
                    term.add(word, 0 if word.text == term.text else ALPHABET, "alphabet")
                elif word.sound.startswith(term.sound):
                    term.add(word, ALPHABET + PREFIX, "prefix")

    def one_slip(self) -> list[Match]:
        """The words that are one slip away."""
        self._slips([term for term in self.terms if len(term.text) > 2], 1)
        return self._cards()

    def two_slips(self) -> list[Match]:
        """The words that are two slips away, of those long enough."""
        self._slips([term for term in self.terms if len(term.text) > 3], 2)
        return self._cards()

    def _slips(self, terms: Sequence[Term], most: int) -> None:
        keys: set[int] = set()
        for term in terms:
            keys |= hashes(term.sound, most) | hashes(letters(term.text), most)
        words = lookup.words_sounding(keys, MOST_SOUNDING)
        sounds = [word.sound for word in words]
        for term in terms:
            self._slips_of(term, most, words, sounds)
            if term.is_last and len(term.sound) > 4 and most == 1:
                self._slips_in_beginnings(term, words)

    def _slips_of(
        self, term: Term, most: int, words: Sequence[Found], sounds: Sequence[str]
    ) -> None:
        near: dict[int, float] = {}
        for said in {term.sound, letters(term.text)}:
            close = process.extract(
                said, sounds, scorer=OSA.distance, score_cutoff=most, limit=None
            )
            for _sound, miss, place in close:
                near[place] = min(miss, near.get(place, most))
        for place, by_sound in near.items():
            word = words[place]
            if word.id in term.candidates and not by_sound:
                continue
            slips = min(by_sound or 1, OSA.distance(term.text, word.text))
            unlike = 1 - JaroWinkler.similarity(term.sound, word.sound)
            unlike += UNLIKELY * _odd_letters(term.text, word.text)
            if word.text in FIRST_NAMES:
                unlike /= 2
            term.add(word, slips + unlike, "typo" if slips == 1 else "typos")

    def _slips_in_beginnings(self, term: Term, words: Sequence[Found]) -> None:
        size = len(term.sound)
        starts = [word.sound[:size] for word in words]
        close = process.extract(
            term.sound, starts, scorer=OSA.distance, score_cutoff=1, limit=MOST_BEGINNINGS
        )
        for _start, miss, place in close:
            if miss and words[place].kind == NAME and len(words[place].sound) > size + 1:
                term.add(words[place], miss + 0.6, "typo")

    # -- from words to cards --

    def _cards(self) -> list[Match]:
        terms = [term for term in self.terms if not term.is_short]
        if not terms:
            return self._named()
        self._read_owners(terms)
        holders = [self._holders(term) for term in terms]
        if len(self.terms) == 1:
            return self._of_one_word(terms[0], holders[0])
        named = [match.client_id for match in self._named()]
        if len(terms) == 1:  # and initials
            return self._priced([*named, *holders[0]][:MOST_CHECKED])
        return self._priced(
            list(dict.fromkeys([*named, *self._frequent_pairs(terms), *_likely(terms, holders)]))
        )

    def _read_owners(self, terms: Sequence[Term]) -> None:
        """The clients of the likeliest words, of those that no step before has read."""
        wanted = {one.word.id for term in terms for one in term.cheapest(MOST_PRICED)}
        new = sorted(wanted - self._owners.keys())
        if new:
            self._owners |= lookup.owners(new, self._rare)

    def _holders(self, term: Term) -> dict[int, float]:
        """The clients that have a word of the term, with its price; of frequent words none."""
        few = len(self.terms) > 1
        term.frequent = []
        found: dict[int, float] = {}
        for one in term.cheapest(MOST_PRICED):
            own = self._owners[one.word.id]
            if len(own) >= self._rare:
                term.frequent.append(one)
                if few:
                    continue
            for client in own:
                found.setdefault(client, one.price)
        return found

    def _of_one_word(self, term: Term, holders: dict[int, float]) -> list[Match]:
        clients = list(holders)[:MOST_CHECKED]
        if term.frequent:
            words = [one.word.id for one in term.frequent[:3]]
            clients += lookup.recent_having(words, LOOKED_AT)
        clients += [match.client_id for match in self._named()]
        return self._priced(list(dict.fromkeys(clients)))

    def _named(self) -> list[Match]:
        """Cards whose name begins with two of the words, in the order of names: «Фамилия И…»."""
        beginnings: dict[str, float] = {}
        if len(self.terms) == 1:
            term = self.terms[0]
            beginnings = {term.text: 0} | {
                one.word.text: one.price for one in term.cheapest(3) if one.why != "exact"
            }
        for first, second in query.ordered_pairs(len(self.terms)):
            for one in self.terms[first].frequent[:4]:
                nexts = [other.word.text for other in self.terms[second].frequent[:4]]
                for text in dict.fromkeys([self.terms[second].text, *nexts]):
                    beginnings.setdefault(f"{one.word.text} {text}", one.price)
        found = lookup.named_from(list(beginnings)[:60], 60)
        return [Match(pk, PREFIX, ("prefix",)) for pk, _name in found]

    def _frequent_pairs(self, terms: Sequence[Term]) -> list[int]:
        """Cards with two words of which each is too frequent to read all who have it."""
        pairs = sorted(
            (one.price + other.price, *_rarer_first(one, other))
            for place, first in enumerate(terms)
            for second in terms[place + 1 :]
            for one in first.frequent[:6]
            for other in second.frequent[:6]
            if one.word.id != other.word.id
        )
        found: list[int] = []
        for _price, one, other in pairs[:FREQUENT_PAIRS]:
            found += lookup.having_both(one, other, MOST_OWNERS, SCANNED)
            if len(found) >= MOST_OWNERS:
                break
        return found

    def _priced(self, clients: Sequence[int]) -> list[Match]:
        chances = [(term, term.candidates.keys()) for term in self.terms if not term.is_short]
        needed = len(chances) - (1 if len(self.terms) >= WORDS_TO_SPARE_ONE else 0)
        found = []
        for pk, packed in lookup.words_of(clients):
            own = unpacked(packed)
            if sum(not keys.isdisjoint(own) for _term, keys in chances) >= needed:
                match = self._price(pk, own)
                if match:
                    found.append(match)
        return found

    def _price(self, client: int, own: Sequence[int]) -> Match | None:
        used: set[int] = set()
        price, unfound = 0.0, 0
        why: list[str] = []
        own_words: list[str] = []
        for term in self.terms:
            if term.is_short:
                price, why = price + INITIAL, [*why, "initial"]
                continue
            chances = [
                term.candidates[word]
                for word in own
                if word in term.candidates and word not in used
            ]
            if not chances:
                unfound += 1
                price += UNFOUND
                continue
            best = min(chances, key=lambda one: one.price)
            used.add(best.word.id)
            price += best.price
            if best.word.kind == OWN:
                own_words.append(best.word.text)
            why.append(_ELSEWHERE.get(best.word.kind, best.why) if best.price < 1 else best.why)
        if unfound > (1 if len(self.terms) >= WORDS_TO_SPARE_ONE else 0) or not used:
            return None
        # One of many words is less of an answer than the only one.
        return Match(
            client,
            price + 0.001 * len(own),
            tuple(dict.fromkeys(why)),
            own_words=tuple(own_words),
        )


def _names_beginning(start: str) -> list[str]:
    place = bisect_left(_NAMES, start)
    return [name for name in _NAMES[place : place + 60] if name.startswith(start)]


def _odd_letters(typed: str, meant: str) -> int:
    """How many letters stand in the place of one whose key is not beside theirs."""
    if OSA.distance(typed, meant) < Levenshtein.distance(typed, meant):
        return 0  # two letters swapped
    return sum(
        one.tag == "replace" and not are_neighbours(typed[one.src_pos], meant[one.dest_pos])
        for one in Levenshtein.editops(typed, meant)
    )


def _likely(terms: Sequence[Term], holders: Sequence[dict[int, float]]) -> list[int]:
    """Clients with words of all the terms, or who may have them: frequent words are not read.

    The cheapest first, no more than can be looked through.
    """
    spare = 1 if len(terms) >= WORDS_TO_SPARE_ONE else 0
    whole: dict[int, float] = {}
    for place, having in enumerate(holders):
        others = [other for at, other in enumerate(holders) if at != place]
        unread = sum(bool(term.frequent) for at, term in enumerate(terms) if at != place)
        needed = len(others) - spare - unread
        for client, price in having.items():
            if client in whole:
                continue
            known = [other[client] for other in others if client in other]
            if len(known) >= needed:
                whole[client] = price + sum(known) + (0 if len(known) >= len(others) else 0.5)
    return sorted(whole, key=whole.__getitem__)[:MOST_CHECKED]


def _rarer_first(one: Candidate, other: Candidate) -> tuple[int, int]:
    """First names are the most frequent words: the other one is gone through."""
    if one.word.text in FIRST_NAMES:
        return other.word.id, one.word.id
    return one.word.id, other.word.id


_NAMES = sorted(FIRST_NAMES)
# The fields by which a card was found; a messenger's number is a phone too.
_FIELDS_OF = {
    "phone": ("phone",),
    "phone_part": ("phone", "messenger"),
    "phone_typo": ("phone", "messenger"),
    "email": ("email",),
    "email_part": ("email",),
    "email_typo": ("email",),
    "inn": ("inn",),
    "tag": ("tags",),
    "place": ("addresses",),
}
# What is said of words that stand elsewhere than in the name.
_ELSEWHERE = {PLACE: "place", OWN: "own"}
_ENOUGH = {_Words.as_typed: 1.0, _Words.one_slip: 2.0, _Words.two_slips: 9.0}
