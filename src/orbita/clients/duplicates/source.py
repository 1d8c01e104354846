"""Cards of the base as records of the matcher."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import date
from itertools import islice
from typing import Any

from orbita.clients.duplicates.documents import compared, numbers_in
from orbita.clients.duplicates.record import Place, Record
from orbita.clients.models import (
    Address,
    Client,
    CompanyPerson,
    ContactPoint,
    FieldDefinition,
)

CHUNK = 5000
_FIELDS = (
    "pk",
    "kind",
    "name",
    "last_name",
    "first_name",
    "middle_name",
    "legal_name",
    "inn",
    "sex",
    "birthday",
)


def load_records(client_ids: Collection[int] | None = None) -> Iterator[Record]:
    """The records of these clients, or of all outside the recycle bin, by id.

    Among all, whoever has a name and a company and nothing else is left out: the person to ask for
    is known by the company's card, and is compared as a part of it.
    """
    documents = compared()
    fields = (*_FIELDS, "own") if documents else _FIELDS
    clients = Client.objects.alive().order_by("pk").values_list(*fields)
    if client_ids is not None:
        wanted = iter(sorted(set(client_ids)))
        while chunk := list(islice(wanted, CHUNK)):
            yield from _records(list(clients.filter(pk__in=chunk)), documents)
        return
    last = 0
    while rows := list(clients.filter(pk__gt=last)[:CHUNK]):
        last = rows[-1][0]
        found = _records(rows, documents)
        yield from (record for record in found if not _is_known_by_company(record))


def record_of(client: Client) -> Record:
    """The record of one card as it stands in the base."""
    return next(iter(load_records([client.pk])))


def _records(rows: list[tuple[Any, ...]], documents: list[FieldDefinition]) -> Iterator[Record]:
    if not rows:
        return
    ids = {"client_id__gte": rows[0][0], "client_id__lte": rows[-1][0]}
    if len(rows) < rows[-1][0] - rows[0][0]:
        ids = {"client_id__in": [row[0] for row in rows]}
    contacts = _contacts(ids)
    places: dict[int, list[Place]] = defaultdict(list)
    for pk, city, text in Address.objects.filter(**ids).values_list("client_id", "city", "text"):
        places[pk].append(Place(city, text))
    persons, companies = _ties([row[0] for row in rows])
    for pk, kind, name, last, first, middle, legal_name, inn, sex, birthday, *own in rows:
        company = legal_name
        if kind == "company":
            company = name
            last, first, middle = persons.get(pk, ("", "", ""))
        elif not company:
            company = companies.get(pk, "")
        yield Record(
            id=pk,
            kind=kind,
            last_name=last,
            first_name=first,
            middle_name=middle,
            company=company,
            inn=inn,
            sex=sex,
            birthday=_day(birthday),
            phones=tuple(contacts["phone"].get(pk, ())),
            emails=tuple(contacts["email"].get(pk, ())),
            numbers=(
                *numbers_in(documents, own[0] if own else None),
                *contacts["number"].get(pk, ()),
            ),
            places=tuple(places.get(pk, ())),
        )


def _is_known_by_company(record: Record) -> bool:
    own = record.phones or record.emails or record.numbers or record.places
    return (
        record.kind == "person"
        and bool(record.company)
        and not (own or record.birthday or record.inn)
    )


def _contacts(ids: dict[str, Any]) -> dict[str, dict[int, list[str]]]:
    """Phones, e-mails and other numbers by client; what could not be read is as typed."""
    found: dict[str, dict[int, list[str]]] = {
        "phone": defaultdict(list),
        "email": defaultdict(list),
        "number": defaultdict(list),
    }
    rows = ContactPoint.objects.filter(**ids).order_by("id")
    for pk, kind, value, key in rows.values_list("client_id", "kind", "value", "key"):
        if kind in ("phone", "email"):
            found[kind][pk].append(key or value)
        elif key:
            found["number"][pk].append(key)
    return found


def _ties(ids: list[int]) -> tuple[dict[int, tuple[str, str, str]], dict[int, str]]:
    """The first person of each company and the first company of each person among these."""
    persons: dict[int, tuple[str, str, str]] = {}
    for pk, last, first, middle in (
        CompanyPerson.objects.filter(company_id__in=ids)
        .values_list("company_id", "person__last_name", "person__first_name", "person__middle_name")
        .order_by("id")
    ):
        persons.setdefault(pk, (last, first, middle))
    companies: dict[int, str] = {}
    for pk, name in (
        CompanyPerson.objects.filter(person_id__in=ids)
        .values_list("person_id", "company__name")
        .order_by("id")
    ):
        companies.setdefault(pk, name)
    return persons, companies


def _day(value: Any) -> date | None:
    return value if isinstance(value, date) else None
