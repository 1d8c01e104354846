"""What the bulk actions of the lists share."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from orbita.accounts.models import User


def batch_undo(url_name: str, moment: Any) -> str:
    return reverse(url_name, args=[round(moment.timestamp() * 1_000_000)])


def user_of(request: HttpRequest) -> User:
    user = request.user
    assert isinstance(user, User)  # noqa: S101 – pages are closed to strangers
    return user
