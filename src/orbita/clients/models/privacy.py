"""What clients have agreed to, what must be kept for now, and what was erased."""

import uuid
from datetime import date

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orbita.clients.models.client import Client
from orbita.clients.models.note import Attachment
from orbita.core.sentences import say


class Purpose(models.TextChoices):
    """What personal data are used for, as far as a client is asked about it."""

    SERVICE = "service", _("Messages about orders and service")
    ADVERTISING = "advertising", _("Advertising")
    PROFILING = "profiling", _("Study of purchases and habits")


class By(models.TextChoices):
    """The channel that a consent is for; empty where the purpose has none."""

    ANY = "", _("any")
    EMAIL = "email", pgettext_lazy("consent", "by e-mail")
    SMS = "sms", _("by SMS")
    MESSENGER = "messenger", _("in messengers")
    CALL = "call", pgettext_lazy("consent", "by calls")


class ConsentText(models.Model):
    """A version of the document that a client agrees to. Never changed: a new text is a new version.

    One document speaks of one purpose, so consent to advertising never hides in another one.
    """

    purpose = models.CharField(_("purpose"), max_length=11, choices=Purpose.choices)
    version = models.PositiveIntegerField(_("version"))
    text = models.TextField(_("text"))
    created_at = models.DateTimeField(_("in force since"), default=timezone.now)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = _("text of a consent")
        ordering = ["purpose", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["purpose", "version"], name="consent_text_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()}, {self.version}"


class Consent(models.Model):
    """One answer of a client about one purpose and channel. Answers are added and never changed.

    `is_current` marks the newest of its kind: what may be done is read from these alone.
    """

    class Source(models.TextChoices):
        PAPER = "paper", _("on paper")
        FORM = "form", _("form on the site")
        PHONE = "phone", pgettext_lazy("consent", "by phone")
        EMAIL = "email", pgettext_lazy("consent", "by letter")
        MESSENGER = "messenger", pgettext_lazy("consent", "in a messenger")
        IMPORT = "import", pgettext_lazy("consent", "from a file")
        API = "api", pgettext_lazy("consent", "through the API")
        PAGE = "page", pgettext_lazy("consent", "on the client’s own page")

    client = models.ForeignKey(
        Client, on_delete=models.CASCADE, related_name="consents", db_index=False
    )
    purpose = models.CharField(_("purpose"), max_length=11, choices=Purpose.choices)
    channel = models.CharField(_("channel"), max_length=9, choices=By.choices, blank=True)
    given = models.BooleanField(_("agreed"))
    at = models.DateTimeField(_("when"))
    source = models.CharField(_("how"), max_length=9, choices=Source.choices)
    text = models.ForeignKey(
        ConsentText,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        verbose_name=_("text that was agreed to"),
        related_name="consents",
    )
    # Where the answer came from: that of a form, not of whoever writes it down here.
    address = models.GenericIPAddressField(_("address (IP)"), null=True, blank=True)
    proof = models.CharField(_("proof"), max_length=300, blank=True)
    file = models.ForeignKey(
        Attachment, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    recorded_at = models.DateTimeField(default=timezone.now)
    is_current = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("consent")
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["client", "purpose", "channel"],
                condition=models.Q(is_current=True),
                name="one_current_consent",
            )
        ]
        indexes = [
            models.Index(fields=["client", "-at"], name="consents_of_client"),
            models.Index(
                fields=["purpose", "channel", "given", "client"],
                name="consent_standing",
                condition=models.Q(is_current=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.channel}: {'yes' if self.given else 'no'}"


class LegalHold(models.Model):
    """Why the data of a client must be kept until a day, whatever he asks: a court, a guarantee."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="legal_holds")
    reason = models.CharField(_("reason"), max_length=300)
    until = models.DateField(_("until, inclusive"))
    set_at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("legal hold")
        ordering = ["-until", "-id"]

    def __str__(self) -> str:
        return f"hold of {self.client_id} until {self.until}"

    def holds_on(self, day: date) -> bool:
        return self.lifted_at is None and self.until >= day


class Erasure(models.Model):
    """That the data of a client were destroyed: who, when, what and why, and nothing of the client.

    `cards` are the numbers of his cards. `marks` are what the register of erasures knows them by, see
    `clients.privacy.register`. `tables` is table → [rows deleted, rows emptied].
    """

    class Status(models.TextChoices):
        QUEUED = "queued", pgettext_lazy("erasure", "Waiting")
        DONE = "done", pgettext_lazy("erasure", "Erased")
        REFUSED = "refused", pgettext_lazy("erasure", "Not erased")

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    cards = models.JSONField(default=list)
    status = models.CharField(max_length=7, choices=Status.choices, default=Status.QUEUED)
    reason = models.CharField(_("reason"), max_length=300)
    asked_at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    erased_at = models.DateTimeField(null=True)
    tables = models.JSONField(default=dict)
    files = models.PositiveIntegerField(default=0)
    marks = models.JSONField(default=list)
    # When the room of what was erased was given back: until then the database may keep it unread.
    cleaned_at = models.DateTimeField(null=True)
    # Of one made again after a restore, when it was made first.
    first_erased_at = models.DateTimeField(null=True)
    # Why not, as `core.sentences` keep it.
    error = models.TextField(blank=True)
    # Of one that a rule of keeping has made.
    run = models.ForeignKey(
        "clients.RetentionRun", null=True, on_delete=models.PROTECT, related_name="erasures"
    )

    class Meta:
        verbose_name = _("erasure")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"erasure {self.pk}"

    @property
    def why_not(self) -> str:
        """Why it was refused, in the language of the moment."""
        return say(self.error)

    @property
    def card(self) -> int:
        """The number of the card that was asked about."""
        return int(self.cards[0]) if self.cards else 0
