"""What people ask about their data: the register of requests, its steps, days of work, links."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orbita.clients.models.client import Client
from orbita.clients.models.privacy import Erasure
from orbita.core import context
from orbita.core.models import OutgoingMail


class DataRequest(models.Model):
    """What somebody asks about his data, until when he is to be answered, and how it ended.

    An erasure leaves the row without whom it was about. `proposal` are the corrections that the client
    typed on his own page: field → value.
    """

    class Kind(models.TextChoices):
        ACCESS = "access", _("Copy of the data")
        CORRECT = "correct", _("Correction")
        ERASE = "erase", pgettext_lazy("request", "Erasure")
        STOP = "stop", _("Stop of processing")
        WITHDRAW = "withdraw", _("Withdrawal of consent")
        RESTRICT = "restrict", _("Blocking of the data")
        ADVERTISING = "advertising", _("Objection to advertising")
        UNLAWFUL = "unlawful", _("Complaint of unlawful processing")

    class Via(models.TextChoices):
        LETTER = "letter", pgettext_lazy("request", "by e-mail")
        PAPER = "paper", _("on paper")
        VISIT = "visit", _("in person")
        PHONE = "phone", pgettext_lazy("request", "by phone")
        MESSENGER = "messenger", pgettext_lazy("request", "in a messenger")
        OFFICE = "office", _("through an authority")
        PAGE = "page", _("on the client’s own page")

    class Regime(models.TextChoices):
        RU = "ru", _("Federal Law 152-FZ (Russia)")
        EU = "eu", _("GDPR (European Union)")

    class Status(models.TextChoices):
        OPEN = "open", pgettext_lazy("request", "In work")
        ANSWERED = "answered", pgettext_lazy("request", "Answered")
        REFUSED = "refused", pgettext_lazy("request", "Refused")

    kind = models.CharField(_("what is asked for"), max_length=11, choices=Kind.choices)
    via = models.CharField(_("how it came"), max_length=9, choices=Via.choices)
    regime = models.CharField(_("by which law"), max_length=2, choices=Regime.choices)
    status = models.CharField(
        pgettext_lazy("request", "state"), max_length=8, choices=Status.choices, default=Status.OPEN
    )
    client = models.ForeignKey(
        Client, null=True, blank=True, on_delete=models.SET_NULL, related_name="data_requests"
    )
    who = models.CharField(_("from whom"), max_length=300, blank=True)
    contact = models.CharField(_("where to answer"), max_length=300, blank=True)
    text = models.TextField(_("in his words"), blank=True)
    proposal = models.JSONField(_("what he corrects"), default=dict, blank=True)
    received_on = models.DateField(_("received on"))
    due_on = models.DateField(_("to be answered by"))
    # The term before it was prolonged.
    first_due_on = models.DateField()
    responsible = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("who answers"),
    )
    erasure = models.ForeignKey(
        Erasure, null=True, blank=True, on_delete=models.SET_NULL, related_name="requests"
    )
    recorded_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("request about personal data")
        indexes = [
            models.Index(
                fields=["due_on", "id"],
                name="open_requests",
                condition=models.Q(status="open"),
            ),
            models.Index(fields=["-closed_at", "-id"], name="closed_requests"),
        ]

    def __str__(self) -> str:
        return f"request {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN

    @property
    def is_prolonged(self) -> bool:
        return self.due_on != self.first_due_on


class RequestStep(models.Model):
    """Something that was done about a request: who, when, and what was written to the client."""

    class Kind(models.TextChoices):
        RECEIVED = "received", _("Received")
        CLIENT = "client", _("Client found")
        IDENTITY = "identity", _("Identity checked")
        LETTER = "letter", _("Letter to the client")
        COPIED = "copied", _("Copy of all data made")
        STOPPED = "stopped", _("Consents withdrawn")
        CORRECTED = "corrected", _("Data corrected")
        ERASURE = "erasure", _("Erasure asked for")
        PROLONGED = "prolonged", _("Term prolonged with a notice")
        NOTE = "note", _("Note")
        ANSWERED = "answered", pgettext_lazy("request", "Answered")
        REFUSED = "refused", pgettext_lazy("request", "Refused")
        REOPENED = "reopened", _("Taken up again")
        ERASED = "erased", _("Client erased")

    request = models.ForeignKey(DataRequest, on_delete=models.CASCADE, related_name="steps")
    kind = models.CharField(_("what was done"), max_length=9, choices=Kind.choices)
    at = models.DateTimeField(_("when"), default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    text = models.TextField(_("how, or why"), blank=True)
    # What was written to the client, whichever way it went.
    letter = models.TextField(_("letter"), blank=True)
    mail = models.ForeignKey(
        OutgoingMail, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = _("step of a request")
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.kind} of request {self.request_id}"


class RequestRules(models.Model):
    """How requests are worked, as the company set it: one row."""

    class Corrections(models.TextChoices):
        REVIEWED = "reviewed", _("an employee looks at them first")
        AT_ONCE = "at_once", _("at once")

    regime = models.CharField(
        _("by which law"),
        max_length=2,
        choices=DataRequest.Regime.choices,
        default=DataRequest.Regime.RU,
    )
    # Working days before the last one.
    remind_before = models.PositiveSmallIntegerField(default=3)
    corrections = models.CharField(
        max_length=8, choices=Corrections.choices, default=Corrections.REVIEWED
    )
    link_days = models.PositiveSmallIntegerField(default=30)

    REMEMBERED = "rules of requests"

    class Meta:
        verbose_name = _("rules of requests about data")

    def __str__(self) -> str:
        return self.regime

    @classmethod
    def current(cls) -> "RequestRules":
        """The one row; before anybody changed it, the defaults without a row."""
        return context.remembered(cls.REMEMBERED, lambda: cls.objects.first() or cls(pk=1))


class CalendarDay(models.Model):
    """A day of which the company knows better than the calendar whether people work on it."""

    day = models.DateField(_("day"), primary_key=True)
    works = models.BooleanField(_("working"))

    class Meta:
        verbose_name = _("day of the calendar")
        ordering = ["-day"]

    def __str__(self) -> str:
        return f"{self.day}: {'works' if self.works else 'does not work'}"


class ClientLink(models.Model):
    """A link that shows a client his own page without signing in. What it is, only its holder knows:
    the base keeps the SHA-256 of it.
    """

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="own_links")
    token_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(_("made on"), default=timezone.now)
    expires_at = models.DateTimeField(_("works until"))
    revoked_at = models.DateTimeField(null=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = _("link to a client’s own page")
        ordering = ["-made_at", "-id"]

    def __str__(self) -> str:
        return f"link {self.pk}"

    @property
    def works(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()
