from typing import TYPE_CHECKING, Self, TypeVar

from django.db.models import Model

from orbita.accounts.querysets import ScopedQuerySet

if TYPE_CHECKING:
    from orbita.accounts.models import User

M = TypeVar("M", bound=Model)


class ClientQuerySet(ScopedQuerySet[M]):
    view_permission = "clients.view"

    def alive(self) -> Self:
        """Without the recycle bin."""
        return self.filter(deleted_at=None)

    def in_bin(self) -> Self:
        return self.filter(deleted_at__isnull=False)

    def within(self, actor: "User", permission: str) -> Self:
        return super().within(actor, permission).alive()
