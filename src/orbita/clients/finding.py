"""Clients and notes in the global search."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse

from orbita.clients.guarding import sight
from orbita.clients.models import Client, ExternalId
from orbita.clients.search import FoundClient, find_clients, find_notes
from orbita.core.models import Company
from orbita.ui import formats
from orbita.ui.menu import Hit

# What needs no telling: the text itself, or its beginning.
PLAIN = {"exact", "prefix"}
AROUND = 60


def clients(actor: Any, query: str, limit: int) -> Sequence[Hit]:
    """The clients that answer to a text, the likeliest first."""
    found = find_clients(actor, query, limit, region=Company.current().phone_region)
    seen = sight(actor)
    outside = _external_ids([one.client.pk for one in found])
    return [
        Hit(
            one.client.name,
            _preview(one, seen.city_of(one.client)),
            reverse("clients:card", args=[one.client.pk]),
            "building" if one.client.is_company else "person",
            kind="client",
            id=one.client.pk,
            external_id=outside.get(one.client.pk),
            why=one.reason,
        )
        for one in found
    ]


def _preview(found: FoundClient, city: str) -> str:
    client = found.client
    parts = (
        found.reason if set(found.why) - PLAIN else "",
        # People often know a company by its owner, whom its name does not tell.
        client.legal_name if client.is_company and client.legal_name != client.name else "",
        city,
        client.responsible.display_name if client.responsible else "",
        f"№ {client.pk}",
    )
    return " · ".join(part for part in parts if part)


def _external_ids(clients: Sequence[int]) -> dict[int, str]:
    """The primary outside number of each client, else any."""
    rows = ExternalId.objects.filter(client_id__in=clients).order_by("is_primary", "-pk")
    return dict(rows.values_list("client_id", "value"))


def notes(actor: Any, query: str, limit: int) -> Sequence[Hit]:
    """Notes that have all the words, the newest first, with the text around the first of them."""
    seen = Client.objects.visible_to(actor)
    return [
        Hit(
            one.note.client.name,
            f"{formats.short_day(one.note.happened_at)} · {one.excerpt(AROUND)}",
            reverse("clients:card", args=[one.note.client_id]),
            "chat",
            kind="note",
            id=one.note.pk,
            why=one.reason,
        )
        for one in find_notes(seen, query, limit, sight(actor))
    ]
