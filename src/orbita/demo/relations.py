"""Families, branches, recommendations and former employees among the clients of the demo."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import combinations
from random import Random

from orbita.demo.chance import random_for
from orbita.demo.names import FEMALE
from orbita.demo.records import COMPANY, PERSON, Client, Relation

_RECOMMENDED = ("рекомендация", "подарок от друзей")
_NOTES = ("коллега по работе", "соседи", "советовал в отзыве", "вместе ходили на дегустацию", "")


def make_relations(seed: int, today: date, clients: Sequence[Client]) -> list[Relation]:
    """Who is what to whom; besides, a few of the people of companies have left them."""
    rng = random_for(seed, 10)
    _send_away(rng, today, clients)
    return [*_families(rng, clients), *_branches(clients), *_recommendations(rng, clients)]


def _families(rng: Random, clients: Iterable[Client]) -> Iterator[Relation]:
    """Namesakes of one town: a couple, or a parent and a child, as their ages allow."""
    homes: dict[tuple[str, str], list[Client]] = defaultdict(list)
    for client in clients:
        if client.kind == PERSON and client.birthday:
            homes[client.city.name, client.person_name.last.rstrip("а")].append(client)
    for namesakes in homes.values():
        free = set(range(len(namesakes)))
        for one, two in combinations(range(len(namesakes)), 2):
            if not free.issuperset((one, two)) or rng.random() < 0.3:
                continue
            elder, younger = sorted((namesakes[one], namesakes[two]), key=_born)
            if kind := _kinship(elder, younger):
                free -= {one, two}
                yield Relation(younger.index, kind, elder.index)


def _born(client: Client) -> date:
    assert client.birthday is not None  # noqa: S101
    return client.birthday


def _kinship(elder: Client, younger: Client) -> str:
    years = (_born(younger) - _born(elder)).days / 365
    if years < 9 and {elder.person_name.sex, younger.person_name.sex} > {FEMALE}:
        return "spouse"
    if years < 14:
        return "sibling"
    return "parent" if 19 < years < 40 else ""


def _branches(clients: Iterable[Client]) -> Iterator[Relation]:
    """Shops of one name in several towns: the largest is the head office."""
    chains: dict[str, list[Client]] = defaultdict(list)
    for client in clients:
        if client.kind == COMPANY:
            chains[client.name].append(client)
    for shops in chains.values():
        head, *others = sorted(shops, key=lambda shop: (-shop.scale, shop.index))
        for shop in others:
            yield Relation(shop.index, "branch", head.index)


def _recommendations(rng: Random, clients: Sequence[Client]) -> Iterator[Relation]:
    """Those who came by a recommendation were sent by a regular of their town, a client before."""
    regulars: dict[tuple[str, str], list[Client]] = defaultdict(list)
    for client in sorted(clients, key=lambda client: (client.created, client.index)):
        known = regulars[client.kind, client.city.name]
        if client.source in _RECOMMENDED and known and rng.random() < 0.8:
            # A few people bring many.
            whom = known[min(int(rng.expovariate(0.4)), len(known) - 1)]
            yield Relation(client.index, "recommended", whom.index, rng.choice(_NOTES))
        if client.habit == "regular":
            known.append(client)


def _send_away(rng: Random, today: date, clients: Iterable[Client]) -> None:
    for client in clients:
        for place, colleague in enumerate(client.people):
            if rng.random() < 0.4:
                colleague.since = client.created.date() - timedelta(days=rng.randrange(1500))
            if place and rng.random() < 0.25:
                came = max(client.created.date(), today - timedelta(days=700))
                span = max((today - came).days, 1)
                colleague.until = came + timedelta(days=rng.randrange(span))
