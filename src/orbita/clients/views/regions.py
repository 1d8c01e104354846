"""Passports of regions, and the part of the card that shows one."""

from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from orbita.accounts import policy
from orbita.clients.actions.regions import PERMISSION, delete_region, save_region, undo_region
from orbita.clients.extension import CardPanel
from orbita.clients.forms import form_field, into_form
from orbita.clients.guarding import sight
from orbita.clients.models import Client, RegionPassport
from orbita.clients.region_names import region_name_key
from orbita.clients.views.common import actor_of, form_page
from orbita.core import zones
from orbita.core.models import Event
from orbita.ui import toasts
from orbita.ui.forms import UiForm, dress

MOST = 500


class RegionForm(UiForm):
    name = forms.CharField(
        label=gettext_lazy("Region"),
        max_length=100,
        help_text=gettext_lazy("As it stands in the addresses of clients."),
    )
    economy = forms.CharField(
        label=gettext_lazy("Economy"), required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    notes = forms.CharField(
        label=gettext_lazy("Notes"), required=False, widget=forms.Textarea(attrs={"rows": 4})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"] = form_field("time_zone")
        dress(self.fields["time_zone"])
        self.order_fields(["name", "time_zone", "economy", "notes"])


@require_safe
def regions(request: HttpRequest) -> HttpResponse:
    policy.require(request.user, "clients.view")
    context = {
        "regions": [(row, zone_words(row)) for row in RegionPassport.objects.all()[:MOST]],
        "may_edit": policy.allows(request.user, PERMISSION),
    }
    return render(request, "clients/regions.html", context)


@form_page
def new(request: HttpRequest) -> HttpResponse:
    return _form(request, None)


@form_page
def change(request: HttpRequest, pk: int) -> HttpResponse:
    return _form(request, get_object_or_404(RegionPassport, pk=pk))


def _form(request: HttpRequest, region: RegionPassport | None) -> HttpResponse:
    policy.require(request.user, PERMISSION)
    names = ("name", "economy", "notes", "time_zone")
    initial = {name: getattr(region, name) for name in names} if region else {}
    initial = initial or {"name": request.GET.get("name", "").replace("\0", "")[:100]}
    form = RegionForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            values = {name: form.cleaned_data[name] for name in names}
            event = save_region(actor=actor_of(request), values=values, region=region)
            _tell(request, event, _("The passport of the region is saved"))
            return toasts.redirect(request, reverse("clients:regions"))
    context = {"form": form, "region": region}
    return render(request, "clients/region.html", context, status=422 if form.errors else 200)


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    policy.require(request.user, PERMISSION)
    region = get_object_or_404(RegionPassport, pk=pk)
    event = delete_region(actor=actor_of(request), region=region)
    _tell(request, event, _("The passport of the region is deleted"))
    return redirect("clients:regions")


@require_POST
def undo(request: HttpRequest, event: int) -> HttpResponse:
    policy.require(request.user, PERMISSION)
    kinds = ("region.saved", "region.deleted")
    known = Event.objects.select_related("payload")
    row = get_object_or_404(known, pk=event, kind__in=kinds)
    undo_region(actor=actor_of(request), event=row)
    toasts.success(request, _("Taken back"))
    return redirect("clients:regions")


def _tell(request: HttpRequest, event: Event | None, text: str) -> None:
    if event:
        toasts.success(request, text, undo=reverse("clients:region-undo", args=[event.pk]))
    else:
        toasts.info(request, _("Nothing was changed"))


def zone_words(region: RegionPassport) -> str:
    """The zone's name and what time it is there."""
    if not region.time_zone:
        return ""
    now = timezone.now().astimezone(ZoneInfo(region.time_zone))
    return f"{zones.label(region.time_zone)}, {now:%H:%M}"


def _panel(request: HttpRequest, client: Client) -> SafeString | str:
    if sight(request.user).hides("addresses"):
        return ""
    named = [address.region for address in client.addresses.all() if address.region_key]
    keys = {region_name_key(name) for name in named}
    found = list(RegionPassport.objects.filter(name_key__in=keys)[:3]) if keys else []
    if not found:
        return ""
    context = {
        "regions": [(row, zone_words(row)) for row in found],
        "may_edit": policy.allows(request.user, PERMISSION),
    }
    return SafeString(render_to_string("clients/_region.html", context))


PANEL = CardPanel("region", _panel, order=80)
