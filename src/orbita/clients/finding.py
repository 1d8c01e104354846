"""Clients in the global search."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse

from orbita.clients.models import Client
from orbita.clients.search import text_condition
from orbita.core.models import Company
from orbita.core.text import normalise
from orbita.ui.menu import Hit

# Enough to rank by name: whoever is not among these has to type more.
CANDIDATES = 200


def clients(actor: Any, query: str, limit: int) -> Sequence[Hit]:
    """The clients that answer to a text, those whose name begins with it first."""
    condition = text_condition(query, region=Company.current().phone_region)
    if condition is None:
        return []
    rows = (Client.objects.visible_to(actor).filter(condition).select_related("responsible"))[
        :CANDIDATES
    ]
    wanted = normalise(query)
    ranked = sorted(
        rows, key=lambda client: (not client.name_key.startswith(wanted), client.name_key)
    )
    return [
        Hit(
            client.name,
            " · ".join(
                part
                for part in (
                    client.city,
                    client.responsible.display_name if client.responsible else "",
                    f"№ {client.pk}",
                )
                if part
            ),
            reverse("clients:card", args=[client.pk]),
            "building" if client.is_company else "person",
        )
        for client in ranked[:limit]
    ]
