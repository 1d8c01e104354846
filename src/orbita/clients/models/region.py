from django.db import models
from django.utils.translation import gettext_lazy as _

from orbita.core.fields import KeyField


class RegionPassport(models.Model):
    """What is worth knowing of a region: its clients share it. Found by the region of an address."""

    name = models.CharField(_("region"), max_length=100)
    name_key = KeyField(max_length=100, unique=True)
    economy = models.TextField(_("economy"), blank=True)
    notes = models.TextField(_("notes"), blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("region passport")
        ordering = ["name_key"]

    def __str__(self) -> str:
        return self.name
