"""Loads the demo company into an empty base: one transaction, bulk inserts, backfilled events."""

import gc
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import models, transaction
from django.utils import timezone

from orbita.accounts.actions import create_user
from orbita.accounts.models import Role, Team, User
from orbita.analytics.actions import refresh as refresh_rfm
from orbita.clients import facts
from orbita.clients.actions.people import entry_of as place_of
from orbita.clients.actions.relations import entry_of as relation_of
from orbita.clients.collections import COLLECTIONS
from orbita.clients.contacts import read_contact, with_one_main
from orbita.clients.fields import in_bulk as own_in_bulk
from orbita.clients.models import (
    AcquisitionSource,
    Address,
    BankAccount,
    Client,
    ClientTag,
    CompanyPerson,
    ContactPoint,
    Note,
    Relation,
    Tag,
)
from orbita.clients.naming import ShownName, company_name, person_name, read_company
from orbita.clients.relations import KINDS as RELATION_KINDS
from orbita.clients.search import index_clients, index_notes
from orbita.commerce.actions import load_orders, load_products
from orbita.commerce.actions.catalogue import ProductData
from orbita.commerce.models import Cart, CartLine, ProductView
from orbita.commerce.records import LineData, OrderData
from orbita.core.bulk import insert_objects, reserve_ids
from orbita.core.events import NewEvent, emit_many
from orbita.core.models import Company, Origin
from orbita.core.text import normalise
from orbita.demo import deals, past, records, staff
from orbita.demo.chance import moment, random_for
from orbita.demo.company import SEED, generate
from orbita.demo.knowledge import lay_down
from orbita.demo.messy import write_samples
from orbita.demo.own_fields import OwnFields
from orbita.demo.requests import ask

PASSWORD = "sever-i-yug"  # noqa: S105 – printed at every start; it opens made-up data only
ORIGIN = "demo"
# Kopecks to 1/10 000 of a rouble.
_SCALE = 100
_CHUNK = 10_000

_DELIVERY_METHODS = {
    "pickup": "самовывоз",
    "courier": "курьер",
    "carrier": "транспортная компания",
    "own": "наша машина",
}
M = TypeVar("M", bound=models.Model)


def load_demo(*, now: datetime | None = None, seed: int = SEED, scale: float = 1.0) -> list[str]:
    """Loads the demo company unless it is there. Returns lines for the terminal: whom to sign in as.

    A base in which somebody already works is left alone.
    """
    if User.objects.filter(email=staff.EMPLOYEES[0].email).exists():
        return _sign_ins()
    if User.objects.filter(is_service=False).exists() or Client.objects.exists():
        return ["This base is in use: the demo company is not added to it."]
    now = now or timezone.now()
    today = Company(time_zone="Europe/Moscow").business_date(now)
    with _without_collector():
        base = generate(today, seed=seed, scale=scale)
        with transaction.atomic():
            _Loader(base, now, seed, scale).load()
    refresh_rfm(history=True)
    write_samples(_samples(), today)
    return _sign_ins()


