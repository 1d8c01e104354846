"""Who in the base has the same phone, e-mail or tax number: found everywhere, revealed minimally."""

from collections.abc import Collection
from dataclasses import dataclass

from django.urls import reverse

from orbita.accounts.models import User
from orbita.clients.checks import check_inn
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


def already_here(actor: User, keys: Collection[str], inn: str) -> list[Known]:
    """The clients with one of these contact keys or this ИНН, in whatever form it was typed."""
    try:
        number = check_inn(inn) if inn.strip() else ""
    except ValueError:
        number = ""
    condition = same_keys(keys, number)
    if condition is None:
        return []
    rows = Client.objects.alive().filter(condition).select_related("responsible").order_by("pk")
    found = list(rows[:MOST])
    visible = set(
        Client.objects.visible_to(actor)
        .filter(pk__in=[client.pk for client in found])
        .values_list("pk", flat=True)
    )
    return [_known(client, client.pk in visible) for client in found]


def _known(client: Client, is_visible: bool) -> Known:
    leader = client.responsible.display_name if client.responsible else ""
    if not is_visible:
        return Known(0, "", "", leader)
    return Known(client.pk, client.name, reverse("clients:card", args=[client.pk]), leader)
