from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orbita.clients.models.client import Client


class Note(models.Model):
    """What somebody learned about a client, in his own words.

    A call, a meeting and a letter say that the client was talked to: they count as contacts. Who
    reads complaints is for the roles to say.
    """

    class Kind(models.TextChoices):
        NOTE = "note", _("Note")
        CALL = "call", pgettext_lazy("note", "Call")
        MEETING = "meeting", _("Meeting")
        LETTER = "letter", pgettext_lazy("note", "Letter")
        COMPLAINT = "trouble", _("Complaint")

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="notes")
    kind = models.CharField(_("kind"), max_length=7, choices=Kind.choices, default=Kind.NOTE)
    text = models.TextField(_("text"))
    happened_at = models.DateTimeField(_("when"), default=timezone.now)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("note")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.text[:60]


class Attachment(models.Model):
    """A file of a client, alone or with a note. Stored under a random name, served as a download."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="attachments")
    note = models.ForeignKey(
        Note, null=True, blank=True, on_delete=models.CASCADE, related_name="attachments"
    )
    file = models.FileField(upload_to="attachments/%Y/%m")
    name = models.CharField(_("file name"), max_length=200)
    size = models.PositiveBigIntegerField()
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("file")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name
