"""Recommendations that a file tells of, many at a time, and their undo."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.actions.relations import entry_of
from orbita.clients.aliases import hold, settle
from orbita.clients.chains import above, hold_chains, leads
from orbita.clients.models import Client, Relation
from orbita.core.events import NewEvent, emit_bulk
from orbita.core.models import Origin

KIND = Relation.Kind.RECOMMENDED


@dataclass(frozen=True, slots=True)
class Recommended:
    """What became of one: the id of the new relation, or that it stands; neither when it is refused."""

    relation_id: int | None = None
    is_known: bool = False


def load_recommendations(
    pairs: Sequence[tuple[int, int]], *, actor: User, origin: str = Origin.IMPORT
) -> list[Recommended]:
    """Says of clients who recommended them: pairs of the client and of the other, by id.

    Refused is whoever recommends himself, a second one, and a circle.
    """
    policy.require(actor, "clients.import")
    with transaction.atomic():
        ids = {pk for pair in pairs for pk in pair}
        hold_chains(ids)
        known_above = above(KIND, ids)
        results: list[Recommended] = []
        fresh: list[Relation] = []
        for client_id, other_id in pairs:
            known = known_above.get(client_id) == other_id
            refused = not known and (
                client_id in known_above or leads(known_above, other_id, client_id)
            )
            if not known and not refused:
                known_above[client_id] = other_id
                fresh.append(Relation(kind=KIND, client_id=client_id, other_id=other_id))
            results.append(Recommended(is_known=known))
        made = {row.client_id: row.pk for row in Relation.objects.bulk_create(fresh)}
        settle(sorted({pk for row in fresh for pk in (row.client_id, row.other_id)}))
        emit_bulk(_events(fresh, came=True), actor=actor, origin=origin)
    return [
        result if result.is_known else Recommended(made.pop(client_id, None))
        for result, (client_id, _other) in zip(results, pairs, strict=True)
    ]


def unload_recommendations(
    ids: Iterable[int], *, actor: User, origin: str = Origin.RESTORE
) -> None:
    """Takes recommendations off again: the undo of `load_recommendations`."""
    policy.require(actor, "clients.import")
    with transaction.atomic():
        rows = list(Relation.objects.filter(pk__in=list(ids), kind=KIND))
        hold(sorted({pk for row in rows for pk in (row.client_id, row.other_id)}))
        Relation.objects.filter(pk__in=[row.pk for row in rows]).delete()
        emit_bulk(_events(rows, came=False), actor=actor, origin=origin)


def _events(rows: Sequence[Relation], *, came: bool) -> list[NewEvent]:
    ids = {pk for row in rows for pk in (row.client_id, row.other_id)}
    cards = Client.objects.only("name", "version").in_bulk(ids)
    events = []
    for row in rows:
        row.client, row.other = cards[row.client_id], cards[row.other_id]
        told = [entry_of(row)]
        before, after = ([], told) if came else (told, [])
        for card in (row.client, row.other):
            data = {
                "before": {"relations": before},
                "after": {"relations": after},
                "version": card.version,
            }
            events.append(NewEvent("client.changed", card.pk, "client", card.pk, data))
    return events
