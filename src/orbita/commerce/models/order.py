from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orbita.clients.fields.column import OwnValues
from orbita.clients.models import Client
from orbita.commerce.models.catalogue import Product
from orbita.commerce.querysets import OrderQuerySet
from orbita.core.fields import KeyField


class Order(models.Model):
    """A sale or a return. Sums are minor units of `currency`, never negative.

    `total` is what its counted lines come to after all discounts. `gross_base` and `cost_base` are
    the same in the base currency at the day's rate: facts and analytics sum these. An order
    counts (`is_counted`) when it has a line with quantity and price above zero, is not cancelled
    and not deleted. A return counts as money returned. An order without a client counts for nobody.
    """

    class Kind(models.TextChoices):
        SALE = "sale", _("Sale")
        RETURN = "return", _("Return")

    class Status(models.TextChoices):
        NEW = "new", _("New")
        CONFIRMED = "confirmed", _("Confirmed")
        DONE = "done", _("Completed")
        CANCELLED = "cancelled", _("Cancelled")

    class Payment(models.TextChoices):
        UNKNOWN = "", _("not known")
        UNPAID = "unpaid", _("Not paid")
        PARTLY = "partly", _("Partly paid")
        PAID = "paid", _("Paid")
        REFUNDED = "refunded", _("Refunded")

    class Delivery(models.TextChoices):
        NONE = "", _("No delivery")
        PLANNED = "planned", _("Planned")
        SENT = "sent", _("On the way")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Not delivered")

    kind = models.CharField(_("kind"), max_length=6, choices=Kind.choices, default=Kind.SALE)
    # Of our own orders, the primary key; others keep the number they came with.
    number = KeyField(_("number"), max_length=60)
    # Where the order is known under its number: a shop, a spreadsheet; empty for our own.
    origin = models.CharField(max_length=60, blank=True, editable=False)
    external_id = models.CharField(max_length=100, null=True, blank=True, editable=False)
    client = models.ForeignKey(
        Client,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        verbose_name=_("client"),
        related_name="orders",
    )
    return_of = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="returns",
        # Few orders are returns: a partial index below serves them.
        db_index=False,
    )
    ordered_at = models.DateTimeField(_("date"), default=timezone.now)
    business_date = models.DateField()
    # The source knew the day only: no hour is shown that nobody wrote.
    date_only = models.BooleanField(default=False, editable=False)
    status = models.CharField(_("status"), max_length=9, choices=Status.choices, default=Status.NEW)
    currency = models.CharField(_("currency"), max_length=3, default="RUB")
    total = models.BigIntegerField(_("sum"), default=0)
    discount = models.BigIntegerField(_("discount"), default=0)
    cost = models.BigIntegerField(_("cost"), null=True)
    gross_base = models.BigIntegerField(default=0, editable=False)
    cost_base = models.BigIntegerField(null=True, editable=False)
    is_counted = models.BooleanField(default=False, editable=False)
    payment = models.CharField(_("payment"), max_length=8, choices=Payment.choices, blank=True)
    paid = models.BigIntegerField(_("paid"), default=0)
    delivery = models.CharField(_("delivery"), max_length=9, choices=Delivery.choices, blank=True)
    delivery_method = models.CharField(_("way of delivery"), max_length=100, blank=True)
    delivery_address = models.CharField(_("delivery address"), max_length=300, blank=True)
    promised_on = models.DateField(_("promised for"), null=True, blank=True)
    delivered_on = models.DateField(_("delivered on"), null=True, blank=True)
    responsible = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        verbose_name=_("responsible"),
        related_name="orders",
    )
    comment = models.CharField(_("comment"), max_length=500, blank=True)
    own = OwnValues(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        indexes = [
            models.Index(fields=["ordered_at", "id"], name="order_by_date"),
            models.Index(
                # Covering: a client's facts and RFM are summed from the index alone.
                fields=["client", "business_date", "kind", "gross_base"],
                name="order_counted",
                condition=models.Q(is_counted=True),
            ),
            models.Index(fields=["gross_base", "id"], name="order_by_sum"),
            models.Index(fields=["number"], name="order_by_number"),
            models.Index(
                fields=["return_of"],
                name="order_return_of",
                condition=models.Q(return_of__isnull=False),
            ),
            models.Index(
                fields=["deleted_at"],
                name="order_in_bin",
                condition=models.Q(deleted_at__isnull=False),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["origin", "external_id"],
                condition=models.Q(external_id__isnull=False),
                name="order_once_per_origin",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def owner_id(self) -> int | None:
        """Whose record this is, for the policy: the seller's, else the client's responsible."""
        if self.responsible_id:
            return self.responsible_id
        return self.client.responsible_id if self.client else None

    @property
    def margin(self) -> int | None:
        return None if self.cost is None else self.total - self.cost


class OrderLine(models.Model):
    """A line of an order, known by its ordinal: equal lines stay two lines.

    `quantity` is in 1/1000, `price` in 1/10 000 of the major unit; `total` and `cost` in minor units,
    `total` after the line's discount. Imported lines with quantity or price not above zero are kept
    with the total they came to and not counted. A line of a return bears the ordinal of the line
    it returns.
    """

    # Found by the unique index on (order, ordinal).
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines", db_index=False)
    ordinal = models.PositiveIntegerField()
    product = models.ForeignKey(
        Product, null=True, blank=True, on_delete=models.SET_NULL, related_name="lines"
    )
    name = models.CharField(_("name"), max_length=300, blank=True)
    quantity = models.BigIntegerField(_("quantity"), default=1000)
    price = models.BigIntegerField(_("price"), default=0)
    discount = models.BigIntegerField(_("discount"), default=0)
    total = models.BigIntegerField(_("sum"), default=0)
    cost = models.BigIntegerField(_("cost"), null=True)

    class Meta:
        verbose_name = _("order line")
        ordering = ["ordinal"]
        constraints = [
            models.UniqueConstraint(fields=["order", "ordinal"], name="line_once_per_order"),
        ]

    def __str__(self) -> str:
        return f"{self.ordinal}. {self.name}"

    @property
    def is_counted(self) -> bool:
        return self.quantity > 0 and self.price > 0
