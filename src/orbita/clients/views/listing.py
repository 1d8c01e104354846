from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients import lists
from orbita.clients.models import Client
from orbita.clients.querysets import ClientQuerySet
from orbita.clients.search import text_condition
from orbita.clients.views.common import actor_of, form_page
from orbita.core.models import Company
from orbita.ui.lists import list_page

MOST_OPTIONS = 12


@form_page
def clients(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    policy.require(actor, "clients.view")
    return list_page(
        request,
        lists.CLIENTS,
        template="clients/clients.html",
        context={
            "may_segment": policy.allows(actor, "segments.edit"),
            "may_delete": policy.allows(actor, "clients.delete"),
        },
    )


@form_page
def recycle_bin(request: HttpRequest) -> HttpResponse:
    policy.require(request.user, "clients.delete")
    return list_page(request, lists.BIN)


@require_safe
def options(request: HttpRequest) -> HttpResponse:
    """People to choose from while somebody types a name: lists are never embedded whole."""
    actor = actor_of(request)
    policy.require(actor, "clients.view")
    people = Client.objects.filter(kind=Client.Kind.PERSON)
    found = found_by(actor, request.GET.get("name", ""), people)
    context = {"clients": found, "name": "person", "none": _("A new person")}
    return render(request, "clients/_options.html", context)


def found_by(actor: User, typed: str, clients: "ClientQuerySet[Client]") -> list[Client]:
    """The first of these clients that the actor sees and the typed text finds."""
    typed = typed.replace("\0", "")[:200]
    condition = text_condition(typed, region=Company.current().phone_region)
    if condition is None or len(typed.strip()) < 2:
        return []
    seen = clients.visible_to(actor).filter(condition)
    return list(seen.order_by("name_key", "pk")[:MOST_OPTIONS])
