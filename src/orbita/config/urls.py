"""Assembles the rooms: each brings its own `urls.py`."""

from importlib.util import find_spec

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, include, path

from orbita.accounts.middleware import public
from orbita.core.apps import rooms
from orbita.ui.menu import menu_for


@public
def healthz(request: HttpRequest) -> HttpResponse:
    """200 when the database answers: for supervisors and load balancers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


def home(request: HttpRequest) -> HttpResponse:
    """The first page of the menu that the visitor may open; without any, his own profile."""
    entries = [entry for section in menu_for(request) for entry in section]
    return redirect(entries[0].url if entries else "accounts:profile")


urlpatterns: list[URLPattern | URLResolver] = [
    path("", home, name="home"),
    path("healthz", healthz, name="healthz"),
    *(path("", include(f"{room.name}.urls")) for room in rooms() if find_spec(f"{room.name}.urls")),
]
handler400 = "orbita.ui.errors.bad_request"
handler403 = "orbita.ui.errors.forbidden"
handler404 = "orbita.ui.errors.not_found"
handler500 = "orbita.ui.errors.server_error"
