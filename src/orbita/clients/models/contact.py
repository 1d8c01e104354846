from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from orbita.clients.models.client import Client
from orbita.core.fields import KeyField


class LastFour(models.Func):
    """The last four characters: an index over them finds a phone by its end on both databases."""

    template = "RIGHT(%(expressions)s, 4)"
    output_field = models.CharField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="SUBSTR(%(expressions)s, -4)", **context)


class ContactPoint(models.Model):
    """One way to reach a client. `value` is what was typed, `key` what is compared.

    The key of a phone is E.164, of an e-mail its lower-case form, of a messenger
    `service:handle`, of a link its address without scheme.
    """

    class Kind(models.TextChoices):
        PHONE = "phone", _("Phone")
        EMAIL = "email", _("E-mail")
        MESSENGER = "messenger", _("Messenger")
        LINK = "link", _("Link")

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="contacts")
    kind = models.CharField(_("kind"), max_length=9, choices=Kind.choices)
    # mobile, work, home · telegram, whatsapp, vk, max · site, vk, social
    service = models.CharField(_("type"), max_length=20, blank=True)
    value = models.CharField(_("value"), max_length=300)
    key = KeyField(max_length=300, blank=True)
    label = models.CharField(_("whose or what for"), max_length=100, blank=True)
    is_main = models.BooleanField(_("main"), default=False)

    class Meta:
        verbose_name = _("contact")
        ordering = ["-is_main", "id"]
        indexes = [
            models.Index(fields=["key", "kind"], name="contact_by_key"),
            models.Index(
                LastFour("key"),
                name="contact_by_last_four",
                condition=models.Q(kind__in=["phone", "messenger"]),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["client", "kind"],
                condition=models.Q(is_main=True),
                name="one_main_contact_per_kind",
            ),
        ]

    def __str__(self) -> str:
        return self.value

    @property
    def mark(self) -> str:
        """Why the contact is not to be used: wrong, unreachable, refused; "" for a usable one."""
        state = getattr(self, "state", None)
        return state.mark if state else ""

    @property
    def confirmed_at(self) -> datetime | None:
        """When somebody last made sure of the contact; None when nobody has."""
        state = getattr(self, "state", None)
        return state.confirmed_at if state else None


class Address(models.Model):
    class Kind(models.TextChoices):
        DELIVERY = "delivery", _("Delivery")
        ACTUAL = "actual", _("Actual")
        LEGAL = "legal", _("Legal")

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="addresses")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices, default=Kind.ACTUAL)
    country = models.CharField(_("country"), max_length=60, blank=True)
    region = models.CharField(_("region"), max_length=100, blank=True)
    region_key = KeyField(max_length=100, blank=True, editable=False)
    city = models.CharField(_("city"), max_length=100, blank=True)
    postcode = models.CharField(_("postcode"), max_length=12, blank=True)
    text = models.CharField(_("street, house, flat"), max_length=300, blank=True)
    is_main = models.BooleanField(_("main"), default=False)

    class Meta:
        verbose_name = _("address")
        ordering = ["-is_main", "id"]
        indexes = [models.Index(fields=["region_key", "client"], name="address_by_region")]
        constraints = [
            models.UniqueConstraint(
                fields=["client"], condition=models.Q(is_main=True), name="one_main_address"
            ),
        ]

    def __str__(self) -> str:
        return ", ".join(
            part for part in (self.postcode, self.region, self.city, self.text) if part
        )


class BankAccount(models.Model):
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="bank_accounts")
    bank = models.CharField(_("bank"), max_length=200, blank=True)
    bik = models.CharField(_("BIK"), max_length=9)
    account = models.CharField(_("account"), max_length=20)
    correspondent = models.CharField(_("correspondent account"), max_length=20, blank=True)

    class Meta:
        verbose_name = _("bank account")

    def __str__(self) -> str:
        return self.account
