"""Own fields of the demo company: what a roaster asks its clients."""

from collections.abc import Iterable, Mapping
from random import Random
from typing import Any

from orbita.accounts.models import User
from orbita.clients.fields import kinds
from orbita.clients.fields.actions import define_field
from orbita.clients.fields.values import stored_pair
from orbita.clients.models import FieldDefinition
from orbita.demo.chance import random_for
from orbita.demo.records import Client

_COFFEE = "Кофе"
_MACHINES = (
    "La Marzocco Linea, 2 группы",
    "Nuova Simonelli Appia, 2 группы",
    "Victoria Arduino Eagle One",
    "Saeco Aulika, зерновой автомат",
    "Jura X8, зерновой автомат",
    "Rancilio Classe 5, 1 группа",
)
_ROASTS = (("Светлая", "grow"), ("Средняя", "keep"), ("Тёмная", "watch"), ("Под молоко", ""))
_WAYS = (
    ("Воронка", "grow"),
    ("Турка", "watch"),
    ("Рожковая кофеварка", "keep"),
    ("Капельная кофеварка", ""),
    ("Френч-пресс", ""),
    ("Гейзер", "wake"),
)
_SHARE_KNOWN = 0.55


def _options(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"label": label, "colour": colour} for label, colour in pairs]


_FIELDS: tuple[dict[str, Any], ...] = (
    {
        "key": "machine",
        "kind": "text",
        "label": "Кофемашина",
        "holder": "company",
        "is_searchable": True,
    },
    {"key": "volume", "kind": "number", "label": "Берут в месяц, кг", "holder": "company"},
    {
        "key": "contract",
        "kind": "text",
        "label": "Номер договора",
        "holder": "company",
        "is_searchable": True,
        "is_unique": True,
    },
    {
        "key": "roast",
        "kind": "choice",
        "label": "Любимая обжарка",
        "holder": "person",
        "options": _options(_ROASTS),
    },
    {
        "key": "brews",
        "kind": "choices",
        "label": "Чем варит",
        "holder": "person",
        "options": _options(_WAYS),
    },
)


class OwnFields:
    """Defines the fields, then tells what each client has in them."""

    def __init__(self, actor: User, seed: int) -> None:
        self._seed = seed
        made = [
            define_field(actor=actor, subject="client", group=_COFFEE, **field) for field in _FIELDS
        ]
        self._fields: Mapping[str, FieldDefinition] = {field.key: field for field in made}

    def of(self, client: Client) -> dict[str, Any] | None:
        """The column of own fields of a client; None for those nobody has asked."""
        rng = random_for(self._seed, 31, client.index)
        if rng.random() > _SHARE_KNOWN:
            return None
        typed = _of_person(rng) if client.person else _of_company(rng, client)
        own: dict[str, Any] = {}
        for key, value in typed.items():
            own |= stored_pair(self._fields[key], key, kinds.read(self._fields[key], value))
        return own


def _of_person(rng: Random) -> dict[str, Any]:
    ways = rng.sample([label for label, _colour in _WAYS], k=rng.choice((1, 1, 1, 2, 2, 3)))
    return {"roast": rng.choice(_ROASTS)[0], "brews": ways}


def _of_company(rng: Random, client: Client) -> dict[str, Any]:
    told: dict[str, Any] = {"machine": rng.choice(_MACHINES), "volume": str(rng.randint(2, 60))}
    if client.requisites:
        told["contract"] = f"П-{client.created.year}/{client.index:04d}"
    return told