@contextmanager
def _without_collector() -> Iterator[None]:
    """Nothing here is garbage before the end: looking for it takes a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _sign_ins() -> list[str]:
    width = max(len(employee.email) for employee in staff.EMPLOYEES)
    rows = [f"  {e.email:<{width}}  {e.name}, {e.role}" for e in staff.EMPLOYEES]
    return [
        f"Sign in with the password {PASSWORD} as:",
        *rows,
        f"Untidy files to try the import on: {_samples()}",
    ]


def _samples() -> Path:
    return Path(settings.ORBITA_DATA) / "samples"


class _Loader:
    def __init__(self, base: records.DemoBase, now: datetime, seed: int, scale: float) -> None:
        self._base, self._now, self._seed, self._scale = base, now, seed, scale
        self._midnight = moment(base.today.toordinal(), 0)
        # Event rows by the index of the employee who acted; None is nobody known.
        self._events: dict[int | None, list[NewEvent]] = defaultdict(list)

    def load(self) -> None:
        self._company = Company.objects.first() or Company()
        self._company.name = self._base.company
        self._company.save()
        self._load_users()
        self._load_catalogue()
        self._own = OwnFields(self._admin, self._seed)
        self._load_clients()
        self._load_contacts()
        self._load_talks()
        self._load_orders()
        self._load_carts()
        self._load_deals()
        for author, rows in self._events.items():
            actor = None if author is None else self._users[author]
            emit_many(rows, actor=actor, origin=Origin.BACKFILL)
        facts.refresh(self._client_ids, origin=Origin.BACKFILL)
        index_clients(self._client_ids, fresh=True)
        index_notes(list(Note.objects.values_list("pk", flat=True)))
        lay_down(self._users, self._base.today)
        ask(self._users, self._base.today)

    def _at(self, when: datetime) -> datetime:
        """Squeezes today's moments into the part of today that is over."""
        if when < self._midnight:
            return when
        passed = min(max((self._now - self._midnight) / timedelta(days=1), 0.0), 1.0)
        squeezed = self._midnight + (when - self._midnight) * passed
        return squeezed.replace(second=0, microsecond=0)

    def _user_id(self, employee: int | None) -> int | None:
        return None if employee is None else int(self._users[employee].pk)

    def _load_users(self) -> None:
        roles = {role.key: role for role in Role.objects.exclude(key=None)}
        teams = {name: Team.objects.create(name=name) for name in self._base.teams}
        self._users = [
            create_user(
                actor=None,
                email=employee.email,
                name=employee.name,
                role=roles[employee.role],
                team=teams.get(employee.team),
            )
            for employee in self._base.employees
        ]
        self._admin = self._users[0]
        # One slow hash for all instead of one each: the first start waits for it.
        hashed = make_password(PASSWORD)
        User.objects.filter(pk__in=[user.pk for user in self._users]).update(password=hashed)

    # --------------------------------------------------------------- catalogue

    def _load_catalogue(self) -> None:
        rows = [
            ProductData(
                kind="service" if made.is_service else "good",
                name=made.name,
                sku=made.sku,
                group=made.group,
                unit=made.unit,
                price=made.prices[-1].price * _SCALE,
                cost=made.prices[-1].cost * _SCALE,
                is_active=made.sold_until is None,
                prices=[
                    (self._morning(price.since), price.price * _SCALE, price.cost * _SCALE)
                    for price in made.prices
                ],
            )
            for made in self._base.products
        ]
        self._products = load_products(rows, actor=self._admin, event_origin=Origin.BACKFILL)

    def _morning(self, day: date) -> datetime:
        return datetime.combine(day, time(6), tzinfo=self._company.zone)

    # ----------------------------------------------------------------- clients

    def _load_clients(self) -> None:
        made = self._base.clients
        sources = _by_name(AcquisitionSource, [client.source for client in made if client.source])
        # Numbers follow the order in which clients were recorded.
        order = sorted(range(len(made)), key=lambda index: (self._at(made[index].created), index))
        self._client_ids = [0] * len(made)
        for pk, index in zip(reserve_ids(Client, len(made)), order, strict=True):
            self._client_ids[index] = pk
        own = {client.index: self._own.of(client) for client in made}
        rows = [self._client(client, sources, own[client.index]) for client in made]
        insert_objects(sorted(rows, key=lambda row: row.pk))
        own_in_bulk.mark((self._client_ids[at], values) for at, values in own.items() if values)
        self._cards = {row.pk: row for row in rows}

    def _client(
        self,
        made: records.Client,
        sources: dict[str, AcquisitionSource],
        own: dict[str, Any] | None,
    ) -> Client:
        name, papers = made.person, made.requisites
        if name:
            shown, form = person_name(name.last, name.first, name.middle), ""
        elif made.goes_by_papers:
            read = read_company(made.name)
            shown, form = ShownName(read.name, read.key), read.legal_form
        else:
            shown, form = company_name(made.name), ""
        created = self._at(made.created)
        return Client(
            pk=self._client_ids[made.index],
            kind=made.kind,
            name=shown.name,
            name_key=shown.key,
            last_name=name.last if name else "",
            first_name=name.first if name else "",
            middle_name=name.middle if name else "",
            sex=name.sex if name else "",
            legal_form=form,
            legal_name=papers.legal_name if papers else "",
            inn=papers.inn if papers else "",
            kpp=papers.kpp if papers else "",
            ogrn=papers.ogrn if papers else "",
            birthday=made.birthday,
            birthday_md=made.birthday.month * 100 + made.birthday.day if made.birthday else None,
            occupation=made.occupation,
            position=made.position,
            income_level=made.income,
            family=made.family,
            education=made.education,
            hobbies=", ".join(made.hobbies),
            interests=", ".join(made.interests),
            source=sources.get(made.source),
            responsible_id=self._user_id(made.responsible),
            preferred_channel=made.channel,
            payment_terms=made.payment_terms,
            delivery_terms=made.delivery_terms,
            special_terms=made.special_terms,
            difficulties=made.difficulties,
            working_hours=made.hours,
            time_zone=made.city.zone,
            comment=f"Конкуренты: {made.competitors}." if made.competitors else "",
            city=made.city.name,
            own=own_in_bulk.as_json(own),
            created_at=created,
            updated_at=created,
        )

    def _load_contacts(self) -> None:
        contacts: list[ContactPoint] = []
        addresses: list[Address] = []
        accounts: list[BankAccount] = []
        people: list[CompanyPerson] = []
        tags = _by_name(Tag, [tag for client in self._base.clients for tag in client.tags])
        marks: list[ClientTag] = []
        for made in self._base.clients:
            pk = self._client_ids[made.index]
            contacts += _contacts(pk, made)
            addresses += _addresses(pk, made)
            marks += [ClientTag(client_id=pk, tag=tags[tag]) for tag in made.tags]
            if papers := made.requisites:
                accounts.append(
                    BankAccount(
                        client_id=pk, bank=papers.bank, bik=papers.bik, account=papers.account
                    )
                )
            people += [
                CompanyPerson(
                    company_id=pk,
                    person_id=self._client_ids[colleague.person.index],
                    role=colleague.role,
                    position=colleague.position,
                    since=colleague.since,
                    until=colleague.until,
                )
                for colleague in made.people
            ]
        relations = [self._relation(made) for made in self._base.relations]
        for rows in (contacts, addresses, accounts, people, marks, relations):
            insert_objects(rows)
        self._tell_cards()

    def _tell_cards(self) -> None:
        """How the cards were made and changed, as the log keeps it."""
        parts = _parts()
        users = {user.pk: user for user in self._users}
        rng = random_for(self._seed, 11)
        for made in self._base.clients:
            card = self._cards[self._client_ids[made.index]]
            told = past.tell(rng, card, parts[card.pk], users, made.source or "", self._now)
            data = {"after": told.after, "version": 1}
            self._event("client.created", made.responsible, made.index, made.created, data)
            for at, sides in told.changes:
                self._event("client.changed", made.responsible, made.index, at, sides)

    def _relation(self, made: records.Relation) -> Relation:
        client, other = self._client_ids[made.client], self._client_ids[made.other]
        if RELATION_KINDS[made.kind].is_mutual:
            client, other = sorted((client, other))
        return Relation(client_id=client, other_id=other, kind=made.kind, note=made.note)

    def _load_talks(self) -> None:
        talks = [(made.index, talk) for made in self._base.clients for talk in made.talks]
        notes: list[Note] = []
        for pk, (client, talk) in zip(reserve_ids(Note, len(talks)), talks, strict=True):
            at = self._at(talk.at)
            notes.append(
                Note(
                    pk=pk,
                    client_id=self._client_ids[client],
                    kind=talk.kind,
                    text=talk.text,
                    happened_at=at,
                    author_id=self._user_id(talk.author),
                    created_at=at,
                )
            )
            told = {"kind": talk.kind, "text": talk.text, "files": []}
            self._event("note.added", talk.author, client, talk.at, told, ("note", pk))
        insert_objects(notes)

    # ------------------------------------------------------------------ orders

    def _load_orders(self) -> None:
        made = self._base.orders
        self._order_ids = ids = self._write_orders([self._order(order) for order in made])
        returned = [
            (refund, order, pk)
            for order, pk in zip(made, ids, strict=True)
            if (refund := order.refund) is not None
        ]
        returned.sort(key=lambda each: each[0].at)
        self._write_orders([self._return(*each) for each in returned])
        for order, pk in zip(made, ids, strict=True):
            if order.status == "cancelled":
                told = {
                    "number": str(pk),
                    "kind": "sale",
                    "total": order.total,
                    "currency": self._company.currency,
                    "reason": order.note,
                }
                subject = ("order", pk)
                self._event("order.cancelled", order.author, order.client, order.at, told, subject)

    def _write_orders(self, rows: Sequence[OrderData]) -> list[int]:
        """Loads orders of our own, so they are numbered by their keys; returns these."""
        ids: list[int] = []
        for start in range(0, len(rows), _CHUNK):
            results = load_orders(
                rows[start : start + _CHUNK],
                actor=self._admin,
                origin="",
                event_origin=Origin.BACKFILL,
                event_per_order=True,
            )
            for result in results:
                if result.order_id is None:
                    raise ValueError(f"an order of the demo company was refused: {result.reason}")
                ids.append(result.order_id)
        return ids

    def _order(self, made: records.Order) -> OrderData:
        client = self._base.clients[made.client]
        address = next((a for a in client.addresses if a.kind == "delivery"), None)
        brought = made.delivery not in ("", "pickup")
        return OrderData(
            lines=[
                self._line(ordinal, line, line.quantity, line.discount)
                for ordinal, line in enumerate(made.lines, start=1)
            ],
            client_id=self._client_ids[made.client],
            ordered_at=self._at(made.at),
            status="confirmed" if made.status == "shipped" else made.status,
            payment="" if made.status == "cancelled" else _payment(made),
            paid=made.paid,
            delivery=_delivery(made),
            delivery_method=_DELIVERY_METHODS.get(made.delivery, ""),
            delivery_address=f"{address.city.name}, {address.line}" if address and brought else "",
            promised_on=made.promised,
            delivered_on=made.delivered,
            responsible_id=self._user_id(made.author),
            comment=made.note,
        )

    def _line(self, ordinal: int, line: records.Line, quantity: int, discount: int) -> LineData:
        product = self._products[line.product]
        return LineData(
            name=product.name,
            product_id=product.pk,
            quantity=quantity * 1000,
            price=line.price * _SCALE,
            discount=discount,
            cost=line.cost * quantity,
            ordinal=ordinal,
        )

    def _return(self, made: records.Return, order: records.Order, pk: int) -> OrderData:
        lines = [
            self._line(n + 1, line, count, line.discount_on(count))
            for n, count in made.items
            for line in [order.lines[n]]
        ]
        return OrderData(
            kind="return",
            number=f"{pk}-В",
            return_of_id=pk,
            lines=lines,
            client_id=self._client_ids[order.client],
            ordered_at=self._at(made.at),
            status="done",
            payment="refunded",
            paid=made.amount,
            responsible_id=self._user_id(order.author),
            comment=made.reason,
        )

    def _load_carts(self) -> None:
        carts, lines = [], []
        ids = reserve_ids(Cart, len(self._base.carts))
        for pk, made in zip(ids, self._base.carts, strict=True):
            at, total = self._at(made.at), 0
            for ordinal, (index, quantity) in enumerate(made.items, start=1):
                product = self._products[index]
                price = product.price or 0
                total += price * quantity // _SCALE
                lines.append(
                    CartLine(
                        cart_id=pk,
                        ordinal=ordinal,
                        product=product,
                        name=product.name,
                        quantity=quantity * 1000,
                        price=price,
                    )
                )
            carts.append(
                Cart(
                    pk=pk,
                    client_id=self._client_ids[made.client],
                    origin=ORIGIN,
                    external_id=f"cart-{pk}",
                    total=total,
                    created_at=at,
                    changed_at=at,
                )
            )
        views = [
            ProductView(
                client_id=self._client_ids[view.client],
                product=self._products[view.product],
                viewed_at=self._at(view.at),
            )
            for view in self._base.views
        ]
        for rows in (carts, lines, views):
            insert_objects(rows)

    def _load_deals(self) -> None:
        def tell(author: int | None, event: NewEvent) -> None:
            at = self._at(event.happened_at or self._now)
            self._events[author].append(replace(event, happened_at=at))

        drawn = deals.draw(self._base, self._seed, self._scale)
        book = deals.Book(
            users=self._users,
            client_ids=self._client_ids,
            order_ids=self._order_ids,
            at=self._at,
            tell=tell,
            currency=self._company.currency,
        )
        deals.write(drawn, self._base.clients, book)

    def _event(
        self,
        kind: str,
        author: int | None,
        client: int,
        at: datetime,
        data: dict[str, Any],
        subject: tuple[str, int] | None = None,
    ) -> None:
        pk = self._client_ids[client]
        subject = subject or ("client", pk)
        self._events[author].append(NewEvent(kind, pk, *subject, data, self._at(at)))


