"""What the pages of this room share."""

from collections.abc import Callable
from typing import Any, TypeVar

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.http import url_has_allowed_host_and_scheme

T = TypeVar("T")


def accepted(form: forms.Form, action: Callable[[], T]) -> T | None:
    """What the action returns; None when it refused, the reasons then stand in the form."""
    try:
        return action()
    except ValidationError as error:
        reasons = error.error_dict if hasattr(error, "error_dict") else {"": error}
        for field, reason in reasons.items():
            form.add_error(field if field in form.fields else None, reason)
        return None


def address_of(*names: str) -> str:
    """The first of these pages that is there; "/" when none is."""
    for name in names:
        try:
            return reverse(name)
        except NoReverseMatch:
            continue
    return "/"


def next_page(request: HttpRequest) -> str:
    """Where to go after sign-in: `next` when it is a page of ours, else the first page."""
    wanted = request.POST.get("next") or request.GET.get("next", "")
    ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    # A path, so that no trick with hosts or schemes gets through to the browser.
    if ours and wanted.startswith("/") and not wanted.startswith(("//", "/\\")):
        return wanted
    return address_of(settings.LOGIN_REDIRECT_URL)


def site_of(request: HttpRequest) -> str:
    """The address of this installation for links in letters: the one from the settings when set."""
    return settings.ORBITA_URL or request.build_absolute_uri("/")


def tabbed(
    request: HttpRequest,
    tab: str,
    context: dict[str, Any],
    template: str = "",
) -> HttpResponse:
    """A page that stands under tabs, in the place of that name."""
    return render(request, f"accounts/{template or tab}.html", {**context, "tab": tab})
