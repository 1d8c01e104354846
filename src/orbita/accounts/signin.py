"""How a visitor is recognised: his address, the name he gives, the password he gives with it."""

from datetime import datetime, timedelta
from typing import Any

from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from django.contrib.auth.backends import ModelBackend
from django.db.models import Exists, Max
from django.http import HttpRequest
from django.utils import timezone

from orbita.accounts.models import Absence, User
from orbita.core.middleware import client_address as client_address


class EmailBackend(ModelBackend):
    """Sign-in by e-mail. Unknown, closed and invited users cost the same work as known ones."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        name = (username or "").strip().lower()
        user: User | None = super().authenticate(request, username=name, password=password)
        return user

    def get_user(self, user_id: int) -> User | None:
        """The user of a session with role and team; None once he may not sign in any more."""
        users = User.objects.select_related("role", "team").filter(pk=user_id)
        # Most stand in for nobody, and need not ask who is away on every page.
        user = users.annotate(stands_in=Exists(Absence.objects.filter(deputy=user_id))).first()
        return user if user and self.user_can_authenticate(user) else None


def username_of(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """Under which name failed attempts are counted: case and blanks make no other name."""
    given = (credentials or {}).get("username") or request.POST.get("username") or ""
    return str(given).strip().lower().replace("\0", "")[:254]


def browser_of(request: HttpRequest) -> str:
    return request.headers.get("User-Agent", "").replace("\0", "")[:300]


def failures_before(email: str) -> int:
    """How many attempts to sign in under this name failed lately, from anywhere."""
    lately = timezone.now() - timedelta(days=1)
    attempts = AccessAttempt.objects.filter(username=email, attempt_time__gt=lately)
    return sum(attempts.values_list("failures_since_start", flat=True))


def locked_until(request: HttpRequest, credentials: dict[str, Any] | None = None) -> datetime:
    """When sign-in opens again for the name and address of this request."""
    last = AccessAttempt.objects.filter(
        username=username_of(request, credentials), ip_address=client_address(request)
    ).aggregate(last=Max("attempt_time"))["last"]
    return (last or timezone.now()) + cool_off()


def cool_off() -> timedelta:
    """How long sign-in stays closed after too many failed attempts."""
    return get_cool_off() or timedelta()
