from typing import TYPE_CHECKING, Self, TypeVar

from django.db.models import Model, QuerySet

from orbita.accounts import policy

if TYPE_CHECKING:
    from orbita.accounts.models import User

M = TypeVar("M", bound=Model)


class ImportQuerySet(QuerySet[M]):
    def visible_to(self, actor: "User") -> Self:
        """Every import for those who may import: what one did, another must be able to undo."""
        return self.all() if policy.allows(actor, "clients.import") else self.none()


class SavedMappingQuerySet(QuerySet[M]):
    def visible_to(self, actor: "User") -> Self:
        return self.all() if policy.allows(actor, "clients.import") else self.none()
