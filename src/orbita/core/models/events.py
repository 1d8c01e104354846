from typing import Any, NoReturn

from django.db import models
from django.utils.translation import gettext_lazy as _


class Origin(models.TextChoices):
    """Why an event is in the log. Subscribers hear of live ones only, unless they ask for more."""

    LIVE = "live", _("live")
    IMPORT = "import", _("import")
    RESTORE = "restore", _("restore")
    MERGE = "merge", _("merge")
    BACKFILL = "backfill", _("backfill")


class AppendOnly(models.QuerySet[Any]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise RuntimeError("The event log is append-only")

    def delete(self) -> NoReturn:
        raise RuntimeError("The event log is append-only")


class Event(models.Model):
    """One thing that happened: timeline, audit trail and trigger at once. Written by `emit` only.

    Ids of actor, client and subject are plain numbers: the log outlives what it speaks of and
    stands below the rooms that own those tables. `commitment` is SHA-256 of the payload's salt and
    text, so that the log can be sealed later while a payload is still erasable for privacy.
    """

    happened_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    kind = models.CharField(max_length=60)
    origin = models.CharField(max_length=8, choices=Origin.choices, default=Origin.LIVE)
    actor_id = models.BigIntegerField(null=True)
    client_id = models.BigIntegerField(null=True)
    subject_type = models.CharField(max_length=30, blank=True)
    subject_id = models.BigIntegerField(null=True)
    request_id = models.CharField(max_length=32, blank=True)
    commitment = models.BinaryField(max_length=32)

    objects = AppendOnly.as_manager()
    payload: "EventPayload"

    class Meta:
        verbose_name = _("event")
        indexes = [
            models.Index(fields=["client_id", "-happened_at", "-id"], name="event_of_client"),
            models.Index(
                fields=["subject_type", "subject_id", "-id"],
                name="event_of_subject",
                condition=~models.Q(subject_type="client"),
            ),
            # For the log as a list. Without the id: equal moments of a chunk then share an entry
            # on PostgreSQL, and SQLite keeps the id in every index anyway.
            models.Index(fields=["recorded_at"], name="event_by_time"),
            models.Index(fields=["actor_id", "recorded_at"], name="event_by_actor"),
            models.Index(fields=["kind", "recorded_at"], name="event_by_kind"),
            # An import's events are all of one job: nobody asks for them by it.
            models.Index(
                fields=["request_id"],
                name="event_by_request",
                condition=models.Q(origin=Origin.LIVE),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.happened_at:%Y-%m-%d %H:%M}"

    def save(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise RuntimeError("The event log is written by emit() only")

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise RuntimeError("The event log is append-only")


class EventPayload(models.Model):
    """What an event says, apart from the event so that it can be erased while the fact stays.

    `data` may hold `before` and `after` (field → value) and whatever else the kind declares.
    """

    event = models.OneToOneField(
        Event, on_delete=models.CASCADE, primary_key=True, related_name="payload"
    )
    salt = models.BinaryField(max_length=16)
    data = models.TextField()

    class Meta:
        verbose_name = _("event payload")

    def __str__(self) -> str:
        return f"payload of event {self.event_id}"
