"""Error pages in the user's language, each with a way on. `config.urls` names them as handlers."""

import logging

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from orbita.accounts.middleware import public
from orbita.accounts.policy import Denied
from orbita.accounts.watching import SlowedError
from orbita.core import context

logger = logging.getLogger(__name__)


def error_page(
    request: HttpRequest, code: int, heading: str, text: str, reason: str = ""
) -> HttpResponse:
    """A page that says what went wrong and where to go; a short text for htmx."""
    if request.headers.get("HX-Request"):
        return HttpResponse(f"{heading}. {reason or text}", status=code, content_type="text/plain")
    return render(
        request,
        "ui/error.html",
        {"code": code, "heading": heading, "text": text, "reason": reason, "back": _back(request)},
        status=code,
    )


def _back(request: HttpRequest) -> str:
    """The page the user came from, when it is one of ours and not the same one."""
    referrer = request.headers.get("Referer", "")
    try:
        ours = url_has_allowed_host_and_scheme(referrer, allowed_hosts={request.get_host()})
    except DisallowedHost:  # it may be the very reason of this page
        return ""
    return referrer if ours and not referrer.endswith(request.get_full_path()) else ""


@public
def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error_page(
        request,
        400,
        _("The request cannot be read"),
        _("The address or the form is damaged. Go back and try again."),
    )


@public
def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    reason = str(exception) if isinstance(exception, Denied) else ""
    return error_page(
        request,
        403,
        _("This is closed to you"),
        _("If you need it for your work, ask the administrator of Orbita."),
        reason,
    )


@public
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """For CSRF_FAILURE_VIEW: most often the sign-in ended in another tab."""
    return error_page(
        request,
        403,
        _("The page is out of date"),
        _("Most often this means that you signed in or out in another tab. Reload and try again."),
    )


@public
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error_page(
        request,
        404,
        _("There is no such page"),
        _("It may have been deleted, or the link is wrong. Try the search."),
    )


@public
def too_many(request: HttpRequest, wait_minutes: int = 1) -> HttpResponse:
    response = error_page(
        request,
        429,
        _("Too many attempts"),
        _("Wait for %(minutes)s min and try again.") % {"minutes": wait_minutes},
    )
    response["Retry-After"] = str(wait_minutes * 60)
    return response


def let_on_slowly(request: HttpRequest, slowed: SlowedError) -> HttpResponse:
    """For whoever has read unusually much today: when to try again, and who can help."""
    way_on = _("The administrators know of it and can let you go on as ever.")
    response = error_page(request, 429, _("Not so fast"), f"{slowed} {way_on}")
    response["Retry-After"] = str(slowed.wait)
    return response


@public
def server_error(request: HttpRequest) -> HttpResponse:
    try:
        return error_page(
            request,
            500,
            _("Something broke on our side"),
            _(
                "Nothing of yours is lost. Try again; if it repeats, show this page to the administrator."
            ),
            _("Number of the request: %(id)s") % {"id": context.request_id()},
        )
    except Exception:
        # The page itself may be what is broken (no database, say): plain words always work.
        logger.exception("the error page failed")
        return HttpResponse("500. Orbita is not well; try again in a minute.", status=500)
