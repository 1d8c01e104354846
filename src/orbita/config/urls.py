"""Assembles the rooms: each brings its own `urls.py`."""

from importlib.util import find_spec

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path

from orbita.accounts.middleware import public
from orbita.core.apps import rooms


@public
def healthz(request: HttpRequest) -> HttpResponse:
    """200 when the database answers: for supervisors and load balancers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz, name="healthz"),
    *(path("", include(f"{room.name}.urls")) for room in rooms() if find_spec(f"{room.name}.urls")),
]
handler400 = "orbita.ui.errors.bad_request"
handler403 = "orbita.ui.errors.forbidden"
handler404 = "orbita.ui.errors.not_found"
handler500 = "orbita.ui.errors.server_error"
