from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orbita.clients.fields.column import OwnValues
from orbita.commerce.querysets import ProductQuerySet
from orbita.core.fields import KeyField


class ProductGroup(models.Model):
    name = models.CharField(_("name"), max_length=150)
    name_key = KeyField(max_length=150, unique=True)

    class Meta:
        verbose_name = _("group")
        ordering = ["name_key"]

    def __str__(self) -> str:
        return self.name


class Product(models.Model):
    """Something sold. Prices are in 1/10 000 of the currency's major unit, without a line's discount."""

    class Kind(models.TextChoices):
        GOOD = "good", _("Good")
        SERVICE = "service", _("Service")

    kind = models.CharField(_("kind"), max_length=7, choices=Kind.choices, default=Kind.GOOD)
    name = models.CharField(_("name"), max_length=300)
    name_key = KeyField(max_length=300)
    # An article belongs to one product; goods without one are told apart by name.
    sku = models.CharField(_("article"), max_length=60, null=True, blank=True, unique=True)
    # The article normalised: found by prefix in any case.
    sku_key = KeyField(max_length=60, blank=True, editable=False)
    group = models.ForeignKey(
        ProductGroup,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        verbose_name=_("group"),
        related_name="products",
    )
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    currency = models.CharField(_("currency"), max_length=3, default="RUB")
    price = models.BigIntegerField(_("price"), null=True, blank=True)
    cost = models.BigIntegerField(_("cost price"), null=True, blank=True)
    is_active = models.BooleanField(_("on sale"), default=True)
    description = models.TextField(_("description"), blank=True)
    own = OwnValues(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = ProductQuerySet.as_manager()

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        indexes = [
            models.Index(fields=["name_key", "id"], name="product_by_name"),
            models.Index(fields=["sku_key"], name="product_by_sku"),
            models.Index(
                fields=["deleted_at"],
                name="product_in_bin",
                condition=models.Q(deleted_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PriceChange(models.Model):
    """The price and cost a product had from a moment on."""

    product = models.ForeignKey(
        Product, on_delete=models.CASCADE, related_name="price_changes", db_index=False
    )
    since = models.DateTimeField(default=timezone.now)
    price = models.BigIntegerField(null=True)
    cost = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("price change")
        ordering = ["-since", "-id"]
        indexes = [models.Index(fields=["product", "-since"], name="price_of_product")]

    def __str__(self) -> str:
        return f"{self.product_id} since {self.since:%Y-%m-%d}"
