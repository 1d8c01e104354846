from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orbita.ui.querysets import SavedViewQuerySet


class SavedView(models.Model):
    """A list as somebody wants to see it: conditions, text, order, columns. Own, or for everybody."""

    list_name = models.CharField(max_length=60)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    name = models.CharField(_("name"), max_length=80)
    is_shared = models.BooleanField(_("for everybody"), default=False)
    rule = models.JSONField(default=dict)
    text = models.CharField(max_length=200, blank=True)
    sort = models.CharField(max_length=61, blank=True)
    columns = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(null=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        ordering = ["id"]
        indexes = [models.Index(fields=["list_name", "owner"], name="view_of_list")]

    def __str__(self) -> str:
        return self.name


class ListChoice(models.Model):
    """What one person chose for one list: the view to begin with, the columns per view."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    list_name = models.CharField(max_length=60)
    default_view = models.CharField(max_length=60, blank=True)
    columns = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("choice for a list")
        constraints = [
            models.UniqueConstraint(fields=["user", "list_name"], name="one_choice_per_list")
        ]

    def __str__(self) -> str:
        return f"{self.list_name} of user {self.user_id}"
