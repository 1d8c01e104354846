from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.work.models import Deal

form_page = require_http_methods(["GET", "HEAD", "POST"])


def actor_of(request: HttpRequest) -> User:
    """The signed-in user; pages are closed to strangers before a view runs."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101
    return user


def deal_or_404(actor: User, pk: int) -> Deal:
    """The deal when the actor sees it."""
    rows = Deal.objects.visible_to(actor).select_related(
        "client", "responsible", "stage", "pipeline", "source", "loss_reason__parent", "order"
    )
    return get_object_or_404(rows, pk=pk)


def deleted_or_404(actor: User, pk: int) -> Deal:
    policy.require(actor, "deals.delete")
    return get_object_or_404(Deal.objects.binned(actor), pk=pk)
