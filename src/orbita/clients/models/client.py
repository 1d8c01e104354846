from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orbita.clients.fields.column import OwnValues
from orbita.clients.querysets import ClientQuerySet
from orbita.core.fields import KeyField


class AcquisitionSource(models.Model):
    """Where clients come from: an exhibition, the site, a friend."""

    name = models.CharField(_("name"), max_length=100)
    name_key = KeyField(max_length=100, unique=True)

    class Meta:
        verbose_name = _("source")
        ordering = ["name_key"]

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    name = models.CharField(_("name"), max_length=60)
    name_key = KeyField(max_length=60, unique=True)

    class Meta:
        verbose_name = _("tag")
        ordering = ["name_key"]

    def __str__(self) -> str:
        return self.name


class Client(models.Model):
    """A person or a company on one card. Its number is its primary key."""

    class Kind(models.TextChoices):
        PERSON = "person", _("Person")
        COMPANY = "company", _("Company")

    class Sex(models.TextChoices):
        UNKNOWN = "", _("not known")
        FEMALE = "f", _("female")
        MALE = "m", _("male")

    class Channel(models.TextChoices):
        UNKNOWN = "", _("not known")
        PHONE = "phone", _("phone")
        EMAIL = "email", _("e-mail")
        SMS = "sms", _("SMS")
        TELEGRAM = "telegram", "Telegram"
        WHATSAPP = "whatsapp", "WhatsApp"
        VK = "vk", _("VK")
        MAX = "max", "MAX"

    kind = models.CharField(_("kind"), max_length=7, choices=Kind.choices, default=Kind.PERSON)
    # What lists show: «Фамилия Имя Отчество» or the company's name. Kept by the actions.
    name = models.CharField(pgettext_lazy("client", "name"), max_length=300)
    # The name casefolded with ё→е: sorting and prefix search.
    name_key = KeyField(max_length=300)
    last_name = models.CharField(_("last name"), max_length=100, blank=True)
    first_name = models.CharField(_("first name"), max_length=100, blank=True)
    middle_name = models.CharField(_("patronymic"), max_length=100, blank=True)
    legal_form = models.CharField(_("legal form"), max_length=30, blank=True)
    legal_name = models.CharField(_("legal name"), max_length=300, blank=True)
    inn = models.CharField(_("INN"), max_length=12, blank=True)
    kpp = models.CharField(_("KPP"), max_length=9, blank=True)
    ogrn = models.CharField(_("OGRN"), max_length=15, blank=True)
    birthday = models.DateField(_("birthday"), null=True, blank=True)
    # Month × 100 + day: birthdays of a week without a scan.
    birthday_md = models.PositiveSmallIntegerField(null=True, editable=False)
    sex = models.CharField(_("sex"), max_length=1, choices=Sex.choices, blank=True)
    occupation = models.CharField(_("occupation"), max_length=200, blank=True)
    position = models.CharField(_("position"), max_length=200, blank=True)
    income_level = models.CharField(_("income level"), max_length=100, blank=True)
    family = models.CharField(_("family"), max_length=200, blank=True)
    education = models.CharField(_("education"), max_length=200, blank=True)
    hobbies = models.CharField(_("hobbies"), max_length=300, blank=True)
    interests = models.CharField(_("interests"), max_length=300, blank=True)
    source = models.ForeignKey(
        AcquisitionSource,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        verbose_name=_("source"),
        related_name="clients",
    )
    responsible = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        verbose_name=_("responsible"),
        related_name="clients",
    )
    preferred_channel = models.CharField(
        pgettext_lazy("card", "preferred channel"),
        max_length=10,
        choices=Channel.choices,
        blank=True,
    )
    payment_terms = models.CharField(
        pgettext_lazy("card", "payment terms"), max_length=300, blank=True
    )
    delivery_terms = models.CharField(
        pgettext_lazy("card", "delivery terms"), max_length=300, blank=True
    )
    special_terms = models.CharField(_("special terms"), max_length=300, blank=True)
    difficulties = models.CharField(_("difficulties"), max_length=500, blank=True)
    working_hours = models.CharField(_("working hours"), max_length=100, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    comment = models.TextField(_("comment"), blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True, editable=False)
    own = OwnValues(null=True, editable=False)
    tags = models.ManyToManyField(Tag, through="ClientTag", blank=True, verbose_name=_("tags"))
    created_at = models.DateTimeField(_("added"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("changed"), default=timezone.now, editable=False)
    # Grows with every change: two people saving the same card do not overwrite each other.
    version = models.PositiveIntegerField(default=1, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = ClientQuerySet.as_manager()

    class Meta:
        verbose_name = _("client")
        verbose_name_plural = _("clients")
        indexes = [
            models.Index(fields=["name_key", "id"], name="client_by_name"),
            models.Index(fields=["responsible", "name_key", "id"], name="client_of_responsible"),
            models.Index(fields=["created_at", "id"], name="client_by_age"),
            models.Index(fields=["inn"], name="client_by_inn", condition=~models.Q(inn="")),
            models.Index(
                fields=["birthday_md", "birthday"],
                name="client_by_day_of_birth",
                condition=models.Q(birthday_md__isnull=False),
            ),
            models.Index(
                fields=["deleted_at"],
                name="client_in_bin",
                condition=models.Q(deleted_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def number(self) -> int:
        return int(self.pk)

    @property
    def is_company(self) -> bool:
        return self.kind == self.Kind.COMPANY

    def owner_id(self) -> int | None:
        """Whose record this is, for the policy."""
        return self.responsible_id


class ClientTag(models.Model):
    client = models.ForeignKey(Client, on_delete=models.CASCADE)
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tag", "client"], name="tag_once_per_client")
        ]

    def __str__(self) -> str:
        return f"tag {self.tag_id} of client {self.client_id}"


class ExternalId(models.Model):
    """How another system or a spreadsheet calls the client; unique within its source."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="external_ids")
    source = models.CharField(max_length=60, default="file")
    value = models.CharField(max_length=100)
    is_primary = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("external number")
        constraints = [
            # The value first: the search knows no source.
            models.UniqueConstraint(fields=["value", "source"], name="external_id_once_per_source"),
            models.UniqueConstraint(
                fields=["client"],
                condition=models.Q(is_primary=True),
                name="one_primary_external_id",
            ),
        ]

    def __str__(self) -> str:
        return self.value
