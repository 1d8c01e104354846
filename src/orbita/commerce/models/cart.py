from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orbita.clients.models import Client
from orbita.commerce.models.catalogue import Product
from orbita.commerce.models.order import Order


class Cart(models.Model):
    """Goods a client put together and has not ordered, or the order they became.

    `abandoned_at` is when the cart was found forgotten; changing it or ordering clears that.
    """

    client = models.ForeignKey(Client, null=True, on_delete=models.CASCADE, related_name="carts")
    origin = models.CharField(max_length=60, blank=True)
    external_id = models.CharField(max_length=100)
    currency = models.CharField(max_length=3, default="RUB")
    total = models.BigIntegerField(_("sum"), default=0)
    order = models.OneToOneField(Order, null=True, on_delete=models.SET_NULL, related_name="cart")
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    abandoned_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("cart")
        indexes = [
            models.Index(
                fields=["changed_at"],
                name="cart_open",
                condition=models.Q(order__isnull=True, abandoned_at__isnull=True),
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["origin", "external_id"], name="cart_once_per_origin"),
        ]

    def __str__(self) -> str:
        return self.external_id


class CartLine(models.Model):
    """`quantity` and `price` are scaled as in order lines."""

    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="lines", db_index=False)
    ordinal = models.PositiveIntegerField()
    product = models.ForeignKey(Product, null=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(max_length=300, blank=True)
    quantity = models.BigIntegerField(default=1000)
    price = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("cart line")
        ordering = ["ordinal"]
        constraints = [
            models.UniqueConstraint(fields=["cart", "ordinal"], name="line_once_per_cart"),
        ]

    def __str__(self) -> str:
        return self.name


class ProductView(models.Model):
    """A client looked at a product."""

    client = models.ForeignKey(
        Client, on_delete=models.CASCADE, related_name="product_views", db_index=False
    )
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="views")
    viewed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("product view")
        indexes = [models.Index(fields=["client", "-viewed_at"], name="view_of_client")]

    def __str__(self) -> str:
        return f"{self.client_id} looked at {self.product_id}"
