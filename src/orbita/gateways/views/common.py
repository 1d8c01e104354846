"""What the pages of this room share."""

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.gateways.files.errors import FileError
from orbita.gateways.models import Import

PERMISSION = "clients.import"
# What a file or a form may be refused for, with a sentence for its owner.
REFUSALS = (FileError, ValidationError)


def me(request: HttpRequest) -> User:
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - strangers do not get here
    return user


def own_import(request: HttpRequest, pk: int) -> Import:
    """The import by its number; the reason in words for those who may not import at all."""
    policy.require(request.user, PERMISSION)
    rows = Import.objects.visible_to(me(request)).select_related("actor")
    row: Import = get_object_or_404(rows, pk=pk)
    return row


def sentence(error: Exception) -> str:
    """Why it was refused, in one line."""
    if isinstance(error, ValidationError):
        return " ".join(error.messages)
    return str(error.message if isinstance(error, FileError) else error)


def counted(text: str | None) -> int:
    """A number from an address; 0 for anything else."""
    return int(text) if text and text.isdecimal() and len(text) < 16 else 0
