"""What the facts row keeps of quality: completeness, problems, the day to check the contacts from."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from orbita.clients.facts import Recorder
from orbita.clients.models import AcceptedValue, Address, Client, ContactPoint, QualitySettings
from orbita.clients.quality.completeness import Weights, filled_in
from orbita.clients.quality.problems import PERSON_PARTS, bits_of
from orbita.clients.records import ClientData
from orbita.core.models import Company

_FIELDS = (
    "kind",
    "name",
    *PERSON_PARTS,
    "inn",
    "kpp",
    "ogrn",
    "legal_name",
    "birthday",
    "sex",
    "preferred_channel",
    "working_hours",
    "time_zone",
    "payment_terms",
    "delivery_terms",
    "occupation",
    "position",
    "income_level",
    "family",
    "hobbies",
    "interests",
    "source_id",
    "created_at",
    "own",
)


@dataclass(slots=True)
class _Contacts:
    usable: list[ContactPoint] = field(default_factory=list)
    marked: bool = False


def contacts_of(points: Iterable[ContactPoint]) -> _Contacts:
    """The contacts that nobody has marked, and whether there are others."""
    found = _Contacts()
    for point in points:
        if point.mark:
            found.marked = True
        else:
            found.usable.append(point)
    return found


def compute(client_ids: Sequence[int]) -> Mapping[int, Mapping[str, Any]]:
    """The columns of quality for these clients, from their cards as they are stored."""
    company, settings = Company.current(), QualitySettings.current()
    weights, today = Weights(settings), company.business_date()
    points: dict[int, list[ContactPoint]] = defaultdict(list)
    for point in ContactPoint.objects.filter(client_id__in=client_ids).select_related("state"):
        points[point.client_id].append(point)
    homes = set(
        Address.objects.filter(client_id__in=client_ids)
        .order_by()
        .values_list("client_id", flat=True)
    )
    accepted: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for pk, problem, value in AcceptedValue.objects.filter(client_id__in=client_ids).values_list(
        "client_id", "problem", "value"
    ):
        accepted[pk].add((problem, value))
    result: dict[int, Mapping[str, Any]] = {}
    for card in Client.objects.filter(pk__in=client_ids).only(*_FIELDS):
        contacts = contacts_of(points.get(card.pk, ()))
        mask = filled_in(
            card,
            {point.kind for point in contacts.usable if point.key},
            has_address=card.pk in homes,
            has_source=card.source_id is not None,
        ) | weights.own_filled(card.own)
        result[card.pk] = {
            "completeness": weights.score(card.kind, mask),
            "problems": bits_of(
                card,
                contacts.usable,
                today=today,
                accepted=accepted.get(card.pk, ()),
                marked=contacts.marked,
            ),
            "check_on": check_from(contacts.usable, card.created_at, company, settings),
        }
    return result


def check_from(
    points: Iterable[ContactPoint],
    created_at: datetime,
    company: Company,
    settings: QualitySettings,
) -> date | None:
    """The first day on which one of the contacts is to be checked; None when none ever is.

    A contact that nobody has confirmed is as old as its card.
    """
    days = [day for point in points if (day := due_on(point, created_at, company, settings))]
    return min(days, default=None)


def due_on(
    point: ContactPoint, created_at: datetime, company: Company, settings: QualitySettings
) -> date | None:
    """The day from which this contact is to be checked; None when it never is."""
    limit = settings.limit(point.kind)
    if not limit or not point.key:
        return None
    since = point.confirmed_at or created_at
    return company.business_date(since) + timedelta(days=limit)


class Loading:
    """The same for cards that are being loaded: what can be told of a record beside the writer is
    in it already, the rest is a look into a table.
    """

    def __init__(self) -> None:
        self._company, self._settings = Company.current(), QualitySettings.current()
        self._weights = Weights(self._settings)
        self._days: dict[tuple[datetime, int], date | None] = {}

    def values(self, data: ClientData, created_at: datetime) -> tuple[int, int, date | None]:
        """Completeness, problems, and the day to check from."""
        limits = [
            limit
            for kind in {contact.kind for contact in data.contacts if contact.key}
            if (limit := self._settings.limit(kind))
        ]
        return (
            self._weights.score(data.kind, data.filled | self._weights.own_filled(data.own)),
            data.problems,
            self._day(created_at, min(limits)) if limits else None,
        )

    def _day(self, created_at: datetime, limit: int) -> date | None:
        key = (created_at, limit)
        if key not in self._days:
            self._days[key] = self._company.business_date(created_at) + timedelta(days=limit)
        return self._days[key]


RECORDER = Recorder("quality", ("completeness", "problems", "check_on"), compute)
