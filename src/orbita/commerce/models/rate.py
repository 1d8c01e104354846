from django.db import models
from django.utils.translation import gettext_lazy as _

RATE_SCALE = 100_000_000


class ExchangeRate(models.Model):
    """What one unit of a currency cost in the base currency from a day on, in 1/10⁸."""

    currency = models.CharField(_("currency"), max_length=3)
    since = models.DateField(_("from"))
    rate = models.BigIntegerField(_("rate"))

    class Meta:
        verbose_name = _("exchange rate")
        ordering = ["currency", "-since"]
        constraints = [
            models.UniqueConstraint(fields=["currency", "since"], name="rate_once_per_day"),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.since:%Y-%m-%d}"
