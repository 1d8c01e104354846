"""What the log says of the demo's cards: how each was made, and what was changed on some since."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from orbita.accounts.models import User
from orbita.clients import card_fields
from orbita.clients.collections import COLLECTIONS
from orbita.clients.fields import kinds
from orbita.clients.fields.known import active, is_own
from orbita.clients.models import Client

_CHANGED = 0.12  # the share of cards that were changed since
_OLD_PHONE = {"kind": "phone", "service": "mobile", "label": "", "is_main": False}


@dataclass
class Told:
    """A card as its first event tells it, and the changes that made it what it is today."""

    after: dict[str, Any]
    changes: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)


def tell(
    rng: Random,
    card: Client,
    parts: Mapping[str, Sequence[Mapping[str, Any]]],
    users: Mapping[int, User],
    source: str,
    now: datetime,
) -> Told:
    """The events of a card; `parts` are its collections and ties by their names."""
    after = dict(_fields(card, users, source)) | {
        name: list(one) for name, one in parts.items() if one
    }
    told = Told(after)
    days = (now - card.created_at).days
    if days > 60 and rng.random() < _CHANGED:
        moments = sorted(rng.sample(range(days // 4, days), 2))
        for after_days, change in zip(moments, rng.sample(_CHANGES, 2), strict=True):
            if sides := change(rng, after, users):
                at = card.created_at + timedelta(days=after_days)
                told.changes.append((at, sides | {"version": 1}))
    # The card was made as it was before the changes.
    for _at, sides in reversed(told.changes):
        _turn_back(after, sides)
    return told


def _fields(card: Client, users: Mapping[int, User], source: str) -> Iterator[tuple[str, Any]]:
    for name in card_fields.READERS:
        if name in ("source", "responsible"):
            continue
        if value := card_fields.plain_value(card, name):
            yield name, value
    if source:
        yield "source", source
    if card.responsible_id:
        yield "responsible", card_fields.as_reference(users[card.responsible_id])
    # The rows of the loader hold the column as its text.
    own = json.loads(str(card.own)) if card.own else {}
    for each in active("client"):
        if each.key in own and each.kind not in kinds.REFERENCES:
            yield each.name, kinds.plain(each, own[each.key])


def _turn_back(after: dict[str, Any], sides: Mapping[str, Any]) -> None:
    for name, value in sides["before"].items():
        if name in COLLECTIONS:
            came = sides["after"][name]
            after[name] = [one for one in after.get(name, []) if one not in came] + value
        elif value is None:
            after.pop(name, None)
        else:
            after[name] = value


# ---- the changes: each answers before and after, or nothing ----


def _handed_over(
    rng: Random, after: Mapping[str, Any], users: Mapping[int, User]
) -> dict[str, Any]:
    new = after.get("responsible")
    others = [user for user in users.values() if new and user.pk != new["id"]]
    if not others:
        return {}
    old = card_fields.as_reference(rng.choice(others))
    return {"before": {"responsible": old}, "after": {"responsible": new}}


def _new_phone(rng: Random, after: Mapping[str, Any], users: Mapping[int, User]) -> dict[str, Any]:
    phones = [one for one in after.get("contacts", ()) if one["kind"] == "phone"]
    if not phones:
        return {}
    key = f"+7900{rng.randrange(10**7):07}"
    old = _OLD_PHONE | {"value": key, "key": key, "is_main": phones[0]["is_main"]}
    return {"before": {"contacts": [old]}, "after": {"contacts": [phones[0]]}}


def _tagged(rng: Random, after: Mapping[str, Any], users: Mapping[int, User]) -> dict[str, Any]:
    tags = after.get("tags") or []
    return {"before": {"tags": []}, "after": {"tags": [tags[0]]}} if tags else {}


def _learnt(rng: Random, after: Mapping[str, Any], users: Mapping[int, User]) -> dict[str, Any]:
    known = [name for name in ("interests", "delivery_terms", "occupation") if after.get(name)]
    known += [name for name in after if is_own(name)][:1]
    if not known:
        return {}
    name = rng.choice(known)
    return {"before": {name: None}, "after": {name: after[name]}}


_CHANGES = (_handed_over, _new_phone, _tagged, _learnt)
