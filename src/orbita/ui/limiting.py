"""Visitors who have not signed in may try things only so often from one address."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from orbita.core.limits import Limit, network_of
from orbita.core.middleware import client_address
from orbita.ui.errors import too_many

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
