from django.db import models
from django.utils.translation import gettext_lazy as _

from orbita.clients.models import Client


class OpeningBalance(models.Model):
    """Purchases known only as totals, from a sheet without orders.

    Counts in the client's facts until real orders of the same time arrive: orders dated up to
    `last_on` replace it. `orders_count` is None when the sheet did not say.
    """

    client = models.OneToOneField(
        Client, on_delete=models.CASCADE, primary_key=True, related_name="opening_balance"
    )
    orders_count = models.PositiveIntegerField(_("orders"), null=True)
    total = models.BigIntegerField(_("bought for"), default=0)
    first_on = models.DateField(_("first order"), null=True)
    last_on = models.DateField(_("last order"), null=True)
    service = models.CharField(_("what was bought"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("opening balance")

    def __str__(self) -> str:
        return f"opening balance of client {self.client_id}"
