from django.http import HttpRequest, HttpResponse
from django.urls import path

from orbita.accounts.middleware import public


@public
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


urlpatterns = [path("healthz", healthz, name="healthz")]
