from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from orbita.accounts.models import User
    from orbita.ui.models import SavedView  # noqa: F401 — named in a string below


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, actor: "User") -> "SavedViewQuerySet":
        """Own views and those shared with everybody."""
        return self.filter(Q(owner=actor) | Q(is_shared=True), deleted_at=None)

    def of_list(self, name: str) -> "SavedViewQuerySet":
        return self.filter(list_name=name)
