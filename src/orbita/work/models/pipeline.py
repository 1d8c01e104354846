from django.db import models
from django.utils.translation import gettext_lazy as _


class Pipeline(models.Model):
    """A way that deals go: new sales, repeat ones, service. Its stages stand in their order."""

    name = models.CharField(_("name"), max_length=100)
    position = models.PositiveSmallIntegerField(default=0)
    # Out of use: takes no new deals, and keeps those it has.
    archived_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("pipeline")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class Stage(models.Model):
    """A step of a pipeline. A deal in a stage of the kind "won" or "lost" is closed.

    `probability` is a percentage that the forecast counts an open deal with. `limit_days` is how long
    a deal may stand here before it is marked as stuck. `required` names the fields of a deal that must be
    filled in before it comes here, `entry` is a rule over deals that it must fit.
    """

    class Kind(models.TextChoices):
        OPEN = "open", _("At work")
        WON = "won", _("Won")
        LOST = "lost", _("Lost")

    class Colour(models.TextChoices):
        GREY = "grey", _("Grey")
        BLUE = "blue", _("Blue")
        TEAL = "teal", _("Teal")
        AMBER = "amber", _("Amber")
        VIOLET = "violet", _("Violet")
        GREEN = "green", _("Green")
        RED = "red", _("Red")

    pipeline = models.ForeignKey(Pipeline, on_delete=models.PROTECT, related_name="stages")
    name = models.CharField(_("name"), max_length=60)
    kind = models.CharField(_("kind"), max_length=4, choices=Kind.choices, default=Kind.OPEN)
    colour = models.CharField(
        _("colour"), max_length=6, choices=Colour.choices, default=Colour.GREY
    )
    position = models.PositiveSmallIntegerField(default=0)
    probability = models.PositiveSmallIntegerField(_("probability, %"), default=50)
    limit_days = models.PositiveSmallIntegerField(_("time limit, days"), null=True, blank=True)
    required = models.JSONField(_("required fields"), default=list, blank=True)
    entry = models.JSONField(_("conditions of entry"), default=dict, blank=True)
    instruction = models.TextField(_("what to do here"), max_length=5000, blank=True)
    script = models.TextField(_("script of the talk"), max_length=10_000, blank=True)
    # Taken off the pipeline; the history of deals still names it.
    removed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("stage")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.kind == self.Kind.OPEN


class LossReason(models.Model):
    """Why deals are lost. Reasons make a tree of two levels: a group and what it consists of."""

    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="parts"
    )
    name = models.CharField(_("name"), max_length=100)
    position = models.PositiveSmallIntegerField(default=0)
    # Not offered any more; deals that were lost for it keep it.
    archived_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("reason of loss")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return f"{self.parent.name}: {self.name}" if self.parent else self.name
