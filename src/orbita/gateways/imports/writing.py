"""Writes one chunk of an import: clients, their companies, totals, orders, products.

Everything happens inside the caller's transaction, with the journal that the undo goes by.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from orbita.accounts.models import User
from orbita.clients.actions.loading import (
    LinkData,
    load_clients,
    load_links,
    update_clients,
)
from orbita.clients.models import Client, CompanyPerson
from orbita.clients.records import ClientData
from orbita.commerce.actions import load_orders
from orbita.commerce.models import Order
from orbita.commerce.records import LineData, OrderData
from orbita.core.sentences import Sentence, keep
from orbita.core.sentences import Sentence as _
from orbita.gateways.imports import own_cells
from orbita.gateways.imports.balances import Balances
from orbita.gateways.imports.catalogue import Catalogue
from orbita.gateways.imports.consents import write_answers
from orbita.gateways.imports.journal import Journal, Subject
from orbita.gateways.imports.matching import Matcher, agree, person_of
from orbita.gateways.imports.records import Batch, ClientRow, OrderGroup, Rejected
from orbita.gateways.models import Import

CREATED, UPDATED, UNCHANGED, REJECTED = "created", "updated", "unchanged", "rejected"


@dataclass(slots=True)
class Resolved:
    """What became of a client's row."""

    client_id: int | None = None
    outcome: str = UNCHANGED
    reason: Sentence | str = ""


