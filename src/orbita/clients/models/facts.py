from django.db import models
from django.utils.translation import gettext_lazy as _

from orbita.clients.models.client import Client
from orbita.core.fields import KeyField


class ClientFacts(models.Model):
    """What lists, segments and RFM ask for all the time: one row per client.

    Neutral columns; upper rooms write them through `clients.facts`, in the transaction of their
    source, and `rebuild_facts` proves that they equal it. Money is in minor units of the base
    currency; dates are business dates of the company.
    """

    client = models.OneToOneField(
        Client, on_delete=models.CASCADE, primary_key=True, related_name="facts"
    )
    city_key = KeyField(max_length=100, blank=True)
    orders_count = models.PositiveIntegerField(_("orders"), default=0)
    # Unknown when purchases are known from totals that did not say how many there were.
    orders_known = models.BooleanField(default=True)
    gross = models.BigIntegerField(_("bought for"), default=0)
    returned = models.BigIntegerField(_("returned for"), default=0)
    first_order_on = models.DateField(_("first order"), null=True)
    last_order_on = models.DateField(_("last order"), null=True)
    last_contact_at = models.DateTimeField(_("last contact"), null=True)
    # Percent of a whole card by the administrator's weights, bits of what is wrong with it, and the
    # day from which a contact of it is to be checked. NULL until they are worked out.
    completeness = models.PositiveSmallIntegerField(_("completeness"), null=True)
    problems = models.PositiveIntegerField(_("what is wrong"), null=True)
    check_on = models.DateField(_("check the data from"), null=True)

    class Meta:
        verbose_name = _("client facts")
        indexes = [
            models.Index(fields=["city_key", "last_order_on"], name="facts_city_last_order"),
            models.Index(fields=["last_order_on", "client"], name="facts_last_order"),
            models.Index(fields=["gross", "client"], name="facts_gross"),
            models.Index(fields=["orders_count", "client"], name="facts_orders"),
            models.Index(fields=["last_contact_at", "client"], name="facts_last_contact"),
            models.Index(fields=["completeness", "client"], name="facts_completeness"),
            models.Index(fields=["check_on", "client"], name="facts_check_on"),
            models.Index(
                fields=["problems", "client"],
                name="facts_problems",
                condition=models.Q(problems__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return f"facts of client {self.client_id}"

    @property
    def net(self) -> int:
        return self.gross - self.returned

    @property
    def average(self) -> int | None:
        """The average order in minor units; None when the number of orders is not known."""
        if not self.orders_known or not self.orders_count:
            return None
        return round(self.gross / self.orders_count)
