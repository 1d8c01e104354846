"""Whatever goes wrong below `/api/` is told to programs as a problem, never as a page for people."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import gettext as _

from orbita.api.problems import CONTENT_TYPE, problem
from orbita.core import context

Next = Callable[[HttpRequest], HttpResponse]
# What a client of the API goes by; the rest described the page.
KEPT = ("Allow", "Retry-After", "WWW-Authenticate")


def problems_of_the_api(get_response: Next) -> Next:
    """Answers what Django itself refuses or breaks on: an unknown address, a method, an exception."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code < 400 or not request.path.startswith("/api/"):
            return response
        if response.headers.get("Content-Type") == CONTENT_TYPE:
            return response
        with translation.override(translation.get_language_from_request(request)):
            told = _told(response.status_code)
        for name in KEPT:
            if name in response.headers:
                told.headers[name] = response.headers[name]
        return told

    return middleware


def _told(status: int) -> HttpResponse:
    """Only what the caller needs: the cause of a failure stands in the log, under the same id."""
    if status >= 500:
        detail = _("Something broke on our side. The administrator finds it by the request id.")
        return problem(status, detail, request_id=context.request_id())
    if status == 404:
        return problem(status, _("There is no such address in the API."))
    if status == 405:
        return problem(status, _("This address does not take this method."))
    return problem(status, _("The request cannot be read."))
