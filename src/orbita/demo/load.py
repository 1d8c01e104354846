"""Loads the demo company into an empty base: one transaction, bulk inserts, backfilled events."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from django.contrib.auth.hashers import make_password
from django.db import models, transaction
from django.utils import timezone

from orbita.accounts.actions import create_user
from orbita.accounts.models import Role, Team, User
from orbita.clients import facts
from orbita.clients.models import (
    AcquisitionSource,
    Address,
    BankAccount,
    Client,
    ClientTag,
    CompanyPerson,
    ContactPoint,
    Note,
    Tag,
)
from orbita.commerce.models import (
    Cart,
    CartLine,
    Order,
    OrderLine,
    PriceChange,
    Product,
    ProductGroup,
    ProductView,
)
from orbita.core.bulk import insert_rows, reserve_ids
from orbita.core.events import NewEvent, emit_many
from orbita.core.models import Company, Origin
from orbita.core.text import normalise
from orbita.demo import records, staff
from orbita.demo.chance import moment
from orbita.demo.company import SEED, generate

PASSWORD = "sever-i-yug"  # noqa: S105 – printed at every start; it opens made-up data only
ORIGIN = "demo"
# Kopecks to 1/10 000 of a rouble.
_SCALE = 100

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
    base = generate(today, seed=seed, scale=scale)
    with transaction.atomic():
        _Loader(base, now).load()
    return _sign_ins()


def _sign_ins() -> list[str]:
    width = max(len(employee.email) for employee in staff.EMPLOYEES)
    rows = [f"  {e.email:<{width}}  {e.name}, {e.role}" for e in staff.EMPLOYEES]
    return [f"Sign in with the password {PASSWORD} as:", *rows]


class _Loader:
    def __init__(self, base: records.DemoBase, now: datetime) -> None:
        self._base, self._now = base, now
        self._midnight = moment(base.today.toordinal(), 0)
        # Event rows by the index of the employee who acted; None is nobody known.
        self._events: dict[int | None, list[NewEvent]] = defaultdict(list)

    def load(self) -> None:
        Company.objects.create(name=self._base.company)
        self._load_users()
        self._load_catalogue()
        self._load_clients()
        self._load_contacts()
        self._load_talks()
        self._load_orders()
        self._load_carts()
        for author, rows in self._events.items():
            actor = None if author is None else self._users[author]
            emit_many(rows, actor=actor, origin=Origin.BACKFILL)
        facts.refresh(self._client_ids)

    def _at(self, when: datetime) -> datetime:
        """Squeezes today's moments into the part of today that is over."""
        if when < self._midnight:
            return when
        passed = (self._now - self._midnight) / timedelta(days=1)
        return self._midnight + (when - self._midnight) * min(max(passed, 0.0), 1.0)

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
        # One slow hash for all instead of one each: the first start waits for it.
        hashed = make_password(PASSWORD)
        User.objects.filter(pk__in=[user.pk for user in self._users]).update(password=hashed)

    # --------------------------------------------------------------- catalogue

    def _load_catalogue(self) -> None:
        groups = _by_name(ProductGroup, [product.group for product in self._base.products])
        products, prices = [], []
        ids = reserve_ids(Product, len(self._base.products))
        self._products = [
            Product(
                pk=pk,
                kind=Product.Kind.SERVICE if made.is_service else Product.Kind.GOOD,
                name=made.name,
                name_key=normalise(made.name),
                sku=made.sku,
                group=groups[made.group],
                unit=made.unit,
                price=made.prices[-1].price * _SCALE,
                cost=made.prices[-1].cost * _SCALE,
                is_active=made.sold_until is None,
                created_at=_morning(made.sold_since),
                updated_at=_morning(made.prices[-1].since),
            )
            for pk, made in zip(ids, self._base.products, strict=True)
        ]
        products = self._products
        for product, made in zip(products, self._base.products, strict=True):
            for price in made.prices:
                prices.append(
                    PriceChange(
                        product=product,
                        since=_morning(price.since),
                        price=price.price * _SCALE,
                        cost=price.cost * _SCALE,
                    )
                )
        _insert(products)
        PriceChange.objects.bulk_create(prices)

    # ----------------------------------------------------------------- clients

    def _load_clients(self) -> None:
        made = self._base.clients
        sources = _by_name(AcquisitionSource, [client.source for client in made if client.source])
        # Numbers follow the order in which clients were recorded.
        order = sorted(range(len(made)), key=lambda index: (self._at(made[index].created), index))
        self._client_ids = [0] * len(made)
        for pk, index in zip(reserve_ids(Client, len(made)), order, strict=True):
            self._client_ids[index] = pk
        rows = [self._client(client, sources) for client in made]
        _insert(sorted(rows, key=lambda row: row.pk))
        for client in made:
            self._event(
                "client.created",
                client.responsible,
                client.index,
                client.created,
                {"name": client.name},
            )

    def _client(self, made: records.Client, sources: dict[str, AcquisitionSource]) -> Client:
        name, papers = made.person, made.requisites
        created = self._at(made.created)
        return Client(
            pk=self._client_ids[made.index],
            kind=made.kind,
            name=made.name,
            name_key=normalise(made.name),
            last_name=name.last if name else "",
            first_name=name.first if name else "",
            middle_name=name.middle if name else "",
            sex=name.sex if name else "",
            legal_form=papers.legal_name.partition(" ")[0] if papers else "",
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
            created_at=created,
            updated_at=created,
        )
