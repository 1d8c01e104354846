"""How long clients are kept: rules by segment, and what their runs have done."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orbita.clients.models.segment import Segment
from orbita.core.sentences import say


class RetentionRule(models.Model):
    """Clients of a segment are erased once nothing was heard of them for so long.

    It runs by itself only while `is_on`, which whoever looked at a preview has said: `confirmed_mark`
    is the digest of what he saw the rule to be, `confirmed_count` how many clients it would take. A rule
    that differs from that stops and asks, with the reason in `stopped`.
    """

    class Since(models.TextChoices):
        ACTIVITY = "activity", pgettext_lazy("retention", "the last order or contact")
        CREATED = "created", pgettext_lazy("retention", "the card was made")
        STATUS = "status", pgettext_lazy("retention", "the present status")
        BINNED = "binned", pgettext_lazy("retention", "the card was put into the recycle bin")

    name = models.CharField(_("name"), max_length=100)
    segment = models.ForeignKey(
        Segment, null=True, on_delete=models.SET_NULL, verbose_name=_("segment"), related_name="+"
    )
    since = models.CharField(_("counted from"), max_length=8, choices=Since.choices)
    months = models.PositiveSmallIntegerField(_("months"))
    most = models.PositiveIntegerField(_("clients in one run, at most"), default=200)
    responsible = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        verbose_name=_("who is told before a run"),
        related_name="+",
    )
    notice_days = models.PositiveSmallIntegerField(_("days of notice"), default=3)
    is_on = models.BooleanField(default=False)
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    confirmed_mark = models.CharField(max_length=64, blank=True)
    confirmed_count = models.PositiveIntegerField(default=0)
    # Of the schedule: the day of the next run, and the day on which it was told of.
    next_run_on = models.DateField(null=True)
    told_on = models.DateField(null=True)
    # Why it does not run by itself any more, as `core.sentences` keep it.
    stopped = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("rule of keeping")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def why_stopped(self) -> str:
        return say(self.stopped)


class RetentionRun(models.Model):
    """One run of a rule. Its erasures point at it; `kept` is [card, why] of those it left."""

    class Status(models.TextChoices):
        QUEUED = "queued", pgettext_lazy("retention", "Waiting")
        RUNNING = "running", pgettext_lazy("retention", "Running")
        DONE = "done", pgettext_lazy("retention", "Done")
        STOPPED = "stopped", pgettext_lazy("retention", "Stopped")

    rule = models.ForeignKey(RetentionRule, on_delete=models.PROTECT, related_name="runs")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    is_scheduled = models.BooleanField(default=False)
    status = models.CharField(max_length=7, choices=Status.choices, default=Status.QUEUED)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    cutoff = models.DateField()
    mark = models.CharField(max_length=64)
    total = models.PositiveIntegerField(default=0)
    kept = models.JSONField(default=list)
    stop_asked = models.BooleanField(default=False)
    # Why it ended before its end, as `core.sentences` keep it.
    why = models.TextField(blank=True)

    class Meta:
        verbose_name = _("run of a rule of keeping")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["rule"],
                condition=models.Q(status__in=["queued", "running"]),
                name="one_retention_run_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"run {self.pk} of rule {self.rule_id}"

    @property
    def is_active(self) -> bool:
        return self.status in (self.Status.QUEUED, self.Status.RUNNING)

    @property
    def why_ended(self) -> str:
        return say(self.why)
