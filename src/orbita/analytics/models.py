from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orbita.analytics.querysets import ScoreQuerySet
from orbita.analytics.rfm.groups import GROUPS, Group
from orbita.analytics.rfm.scoring import USUAL_BANDS, Edges, Params
from orbita.clients.models import Client

GROUP_CHOICES = [(group.name, group.label) for group in GROUPS.values()]


class RfmSettings(models.Model):
    """How the business counts RFM: one row. Edges set by hand are in days, orders, minor units."""

    bands = models.PositiveSmallIntegerField(_("bands"), default=USUAL_BANDS)
    months = models.PositiveSmallIntegerField(_("period, months"), null=True, blank=True)
    net = models.BooleanField(_("money after returns"), default=False)
    fixed = models.JSONField(_("cut points set by hand"), default=dict, blank=True)

    class Meta:
        verbose_name = _("RFM settings")

    def __str__(self) -> str:
        return f"{self.bands} bands"

    @classmethod
    def current(cls) -> "RfmSettings":
        """The one row; before anybody changed it, the defaults without a row."""
        return cls.objects.first() or cls()

    @property
    def params(self) -> Params:
        return params_from(self.as_json())

    def as_json(self) -> dict[str, Any]:
        return {"bands": self.bands, "months": self.months, "net": self.net, "fixed": self.fixed}


def params_from(data: dict[str, Any]) -> Params:
    fixed = {measure: tuple(edges) for measure, edges in data["fixed"].items()}
    return Params(data["bands"], data["months"], data["net"], fixed)


class RfmRun(models.Model):
    """The last finished calculation and the one under way: one row, kept by the job.

    `cells` is a list of [r, f, m, clients, money in minor units]; `moves` a list of
    [group a month ago, group now, clients]: what the page of somebody who sees everyone shows.
    """

    as_of = models.DateField(null=True)
    computed_at = models.DateTimeField(null=True)
    settings = models.JSONField(default=dict)
    edges = models.JSONField(default=dict)
    cells = models.JSONField(default=list)
    moves = models.JSONField(default=list)
    started_at = models.DateTimeField(null=True)
    # Percent of the calculation under way; None when there is none.
    progress = models.PositiveSmallIntegerField(null=True)

    class Meta:
        verbose_name = _("RFM calculation")

    def __str__(self) -> str:
        return f"RFM as of {self.as_of}"

    @classmethod
    def current(cls) -> "RfmRun":
        return cls.objects.first() or cls(pk=1)

    @property
    def cut(self) -> Edges:
        return Edges(*(tuple(self.edges[name]) for name in ("recency", "frequency", "monetary")))

    @property
    def params(self) -> Params:
        return params_from(self.settings) if self.settings else Params()

    @property
    def bands(self) -> int:
        return self.params.bands


class RfmScore(models.Model):
    """The scores of a client as of the last calculation, with what they were made from."""

    client = models.OneToOneField(
        Client, on_delete=models.CASCADE, primary_key=True, related_name="rfm"
    )
    last_on = models.DateField(_("last purchase"))
    frequency = models.PositiveIntegerField(_("purchases"), null=True)
    monetary = models.BigIntegerField(_("bought for"))
    r = models.PositiveSmallIntegerField("R")
    f = models.PositiveSmallIntegerField("F", null=True)
    m = models.PositiveSmallIntegerField("M")
    # Frequency and money combined: the row of the map.
    fm = models.PositiveSmallIntegerField("F+M")
    group = models.CharField(_("RFM group"), max_length=16, choices=GROUP_CHOICES)
    # The group at the end of the last closed month; empty for those who were not buyers then.
    was = models.CharField(max_length=16, choices=GROUP_CHOICES, blank=True)

    objects = ScoreQuerySet.as_manager()

    class Meta:
        verbose_name = _("RFM scores")
        indexes = [
            # Sums of groups are read from the index alone, and their largest clients first.
            models.Index(fields=["group", "monetary", "client"], name="rfm_group"),
        ]

    def __str__(self) -> str:
        return f"{self.group} {self.digits}"

    @property
    def digits(self) -> str:
        """«5-4-5»; a dash where the frequency is unknown."""
        return f"{self.r}-{self.f or '–'}-{self.m}"

    @property
    def named(self) -> Group:
        return GROUPS[self.group]


class RfmHistory(models.Model):
    """A move of a client between groups in a closed month; months without a move have no row.

    `month` is its first day. `was` is empty for a newcomer, `group` for one who left the base
    (nothing bought in the period).
    """

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="rfm_history")
    month = models.DateField()
    was = models.CharField(max_length=16, choices=GROUP_CHOICES, blank=True)
    group = models.CharField(max_length=16, choices=GROUP_CHOICES, blank=True)

    objects = ScoreQuerySet.as_manager()

    class Meta:
        verbose_name = _("move between RFM groups")
        constraints = [
            models.UniqueConstraint(fields=["client", "month"], name="rfm_move_once_a_month")
        ]
        indexes = [models.Index(fields=["month", "was", "group"], name="rfm_moves_of_month")]

    def __str__(self) -> str:
        return f"{self.was} → {self.group}, {self.month:%Y-%m}"


class RfmMonth(models.Model):
    """A closed month: its cut points and moves, counted once. Its first day is its key.

    `groups` is group → [clients, money]; `moves` is a list of [was, group, clients].
    """

    month = models.DateField(primary_key=True)
    edges = models.JSONField(default=dict)
    groups = models.JSONField(default=dict)
    moves = models.JSONField(default=list)
    computed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("RFM month")
        ordering = ["month"]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"
