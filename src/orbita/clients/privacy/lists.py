"""Consents in the list of clients and in what is exported from it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy

from orbita.clients.models import By, Client, Consent, Purpose
from orbita.ui import formats
from orbita.ui.lists import Column, Look


def _agreed(ids: Sequence[int], actor: Any) -> Mapping[int, list[str]]:
    """Of each client the channels that he agreed to advertising by."""
    rows = Consent.objects.filter(
        client__in=ids, purpose=Purpose.ADVERTISING, is_current=True, given=True
    )
    found: dict[int, list[str]] = defaultdict(list)
    for pk, channel in rows.order_by("pk").values_list("client_id", "channel"):
        found[pk].append(channel)
    return found


def _words(client: Client, look: Look) -> str:
    agreed = look.loaded_for("advertising", client) or ()
    return formats.listed([str(By(channel).label) for channel in By.values if channel in agreed])


ADVERTISING = Column(
    "advertising",
    gettext_lazy("Agreed to advertising"),
    _words,
    css="c-cut",
    default=False,
    load=_agreed,
)
