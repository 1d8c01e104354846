from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from orbita.accounts import policy
from orbita.clients import lists
from orbita.clients.fields.known import is_own
from orbita.clients.models import Client
from orbita.clients.search import clients_like
from orbita.clients.views.common import actor_of, form_page
from orbita.ui.lists import list_page


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
    found = clients_like(actor, request.GET.get("name", ""), people)
    context = {"clients": found, "name": "person", "none": _("A new person")}
    return render(request, "clients/_options.html", context)


@require_safe
def link_options(request: HttpRequest) -> HttpResponse:
    """Clients to choose from while somebody types into an own field that points at one."""
    actor = actor_of(request)
    policy.require(actor, "clients.view")
    name = request.GET.get("as", "")
    if not is_own(name):
        raise Http404
    typed = request.GET.get(name, "")
    found = clients_like(actor, typed)
    context = {"clients": found, "typed": len(typed.strip()) > 1, "name": name}
    return render(request, "clients/_client_options.html", context)
