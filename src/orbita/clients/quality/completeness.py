"""How much of a card is filled in, by the administrator's weights.

What is filled is a mask of bits, one per item, so that the score of thousands of cards is a look
into a small table.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy

from orbita.clients.fields.known import PREFIX, active
from orbita.clients.models import QualitySettings

PERSON, COMPANY = "person", "company"
MOST_WEIGHT = 100


@dataclass(frozen=True)
class Item:
    """Something that a card may have, its usual weight for a person and for a company.

    None: it is not asked of that kind. `field` is where the card asks for it, "" for a contact.
    """

    name: str
    label: str | Promise
    person: int | None
    company: int | None
    field: str = ""

    def usual(self, kind: str) -> int | None:
        return self.company if kind == COMPANY else self.person


# The order is that of the bits: new items go to the end.
ITEMS = (
    Item("phone", gettext_lazy("phone"), 20, 20),
    Item("email", gettext_lazy("e-mail"), 15, 15),
    Item("messenger", gettext_lazy("messenger"), 5, 0),
    Item("link", gettext_lazy("site or page"), 0, 5),
    Item("address", gettext_lazy("address"), 5, 10),
    Item("source", gettext_lazy("source"), 5, 5, "source"),
    Item("last_name", gettext_lazy("last name"), 10, None, "last_name"),
    Item("first_name", gettext_lazy("first name"), 15, None, "first_name"),
    Item("middle_name", gettext_lazy("patronymic"), 5, None, "middle_name"),
    Item("birthday", gettext_lazy("birthday"), 10, None, "birthday"),
    Item("sex", gettext_lazy("sex"), 5, None, "sex"),
    Item("preferred_channel", pgettext_lazy("card", "preferred channel"), 5, 5),
    Item("inn", gettext_lazy("INN"), 0, 20, "inn"),
    Item("kpp", gettext_lazy("KPP"), None, 5, "kpp"),
    Item("ogrn", gettext_lazy("OGRN"), None, 5, "ogrn"),
    Item("legal_name", gettext_lazy("legal name"), None, 5, "legal_name"),
    Item("working_hours", gettext_lazy("working hours"), 0, 5, "working_hours"),
    Item("time_zone", gettext_lazy("time zone"), 0, 0, "time_zone"),
    Item("payment_terms", pgettext_lazy("card", "payment terms"), 0, 0, "payment_terms"),
    Item("delivery_terms", pgettext_lazy("card", "delivery terms"), 0, 0, "delivery_terms"),
    Item("occupation", gettext_lazy("occupation"), 0, None, "occupation"),
    Item("position", gettext_lazy("position"), 0, None, "position"),
    Item("income_level", gettext_lazy("income level"), 0, None, "income_level"),
    Item("family", gettext_lazy("family"), 0, None, "family"),
    Item("hobbies", gettext_lazy("hobbies"), 0, None, "hobbies"),
    Item("interests", gettext_lazy("interests"), 0, None, "interests"),
)


def all_items() -> list[Item]:
    """Those and the own fields in use, which are asked for once they are given a weight."""
    return [*ITEMS, *(_of_own(field) for field in active("client"))]


def _of_own(field: Any) -> Item:
    person, company = (0 if field.suits(kind) else None for kind in (PERSON, COMPANY))
    return Item(field.name, field.label, person, company, field.name)


_FIRST_FIELD = 6
_FIELDS = [(1 << place, item.name) for place, item in enumerate(ITEMS) if place >= _FIRST_FIELD]
_CONTACTS = {item.name: 1 << place for place, item in enumerate(ITEMS[:4])}
_ADDRESS, _SOURCE = 1 << 4, 1 << 5


def filled_in(card: Any, kinds: Iterable[str], *, has_address: bool, has_source: bool) -> int:
    """The mask of what the card has. `kinds` are those of its contacts that work."""
    mask = (_ADDRESS if has_address else 0) | (_SOURCE if has_source else 0)
    for kind in kinds:
        mask |= _CONTACTS[kind]
    for bit, name in _FIELDS:
        if getattr(card, name):
            mask |= bit
    return mask


class Weights:
    """The weights as they are now; scores of masks seen before are remembered.

    Own fields have the bits behind those of `ITEMS`, in the order in which they are now.
    """

    def __init__(self, settings: QualitySettings) -> None:
        self._items = all_items()
        self._of_kind = {
            kind: [self._weight(settings, item, kind) for item in self._items]
            for kind in (PERSON, COMPANY)
        }
        self._own = [
            (1 << place, self._items[place].name.removeprefix(PREFIX))
            for place in range(len(ITEMS), len(self._items))
            if any(weights[place] for weights in self._of_kind.values())
        ]
        self._scores: dict[tuple[str, int], int] = {}

    @staticmethod
    def _weight(settings: QualitySettings, item: Item, kind: str) -> int:
        usual = item.usual(kind)
        if usual is None:
            return 0
        return int(settings.weights.get(kind, {}).get(item.name, usual))

    def own_filled(self, own: Mapping[str, Any] | None) -> int:
        """The bits of the own fields that a card has, of those that weigh anything."""
        return sum(bit for bit, key in self._own if key in own) if own else 0

    def score(self, kind: str, mask: int) -> int:
        """Percent of a whole card, rounded down; 100 when nothing is asked at all."""
        known = self._scores.get((kind, mask))
        if known is None:
            weights = self._of_kind[kind]
            whole = sum(weights)
            there = sum(weight for place, weight in enumerate(weights) if mask >> place & 1)
            known = self._scores[kind, mask] = there * 100 // whole if whole else 100
        return known

    def missing(self, kind: str, mask: int) -> Iterator[tuple[Item, int]]:
        """What the card lacks, the weightiest first, with the percent each would add."""
        weights = self._of_kind[kind]
        whole = sum(weights)
        lacking = [
            (item, weight)
            for place, (item, weight) in enumerate(zip(self._items, weights, strict=True))
            if weight and not mask >> place & 1
        ]
        for item, weight in sorted(lacking, key=lambda pair: -pair[1]):
            yield item, max(1, round(weight * 100 / whole))
