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
