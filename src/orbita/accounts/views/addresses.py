"""Allowed addresses of roles, for administrators."""

from ipaddress import ip_address

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from orbita.accounts import actions, signin
from orbita.accounts.actions.roles import require_administrator
from orbita.accounts.forms import AddressesForm
from orbita.accounts.models import Role
from orbita.accounts.views.common import accepted, tabbed
from orbita.accounts.views.profile import me

TAB = "addresses"


@require_safe
def addresses(request: HttpRequest) -> HttpResponse:
    """All roles and where they work from."""
    require_administrator(me(request))
    address = signin.client_address(request)
    is_near = bool(address) and not ip_address(address or "").is_global
    context = {
        "roles": Role.objects.all(),
        "address": address,
        "is_near": is_near and not settings.ORBITA_BEHIND_PROXY,
    }
    return tabbed(request, TAB, context)


@require_http_methods(["GET", "HEAD", "POST"])
def role_addresses(request: HttpRequest, pk: int) -> HttpResponse:
    require_administrator(me(request))
    role = get_object_or_404(Role, pk=pk)
    address = signin.client_address(request)
    form = AddressesForm(request.POST or None, initial={"networks": "\n".join(role.networks)})
    if request.method == "POST" and form.is_valid():
        text = form.cleaned_data["networks"]
        saved = accepted(
            form,
            lambda: actions.save_networks(actor=me(request), role=role, text=text, address=address),
        )
        if saved is not None:
            messages.success(request, _("Saved."))
            return redirect("accounts:addresses")
    return tabbed(request, TAB, {"form": form, "role": role, "address": address}, "role_addresses")
