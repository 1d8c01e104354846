"""Work on a selection of deals at once."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.core.events import NewEvent, emit_many
from orbita.work.models import Deal

CHUNK = 2000
Told = Callable[[Deal], dict[str, Any]]


def delete_deals(*, actor: User, deals: QuerySet[Deal]) -> tuple[datetime, int]:
    """Moves the deals that the actor may delete to the bin.

    Returns the moment, which names the batch for `restore_deals`, and how many went.
    """
    policy.require(actor, "deals.delete")
    now = timezone.now()
    mine = Deal.objects.within(actor, "deals.delete").filter(pk__in=deals.order_by().values("pk"))
    return now, _change(mine, "deal.deleted", actor, deleted_at=now)


def restore_deals(*, actor: User, deleted_at: datetime) -> int:
    """Takes a batch of `delete_deals` out of the bin; how many."""
    policy.require(actor, "deals.delete")
    batch = Deal.objects.binned(actor).filter(deleted_at=deleted_at)
    return _change(batch, "deal.restored", actor, deleted_at=None)


def restore_chosen_deals(*, actor: User, deals: QuerySet[Deal]) -> int:
    """Takes the deals that the actor may restore out of the bin; how many."""
    policy.require(actor, "deals.delete")
    binned = Deal.objects.binned(actor).filter(pk__in=deals.order_by().values("pk"))
    return _change(binned, "deal.restored", actor, deleted_at=None)


def assign_deals(*, actor: User, deals: QuerySet[Deal], responsible: User) -> int:
    """Gives the deals that the actor may change to somebody else; how many were not his yet.

    Raises `ValidationError` when the account of the person is closed.
    """
    policy.require(actor, "deals.edit")
    if responsible.is_service or not responsible.is_active:
        raise ValidationError(
            {"responsible": _("This person cannot be responsible: his account is closed.")}
        )
    mine = Deal.objects.within(actor, "deals.edit").filter(pk__in=deals.order_by().values("pk"))

    def told(deal: Deal) -> dict[str, Any]:
        return {
            "before": {"responsible": deal.responsible.name if deal.responsible else None},
            "after": {"responsible": responsible.name},
        }

    return _change(
        mine.exclude(responsible=responsible), "deal.changed", actor, told, responsible=responsible
    )


def _change(
    deals: QuerySet[Deal], kind: str, actor: User, told: Told | None = None, **values: Any
) -> int:
    """Updates in chunks, each a transaction of its own with its events."""
    ids = list(deals.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), CHUNK):
        with transaction.atomic():
            _change_chunk(ids[start : start + CHUNK], kind, actor, told, values)
    return len(ids)


def _change_chunk(
    ids: Sequence[int], kind: str, actor: User, told: Told | None, values: dict[str, Any]
) -> None:
    held = Deal.objects.select_for_update(of=("self",), no_key=True)
    chunk = list(held.select_related("responsible").filter(pk__in=ids))
    rows = Deal.objects.filter(pk__in=[deal.pk for deal in chunk])
    rows.update(**values, version=F("version") + 1, updated_at=timezone.now())
    emit_many(
        [
            NewEvent(
                kind,
                deal.client_id,
                "deal",
                deal.pk,
                {"name": deal.name, "amount": deal.amount, "currency": deal.currency}
                | (told(deal) if told else {}),
            )
            for deal in chunk
        ],
        actor=actor,
    )
