"""What is known of how good the data are: marks of contacts, dead clients, the administrator's
weights and limits."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orbita.clients.models.client import Client
from orbita.clients.models.contact import ContactPoint
from orbita.core import context

# Days without a word about a contact after which it is to be checked; 0 never asks.
USUAL_LIMITS = {"phone": 365, "email": 365, "messenger": 365}
USUAL_INCOMPLETE_BELOW = 50


class ContactState(models.Model):
    """What people have learnt of a contact. A contact nobody has spoken of has no row."""

    class Mark(models.TextChoices):
        NONE = "", _("usable")
        WRONG = "wrong", _("wrong")
        UNREACHABLE = "unreachable", _("unreachable")
        REFUSED = "refused", pgettext_lazy("contact", "asked not to use it")

    contact = models.OneToOneField(
        ContactPoint, on_delete=models.CASCADE, primary_key=True, related_name="state"
    )
    mark = models.CharField(
        pgettext_lazy("contact", "mark"), max_length=11, choices=Mark.choices, blank=True
    )
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    marked_at = models.DateTimeField(null=True)
    marked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = _("state of a contact")
        indexes = [
            models.Index(fields=["mark"], name="contact_marked", condition=~models.Q(mark="")),
        ]

    def __str__(self) -> str:
        return f"{self.mark or 'usable'} contact {self.pk}"


class DeadMark(models.Model):
    """A client who is not worked with: until a day, or for good. Brought up when the day comes."""

    client = models.OneToOneField(
        Client, on_delete=models.CASCADE, primary_key=True, related_name="dead"
    )
    # Empty means for good.
    look_again_on = models.DateField(_("look again on"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=300)
    marked_at = models.DateTimeField()
    marked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    brought_up_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("dead client")
        indexes = [
            models.Index(fields=["look_again_on"], name="dead_by_day"),
            models.Index(
                fields=["brought_up_at"],
                name="dead_to_look_at",
                condition=models.Q(brought_up_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"client {self.pk}, dead until {self.look_again_on or 'ever'}"

    @property
    def for_good(self) -> bool:
        return self.look_again_on is None


class AcceptedValue(models.Model):
    """An odd value that a person has looked at and found right: it is not complained of again."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="accepted_values")
    problem = models.CharField(max_length=12)
    value = models.CharField(max_length=300)

    class Meta:
        verbose_name = _("accepted value")
        constraints = [
            models.UniqueConstraint(
                fields=["client", "problem", "value"], name="value_accepted_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.problem}: {self.value}"


class QualitySettings(models.Model):
    """What a whole card is and how old a contact may grow: one row, the administrator's."""

    # kind → name of an item → weight; an item that is not named has its usual weight.
    weights = models.JSONField(_("weights"), default=dict)
    limits = models.JSONField(_("age limits"), default=dict)
    incomplete_below = models.PositiveSmallIntegerField(
        _("a card is incomplete below, %"), default=USUAL_INCOMPLETE_BELOW
    )

    class Meta:
        verbose_name = _("quality settings")

    def __str__(self) -> str:
        return "quality settings"

    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)
        context.forget("quality_settings")

    @classmethod
    def current(cls) -> "QualitySettings":
        """The one row; before anybody changed it, the defaults without a row."""
        return context.remembered("quality_settings", lambda: cls.objects.first() or cls())

    def limit(self, kind: str) -> int:
        """Days after which a contact of the kind is to be checked; 0 for never."""
        return int(self.limits.get(kind, USUAL_LIMITS.get(kind, 0)))

    def as_json(self) -> dict[str, Any]:
        return {
            "weights": self.weights,
            "limits": self.limits,
            "incomplete_below": self.incomplete_below,
        }


class QualityDay(models.Model):
    """The state of the base on a day, counted once in the background: what the dashboard shows
    to those who see everybody. `numbers` is the name of a line → clients; `shares` are clients by
    tenths of completeness.
    """

    day = models.DateField(primary_key=True)
    taken_at = models.DateTimeField()
    clients = models.PositiveIntegerField()
    completeness = models.PositiveSmallIntegerField(null=True)
    numbers = models.JSONField(default=dict)
    shares = models.JSONField(default=list)

    class Meta:
        verbose_name = _("state of the base")
        ordering = ["-day"]

    def __str__(self) -> str:
        return f"state of the base on {self.day}"


class Repair(models.Model):
    """Putting many cards right at once, and the way back. A job does it in chunks.

    `rule` says which cards; what is offered for each of them is taken. Events carry the request id
    of the repair, so that the undo finds them.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        UNDOING = "undoing", _("Being undone")
        UNDONE = "undone", _("Taken back")

    # The name of the dashboard's line; empty for a selection of the list.
    line = models.CharField(max_length=20, blank=True)
    rule = models.JSONField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    status = models.CharField(max_length=7, choices=Status.choices, default=Status.QUEUED)
    requested_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    # Where a worker that died goes on.
    position = models.BigIntegerField(default=0)
    looked_at = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    # Changed since by others: the undo leaves them.
    kept = models.PositiveIntegerField(default=0)
    first_event = models.BigIntegerField(default=0)
    last_event = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("repair")
        indexes = [models.Index(fields=["-requested_at"], name="repair_by_time")]

    def __str__(self) -> str:
        return f"repair {self.pk} of {self.line or 'a selection'}"

    @property
    def request_id(self) -> str:
        return f"repair-{self.pk}"

    @property
    def is_under_way(self) -> bool:
        return self.status in (self.Status.QUEUED, self.Status.RUNNING, self.Status.UNDOING)
