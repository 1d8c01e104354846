"""Addresses that fail in each way, for the tests of the error pages."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from orbita.accounts.policy import Denied
from orbita.ui import errors


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError


def refused(request: HttpRequest) -> HttpResponse:
    raise Denied("Your role does not include: fly.")


urlpatterns = [
    path("broken", broken),
    path("refused", refused),
    path("", include("orbita.ui.urls")),
]
handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.server_error
