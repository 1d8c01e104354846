"""The pages of the log: the list with the state of its seals, and one event whole."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from orbita.accounts import policy
from orbita.clients.audit import words
from orbita.clients.audit.facts import PERMISSION, of_client, of_user
from orbita.clients.audit.lists import AUDIT, card_of, may_read
from orbita.clients.views.common import actor_of, form_page
from orbita.core.events import KINDS, verify
from orbita.core.models import Event, EventSeal, Origin
from orbita.core.seals import checkpoints, protection, state
from orbita.core.seals.jobs import check_log
from orbita.core.sentences import say
from orbita.ui import formats, toasts
from orbita.ui.lists import address_of, list_page

# More unsealed events than these are not counted.
MOST_COUNTED = 1000


@form_page
def audit(request: HttpRequest) -> HttpResponse:
    policy.require(request.user, PERMISSION)
    plain = request.method == "POST" or "part" in request.GET
    context = {} if plain else _state_of_seals()
    return list_page(
        request, AUDIT, template="clients/audit.html", context={**context, "tab": "audit"}
    )


def _state_of_seals() -> dict[str, Any]:
    last = EventSeal.objects.defer("marks").order_by("-number").first()
    unsealed = Event.objects.filter(pk__gt=last.last_id if last else 0)
    check = state.last_check()
    signed = checkpoints.latest()
    return {
        "seal": last,
        "sealed": formats.number(last.total) if last else "",
        "unsealed": formats.bounded(unsealed[: MOST_COUNTED + 1].count(), MOST_COUNTED),
        "check": check,
        "checked": formats.number(check.count) if check else "",
        "problem": say(check.problem) if check else "",
        "signed": signed,
        "signed_events": formats.number(signed.events) if signed else "",
        "protected": protection.is_protected(),
    }


@require_safe
def event(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    policy.require(actor, PERMISSION)
    one = card_of(pk, actor)
    if one is None:
        raise Http404
    is_open = may_read(one, actor)
    data = words.told(one, actor) if is_open else {}
    kind = KINDS.get(one.kind)
    request_rule: dict[str, object] = {"fact": "request", "op": "eq", "value": one.request_id}
    return render(
        request,
        "clients/audit_event.html",
        {
            "tab": "audit",
            "event": one,
            "label": words.label(one),
            "sentence": kind.sentence(data) if kind and kind.sentence and data else "",
            "table": words.table(data) if data else "",
            "address": data.get("address"),
            "is_open": is_open,
            "payload": verify(one),
            "of_actor": address_of(AUDIT, of_user(one.actor_id)) if one.actor_id else "",
            "of_client": address_of(AUDIT, of_client(one.client_id)) if one.client_id else "",
            "of_request": address_of(AUDIT, request_rule)
            if one.request_id and one.origin == Origin.LIVE
            else "",
            "seal": EventSeal.objects.defer("marks")
            .filter(first_id__lte=pk, last_id__gte=pk)
            .first(),
        },
    )


@require_POST
def check(request: HttpRequest) -> HttpResponse:
    """Has the whole log read against its seals, in the background."""
    policy.require(request.user, PERMISSION)
    check_log.enqueue()
    toasts.success(request, _("The log is being checked. The outcome will stand here."))
    return redirect(reverse("clients:audit"))


@require_safe
def checkpoint(request: HttpRequest) -> HttpResponse:
    """The newest signed checkpoint, to be kept elsewhere."""
    policy.require(request.user, PERMISSION)
    signed = checkpoints.latest()
    if signed is None:
        raise Http404
    response = HttpResponse(signed.line() + "\n", content_type="application/json")
    name = f"orbita-checkpoint-{signed.seal}.json"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
