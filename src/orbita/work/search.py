"""What the search box finds of deals."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext

from orbita.core.text import normalise
from orbita.ui import formats
from orbita.ui.menu import Hit
from orbita.work import cells, lists
from orbita.work.models import Deal


def deals(actor: Any, query: str, limit: int) -> Sequence[Hit]:
    """Deals by words of their name, and those of the clients the words find; newest first."""
    if not normalise(query):
        return []
    rows = lists.search_deals(Deal.objects.visible_to(actor), query, actor)
    found = rows.select_related("client", "stage").order_by("-created_at", "-pk")[:limit]
    return [
        Hit(
            deal.name or formats.DASH,
            " · ".join(
                part
                for part in (
                    deal.client.name if deal.client and deal.client.name != deal.name else "",
                    cells.sum_text(deal),
                    deal.stage.name,
                    formats.short_day(deal.created_at.date()),
                )
                if part
            ),
            reverse("work:deal", args=[deal.pk]),
            "deals",
            kind="deal",
            id=deal.pk,
            why=gettext("name or client"),
        )
        for deal in found
    ]
