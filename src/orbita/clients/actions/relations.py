"""Families, branches, recommendations: who is what to whom."""

from collections.abc import Iterable
from datetime import datetime
from itertools import combinations
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.actions.people import tell_both
from orbita.clients.aliases import hold, settle
from orbita.clients.chains import hold_chains, leads_to
from orbita.clients.models import Client, DuplicatePair, Relation
from orbita.clients.relations import KINDS, SIDES, RelationKind
from orbita.core.models import Event
from orbita.core.text import clean_line

HOUSEHOLD = Relation.Kind.HOUSEHOLD


def relate(
    *,
    actor: User,
    client: Client,
    other: Client,
    side: str,
    note: str = "",
    undoes: int | None = None,
    checked: bool = False,
) -> Event | None:
    """Says what `other` is to the client (`relations.SIDES`), or changes the note of it.

    Both cards get an event. Returns the client's; None when nothing differs.
    """
    if not checked:
        policy.require(actor, "clients.edit", client)
    if side not in SIDES:
        raise ValidationError({"side": [_("There is no such relation.")]})
    kind, is_up = SIDES[side]
    note = clean_line(note)
    if len(note) > 200:
        raise ValidationError({"note": [_("At most %(n)s characters.") % {"n": 200}]})
    lower, upper = (client, other) if is_up else (other, client)
    with transaction.atomic():
        (hold_chains if kind.single else hold)([client.pk, other.pk])
        row = between(kind.name, lower.pk, upper.pk)
        if row and not kind.is_mutual and row.client_id != lower.pk:
            raise ValidationError(_("It is the other way round already. Remove that first."))
        before = [entry_of(row)] if row else []
        row = row or _new(kind, lower, upper)
        row.note = note
        after = [entry_of(row)]
        if before == after:
            return None
        row.save()
        settle([client.pk, other.pk])
        return tell_both(actor, (client, other), "relations", before, after, undoes)


def unrelate(
    *,
    actor: User,
    client: Client,
    relation: Relation,
    undoes: int | None = None,
    checked: bool = False,
) -> Event:
    """Removes a relation of the client."""
    if not checked:
        policy.require(actor, "clients.edit", client)
    other = relation.other if relation.client_id == client.pk else relation.client
    with transaction.atomic():
        before = [entry_of(relation)]
        relation.delete()
        return tell_both(actor, (client, other), "relations", before, [], undoes)


def between(kind: str, one: int, two: int) -> Relation | None:
    """The relation of this kind between two clients, whichever stands first."""
    rows = Relation.objects.filter(kind=kind).select_related("client", "other")
    return rows.filter(Q(client=one, other=two) | Q(client=two, other=one)).first()


def _new(kind: RelationKind, lower: Client, upper: Client) -> Relation:
    if lower.pk == upper.pk:
        raise ValidationError(_("A client cannot be related to himself."))
    if not {lower.kind, upper.kind}.issubset(kind.joins):
        raise ValidationError({"side": [_join_words(kind)]})
    if kind.single:
        _check_place(kind, lower, upper)
    if kind.is_mutual and lower.pk > upper.pk:
        lower, upper = upper, lower
    return Relation(kind=kind.name, client=lower, other=upper)


def _join_words(kind: RelationKind) -> str:
    if Client.Kind.PERSON in kind.joins:
        return _("Only people can be related like this.")
    return _("Only companies can be related like this.")


def _check_place(kind: RelationKind, lower: Client, upper: Client) -> None:
    held = Relation.objects.filter(kind=kind.name, client=lower).select_related("other").first()
    words = {"name": lower.name}
    if held and kind.name == Relation.Kind.BRANCH:
        raise ValidationError(_("%(name)s has a head office already.") % words)
    if held:
        raise ValidationError(_("It is known already who recommended %(name)s.") % words)
    if leads_to(kind.name, upper.pk, lower.pk):
        raise ValidationError(_("They would stand in a circle, each above the other."))


def entry_of(row: Relation) -> dict[str, Any]:
    """The relation as events tell it."""
    return {
        "kind": str(row.kind),
        "client": row.client_id,
        "client_name": row.client.name,
        "other": row.other_id,
        "other_name": row.other.name,
        "note": row.note,
    }


# ---- decided in the queue of duplicates ----


def house(clients: Iterable[Client], at: datetime) -> None:
    """Relates people who were found to be one household, at the moment of the decision."""
    ids = sorted({client.pk for client in clients if KINDS[HOUSEHOLD].joins >= {client.kind}})
    Relation.objects.bulk_create(
        (
            Relation(kind=HOUSEHOLD, client_id=a, other_id=b, created_at=at)
            for a, b in combinations(ids, 2)
        ),
        ignore_conflicts=True,
    )


def unhouse(pairs: Iterable[DuplicatePair]) -> None:
    """Takes off what such decisions have related; what people had entered themselves stays."""
    for pair in pairs:
        if pair.status == DuplicatePair.Status.HOUSEHOLD and pair.decided_at:
            Relation.objects.filter(
                kind=HOUSEHOLD,
                client_id=pair.a_id,
                other_id=pair.b_id,
                created_at=pair.decided_at,
            ).delete()
