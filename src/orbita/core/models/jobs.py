from django.db import models
from django.utils.translation import gettext_lazy as _


class Job(models.Model):
    """One piece of background work. The row is the queue: it commits or rolls back with its cause."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    task = models.CharField(max_length=200)
    args = models.JSONField(default=list)
    kwargs = models.JSONField(default=dict)
    queue = models.CharField(max_length=20, default="default")
    priority = models.SmallIntegerField(default=0)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.QUEUED)
    unique_key = models.CharField(max_length=200, null=True, unique=True)
    enqueued_at = models.DateTimeField()
    run_after = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=5)
    lease_until = models.DateTimeField(null=True)
    lease_token = models.CharField(max_length=32, blank=True)
    result = models.JSONField(null=True)
    # What a chunked job needs to go on after a crash, and what its progress bar shows.
    state = models.JSONField(null=True)
    progress = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    cancel_requested = models.BooleanField(default=False)
    error = models.TextField(blank=True)

    class Meta:
        verbose_name = _("job")
        indexes = [
            models.Index(
                fields=["queue", "-priority", "run_after"],
                name="job_waiting",
                condition=models.Q(status="queued"),
            ),
            models.Index(
                fields=["lease_until"], name="job_leased", condition=models.Q(status="running")
            ),
            models.Index(fields=["status", "-id"], name="job_by_status"),
        ]

    def __str__(self) -> str:
        return f"{self.task} #{self.pk}"
