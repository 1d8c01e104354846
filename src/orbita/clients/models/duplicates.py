from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orbita.clients.models.client import Client
from orbita.clients.querysets import DuplicateGroupQuerySet


class Alias(models.Model):
    """A card that was merged into another: whoever asks for it gets the survivor.

    The survivor is always the last one: when he is merged himself, his aliases go with him.
    """

    client = models.OneToOneField(
        Client, on_delete=models.CASCADE, primary_key=True, related_name="alias"
    )
    survivor = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="aliases")

    class Meta:
        verbose_name = _("merged card")

    def __str__(self) -> str:
        return f"{self.client_id} → {self.survivor_id}"


class MergeRun(models.Model):
    """Groups of likely duplicates merged at one go, which can be undone at one go."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        UNDOING = "undoing", _("Being undone")
        UNDONE = "undone", pgettext_lazy("merging", "Undone")

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    threshold = models.FloatField()
    status = models.CharField(max_length=7, choices=Status.choices, default=Status.QUEUED)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    merged = models.PositiveIntegerField(default=0)
    left = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("merging of duplicates")

    def __str__(self) -> str:
        return f"merging of duplicates {self.pk}"

    @property
    def is_active(self) -> bool:
        return self.status in (self.Status.QUEUED, self.Status.RUNNING, self.Status.UNDOING)


class Merge(models.Model):
    """One card taken into another, with everything an undo needs.

    Plain numbers and no keys: this is a record of what was done, whatever becomes of the cards.
    `steps` is a list of what was moved and changed, in order; see `clients.mergers`.
    """

    keep_id = models.BigIntegerField()
    drop_id = models.BigIntegerField()
    run = models.ForeignKey(
        MergeRun, null=True, on_delete=models.SET_NULL, related_name="merges", db_index=False
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    steps = models.JSONField(default=list)
    # Versions of both cards before and after: {"keep": [4, 5], "drop": [2, 3]}.
    versions = models.JSONField(default=dict)
    merged_at = models.DateTimeField(default=timezone.now)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("merge")
        indexes = [
            models.Index(fields=["keep_id", "id"], name="merge_of_survivor"),
            models.Index(fields=["drop_id", "id"], name="merge_of_merged"),
            models.Index(
                fields=["run", "id"], name="merge_of_run", condition=models.Q(run__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.drop_id} → {self.keep_id}"


class DuplicateGroup(models.Model):
    """Cards that are likely one client. `score` is the surest of the open pairs in it."""

    score = models.FloatField(_("likeness"))
    size = models.PositiveSmallIntegerField(_("cards"), default=2)
    is_open = models.BooleanField(default=True)
    found_at = models.DateTimeField(_("found"), default=timezone.now)

    objects = DuplicateGroupQuerySet.as_manager()

    class Meta:
        verbose_name = _("group of duplicates")
        indexes = [
            models.Index(
                fields=["-score", "id"],
                name="duplicates_open",
                condition=models.Q(is_open=True),
            )
        ]

    def __str__(self) -> str:
        return f"group of duplicates {self.pk}"


class DuplicatePair(models.Model):
    """Two cards that may be one client, and what was decided about them.

    A decision is never forgotten: the pair stays and is not offered again. The keys bind nothing in
    the database: a pair is a guess and must not hold a card that an undone import takes away.
    """

    class Status(models.TextChoices):
        OPEN = "open", pgettext_lazy("pair", "to be decided")
        DIFFERENT = "different", _("different clients")
        HOUSEHOLD = "household", _("one household")
        MERGED = "merged", pgettext_lazy("pair", "merged")

    a = models.ForeignKey(
        Client, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    b = models.ForeignKey(
        Client, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    score = models.FloatField(_("likeness"))
    # Codes of the matcher, the most telling first.
    evidence = models.JSONField(default=list)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.OPEN)
    group = models.ForeignKey(
        DuplicateGroup, null=True, on_delete=models.SET_NULL, related_name="pairs"
    )
    found_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("pair of likely duplicates")
        constraints = [
            models.UniqueConstraint(fields=["a", "b"], name="duplicate_pair_once"),
            models.CheckConstraint(
                condition=models.Q(a__lt=models.F("b")), name="duplicate_pair_in_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.a_id} ~ {self.b_id}"


class EntryRule(models.Model):
    """What to do when a new client looks like a known one, for one way he comes in by."""

    class Answer(models.TextChoices):
        BLOCK = "block", _("do not add")
        WARN = "warn", _("show them and ask")
        TAKE = "take", _("take as the same client")
        QUEUE = "queue", _("add, and put the pair into the queue")

    # The name of a registered `clients.entry.Entrance`.
    entrance = models.CharField(max_length=30, primary_key=True)
    exact = models.CharField(
        _("same phone, e-mail, messenger or tax number"), max_length=5, choices=Answer.choices
    )
    likely = models.CharField(_("looks alike"), max_length=5, choices=Answer.choices)

    class Meta:
        verbose_name = _("rule for new clients")

    def __str__(self) -> str:
        return self.entrance


class DuplicateScan(models.Model):
    """How far the search for duplicates has come: one row."""

    # Clients above this number were not compared with the base yet.
    upto = models.BigIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("search for duplicates")

    def __str__(self) -> str:
        return f"search for duplicates up to {self.upto}"

    @classmethod
    def current(cls) -> "DuplicateScan":
        """The row; before the first search, one that is not stored."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)
