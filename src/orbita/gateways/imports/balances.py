"""Purchases known as totals per client, kept as opening balances."""

from collections.abc import Sequence
from typing import Any

from orbita.accounts.models import User
from orbita.commerce.actions import set_opening_balances
from orbita.commerce.actions.balances import BalanceData
from orbita.commerce.models import OpeningBalance
from orbita.gateways.imports.journal import Journal, Subject
from orbita.gateways.imports.records import Totals
from orbita.gateways.models import Import

FIELDS = ("total", "orders_count", "first_on", "last_on", "service")


class Balances:
    def __init__(self, batch: Import, actor: User, journal: Journal) -> None:
        self._batch, self._actor, self._journal = batch, actor, journal

    def write(self, rows: Sequence[tuple[int, int | None, Totals | None]]) -> list[int]:
        """Takes (row number, client, totals); the places of those whose balance was set or changed."""
        given = [
            (place, number, pk, totals)
            for place, (number, pk, totals) in enumerate(rows)
            if pk and totals
        ]
        if not given:
            return []
        known = OpeningBalance.objects.in_bulk([pk for _place, _number, pk, _totals in given])
        wanted: dict[int, BalanceData] = {}
        created: dict[int, int] = {}
        places = []
        for place, number, pk, totals in given:
            old = wanted.get(pk) or (_data(known[pk]) if pk in known else None)
            new = self._merged(pk, old, totals)
            if new == old:
                continue
            if pk in known:
                before = {"before": _plain(_data(known[pk])), "after": _plain(new)}
                self._journal.changed(Subject.BALANCE, pk, number, 1, before)
            else:
                created.setdefault(pk, number)
            wanted[pk] = new
            places.append(place)
        for pk, number in created.items():
            self._journal.created(Subject.BALANCE, pk, number, before={"after": _plain(wanted[pk])})
        if wanted:
            set_opening_balances(list(wanted.values()), actor=self._actor)
        return places

    def _merged(self, pk: int, old: BalanceData | None, totals: Totals) -> BalanceData:
        given = {name: getattr(totals, name) for name in FIELDS}
        if old is None:
            return BalanceData(client_id=pk, **given | {"total": totals.total or 0})
        if self._batch.on_match == Import.OnMatch.SKIP:
            return old
        kept: dict[str, Any] = {name: getattr(old, name) for name in FIELDS}
        first, second = (
            (given, kept) if self._batch.on_match == Import.OnMatch.OVERWRITE else (kept, given)
        )
        values = {name: first[name] or second[name] for name in FIELDS}
        return BalanceData(client_id=pk, **values | {"total": values["total"] or 0})


def balance_fields(row: OpeningBalance) -> dict[str, Any]:
    """What a balance says, as the journal keeps it."""
    return {name: getattr(row, name) for name in FIELDS}


def _data(row: OpeningBalance) -> BalanceData:
    return BalanceData(client_id=row.client_id, **balance_fields(row))


def _plain(data: BalanceData) -> dict[str, Any]:
    return {name: getattr(data, name) for name in FIELDS}
