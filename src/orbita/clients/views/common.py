from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods

from orbita.accounts.models import User
from orbita.clients.models import Client
from orbita.ui.context import is_dialog

form_page = require_http_methods(["GET", "HEAD", "POST"])


def actor_of(request: HttpRequest) -> User:
    """The signed-in user; pages are closed to strangers before a view runs."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101
    return user


def client_or_404(request: HttpRequest, pk: int) -> Client:
    """The client when the user sees it: a hidden card is not there for him.

    Of a merged card, the survivor: a form that was open meanwhile goes to him.
    """
    rows = Client.objects.visible_to(actor_of(request)).select_related("responsible", "source")
    return get_object_or_404(rows.answering(pk))


def is_part(request: HttpRequest) -> bool:
    """Whether htmx asks for a piece of the page and not for the page in a dialog."""
    return request.headers.get("HX-Request") == "true" and not is_dialog(request)
