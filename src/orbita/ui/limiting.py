"""Visitors who have not signed in may try things only so often from one address; people who read
unusually much are let on slowly.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from orbita.accounts.watching import SlowedError
from orbita.core.limits import Limit, network_of
from orbita.core.middleware import client_address
from orbita.ui.errors import let_on_slowly, too_many

Next = Callable[[HttpRequest], HttpResponse]
# An office behind one address signs in within this; a list of passwords or e-mails takes for ever.
STRANGERS = Limit("strangers", most=60, seconds=60)
# The way to another server costs a request of ours, though it is a link.
COSTLY = ("/sign-in/outside/",)


def not_too_often(get_response: Next) -> Next:
    """Answers 429 to a stranger's forms once there are too many of them from his address. The API
    counts by itself.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        costs = request.method not in ("GET", "HEAD", "OPTIONS") or request.path in COSTLY
        if not costs or request.path.startswith("/api/") or request.user.is_authenticated:
            return get_response(request)
        if STRANGERS.wait(network_of(client_address(request))):
            return too_many(request)
        return get_response(request)

    return middleware


def slowed_reading(get_response: Next) -> Next:
    """Answers 429 to whoever is let on slowly and comes too soon."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_exception(request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return let_on_slowly(request, exception) if isinstance(exception, SlowedError) else None

    middleware.process_exception = process_exception  # type: ignore[attr-defined]
    return middleware
