from typing import TYPE_CHECKING, Self, TypeVar

from django.db.models import Model, Q, QuerySet

from orbita.accounts import policy
from orbita.accounts.querysets import ScopedQuerySet
from orbita.clients.confining import within_bounds
from orbita.clients.models import Client

if TYPE_CHECKING:
    from orbita.accounts.models import User

M = TypeVar("M", bound=Model)


class OrderQuerySet(ScopedQuerySet[M]):
    view_permission = "orders.view"

    def alive(self) -> Self:
        """Without the recycle bin."""
        return self.filter(deleted_at=None)

    def within(self, actor: "User", permission: str) -> Self:
        """An order belongs to its seller; without one, to the client's responsible."""
        return self._owned(actor, permission).alive()

    def binned(self, actor: "User", permission: str = "orders.delete") -> Self:
        """The actor's part of the recycle bin."""
        return self._owned(actor, permission).filter(deleted_at__isnull=False)

    def _owned(self, actor: "User", permission: str) -> Self:
        granted = policy.level(actor, permission)
        condition = policy.owned_by(actor, granted, "responsible")
        if condition is None:
            return self.none()
        if granted != policy.ALL:
            of_client = policy.owned_by(actor, granted, "client__responsible") or Q()
            condition |= Q(responsible=None) & of_client
        rows = self.filter(condition)
        if within_bounds(actor):
            rows = rows.filter(client__in=Client.objects.filter(within_bounds(actor)))
        return rows


class ProductQuerySet(QuerySet[M]):
    def alive(self) -> Self:
        return self.filter(deleted_at=None)

    def in_bin(self) -> Self:
        return self.filter(deleted_at__isnull=False)

    def visible_to(self, actor: "User") -> Self:
        """The catalogue is one for all who may see it."""
        return self.alive() if policy.allows(actor, "products.view") else self.none()
