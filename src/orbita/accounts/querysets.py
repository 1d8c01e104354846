from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.contrib.auth.models import BaseUserManager
from django.db import models

if TYPE_CHECKING:
    from orbita.accounts.models import User

M = TypeVar("M", bound=models.Model)


class ScopedQuerySet(models.QuerySet[M]):
    """Rows that belong to somebody. A room names the permission and the way to the owner."""

    view_permission: str
    owner_path: str = "responsible"

    def visible_to(self, actor: "User") -> Self:
        """What the actor may see; nothing when he has no such permission."""
        return self.within(actor, self.view_permission)

    def within(self, actor: "User", permission: str) -> Self:
        """The rows on which the actor has the permission."""
        from orbita.accounts import policy

        condition = policy.owned_by(actor, policy.level(actor, permission), self.owner_path)
        return self.none() if condition is None else self.filter(condition)


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        # Exactly: databases take “ſ” for “s” and “ı” for “i”, the count of failed attempts does not.
        return self.get(email=(username or "").strip().lower())

    def people(self) -> "models.QuerySet[User]":
        """Everybody but the service user."""
        return self.filter(is_service=False)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save()
        return user
