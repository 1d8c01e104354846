"""Takes an import back, chunk by chunk, in the order that keeps references whole.

Orders go first, then balances, ties, clients, products and own fields. What was edited since, or has got
something attached, stays; its `ImportChange.kept` says why.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone, translation

from orbita.accounts.models import User
from orbita.clients.actions.loading import unload_links
from orbita.clients.actions.merging import undo_merges_of
from orbita.clients.actions.recommending import unload_recommendations
from orbita.clients.actions.unloading import Loaded, unload_clients
from orbita.clients.models import CompanyPerson
from orbita.clients.privacy.loading import unload_answers
from orbita.commerce.actions import (
    remove_opening_balances,
    set_opening_balances,
    unload_orders,
    unload_products,
)
from orbita.commerce.actions.balances import BalanceData
from orbita.commerce.actions.catalogue import ProductData
from orbita.commerce.models import OpeningBalance
from orbita.commerce.records import OrderData
from orbita.core import jobs
from orbita.core.events import emit
from orbita.core.models import Origin
from orbita.core.sentences import Sentence, keep
from orbita.core.sentences import Sentence as _
from orbita.core.sqlite import make_way
from orbita.gateways.imports import new_fields
from orbita.gateways.imports.balances import balance_fields
from orbita.gateways.imports.journal import Subject
from orbita.gateways.models import Import, ImportChange

CHUNK = 500
# Subject id → why it was left.
Kept = Mapping[int, Sentence | str]


def run(import_id: int, actor_id: int) -> None:
    """Undoes the import from where it stopped. Its status says UNDONE when it is through."""
    batch = Import.objects.get(pk=import_id)
    actor = User.objects.get(pk=actor_id)
    if batch.status != Import.Status.UNDOING:
        return
    with translation.override(actor.language):
        _take_merges_back(batch, actor)
        for phase, subject in enumerate(ORDER):
            _phase(batch, actor, phase, subject)
        _finish(batch, actor)


def _take_merges_back(batch: Import, actor: User) -> None:
    """Cards that the import made are parted from those they were merged with, so that what it brought
    stands on them again.
    """
    last = 0
    made = batch.changes.filter(subject__in=(Subject.CLIENT, Subject.BALANCE))
    while rows := list(
        made.filter(pk__gt=last).order_by("pk").values_list("pk", "subject_id")[:CHUNK]
    ):
        last = rows[-1][0]
        undo_merges_of(actor=actor, client_ids=[client_id for _pk, client_id in rows])


def _phase(batch: Import, actor: User, phase: int, subject: str) -> None:
    state = batch.state or {"phase": 0, "last": 0}
    if state["phase"] > phase:
        return
    last = state["last"] if state["phase"] == phase else 0
    total = batch.changes.count()
    while True:
        rows = list(batch.changes.filter(subject=subject, pk__gt=last).order_by("pk")[:CHUNK])
        if not rows:
            return
        jobs.is_cancelled()  # hands the job back when the worker stops
        make_way(connection)
        with transaction.atomic():
            last = rows[-1].pk
            batch.state = {"phase": phase, "last": last}
            _store(batch, rows, _UNDOERS[subject](rows, actor))
            batch.refresh_from_db(fields=["undone", "kept"])
            jobs.checkpoint(batch.state, done=batch.undone + batch.kept, total=total)


def _store(batch: Import, rows: Sequence[ImportChange], kept: Kept) -> None:
    left = [row for row in rows if row.subject_id in kept]
    for row in left:
        row.kept = keep(kept[row.subject_id])
    ImportChange.objects.bulk_update(left, ["kept"])
    Import.objects.filter(pk=batch.pk).update(
        state=batch.state,
        undone=F("undone") + len(rows) - len(left),
        kept=F("kept") + len(left),
    )


def _orders(rows: Sequence[ImportChange], actor: User) -> Kept:
    created = {row.subject_id: row.version for row in rows if row.is_new}
    updated = [
        (row.subject_id, row.version, msgspec.convert(_before(row), OrderData))
        for row in rows
        if not row.is_new
    ]
    return {one.order_id: one.reason for one in unload_orders(created, updated, actor=actor)}


def _balances(rows: Sequence[ImportChange], actor: User) -> Kept:
    known = OpeningBalance.objects.in_bulk([row.subject_id for row in rows])
    kept: dict[int, Sentence | str] = {}
    gone: list[int] = []
    back: list[BalanceData] = []
    for row in rows:
        balance = known.get(row.subject_id)
        told = _before(row)
        if balance is None:
            continue
        if msgspec.to_builtins(balance_fields(balance)) != told["after"]:
            kept[row.subject_id] = _("It was changed after the import.")
        elif row.is_new:
            gone.append(row.subject_id)
        else:
            before = msgspec.convert(told["before"] | {"client_id": row.subject_id}, BalanceData)
            back.append(before)
    remove_opening_balances(gone, actor=actor, event_origin=Origin.RESTORE)
    set_opening_balances(back, actor=actor, event_origin=Origin.RESTORE)
    return kept


def _links(rows: Sequence[ImportChange], actor: User) -> Kept:
    ids = [row.subject_id for row in rows]
    given_a_role = CompanyPerson.objects.filter(pk__in=ids).exclude(role="")
    kept = {
        pk: _("The person was given a role in the company after the import.")
        for pk in given_a_role.values_list("pk", flat=True)
    }
    unload_links([pk for pk in ids if pk not in kept], actor=actor)
    return kept


def _clients(rows: Sequence[ImportChange], actor: User) -> Kept:
    created = {row.subject_id: row.version for row in rows if row.is_new}
    updated = [
        Loaded(row.subject_id, row.version, told["before"], told["after"])
        for row in rows
        if not row.is_new
        for told in [_before(row)]
    ]
    return {one.client_id: one.reason for one in unload_clients(created, updated, actor=actor)}


def _products(rows: Sequence[ImportChange], actor: User) -> Kept:
    created = {row.subject_id: row.version for row in rows if row.is_new}
    updated = [
        (row.subject_id, row.version, msgspec.convert(_before(row), ProductData))
        for row in rows
        if not row.is_new
    ]
    return dict(unload_products(created, updated, actor=actor))


def _relations(rows: Sequence[ImportChange], actor: User) -> Kept:
    unload_recommendations([row.subject_id for row in rows], actor=actor)
    return {}


def _answers(rows: Sequence[ImportChange], actor: User) -> Kept:
    unload_answers([row.subject_id for row in rows], actor=actor)
    return {}


def _fields(rows: Sequence[ImportChange], actor: User) -> Kept:
    return new_fields.put_away(actor, [row.subject_id for row in rows])


_UNDOERS: dict[str, Callable[[Sequence[ImportChange], User], Kept]] = {
    Subject.ORDER: _orders,
    Subject.BALANCE: _balances,
    Subject.LINK: _links,
    Subject.RELATION: _relations,
    Subject.CONSENT: _answers,
    Subject.CLIENT: _clients,
    Subject.PRODUCT: _products,
    Subject.FIELD: _fields,
}
ORDER = tuple(_UNDOERS)


def _before(row: ImportChange) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.json.decode(row.before)
    return told


def _finish(batch: Import, actor: User) -> None:
    with transaction.atomic():
        batch.refresh_from_db()
        batch.status, batch.undone_at = Import.Status.UNDONE, timezone.now()
        batch.save(update_fields=["status", "undone_at"])
        emit(
            "import.undone",
            actor=actor,
            subject_type="import",
            subject_id=batch.pk,
            data={"file": batch.file_name, "undone": batch.undone, "kept": batch.kept},
        )