class Writer:
    """After `write`, `resolved` tells what became of each row taken, and `journal` of the rest."""

    def __init__(self, batch: Import, actor: User) -> None:
        self._batch, self._actor = batch, actor
        self._matcher = Matcher(batch, actor)
        self._marks = {"import": batch.pk}
        columns = frozenset((batch.mapping or {}).get("columns", {}).values())
        self._defaults = {name: own_cells.defaults(name, columns) for name in ("client", "order")}
        self._defaults["linked"] = own_cells.defaults("client", ())

    def write(self, batch: Batch) -> dict[str, int]:
        """Applies the chunk; how many source rows had which outcome, and how many were noted."""
        self.journal = self._journal = Journal(self._batch)
        self._matcher.fresh = set()
        self.resolved: dict[int, Resolved] = {}
        counts: Counter[str] = Counter()
        for refused in batch.rejected:
            self._journal.rejected(refused)
            counts[REJECTED] += 1
        if batch.clients:
            for row, resolved in zip(batch.clients, self._clients(batch.clients), strict=True):
                counts[resolved.outcome] += 1
                self.resolved[row.number] = resolved
                if resolved.outcome == REJECTED:
                    self._journal.rejected(Rejected(row.number, keep(resolved.reason), row.cells))
        if batch.orders:
            counts.update(self._orders(batch.orders))
        if batch.products:
            counts.update(Catalogue(self._batch, self._actor, self._journal).write(batch.products))
        counts["noted"] = self._journal.notes
        self._journal.write()
        return dict(counts)

    # -- clients

    def _clients(self, rows: Sequence[ClientRow]) -> list[Resolved]:
        """Makes and changes clients; a row that names one of an earlier row waits for the next wave."""
        results = [Resolved() for _row in rows]
        waiting = list(range(len(rows)))
        while waiting:
            waiting = self._wave(rows, waiting, results)
        linked = [
            (row, one)
            for row, one in zip(rows, results, strict=True)
            if row.linked and one.client_id
        ]
        if linked:
            self._link(linked)
        self._say(rows, results)
        balances = Balances(self._batch, self._actor, self._journal)
        for place in balances.write(
            [
                (row.number, one.client_id, row.totals)
                for row, one in zip(rows, results, strict=True)
            ]
        ):
            if results[place].outcome == UNCHANGED:
                results[place].outcome = UPDATED
        for place in self._answers(rows, results):
            if results[place].outcome == UNCHANGED:
                results[place].outcome = UPDATED
        return results

    def _answers(self, rows: Sequence[ClientRow], results: Sequence[Resolved]) -> set[int]:
        """Writes down who agreed to advertising; the places where that was new."""
        said = [
            (row.number, one.client_id, one.outcome == CREATED, row.agreed)
            for row, one in zip(rows, results, strict=True)
        ]
        return write_answers(self._batch, self._actor, self._journal, said)

    def _say(self, rows: Sequence[ClientRow], results: Sequence[Resolved]) -> None:
        """Keeps who recommended whom until all rows are in."""
        skips = self._batch.on_match == Import.OnMatch.SKIP
        for row, one in zip(rows, results, strict=True):
            if row.recommended_by and one.client_id and not (skips and one.outcome != CREATED):
                label, text = row.recommended_by
                said = {"label": label, "text": text}
                self._journal.changed(Subject.SAID, one.client_id, row.number, 1, said)

    def _wave(
        self, rows: Sequence[ClientRow], places: Sequence[int], results: list[Resolved]
    ) -> list[int]:
        found = self._matcher.find([rows[place].client for place in places])
        new: list[int] = []
        known: dict[int, int] = {}
        later: list[int] = []
        for place, one in zip(places, found, strict=True):
            if one.refused:
                results[place] = Resolved(None, REJECTED, one.refused)
            elif one.twin is not None or one.client_id in known:
                later.append(place)
            elif one.client_id is not None:
                known[one.client_id] = place
            else:
                new.append(place)
        self._create(rows, new, results)
        self._change(rows, known, results)
        at = dict(zip(places, found, strict=True))
        for place in new:
            self._note(
                rows[place], results[place], at[place].like_id, at[place].like_twin, places, results
            )
        return later

    def _create(
        self, rows: Sequence[ClientRow], places: Sequence[int], results: list[Resolved]
    ) -> None:
        ids = load_clients(
            [rows[place].client for place in places],
            actor=self._actor,
            marks=self._marks,
            defaults=self._defaults["client"],
        )
        self._matcher.fresh.update(ids)
        for place, pk in zip(places, ids, strict=True):
            results[place] = Resolved(pk, CREATED)
            self._journal.created(Subject.CLIENT, pk, rows[place].number)

    def _change(
        self, rows: Sequence[ClientRow], known: dict[int, int], results: list[Resolved]
    ) -> None:
        changed = update_clients(
            [(pk, rows[place].client) for pk, place in known.items()],
            actor=self._actor,
            on_match=self._batch.on_match,
            marks=self._marks,
        )
        for (pk, place), one in zip(known.items(), changed, strict=True):
            results[place] = Resolved(pk, UPDATED if one else UNCHANGED)
            if one:
                self._journal.changed(
                    Subject.CLIENT,
                    pk,
                    rows[place].number,
                    one.version,
                    {"before": one.before, "after": one.after},
                )

    def _note(
        self,
        row: ClientRow,
        one: Resolved,
        like_id: int | None,
        like_twin: int | None,
        places: Sequence[int],
        results: list[Resolved],
    ) -> None:
        if like_id is None and like_twin is not None:
            like_id = results[places[like_twin]].client_id
        reasons = []
        if like_id is not None:
            reasons.append(_("Somebody with this phone, e-mail or INN is known already."))
        if row.doubts:
            reasons.append(
                _("Kept as typed, for it could not be understood: %(columns)s.")
                % {"columns": row.doubts}
            )
        if reasons and one.client_id:
            self._journal.noted(row.number, keep(*reasons), one.client_id, like_id)

    # -- companies of people, people of companies

    def _link(self, pairs: Sequence[tuple[ClientRow, Resolved]]) -> None:
        """Finds or makes the other side of each pair and ties them.

        The other side is known when it is tied already, or when this import has made it: a company
        of the same ИНН, or of the same name.
        """
        tied = self._tied([one.client_id or 0 for _row, one in pairs])
        companies = self._companies([row for row, _one in pairs])
        links: list[tuple[int, LinkData]] = []
        new: dict[tuple[str, ...], list[tuple[ClientRow, int]]] = defaultdict(list)
        for row, one in pairs:
            assert row.linked is not None and one.client_id is not None  # noqa: S101, PT018
            other, pk = row.linked.client, one.client_id
            if any(agree(person_of(other), known) for known in tied.get(pk, ())):
                continue
            if other.kind == "company":
                known_id = companies.get(_company_key(other))
                if known_id:
                    links.append((row.number, LinkData(known_id, pk, row.linked.position)))
                else:
                    new[_company_key(other)].append((row, pk))
            else:
                new["person", str(pk), other.name_key].append((row, pk))
        firsts = [group[0][0] for group in new.values()]
        made = load_clients(
            [row.linked.client for row in firsts if row.linked],
            actor=self._actor,
            marks=self._marks,
            defaults=self._defaults["linked"],
        )
        for made_id, group in zip(made, new.values(), strict=True):
            self._journal.created(Subject.CLIENT, made_id, group[0][0].number)
            for row, pk in group:
                assert row.linked is not None  # noqa: S101
                company, person = (
                    (made_id, pk) if row.linked.client.kind == "company" else (pk, made_id)
                )
                links.append((row.number, LinkData(company, person, row.linked.position)))
        ids = load_links([link for _number, link in links], actor=self._actor)
        for (number, _link), link_id in zip(links, ids, strict=True):
            if link_id:
                self._journal.created(Subject.LINK, link_id, number)

    def _tied(self, ids: Iterable[int]) -> dict[int, list[Any]]:
        """Names of those who are tied to the clients already."""
        tied: dict[int, list[Any]] = defaultdict(list)
        wanted = list(ids)
        for mine, other in (("person", "company"), ("company", "person")):
            rows = CompanyPerson.objects.filter(**{f"{mine}_id__in": wanted}).select_related(other)
            for row in rows:
                card: Client = getattr(row, other)
                tied[getattr(row, f"{mine}_id")].append(
                    person_of(
                        ClientData(
                            kind=card.kind,
                            name=card.name,
                            name_key=card.name_key,
                            last_name=card.last_name,
                            first_name=card.first_name,
                            middle_name=card.middle_name,
                        )
                    )
                )
        return tied

    def _companies(self, rows: Iterable[ClientRow]) -> dict[tuple[str, ...], int]:
        """Companies that this import has made or changed, by ИНН or name."""
        wanted = [
            row.linked.client for row in rows if row.linked and row.linked.client.kind == "company"
        ]
        if not wanted:
            return {}
        mine = self._batch.changes.filter(subject=Subject.CLIENT).values("subject_id")
        found = Client.objects.alive().filter(
            kind=Client.Kind.COMPANY, name_key__in=[one.name_key for one in wanted], pk__in=mine
        )
        companies: dict[tuple[str, ...], int] = {}
        for pk, inn, key in found.order_by("pk").values_list("pk", "inn", "name_key"):
            companies.setdefault(("inn", inn, key) if inn else ("name", key), pk)
        return companies

    # -- orders

    def _orders(self, groups: Sequence[OrderGroup]) -> Counter[str]:
        counts: Counter[str] = Counter()
        clients = self._clients_of(groups)
        products = Catalogue(self._batch, self._actor, self._journal).of_lines(groups)
        ready: list[OrderGroup] = []
        rows: list[OrderData] = []
        for group in groups:
            one = clients[group.external_id]
            if one.outcome == REJECTED:
                self._reject(group, one.reason, counts)
                continue
            ready.append(group)
            rows.append(_order_data(group, one.client_id, products))
        loaded = load_orders(
            rows,
            actor=self._actor,
            origin=self._batch.source,
            on_match=self._batch.on_match,
            defaults=self._defaults["order"],
        )
        for group, result in zip(ready, loaded, strict=True):
            outcome = str(result.outcome)
            if outcome == REJECTED or result.order_id is None:
                self._reject(group, result.reason, counts)
                continue
            if outcome == CREATED:
                self._journal.created(Subject.ORDER, result.order_id, group.number)
            elif outcome == UPDATED and result.before is not None:
                self._journal.changed(
                    Subject.ORDER,
                    result.order_id,
                    group.number,
                    result.version,
                    _plain(result.before),
                )
            elif clients[group.external_id].outcome != UNCHANGED:
                outcome = UPDATED
            counts[outcome] += group.rows
            for number, _cells in group.cells:
                self.resolved[number] = Resolved(clients[group.external_id].client_id, outcome)
        return counts

    def _reject(self, group: OrderGroup, reason: Sentence | str, counts: Counter[str]) -> None:
        for number, cells in group.cells:
            self._journal.rejected(Rejected(number, keep(reason), cells))
        counts[REJECTED] += group.rows

    def _clients_of(self, groups: Sequence[OrderGroup]) -> dict[str, Resolved]:
        """The client of each order, made or changed where the sheet says so.

        An order that is known already names its client better than a phone does.
        """
        owners = dict(
            Order.objects.filter(
                origin=self._batch.source,
                external_id__in=[group.external_id for group in groups],
                client__isnull=False,
            ).values_list("external_id", "client_id")
        )
        results: dict[str, Resolved] = {}
        # Rows of one client mostly repeat one another: each different record is dealt with once.
        distinct: dict[bytes, tuple[ClientRow, list[str]]] = {}
        for group in groups:
            if group.client is None:
                results[group.external_id] = Resolved()
            elif not group.client.client.numbers and group.external_id in owners:
                results[group.external_id] = Resolved(owners[group.external_id])
            else:
                key = group.client.client.told
                distinct.setdefault(key, (group.client, []))[1].append(group.external_id)
        for (_row, names), one in zip(
            distinct.values(),
            self._clients([row for row, _names in distinct.values()]),
            strict=True,
        ):
            for name in names:
                results[name] = one
        return results


def _company_key(company: ClientData) -> tuple[str, ...]:
    return ("inn", company.inn, company.name_key) if company.inn else ("name", company.name_key)


def _order_data(group: OrderGroup, client_id: int | None, products: dict[str, int]) -> OrderData:
    return OrderData(
        lines=[
            LineData(
                name=line.name,
                product_id=products.get(line.sku) if line.sku else products.get(f"\0{line.name}"),
                quantity=line.quantity,
                price=line.price,
                discount=line.discount,
                cost=line.cost,
                ordinal=line.ordinal,
            )
            for line in group.lines
        ],
        client_id=client_id,
        kind=group.kind,
        number=group.shown_number,
        external_id=group.external_id,
        ordered_at=group.ordered_at,
        ordered_on=group.ordered_on,
        status=group.status,
        currency=group.currency,
        discount=group.discount,
        payment=group.payment,
        paid=group.paid,
        delivery=group.delivery,
        delivery_method=group.delivery_method,
        delivery_address=group.delivery_address,
        promised_on=group.promised_on,
        delivered_on=group.delivered_on,
        responsible_id=group.responsible_id,
        comment=group.comment,
        own=group.own,
    )


def _plain(data: OrderData) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(data)
    return plain