def _parts() -> dict[int, dict[str, list[dict[str, Any]]]]:
    """The collections and ties of all cards, as events keep them."""
    parts: dict[int, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for name, collection in COLLECTIONS.items():
        if name != "tags":
            for row in collection.model.objects.order_by("pk"):
                entry = {column: getattr(row, column) for column in collection.columns}
                parts[row.client_id][name].append(entry)
    for mark in ClientTag.objects.select_related("tag").order_by("tag__name_key"):
        parts[mark.client_id]["tags"].append({"name": mark.tag.name})
    for link in CompanyPerson.objects.select_related("company", "person").order_by("pk"):
        for pk in (link.company_id, link.person_id):
            parts[pk]["people"].append(place_of(link))
    for tie in Relation.objects.select_related("client", "other").order_by("pk"):
        for pk in (tie.client_id, tie.other_id):
            parts[pk]["relations"].append(relation_of(tie))
    return parts


def _contacts(pk: int, made: records.Client) -> list[ContactPoint]:
    found = [
        read_contact("phone", phone.typed, service=phone.service, label=phone.label)
        for phone in made.phones
    ]
    found += [read_contact("email", mail) for mail in made.emails]
    if made.telegram:
        found.append(read_contact("messenger", f"@{made.telegram}", service="telegram"))
    if made.site:
        found.append(read_contact("link", made.site, service="site"))
    return [
        ContactPoint(
            client_id=pk,
            kind=contact.kind,
            service=contact.service,
            value=contact.value,
            key=contact.key,
            label=contact.label,
            is_main=contact.is_main,
        )
        for contact in with_one_main(found)
    ]


def _addresses(pk: int, made: records.Client) -> list[Address]:
    """The client's addresses; of whom none is known, the city."""
    known = made.addresses or [records.Address("actual", made.city, "")]
    return [
        Address(
            client_id=pk,
            kind=place.kind,
            country="Россия",
            region=place.city.region,
            region_key=normalise(place.city.region),
            city=place.city.name,
            postcode=place.city.postcode if place.line else "",
            text=place.line,
            is_main=place is known[0],
        )
        for place in known
    ]


def _payment(made: records.Order) -> str:
    if not made.paid:
        return "unpaid"
    return "paid" if made.paid == made.total else "partly"


def _delivery(made: records.Order) -> str:
    if made.status == "cancelled":
        return ""
    if made.delivered:
        return "delivered"
    return "sent" if made.status == "shipped" else "planned"


def _by_name(model: type[M], names: Iterable[str]) -> dict[str, M]:
    """A row of a reference list for each name."""
    rows = {name: model(name=name, name_key=normalise(name)) for name in sorted(set(names))}
    model._default_manager.bulk_create(rows.values())
    return rows
