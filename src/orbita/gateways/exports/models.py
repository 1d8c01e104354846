from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orbita.accounts import policy
from orbita.gateways.exports.marking import new_mark

if TYPE_CHECKING:
    from orbita.accounts.models import User

M = TypeVar("M", bound=models.Model)


APPROVE = "exports.approve"


class ExportQuerySet(models.QuerySet[M]):
    def visible_to(self, actor: "User") -> Self:
        """One's own: a file with the base in it is for whoever asked for it."""
        return self.filter(owner_id=actor.pk)

    def overseen_by(self, actor: "User") -> Self:
        """Those of people whose exports the actor approves, never his own."""
        owned = policy.owned_by(actor, policy.level(actor, APPROVE), "owner")
        return self.none() if owned is None else self.filter(owned).exclude(owner_id=actor.pk)


class ExportRules(models.Model):
    """How much may leave: rows a day for one person, and from how many on somebody else approves."""

    rows_a_day = models.PositiveIntegerField(null=True)
    approved_from = models.PositiveIntegerField(null=True)

    class Meta:
        verbose_name = _("rules of exports")

    def __str__(self) -> str:
        return f"{self.rows_a_day} a day, approved from {self.approved_from}"

    @classmethod
    def current(cls) -> "ExportRules":
        return cls.objects.first() or cls(pk=1)


class Export(models.Model):
    """A table that somebody took. One too large to wait for is made in the background: fetched once,
    by its owner, in a day; one that needs approval waits for it first.
    """

    class Status(models.TextChoices):
        ASKED = "asked", _("Waiting for approval")
        REFUSED = "refused", _("Not approved")
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Running")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")
        FETCHED = "fetched", _("Fetched")
        EXPIRED = "expired", _("Expired")

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="exports"
    )
    list_name = models.CharField(max_length=50)
    format = models.CharField(max_length=4)
    # What was on the screen: the address of the list, the rows ticked (null: all), the columns.
    query: Any = models.JSONField(default=dict)
    ids: Any = models.JSONField(null=True)
    columns: Any = models.JSONField(default=list)
    file_name = models.CharField(max_length=200)
    # Under ORBITA_DATA/exports; empty before and after.
    stored_as = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=7, choices=Status.choices, default=Status.QUEUED)
    total = models.PositiveBigIntegerField(default=0)
    rows = models.PositiveBigIntegerField(default=0)
    error = models.TextField(blank=True)
    # Why it is wanted, and who let it out or did not.
    reason = models.CharField(max_length=300, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    # The filter in words, for whoever decides.
    filter_text = models.TextField(blank=True)
    # What its order of rows bears, see `marking`.
    mark = models.CharField(max_length=16, default=new_mark)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    objects = ExportQuerySet.as_manager()

    class Meta:
        verbose_name = _("export")
        indexes = [
            models.Index(
                fields=["created_at"],
                name="export_with_file",
                condition=~models.Q(stored_as=""),
            )
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def path(self) -> Path:
        return folder() / self.stored_as

    @property
    def is_active(self) -> bool:
        return self.status in (self.Status.QUEUED, self.Status.RUNNING)

    @property
    def is_ready(self) -> bool:
        return self.status == self.Status.READY


def folder() -> Path:
    """Where files wait for their owners; nobody but the server may look in."""
    path = Path(settings.ORBITA_DATA) / "exports"
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path
