"""The queue of likely duplicates: filling it, deciding about pairs, merging a whole group."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import combinations, islice

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.actions.grouping import (
    refresh_groups,
    standing_pairs,
)
from orbita.clients.actions.merging import merge_clients
from orbita.clients.actions.relations import house, unhouse
from orbita.clients.duplicates import Pair, groups
from orbita.clients.models import Client, DuplicateGroup, DuplicatePair, Merge, MergeRun
from orbita.core.bulk import update_rows
from orbita.core.events import NewEvent, emit_many

# Less likely pairs are not worth a person's look.
QUEUE_FROM = 0.5
MOST_CARDS = 20
GROUPS_AT_ONCE = 200
Status = DuplicatePair.Status


def store_pairs(pairs: Iterable[Pair]) -> int:
    """Puts found pairs into the queue, in one transaction; decided ones stay as they are.

    Returns how many are new. The caller puts them into groups when it has stored the last.
    """
    given = {(pair.a, pair.b): pair for pair in pairs}
    if not given:
        return 0
    with transaction.atomic():
        ids = {pk for key in given for pk in key}
        standing = set(Client.objects.alive().filter(pk__in=ids).values_list("pk", flat=True))
        known = {
            (row.a_id, row.b_id): row
            for row in DuplicatePair.objects.filter(
                a_id__in={a for a, _b in given}, b_id__in={b for _a, b in given}
            )
        }
        fresh, changed = [], []
        for key, pair in given.items():
            row = known.get(key)
            if row is None:
                if standing.issuperset(key):
                    fresh.append(
                        DuplicatePair(
                            a_id=pair.a, b_id=pair.b, score=pair.score, evidence=list(pair.evidence)
                        )
                    )
            elif row.status == Status.OPEN and row.score != pair.score:
                row.score, row.evidence = pair.score, list(pair.evidence)
                changed.append(row)
        DuplicatePair.objects.bulk_create(fresh, batch_size=1000, ignore_conflicts=True)
        DuplicatePair.objects.bulk_update(changed, ["score", "evidence"], batch_size=500)
    return len(fresh)


def group_pairs() -> int:
    """Gathers the open pairs of cards that stand into groups anew; returns how many groups.

    A group keeps its number as long as one of its pairs stays in it. Others get to write between
    two chunks.
    """
    rows = list(standing_pairs().only("pk", "a_id", "b_id", "score", "group_id"))
    home = _homes(rows)
    by_home: dict[int, list[DuplicatePair]] = defaultdict(list)
    for row in rows:
        by_home[home[row.pk]].append(row)
    taken: set[int] = set()
    iterator = iter(by_home.values())
    while chunk := list(islice(iterator, GROUPS_AT_ONCE)):
        with transaction.atomic():
            taken |= _store_groups(chunk, taken)
    stale = DuplicateGroup.objects.filter(is_open=True).values_list("pk", flat=True)
    with transaction.atomic():
        refresh_groups(set(stale) - taken)
    return len(taken)


def _store_groups(chunk: Sequence[Sequence[DuplicatePair]], taken: Collection[int]) -> set[int]:
    """Gives each of these sets of pairs a group: one of its own so far, or a new one."""
    homes: list[int] = []
    for members in chunk:
        known = (member.group_id for member in members if member.group_id)
        homes.append(next((pk for pk in known if pk not in taken and pk not in homes), 0))
    fresh = iter(
        DuplicateGroup.objects.bulk_create(DuplicateGroup(score=0) for pk in homes if not pk)
    )
    homes = [pk or next(fresh).pk for pk in homes]
    update_rows(
        DuplicatePair,
        ["group"],
        (
            (member.pk, group_id)
            for members, group_id in zip(chunk, homes, strict=True)
            for member in members
            if member.group_id != group_id
        ),
    )
    refresh_groups(homes)
    return set(homes)


def attach(client_id: int) -> None:
    """Puts the new pairs of one card into a group of theirs, without a look at the others."""
    mine = standing_pairs().filter(Q(a_id=client_id) | Q(b_id=client_id))
    others = {pk for a, b in mine.values_list("a_id", "b_id") for pk in (a, b)}
    near = standing_pairs().filter(Q(a_id__in=others) | Q(b_id__in=others), group__is_open=True)
    group_id = near.values_list("group_id", flat=True).first()
    if group_id is None:
        group_id = DuplicateGroup.objects.create(score=0).pk
    DuplicatePair.objects.filter(pk__in=mine.filter(group=None).values("pk")).update(
        group_id=group_id
    )
    refresh_groups({group_id})


def _homes(rows: Sequence[DuplicatePair]) -> dict[int, int]:
    """Pair → the number of its group-to-be: pairs across two groups make one of their own."""
    pairs = [Pair(row.a_id, row.b_id, row.score, ()) for row in rows]
    of_card = {pk: place for place, ids in enumerate(groups(pairs, QUEUE_FROM)) for pk in ids}
    homes: dict[int, int] = {}
    for row in rows:
        one, two = of_card.get(row.a_id), of_card.get(row.b_id)
        homes[row.pk] = one if one is not None and one == two else -row.pk
    return homes


def members_of(group: DuplicateGroup) -> list[int]:
    """The numbers of the cards of a group that still stand, in order."""
    pairs = standing_pairs().filter(group=group).values_list("a_id", "b_id")
    return sorted({pk for pair in pairs for pk in pair})


# ---- decisions ----


def mark_not_same(
    *, actor: User, clients: Sequence[Client], household: bool = False
) -> list[DuplicatePair]:
    """Says for good that these cards are different clients, each from each.

    With `household`, that they are people of one home who share a phone or an address: their cards
    are related so.
    """
    for client in clients:
        policy.require(actor, "clients.merge", client)
    if not 2 <= len(clients) <= MOST_CARDS:
        raise ValidationError(_("Choose from two cards up."))
    status, now = Status.HOUSEHOLD if household else Status.DIFFERENT, timezone.now()
    ids = sorted({client.pk for client in clients})
    with transaction.atomic():
        known = _known(ids)
        unhouse(known.values())
        decided = []
        for a, b in combinations(ids, 2):
            pair = known.get((a, b)) or DuplicatePair(a_id=a, b_id=b, score=0)
            pair.status, pair.decided_by, pair.decided_at = status, actor, now
            pair.save()
            decided.append(pair)
        if household:
            house(clients, now)
        _settle(decided)
        names = {client.pk: client.name for client in clients}
        emit_many(
            [
                NewEvent(
                    "client.not_same",
                    pk,
                    "client",
                    pk,
                    {
                        "status": str(status),
                        "others": [
                            {"id": other, "name": names[other]} for other in ids if other != pk
                        ],
                    },
                )
                for pk in ids
            ],
            actor=actor,
        )
    return decided


def reopen_pairs(*, actor: User, clients: Sequence[Client]) -> int:
    """Takes such a decision back: the pairs are in the queue again. Returns how many."""
    for client in clients:
        policy.require(actor, "clients.merge", client)
    ids = sorted({client.pk for client in clients})
    with transaction.atomic():
        pairs = [
            pair
            for pair in _known(ids).values()
            if pair.status in (Status.DIFFERENT, Status.HOUSEHOLD)
        ]
        unhouse(pairs)
        DuplicatePair.objects.filter(pk__in=[pair.pk for pair in pairs]).update(
            status=Status.OPEN, decided_by=None, decided_at=None
        )
        _settle(pairs)
    return len(pairs)


def _known(ids: Sequence[int]) -> dict[tuple[int, int], DuplicatePair]:
    rows = DuplicatePair.objects.select_for_update(of=("self",)).order_by("pk")
    return {(row.a_id, row.b_id): row for row in rows.filter(a_id__in=ids, b_id__in=ids)}


def _settle(pairs: Iterable[DuplicatePair]) -> None:
    refresh_groups({pair.group_id for pair in pairs if pair.group_id})


# ---- merging a group ----


def merge_cards(
    *,
    actor: User,
    keep: Client,
    others: Sequence[Client],
    choices: Mapping[str, int] | None = None,
    run: MergeRun | None = None,
) -> list[Merge]:
    """Merges several cards into one, in one transaction: all of them or none."""
    if len(others) >= MOST_CARDS:
        raise ValidationError(_("At most %(n)s cards at a time.") % {"n": MOST_CARDS})
    ids = {keep.pk, *(other.pk for other in others)}
    chosen = dict(choices or {})
    if not ids.issuperset(chosen.values()):
        raise ValidationError(_("There is no such choice."))
    with transaction.atomic():
        merges = []
        for drop in others:
            mine = {name: pk for name, pk in chosen.items() if pk in (keep.pk, drop.pk)}
            merges.append(merge_clients(actor=actor, keep=keep, drop=drop, choices=mine, run=run))
            # What was chosen of this card is the survivor's own now.
            chosen |= {name: keep.pk for name, pk in mine.items() if pk == drop.pk}
    return merges


def best_survivor(clients: Sequence[Client]) -> Client:
    """The card to keep when nobody chooses: most purchases, then the fullest, then the oldest.

    The facts must have been fetched with the clients.
    """
    return min(
        clients,
        key=lambda client: (
            -client.facts.orders_count,
            -client.facts.gross,
            -_filled(client),
            client.pk,
        ),
    )


def _filled(client: Client) -> int:
    return sum(
        bool(getattr(client, each.attname))
        for each in Client._meta.concrete_fields
        if each.attname not in ("id", "version")
    )
