"""What this room puts on the card of a client."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from orbita.accounts import policy
from orbita.clients.models import Client
from orbita.ui import formats
from orbita.work.models import Deal

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    url: str
    stage: str
    sum: str


def deals(request: HttpRequest, client: Client) -> SafeString | str:
    """The client's open deals and the last closed ones, with the way to a new one."""
    actor: Any = request.user
    if not policy.allows(actor, "deals.view"):
        return ""
    rows = Deal.objects.visible_to(actor).filter(client=client).select_related("stage")

    found = list(rows.order_by("-pk")[: SHOWN * 4])
    found.sort(key=lambda deal: (not deal.is_open, -deal.pk))
    may_add = policy.allows(actor, "deals.edit")
    if not found and not may_add:
        return ""
    context = {
        "deals": [_line(deal) for deal in found[:SHOWN]],
        "new_url": new_deal_url(client) if may_add else "",
    }
    return SafeString(render_to_string("work/card_deals.html", context))


def _line(deal: Deal) -> Line:
    worth = "" if deal.amount is None else formats.money(deal.amount, deal.currency)
    return Line(deal.name, reverse("work:deal", args=[deal.pk]), deal.stage.name, worth)


def new_deal_url(client: Client) -> str:
    return f"{reverse('work:deal-new')}?client={client.pk}"
