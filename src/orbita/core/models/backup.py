from pathlib import Path

from django.db import models
from django.utils.translation import gettext_lazy as _

from orbita.core.sentences import say


class Backup(models.Model):
    """One backup that was made or tried: where it lies and what proves that it restores."""

    class Status(models.TextChoices):
        RUNNING = "running", _("Being made")
        GOOD = "good", _("Proved")
        UNPROVED = "unproved", _("Not proved")
        FAILED = "failed", _("Failed")

    class Cause(models.TextChoices):
        BY_HAND = "hand", _("by hand")
        SCHEDULE = "schedule", _("by schedule")
        COMMAND = "command", _("by command")
        RESTORE = "restore", _("before a restore")

    cause = models.CharField(max_length=8, choices=Cause.choices)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.RUNNING)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    # The whole address of the file; empty until it is there.
    path = models.TextField(blank=True)
    size = models.BigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    encrypted = models.BooleanField(default=False)
    progress = models.PositiveSmallIntegerField(default=0)
    # What was compared and looked at: see `core.backup.proof.Proof`.
    proof = models.JSONField(default=dict)
    error = models.TextField(blank=True)

    class Meta:
        verbose_name = _("backup")
        indexes = [models.Index(fields=["status", "-started_at"], name="backup_by_status")]

    def __str__(self) -> str:
        return f"backup of {self.started_at:%Y-%m-%d %H:%M}"

    @property
    def file(self) -> Path:
        return Path(self.path)

    @property
    def reason(self) -> str:
        """Why it failed, in the language of the moment."""
        return say(self.error)


class BackupCopy(models.Model):
    """A backup in the S3 storage: sent by this base, or found there and not ours."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waits to be sent")
        SENDING = "sending", _("Being sent")
        THERE = "there", _("There, compared")
        FAILED = "failed", _("Not sent")
        GONE = "gone", _("Gone from there")
        UNKNOWN = "unknown", _("Not sent by this base")

    backup = models.ForeignKey(Backup, models.SET_NULL, null=True, related_name="copies")
    # Endpoint, bucket and prefix: after a move the copies at the former place are none of ours.
    place = models.CharField(max_length=600)
    name = models.CharField(max_length=200)
    # When the backup was begun; of one that is not ours, what its name says.
    made_at = models.DateTimeField()
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.WAITING)
    progress = models.PositiveSmallIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        verbose_name = _("backup in the storage")
        constraints = [models.UniqueConstraint(fields=["place", "name"], name="copy_by_place")]

    def __str__(self) -> str:
        return f"{self.place}/{self.name}"

    @property
    def reason(self) -> str:
        """Why it is not there, or could not be removed, in the language of the moment."""
        return say(self.error)


class BackupPlan(models.Model):
    """When backups are made, how many are kept, where, and for whose key: one row."""

    is_on = models.BooleanField(_("every day"), default=False)
    hour = models.PositiveSmallIntegerField(_("at"), default=3)
    keep_daily = models.PositiveSmallIntegerField(_("daily ones to keep"), default=7)
    keep_weekly = models.PositiveSmallIntegerField(_("weekly ones to keep"), default=4)
    keep_monthly = models.PositiveSmallIntegerField(_("monthly ones to keep"), default=6)
    # Empty means ORBITA_DATA/backups.
    folder = models.CharField(_("folder"), max_length=500, blank=True)
    # An age recipient (age1…) once its owner has proved that the recovery key was kept.
    recipient = models.CharField(max_length=200, blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("backup plan")

    def __str__(self) -> str:
        return f"daily at {self.hour}" if self.is_on else "off"

    @classmethod
    def current(cls) -> "BackupPlan":
        """The one row; the defaults without a row until somebody sets it."""
        return cls.objects.first() or cls()
