"""A masked field of a card, whole."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from orbita.clients import actions, card_fields, wording
from orbita.clients.contacts import Reach, reach
from orbita.clients.guarding import MASKS
from orbita.clients.models import Client, ContactPoint
from orbita.clients.views.common import actor_of, client_or_404, is_part


@require_POST
def reveal(request: HttpRequest, pk: int) -> HttpResponse:
    """Shows a masked field whole: a piece of the card for htmx, a page of its own without scripts."""
    client, field = client_or_404(request, pk), request.POST.get("field", "")
    if field not in MASKS:
        raise Http404
    contact = _contact(request, client, field) if field in ContactPoint.Kind.values else None
    actions.reveal_field(actor=actor_of(request), client=client, field=field, contact=contact)
    shown: Reach | None = reach(contact) if contact else None
    context = {
        "client": client,
        "label": wording.label_of(field) if not contact else contact.get_kind_display(),
        "reach": shown,
        "lines": [] if contact else _lines(client, field),
    }
    template = "clients/_revealed.html" if is_part(request) else "clients/revealed.html"
    return render(request, template, context)


def _contact(request: HttpRequest, client: Client, kind: str) -> ContactPoint:
    text = request.POST.get("contact", "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Http404
    return get_object_or_404(ContactPoint, pk=int(text), client=client, kind=kind)


def _lines(client: Client, field: str) -> list[str]:
    if field == "addresses":
        return [str(address) for address in client.addresses.all()]
    if field == "bank_accounts":
        return [f"{one.account} {one.bank}" for one in client.bank_accounts.all()]
    return [wording.value_of(field, card_fields.plain_value(client, field))]
