from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.db.models import Exists, Model, OuterRef, Q

from orbita.accounts import policy
from orbita.accounts.confining import chosen_of
from orbita.accounts.querysets import ScopedQuerySet
from orbita.clients.confining import within_bounds
from orbita.clients.models import Client
from orbita.core.rules import Rule, compile_rule

if TYPE_CHECKING:
    from orbita.accounts.models import User

M = TypeVar("M", bound=Model)


class DealQuerySet(ScopedQuerySet[M]):
    view_permission = "deals.view"

    def alive(self) -> Self:
        """Without the recycle bin."""
        return self.filter(deleted_at=None)

    def within(self, actor: "User", permission: str) -> Self:
        """A deal belongs to its responsible and to who helps him; without one, to the client's."""
        return self._owned(actor, permission).alive()

    def binned(self, actor: "User", permission: str = "deals.delete") -> Self:
        """The actor's part of the recycle bin."""
        return self._owned(actor, permission).filter(deleted_at__isnull=False)

    def matching(self, rule: Rule, *, actor: "User") -> Self:
        """The deals a rule lets through. Raises `RuleError` with a sentence for the user."""
        return self.filter(compile_rule("deal", rule, actor=actor))

    def _owned(self, actor: "User", permission: str) -> Self:
        granted = policy.level(actor, permission)
        condition = policy.owned_by(actor, granted, "responsible")
        if condition is None:
            return self.none()
        if granted != policy.ALL:
            of_client = policy.owned_by(actor, granted, "client__responsible") or Q()
            condition |= Q(responsible=None) & of_client | Q(helps(actor))
        rows = self.filter(condition)
        pipelines = chosen_of(actor, "deals.pipelines")
        if pipelines is not None:
            rows = rows.filter(pipeline__in=sorted(pipelines))
        if within_bounds(actor):
            rows = rows.filter(client__in=Client.objects.filter(within_bounds(actor)))
        return rows


def helps(actor: Any) -> Exists:
    """Whether the actor is a helper of the deal, asked of each row."""
    from orbita.work.models import DealHelper

    return Exists(DealHelper.objects.filter(deal=OuterRef("pk"), user=actor.pk))
