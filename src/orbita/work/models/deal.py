from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orbita.clients.fields.column import OwnValues
from orbita.clients.models import AcquisitionSource, Client
from orbita.commerce.models import Order
from orbita.core.fields import KeyField
from orbita.work.models.pipeline import LossReason, Pipeline, Stage
from orbita.work.querysets import DealQuerySet


class Deal(models.Model):
    """A sale that is being worked on. `amount` is in minor units of `currency`, None when not known;
    `amount_base` is the same in the base currency at the rate of the day it was set.

    `state` repeats the kind of the stage, so that open deals are found by one index.
    """

    State = Stage.Kind

    name = models.CharField(_("name"), max_length=200)
    name_key = KeyField(max_length=200, editable=False)
    client = models.ForeignKey(
        Client,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        verbose_name=_("client"),
        related_name="deals",
    )
    pipeline = models.ForeignKey(Pipeline, on_delete=models.PROTECT, related_name="deals")
    stage = models.ForeignKey(
        Stage, on_delete=models.PROTECT, verbose_name=_("stage"), related_name="deals"
    )
    state = models.CharField(_("state"), max_length=4, choices=State.choices, default=State.OPEN)
    stage_since = models.DateTimeField(_("in the stage since"), default=timezone.now)
    currency = models.CharField(_("currency"), max_length=3, default="RUB")
    amount = models.BigIntegerField(_("sum"), null=True, blank=True)
    amount_base = models.BigIntegerField(null=True, editable=False)
    expected_on = models.DateField(_("expected on"), null=True, blank=True)
    source = models.ForeignKey(
        AcquisitionSource,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        verbose_name=_("source"),
        related_name="+",
    )
    responsible = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        verbose_name=_("responsible"),
        related_name="deals",
    )
    helpers = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        through="DealHelper",
        verbose_name=_("helpers"),
        related_name="helped_deals",
    )
    next_step = models.CharField(_("next step"), max_length=200, blank=True)
    next_step_on = models.DateField(_("next step on"), null=True, blank=True)
    loss_reason = models.ForeignKey(
        LossReason,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        verbose_name=_("reason of loss"),
        related_name="deals",
    )
    come_back_on = models.DateField(_("come back on"), null=True, blank=True)
    comment = models.TextField(_("comment"), max_length=5000, blank=True)
    order = models.ForeignKey(
        Order, null=True, blank=True, on_delete=models.SET_NULL, related_name="deals"
    )
    repeats = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="repeated_by"
    )
    own = OwnValues(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = DealQuerySet.as_manager()

    class Meta:
        verbose_name = _("deal")
        verbose_name_plural = _("deals")
        indexes = [
            models.Index(
                # A column of the board, newest arrivals first, with what its head sums up.
                fields=["stage", "-stage_since", "-id", "amount_base"],
                name="deal_in_stage",
                condition=models.Q(deleted_at__isnull=True),
            ),
            models.Index(fields=["created_at", "id"], name="deal_by_date"),
            models.Index(fields=["amount_base", "id"], name="deal_by_sum"),
            models.Index(fields=["name_key", "id"], name="deal_by_name"),
            models.Index(fields=["expected_on", "id"], name="deal_by_expected"),
            models.Index(fields=["next_step_on", "id"], name="deal_by_step"),
            models.Index(
                fields=["closed_at"],
                name="deal_closed",
                condition=models.Q(closed_at__isnull=False),
            ),
            models.Index(
                fields=["deleted_at"],
                name="deal_in_bin",
                condition=models.Q(deleted_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def owner_id(self) -> int | None:
        """Whose record this is, for the policy: the responsible's, else the client's responsible."""
        if self.responsible_id:
            return self.responsible_id
        return self.client.responsible_id if self.client else None

    def is_shared_with(self, user_id: int) -> bool:
        """Whether the user helps with the deal."""
        return self.pk is not None and DealHelper.objects.filter(deal=self, user=user_id).exists()

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN


class DealHelper(models.Model):
    """Somebody who works on another's deal: sees it and may change it as its responsible does."""

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)

    class Meta:
        verbose_name = _("helper")
        constraints = [
            models.UniqueConstraint(fields=["deal", "user"], name="helper_once_per_deal"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} helps with deal {self.deal_id}"


class DealPerson(models.Model):
    """A person on the client's side whom the deal is talked over with, and what he is in it."""

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="people", db_index=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="deals_as_person")
    role = models.CharField(_("role"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("person of the deal")
        constraints = [
            models.UniqueConstraint(fields=["deal", "client"], name="person_once_per_deal"),
        ]

    def __str__(self) -> str:
        return f"{self.client_id} in deal {self.deal_id}"


class StageStay(models.Model):
    """A deal's time in a stage: what funnels and cycle times are counted from.

    `n` numbers the stays of a deal from 1. The last one is open until the deal moves on.
    """

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="stays", db_index=False)
    n = models.PositiveSmallIntegerField()
    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="stays", db_index=False)
    entered_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("stay in a stage")
        ordering = ["n"]
        indexes = [
            models.Index(fields=["stage", "entered_at", "left_at", "deal"], name="stay_in_stage"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["deal", "n"], name="stay_once_per_deal"),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id} in {self.stage_id} since {self.entered_at:%Y-%m-%d}"
