from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orbita.clients.models.client import Client
from orbita.clients.work.rules import Rules


class ClientWork(models.Model):
    """How a client came to his responsible: since when, warned when, released from whom.

    A client without a row has been his responsible's from the day the card was made.
    """

    client = models.OneToOneField(
        Client, on_delete=models.CASCADE, primary_key=True, related_name="work"
    )
    assigned_on = models.DateField(_("with the responsible since"), null=True)
    warned_on = models.DateField(null=True)
    released_on = models.DateField(null=True)
    released_from = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    reason = models.CharField(_("why handed over"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("work with a client")
        indexes = [
            models.Index(
                fields=["warned_on"],
                name="work_warned",
                condition=models.Q(warned_on__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"work with {self.client_id}"


class ContactStop(models.Model):
    """This client is not to be contacted any more: by whom it was marked, and why."""

    client = models.OneToOneField(
        Client, on_delete=models.CASCADE, primary_key=True, related_name="contact_stop"
    )
    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    reason = models.CharField(_("reason"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("stop of contacts")

    def __str__(self) -> str:
        return f"no contact with {self.client_id}"


class WorkRules(models.Model):
    """How clients are given out and worked, as the administrator set it: one row.

    `last` is who got the last client by turn; `since` when giving out was switched on.
    """

    data = models.JSONField(default=dict)
    last = models.BigIntegerField(null=True)
    since = models.DateTimeField(null=True)
    # The day the time limit was set: everybody has the whole time from then on.
    limited_on = models.DateField(null=True)

    class Meta:
        verbose_name = _("rules of work")

    def __str__(self) -> str:
        return self.rules.mode

    @classmethod
    def current(cls) -> "WorkRules":
        """The one row; before anybody changed it, the defaults without a row."""
        return cls.objects.first() or cls(pk=1)

    @property
    def rules(self) -> Rules:
        data: dict[str, Any] = self.data
        return Rules.from_json(data)
