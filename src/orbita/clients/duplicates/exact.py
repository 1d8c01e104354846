"""Who in the base has the same phone, e-mail, tax number or document: found everywhere, revealed
minimally.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.urls import reverse

from orbita.accounts.models import User
from orbita.clients.checks import check_inn
from orbita.clients.duplicates.documents import same_numbers, typed_numbers
from orbita.clients.models import Client
from orbita.clients.search import same_keys

MOST = 5


@dataclass(frozen=True, slots=True)
class Known:
    """A client who is in the base already. Whoever may not see the card learns who leads it."""

    pk: int
    name: str
    url: str
    responsible: str


def same_as(keys: Collection[str], inn: str, numbers: Iterable[str]) -> list[int]:
    """The clients with one of these contact keys, this ИНН or a number of an own field that tells
    duplicates (`Record.numbers`): at most `MOST` ids.
    """
    conditions = [Q(**one) for one in same_numbers(numbers)]
    if same := same_keys(keys, inn):
        conditions.append(same)
    found: set[int] = set()
    for condition in conditions:  # one look into an index each
        rows = Client.objects.alive().filter(condition).order_by("pk")
        found.update(rows.values_list("pk", flat=True)[:MOST])
    return sorted(found)[:MOST]


def already_here(
    actor: User, client: Client, *, keys: Collection[str] = (), values: Mapping[str, Any]
) -> list[Known]:
    """The other clients who have what is being written on this one's card: `values` by name as typed."""
    found = same_as(keys, readable_inn(values.get("inn")), typed_numbers(values))
    rows = Client.objects.select_related("responsible").in_bulk(set(found) - {client.pk})
    visible = set(Client.objects.visible_to(actor).filter(pk__in=rows).values_list("pk", flat=True))
    return [_known(rows[pk], pk in visible) for pk in sorted(rows)]


def readable_inn(typed: Any) -> str:
    """An ИНН in whatever form it was typed; empty when it is none."""
    try:
        return check_inn(str(typed)) if typed else ""
    except ValueError:
        return ""


def _known(client: Client, is_visible: bool) -> Known:
    leader = client.responsible.display_name if client.responsible else ""
    if not is_visible:
        return Known(0, "", "", leader)
    return Known(client.pk, client.name, reverse("clients:card", args=[client.pk]), leader)
