"""The product's addresses and one more: the API's baseline, behind the same middleware."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from orbita.accounts.actions import user_of_token
from orbita.accounts.middleware import public
from orbita.api.routes.clients import client_rows
from orbita.clients.models import Client
from orbita.config.urls import urlpatterns as product


@public
def bare(request: HttpRequest) -> HttpResponse:
    """50 clients by the API's query and sign-in, given to a plain JsonResponse."""
    user = user_of_token(request.headers["Authorization"].removeprefix("Bearer "))
    if user is None:
        return HttpResponse(status=401)
    rows = list(client_rows(Client.objects.visible_to(user)).order_by("pk")[:51])
    return JsonResponse({"items": rows[:50], "next": str(rows[49]["id"])})


urlpatterns = [path("bare", bare), *product]
