from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orbita.clients.models.client import Client
from orbita.clients.status import ladder
from orbita.core.models import Company
from orbita.core.money import exponent

STEP_CHOICES = [(step.name, step.label) for step in ladder.STEPS]
KIND_CHOICES = list(ladder.KINDS.items())


class ClientStatus(models.Model):
    """Where a client stands on the ladder, and his base kind. Kept by `clients.status.keeping`.

    A client without a row is only recorded and potential: a freshly loaded base costs nothing.
    """

    client = models.OneToOneField(
        Client, on_delete=models.CASCADE, primary_key=True, related_name="ladder"
    )
    step = models.CharField(_("status"), max_length=12, choices=STEP_CHOICES)
    kind = models.CharField(_("base kind"), max_length=12, choices=KIND_CHOICES)
    # Not known of those whom an import or the first calculation found there.
    since = models.DateField(_("since"), null=True)
    # When time alone will change the status or the kind: what the nightly job looks for.
    due_on = models.DateField(null=True)

    class Meta:
        verbose_name = _("status")
        indexes = [
            models.Index(fields=["step", "client"], name="status_step"),
            models.Index(fields=["kind", "client"], name="status_kind"),
            models.Index(
                fields=["due_on"], name="status_due", condition=models.Q(due_on__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.step} {self.kind}"


class StatusMove(models.Model):
    """A move of a client on the ladder: from, to, when and why."""

    class Cause(models.TextChoices):
        FACTS = "facts", _("purchases and contacts")
        TIME = "time", _("time")
        MARK = "mark", pgettext_lazy("cause", "a mark")
        PEOPLE = "people", _("people of the company")
        RULE = "rule", _("change of the rule")

    client = models.ForeignKey(
        Client, on_delete=models.CASCADE, related_name="status_moves", db_index=False
    )
    at = models.DateTimeField(default=timezone.now)
    was = models.CharField(max_length=12, choices=STEP_CHOICES)
    step = models.CharField(max_length=12, choices=STEP_CHOICES)
    cause = models.CharField(max_length=6, choices=Cause.choices)
    # What the rule saw: the orders, and the days since the last one.
    orders = models.PositiveIntegerField(default=0)
    silent = models.IntegerField(null=True)

    class Meta:
        verbose_name = _("move on the ladder")
        indexes = [models.Index(fields=["client", "-id"], name="status_moves_of_client")]

    def __str__(self) -> str:
        return f"{self.was} → {self.step}"


class ClientMark(models.Model):
    """What only a person can know and the ladder needs: he agreed, asked, refused."""

    class Mark(models.TextChoices):
        OFFER = ladder.OFFER, _("Agreed to see the offer")
        MAILINGS = ladder.MAILINGS, _("Agreed to mailings")
        ASKED = ladder.ASKED, pgettext_lazy("mark", "Asked for goods")
        REFUSED = ladder.REFUSED, pgettext_lazy("mark", "Refused the offer")

    client = models.ForeignKey(
        Client, on_delete=models.CASCADE, related_name="marks", db_index=False
    )
    mark = models.CharField(_("mark"), max_length=8, choices=Mark.choices)
    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = pgettext_lazy("clients", "mark of the ladder")
        constraints = [
            models.UniqueConstraint(fields=["client", "mark"], name="mark_once_per_client")
        ]
        indexes = [models.Index(fields=["mark", "client"], name="client_mark")]

    def __str__(self) -> str:
        return self.mark


class StatusRules(models.Model):
    """The rules of the ladder as the administrator set them: one row.

    `version` grows with every change; `computed` is the version that the stored statuses follow.
    """

    data = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    computed = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("rules of statuses")

    def __str__(self) -> str:
        return f"version {self.version}"

    @classmethod
    def current(cls) -> "StatusRules":
        """The one row; before anybody changed it, the defaults without a row."""
        return cls.objects.first() or cls(pk=1)

    @property
    def rules(self) -> ladder.Rules:
        return rules_from(self.data)


def rules_from(data: dict[str, Any]) -> ladder.Rules:
    return ladder.Rules.from_json(data, 10 ** exponent(Company.current().currency))
