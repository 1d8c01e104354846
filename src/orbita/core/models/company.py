from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orbita.core import context


class Company(models.Model):
    """The business that runs this installation: one row, made with the first administrator."""

    name = models.CharField(_("name"), max_length=200, default="Orbita")
    time_zone = models.CharField(_("time zone"), max_length=64, default="Europe/Moscow")
    currency = models.CharField(_("base currency"), max_length=3, default="RUB")
    phone_region = models.CharField(_("country of phone numbers"), max_length=2, default="RU")
    # Another text after every change of the own fields, "" while there are none: this row is read
    # for every page anyway, so what was read of the fields before is known to be good or stale.
    fields_stamp = models.CharField(max_length=16, default="", db_default="", editable=False)
    # Here for the same reason: pages warn of them. Since when a restored copy sends nothing, and
    # when the last backup was proved good, and of when the last is that lies in the storage.
    sending_paused_at = models.DateTimeField(null=True, editable=False)
    backed_up_at = models.DateTimeField(null=True, editable=False)
    stored_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("company")

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)
        context.forget("company")

    @classmethod
    def current(cls) -> "Company":
        """The one row; before set-up, the defaults without a row."""
        return context.remembered("company", lambda: cls.objects.first() or cls())

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def business_date(self, moment: datetime | None = None) -> date:
        """The day that reports count a moment by: its date in the company's zone."""
        return (moment or timezone.now()).astimezone(self.zone).date()
