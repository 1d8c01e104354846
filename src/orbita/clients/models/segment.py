from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orbita.clients.querysets import SegmentQuerySet


class Segment(models.Model):
    """A named rule over clients; its members are found anew each time it is asked."""

    name = models.CharField(_("name"), max_length=100)
    rule = models.JSONField(_("conditions"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="segments"
    )
    is_shared = models.BooleanField(_("for everybody"), default=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = SegmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("segment")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["name"], name="segment_name_once")]

    def __str__(self) -> str:
        return self.name

    def owner_id(self) -> int | None:
        """Whose record this is, for the policy."""
        return self.author_id
