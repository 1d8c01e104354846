from collections.abc import Callable
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from orbita.core import context

Next = Callable[[HttpRequest], HttpResponse]

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)


def client_address(request: HttpRequest) -> str | None:
    """The visitor's IP address. Behind our proxy it is the last one in X-Forwarded-For: the proxy
    wrote that one itself, what stands before it anybody may have sent.
    """
    given = request.META.get("REMOTE_ADDR", "")
    if settings.ORBITA_BEHIND_PROXY:
        given = request.headers.get("X-Forwarded-For", given).rpartition(",")[2].strip()
    try:
        return str(ip_address(given))
    except ValueError:
        return None


def security_headers(get_response: Next) -> Next:
    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()"
        )
        return response

    return middleware


def request_context(get_response: Next) -> Next:
    """Gives the request an id that its events carry and the answer shows."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with context.request(address=client_address(request) or "") as identifier:
            # Django writes of refusals to the log when the request is over already.
            request.META[context.REQUEST_ID] = identifier
            response = get_response(request)
        response.headers["X-Request-Id"] = identifier
        return response

    return middleware
