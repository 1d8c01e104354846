"""The requests of one client, for his own pages."""

from collections.abc import Sequence

from django.http import HttpRequest
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.models import Client, DataRequest
from orbita.clients.privacy.requests.actions import PERMISSION
from orbita.clients.privacy.requests.shown import Words, line
from orbita.core.models import Company

MOST = 20


def lines_of(actor: User, client: Client) -> Sequence[Words]:
    """The newest requests of the client, when the actor may answer them."""
    if not policy.allows(actor, PERMISSION):
        return []
    rows = DataRequest.objects.filter(client=client).select_related("responsible")
    today = Company.current().business_date()
    return [line(row, {client.pk: client}, today) for row in rows.order_by("-pk")[:MOST]]


def reason_of(request: HttpRequest, client: Client) -> dict[str, object]:
    """What the form of an erasure begins with when it was opened from a request of the client."""
    number = request.GET.get("request", "")
    if not (number.isascii() and number.isdigit() and len(number) < 18):
        return {}
    row = DataRequest.objects.filter(pk=int(number), client=client).first()
    if row is None or not row.is_open:
        return {}
    return {"request": row.pk, "reason": _("Request № %(number)s") % {"number": row.pk}}
