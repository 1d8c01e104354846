"""What personal data are processed for, and what went wrong with them."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ProcessingPurpose(models.Model):
    """A row of the register of purposes: what article 18.1 of 152-ФЗ has an operator lay down for each
    purpose, and article 30 of the GDPR asks of a record of processing.
    """

    name = models.CharField(_("purpose"), max_length=200)
    data = models.TextField(_("categories and list of data"))
    people = models.TextField(_("whose data"))
    ground = models.TextField(_("legal ground"))
    ways = models.TextField(_("how the data are processed"), blank=True)
    term = models.TextField(_("terms of processing and keeping"))
    recipients = models.TextField(_("to whom they are handed over"), blank=True)
    destruction = models.TextField(_("how they are destroyed"), blank=True)
    measures = models.TextField(_("measures of protection"), blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    changed_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("purpose of processing")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class Incident(models.Model):
    """Personal data that got where they must not, from the moment it was found to its end.

    `found_at` starts the clocks: notices are due 24 and 72 hours after it.
    """

    title = models.CharField(_("what happened, in short"), max_length=200)
    found_at = models.DateTimeField(_("found"))
    happened = models.TextField(_("what happened"))
    data = models.TextField(_("which data, and how many records"))
    people = models.TextField(_("whose data, and how many people"))
    causes = models.TextField(_("supposed causes"), blank=True)
    harm = models.TextField(_("supposed harm to the people"), blank=True)
    measures = models.TextField(_("what was done against the consequences"), blank=True)
    contact = models.TextField(_("who speaks with the authority: name, phone, e-mail"), blank=True)
    results = models.TextField(_("results of the inner inquiry"), blank=True)
    culprits = models.TextField(_("whose actions were the cause, if known"), blank=True)
    in_russia = models.BooleanField(_("notify Roskomnadzor"), default=True)
    in_union = models.BooleanField(_("notify the authority of the EU"), default=False)
    responsible = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        verbose_name=_("responsible"),
        related_name="+",
    )
    # Clock → when its notice was sent, in ISO; see `privacy.incidents.clocks`.
    sent = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("incident")
        ordering = ["-found_at", "-id"]

    def __str__(self) -> str:
        return self.title
