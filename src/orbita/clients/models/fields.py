from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orbita.clients.models.segment import Segment


class FieldDefinition(models.Model):
    """An own field. It is archived, never deleted: history goes on telling what it was called.

    `options` of a choice are {"key", "label", "colour", "archived"}; their keys are kept in values.
    Empty lists of roles mean everybody who may see, or change, the record.
    """

    class Subject(models.TextChoices):
        CLIENT = "client", _("Clients")
        ORDER = "order", _("Orders")
        PRODUCT = "product", _("Products")
        DEAL = "deal", _("Deals")

    class Kind(models.TextChoices):
        TEXT = "text", pgettext_lazy("type", "Text")
        LONG = "long", pgettext_lazy("type", "Long text")
        NUMBER = "number", pgettext_lazy("type", "Number")
        MONEY = "money", pgettext_lazy("type", "Sum of money")
        DATE = "date", pgettext_lazy("type", "Date")
        FLAG = "flag", pgettext_lazy("type", "Yes or no")
        CHOICE = "choice", pgettext_lazy("type", "One of a list")
        CHOICES = "choices", pgettext_lazy("type", "Several of a list")
        CLIENT = "client", pgettext_lazy("type", "A client")
        FILE = "file", pgettext_lazy("type", "File")
        LINK = "link", pgettext_lazy("type", "Web link")

    class Holder(models.TextChoices):
        ALL = "", _("people and companies")
        PERSON = "person", _("people")
        COMPANY = "company", _("companies")

    class Required(models.TextChoices):
        NO = "", _("no")
        ALWAYS = "always", _("always")
        SEGMENT = "segment", _("for clients of a segment")

    class IndexState(models.TextChoices):
        NONE = "", _("none")
        WAITING = "waiting", _("being made")
        READY = "ready", _("ready")
        FAILED = "failed", _("not made")

    subject = models.CharField(_("belongs to"), max_length=8, choices=Subject.choices)
    key = models.CharField(_("key"), max_length=40)
    label = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("type"), max_length=8, choices=Kind.choices)
    group = models.CharField(_("group on the card"), max_length=60, blank=True)
    help = models.CharField(_("hint"), max_length=200, blank=True)
    position = models.PositiveIntegerField(default=0)
    holder = models.CharField(_("for whom"), max_length=7, choices=Holder.choices, blank=True)
    required = models.CharField(_("required"), max_length=7, choices=Required.choices, blank=True)
    required_segment = models.ForeignKey(
        Segment, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    is_unique = models.BooleanField(_("two records never have the same"), default=False)
    default = models.JSONField(_("filled in by itself with"), null=True, blank=True)
    options = models.JSONField(_("choices"), default=list, blank=True)
    see_roles = models.JSONField(_("seen by"), default=list, blank=True)
    edit_roles = models.JSONField(_("changed by"), default=list, blank=True)
    is_searchable = models.BooleanField(_("found by the search"), default=False)
    # Whether its words stand in the index as those of an own field: of older bases they did not.
    is_indexed = models.BooleanField(default=True, editable=False)
    is_filterable = models.BooleanField(_("in filters and segments"), default=True)
    # Documents and cards: the matcher reads the values as numbers that belong to one client.
    is_compared = models.BooleanField(_("the same value tells a duplicate"), default=False)
    on_card = models.BooleanField(_("shown while empty"), default=True)
    index_state = models.CharField(max_length=7, choices=IndexState.choices, blank=True)
    index_note = models.CharField(max_length=300, blank=True)
    archived_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    # Set where sums are read without the base to ask for its currency.
    currency: str = ""

    class Meta:
        verbose_name = _("own field")
        verbose_name_plural = _("own fields")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["subject", "key"], name="own_field_once_per_subject")
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def name(self) -> str:
        """What the field is called among the other fields of its records."""
        return f"own_{self.key}"

    @property
    def is_active(self) -> bool:
        return self.archived_at is None

    def suits(self, kind: str) -> bool:
        """Whether a client of this kind has the field; "" stands for any."""
        return not self.holder or not kind or self.holder == kind

    def is_seen_by(self, actor: Any) -> bool:
        role = actor.role
        return bool(role.is_administrator or not self.see_roles or role.pk in self.see_roles)

    def is_changed_by(self, actor: Any) -> bool:
        """Whether the actor may set it on a record that he may change."""
        role = actor.role
        allowed = role.is_administrator or not self.edit_roles or role.pk in self.edit_roles
        return bool(allowed and self.is_seen_by(actor))

    @property
    def live_options(self) -> list[dict[str, Any]]:
        return [option for option in self.options if not option.get("archived")]

    def option(self, key: str) -> dict[str, Any]:
        """The choice of this key, archived or not; one that is gone is called by its key."""
        found = next((one for one in self.options if one["key"] == key), None)
        return found or {"key": key, "label": key, "colour": ""}


class FieldMark(models.Model):
    """A choice of a field with several, at a record: what filters look in. Kept by the saves."""

    field = models.ForeignKey(
        FieldDefinition, on_delete=models.CASCADE, related_name="marks", db_index=False
    )
    option = models.CharField(max_length=40)
    record_id = models.BigIntegerField()

    class Meta:
        verbose_name = _("choice of an own field")
        constraints = [
            models.UniqueConstraint(
                fields=["field", "option", "record_id"], name="choice_once_per_record"
            )
        ]
        indexes = [models.Index(fields=["record_id", "field"], name="choices_of_record")]

    def __str__(self) -> str:
        return f"{self.option} of {self.record_id}"
