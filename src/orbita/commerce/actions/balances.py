"""Purchases known only as totals per client."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients import facts
from orbita.clients.models import Client
from orbita.commerce.models import OpeningBalance
from orbita.commerce.sums import LARGEST_SUM
from orbita.core.events import NewEvent, emit_many
from orbita.core.models import Company, Origin


@dataclass(slots=True, kw_only=True)
class BalanceData:
    """What a sheet says in total; `total` in minor units of the base currency."""

    client_id: int
    total: int
    orders_count: int | None = None
    first_on: date | None = None
    last_on: date | None = None
    service: str = ""


def set_opening_balance(*, actor: User, client: Client, data: BalanceData) -> OpeningBalance:
    """Sets or replaces the client's purchases known from totals."""
    policy.require(actor, "clients.edit", client)
    sentence = balance_fault(data)
    if sentence:
        raise ValidationError(sentence)
    data.client_id = client.pk
    set_opening_balances([data], actor=actor, event_origin=Origin.LIVE)
    return OpeningBalance.objects.get(client=client)


def remove_opening_balance(*, actor: User, client: Client) -> None:
    policy.require(actor, "clients.edit", client)
    remove_opening_balances([client.pk], actor=actor, event_origin=Origin.LIVE)


def balance_fault(data: BalanceData) -> str:
    """Why the totals cannot be kept, or ""."""
    if not 0 <= data.total <= LARGEST_SUM or not 0 <= (data.orders_count or 0) < 2**31:
        return _("Enter a sum from zero up.")
    if data.first_on and data.last_on and data.first_on > data.last_on:
        return _("The first order cannot be later than the last.")
    return ""


def set_opening_balances(
    rows: Sequence[BalanceData], *, actor: User, event_origin: str = Origin.IMPORT
) -> None:
    """Sets many balances at once. The caller has checked the rows and the right to import."""
    with transaction.atomic():
        OpeningBalance.objects.bulk_create(
            [
                OpeningBalance(
                    client_id=row.client_id,
                    total=row.total,
                    orders_count=row.orders_count,
                    first_on=row.first_on,
                    last_on=row.last_on,
                    service=row.service[:300],
                )
                for row in rows
            ],
            update_conflicts=True,
            unique_fields=["client"],
            update_fields=["total", "orders_count", "first_on", "last_on", "service"],
            batch_size=1000,
        )
        facts.refresh((row.client_id for row in rows), origin=event_origin)
        currency = Company.current().currency
        emit_many(
            [
                NewEvent(
                    "balance.set",
                    row.client_id,
                    data={
                        "total": row.total,
                        "currency": currency,
                        "orders": row.orders_count,
                        "first_on": row.first_on,
                        "last_on": row.last_on,
                    },
                )
                for row in rows
            ],
            actor=actor,
            origin=event_origin,
        )


def remove_opening_balances(
    client_ids: Iterable[int], *, actor: User, event_origin: str = Origin.IMPORT
) -> None:
    """Removes many balances at once: the undo of an import."""
    with transaction.atomic():
        gone = OpeningBalance.objects.filter(client_id__in=list(client_ids))
        totals = dict(gone.values_list("client_id", "total"))
        gone.delete()
        facts.refresh(totals, origin=event_origin)
        currency = Company.current().currency
        emit_many(
            [
                NewEvent("balance.removed", pk, data={"total": total, "currency": currency})
                for pk, total in totals.items()
            ],
            actor=actor,
            origin=event_origin,
        )
