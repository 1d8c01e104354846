"""Which browsers a person has signed in from: each keeps a long-lived cookie that says nothing."""

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse

COOKIE = "device"
# Browsers keep no cookie for longer.
KEPT_FOR = timedelta(days=400)


def mark_of(request: HttpRequest) -> str | None:
    """By what this browser is known to the base; None when it brings nothing."""
    token = request.COOKIES.get(COOKIE, "")
    return _hash(token) if 30 <= len(token) <= 60 else None


def give_mark(request: HttpRequest) -> str:
    """A mark for a browser that has none; `keep_mark` writes its cookie into the answer."""
    token = secrets.token_urlsafe(32)
    request.device_token = token  # type: ignore[attr-defined]
    return _hash(token)


def keep_mark(request: HttpRequest, response: HttpResponse) -> None:
    token = getattr(request, "device_token", None)
    if token:
        response.set_cookie(
            COOKIE,
            token,
            max_age=KEPT_FOR,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
