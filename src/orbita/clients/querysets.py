from typing import TYPE_CHECKING, Self, TypeVar

from django.db.models import (
    BigIntegerField,
    Exists,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Coalesce

from orbita.accounts import policy
from orbita.accounts.querysets import ScopedQuerySet
from orbita.clients.confining import within_bounds
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
        """The recycle bin. A merged card does not lie there: it comes back by undoing the merge."""
        return self.filter(deleted_at__isnull=False, alias=None)

    def within(self, actor: "User", permission: str) -> Self:
        return self._open_to(actor, permission).alive()

    def known_to(self, actor: "User") -> Self:
        """Whom the actor may see, deleted and merged ones too: history names them."""
        return self._open_to(actor, self.view_permission)

    def in_bin_of(self, actor: "User") -> Self:
        """What lies in the recycle bin and the actor may take out of it."""
        return self._open_to(actor, "clients.delete").in_bin()

    def _open_to(self, actor: "User", permission: str) -> Self:
        rows = super().within(actor, permission)
        bounds = within_bounds(actor)
        return rows.filter(bounds) if bounds else rows

    def answering(self, number: int) -> Self:
        """The client of this number, or the one he was merged into."""
        from orbita.clients.models import Alias

        if number > BigIntegerField.MAX_BIGINT:
            return self.none()
        survivor = Alias.objects.filter(client_id=number).values("survivor_id")[:1]
        return self.filter(pk=Coalesce(Subquery(survivor), Value(number, BigIntegerField())))

    def matching(self, rule: Rule, *, actor: "User") -> Self:
        """The clients a rule lets through. Raises `RuleError` with a sentence for the user."""
        return self.filter(compile_rule("client", rule, actor=actor))


def client_is_seen(actor: "User", column: str) -> Exists:
    """Whether the actor sees the client whom this column of a row names, asked of each row.

    With `IN` SQLite may gather all the clients that he sees before it looks at the first row.
    """
    from orbita.clients.models import Client

    return Exists(Client.objects.visible_to(actor).filter(pk=OuterRef(column)))


class DuplicateGroupQuerySet(QuerySet[M]):
    def visible_to(self, actor: "User") -> Self:
        """Open groups with a card that the actor may merge."""
        from orbita.clients.models import Client, DuplicatePair

        if not policy.allows(actor, "clients.merge"):
            return self.none()
        rows = self.filter(is_open=True)
        if policy.covers_all(actor, "clients.merge"):
            return rows
        mine = Client.objects.within(actor, "clients.merge").values("pk")
        pairs = DuplicatePair.objects.filter(group=OuterRef("pk"))
        return rows.filter(Exists(pairs.filter(Q(a__in=mine) | Q(b__in=mine))))


class SegmentQuerySet(QuerySet[M]):
    def visible_to(self, actor: "User") -> Self:
        """Shared segments and the actor's own, for those who may see clients at all. Orbita itself
        sees all: the bounds of roles may lean on somebody's own segment.
        """
        if not policy.allows(actor, "clients.view"):
            return self.none()
        return self if actor.is_service else self.filter(Q(is_shared=True) | Q(author=actor.pk))
