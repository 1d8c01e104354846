from typing import TYPE_CHECKING, Self, TypeVar

from django.db.models import Model, Q, QuerySet

from orbita.accounts import policy
from orbita.accounts.querysets import ScopedQuerySet
from orbita.core.rules import Rule, compile_rule

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

    def in_bin_of(self, actor: "User") -> Self:
        """What lies in the recycle bin and the actor may take out of it."""
        return super().within(actor, "clients.delete").in_bin()

    def matching(self, rule: Rule, *, actor: "User") -> Self:
        """The clients a rule lets through. Raises `RuleError` with a sentence for the user."""
        return self.filter(compile_rule("client", rule, actor=actor))


class SegmentQuerySet(QuerySet[M]):
    def visible_to(self, actor: "User") -> Self:
        """Shared segments and the actor's own, for those who may see clients at all."""
        if not policy.allows(actor, "clients.view"):
            return self.none()
        return self.filter(Q(is_shared=True) | Q(author=actor.pk))
