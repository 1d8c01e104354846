"""From cards that may be meant to those the actor may see, in the order people expect."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orbita.accounts import policy
from orbita.clients.fields.known import seen as fields_seen
from orbita.clients.fields.values import text_in
from orbita.clients.guarding import Sight, sight
from orbita.clients.models import Client, FieldDefinition
from orbita.clients.search import engine, lookup
from orbita.clients.search.match import Match
from orbita.clients.search.query import own_number, readings
from orbita.clients.search.spelling import in_cyrillic, skeleton
from orbita.clients.search.texts import find_in_texts
from orbita.clients.tokens import name_words
from orbita.core.text import normalise, search_tokens

# How many of the cheapest cards are read to rank them; whoever is not among these types more.
CONSIDERED = 300
SHOWN = ("kind", "name", "legal_name", "city", "responsible__name", "responsible__email")
EXACT, OTHERWISE = 0.1, 0.7
# Cards whose prices differ by less are told apart by how often and how lately they were dealt with.
STEP = 0.25

WHY = {
    "exact": _("as typed"),
    "prefix": _("begins so"),
    "form": _("other form of the name"),
    "alphabet": _("other alphabet"),
    "layout": _("keyboard layout"),
    "typo": _("one slip"),
    "typos": _("two slips"),
    "initial": _("initial"),
    "place": _("address"),
    "own": _("own field"),
    "text": _("text on the card"),
    "phone": _("phone"),
    "phone_part": _("part of the phone"),
    "phone_typo": _("phone, one digit off"),
    "email": _("e-mail"),
    "email_part": _("beginning of the e-mail"),
    "email_typo": _("e-mail, a slip"),
    "contact": _("contact"),
    "inn": _("INN"),
    "number": _("number in another system"),
    "own_number": _("number of the card"),
    "tag": pgettext_lazy("search", "tag"),
}


@dataclass(frozen=True, slots=True)
class FoundClient:
    """A card that was found, with what it was found by: `why` are codes of `WHY`, `told` the text."""

    client: Client
    why: tuple[str, ...]
    told: str = ""

    @property
    def reason(self) -> str:
        """Why it was found, in words: «one slip, begins so»."""
        words = ", ".join(str(WHY[code]) for code in self.why)
        return f"{words}: {self.told}" if self.told else words


def find_clients(
    actor: Any, text: str, limit: int, *, region: str = "RU", rows: Any = None
) -> list[FoundClient]:
    """The cards that the actor may see and the text may mean, the likeliest first.

    `rows` narrows the choice further, such as to people.
    """
    open_to = sight(actor)
    matches = engine.matches(text, open_to, region=region, limit=CONSIDERED)
    seen = Client.objects.visible_to(actor) if rows is None else rows
    if not policy.covers_all(actor, "clients.view") or rows is not None:
        known = {match.client_id for match in matches}
        matches += [one for one in _among(seen, text, open_to) if one.client_id not in known]
    by_id = {match.client_id: match for match in matches}
    now, initials = timezone.now(), _initials(text)
    wanted = _spellings(normalise(text))
    order = sorted(
        (
            _level(_price(by_id[pk], name, initials)),
            not name.startswith(wanted),
            -_weight(now, *dealings),
            by_id[pk].price,
            name,
            pk,
        )
        for pk, name, *dealings in seen.filter(pk__in=list(by_id)).values_list(
            "pk",
            "name_key",
            "facts__orders_count",
            "facts__last_order_on",
            "facts__last_contact_at",
        )
    )
    wanted_ids = [one[-1] for one in order[:limit]]
    told = {pk: by_id[pk].told for pk in wanted_ids} | _own_fields(actor, by_id, wanted_ids)
    why = {pk: by_id[pk].why for pk in wanted_ids}
    if len(wanted_ids) < limit:
        for pk, words in find_in_texts(seen, text, by_id, limit - len(wanted_ids), open_to):
            told[pk], why[pk] = words, ("text",)
    cards = Client.objects.select_related("responsible").only(*SHOWN).in_bulk(list(why))
    return [
        FoundClient(cards[pk], why[pk], str(told[pk]))
        for pk in why
        if pk in cards and told[pk] is not None
    ]


def _spellings(plain: str) -> tuple[str, ...]:
    """The text as typed, as it reads on the other layout of the keyboard, and in Russian letters."""
    read = (" ".join(one.words) for one in readings(plain))
    return tuple({plain, *read, in_cyrillic(plain)})


def _own_fields(
    actor: Any, matches: Mapping[int, Match], ids: Sequence[int]
) -> dict[int, str | None]:
    """What the fields are called by whose words the clients were found; None for those whom only
    fields that the actor does not see have found.
    """
    found = [pk for pk in ids if matches[pk].own_words]
    if not found:
        return {}
    fields = [field for field in fields_seen("client", actor) if field.is_searchable]
    rows = Client.objects.filter(pk__in=found).values_list("pk", "own")
    return {pk: _own_labels(own or {}, matches[pk].own_words, fields) for pk, own in rows}


def _own_labels(
    own: Mapping[str, Any], words: Sequence[str], fields: Sequence[FieldDefinition]
) -> str | None:
    labels: dict[str, None] = {}
    for word in words:
        having = [field.label for field in fields if word in name_words(*text_in(field, own))]
        if not having:
            return None
        labels.update(dict.fromkeys(having))
    return ", ".join(labels)


def _level(price: float) -> int:
    """Exact ones first, then beginnings and other ways to write the same, then by slips."""
    if price < EXACT:
        return 0
    return 1 if price < OTHERWISE else 2 + int((price - OTHERWISE) / STEP)


def _price(match: Match, name: str, initials: Sequence[str]) -> float:
    """What the words cost, and more when the initials are of somebody else."""
    if not initials or "initial" not in match.why:
        return match.price
    begin = [word[0] for word in name.split()]
    begin += [skeleton(letter)[0] for letter in begin]
    return match.price + sum(2.0 for letter in initials if letter not in begin)


def _initials(text: str) -> list[str]:
    return [
        letter
        for reading in readings(normalise(text))[:1]
        for word in reading.words
        if len(word) == 1
        for letter in skeleton(word)[:1]
    ]


def _weight(
    now: datetime, orders: int | None, bought: date | None, talked: datetime | None
) -> float:
    """How often and how lately the client was dealt with: more orders and later days weigh more."""
    days = [(now.date() - bought).days] if bought else []
    days += [(now - talked).days] if talked else []
    lately = 1 / (1 + max(min(days), 0) / 30) if days else 0.0
    return 2 * lately + math.log1p(orders or 0)


def _among(rows: Any, text: str, seen: Sight) -> list[Match]:
    """Cards of a narrow choice with the words as typed, which are too many in the whole base."""
    plain = normalise(text)
    if own_number(plain):
        return []
    words = [word for word in search_tokens(plain) if len(word) > 1][:3]
    if not words:
        return []
    found = rows
    for word in words:
        ids = [one.id for one in lookup.words_beginning(word, 30, kinds=lookup.kinds_for(seen))]
        if not ids:
            return []
        found = lookup.having_any(found, ids)
    return [
        Match(pk, engine.PREFIX, ("prefix",)) for pk in found.values_list("pk", flat=True)[:100]
    ]
