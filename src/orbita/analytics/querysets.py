from typing import TYPE_CHECKING, Self, TypeVar

from django.db.models import Model, QuerySet

from orbita.accounts import policy
from orbita.clients.models import Client

if TYPE_CHECKING:
    from orbita.accounts.models import User

M = TypeVar("M", bound=Model)


class ScoreQuerySet(QuerySet[M]):
    """Rows about clients: visible where analytics and the client are."""

    def visible_to(self, actor: "User") -> Self:
        return self.within(actor, "clients.view")

    def within(self, actor: "User", permission: str) -> Self:
        if not policy.allows(actor, "analytics.view"):
            return self.none()
        if policy.covers_all(actor, permission):
            # The scores leave deleted clients out with the next calculation; lists do at once.
            return self.filter(client__deleted_at=None)
        return self.filter(client__in=Client.objects.within(actor, permission))
