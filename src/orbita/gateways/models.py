"""What an import was told, what it did, and what it needs to take everything back."""

from pathlib import Path

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orbita.core.sentences import say
from orbita.gateways.exports.models import Export as Export  # Django looks for models here
from orbita.gateways.querysets import ImportQuerySet, SavedMappingQuerySet


class Import(models.Model):
    """One file brought in once. The counters are of source rows and add up to the file."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Not started")
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        CANCELLED = "cancelled", _("Cancelled")
        FAILED = "failed", _("Failed")
        UNDOING = "undoing", _("Being undone")
        UNDONE = "undone", _("Undone")

    class OnMatch(models.TextChoices):
        SKIP = "skip", _("leave it as it is")
        FILL = "fill", _("fill in its blanks")
        OVERWRITE = "overwrite", _("overwrite it")

    class Key(models.TextChoices):
        EXTERNAL_ID = "external_id", _("number in the file")
        PHONE = "phone", _("phone with an agreeing name")
        EMAIL = "email", _("e-mail with an agreeing name")
        INN = "inn", _("INN")

    file_name = models.CharField(_("file"), max_length=255)
    # Under ORBITA_DATA/imports; empty once the file was removed.
    stored_as = models.CharField(max_length=100, blank=True)
    size = models.PositiveBigIntegerField(_("size"))
    sha256 = models.CharField(max_length=64)
    # `files.columns.Mapping` as JSON; kind, sheet and columns in one.
    mapping = models.JSONField(_("columns"), null=True)
    match = models.JSONField(_("match by"), default=list)
    on_match = models.CharField(
        _("what to do with known ones"),
        max_length=9,
        choices=OnMatch.choices,
        default=OnMatch.FILL,
    )
    # External ids and order numbers are unique within it.
    source = models.CharField(_("name of the source"), max_length=60, default="file")
    status = models.CharField(
        _("status"), max_length=9, choices=Status.choices, default=Status.DRAFT
    )
    job_id = models.BigIntegerField(null=True)
    # Where a killed worker goes on: see `imports.engine` and `imports.undo`.
    state = models.JSONField(null=True)
    # An estimate until the file was read to its end.
    total = models.PositiveBigIntegerField(_("rows in the file"), default=0)
    created = models.PositiveBigIntegerField(_("created"), default=0)
    updated = models.PositiveBigIntegerField(_("updated"), default=0)
    unchanged = models.PositiveBigIntegerField(_("unchanged"), default=0)
    rejected = models.PositiveBigIntegerField(_("rejected"), default=0)
    noted = models.PositiveBigIntegerField(_("worth a look"), default=0)
    # Changes taken back so far by the undo, and those it left.
    undone = models.PositiveBigIntegerField(default=0)
    kept = models.PositiveBigIntegerField(_("left by the undo"), default=0)
    error = models.TextField(_("error"), blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="imports"
    )
    created_at = models.DateTimeField(_("brought"), default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    objects = ImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        ordering = ["-id"]
        indexes = [models.Index(fields=["sha256"], name="import_by_content")]

    def __str__(self) -> str:
        return self.file_name

    @property
    def path(self) -> Path:
        """The stored file."""
        return Path(settings.ORBITA_DATA) / "imports" / self.stored_as

    @property
    def kind(self) -> str:
        """clients, orders, products or sales; "" before anybody looked."""
        return str((self.mapping or {}).get("kind", ""))

    @property
    def done(self) -> int:
        """Source rows dealt with so far."""
        return self.created + self.updated + self.unchanged + self.rejected

    @property
    def is_active(self) -> bool:
        return self.status in (self.Status.QUEUED, self.Status.RUNNING, self.Status.UNDOING)

    @property
    def may_undo(self) -> bool:
        """Whether something of it stands and nobody works on it."""
        return self.status in (self.Status.DONE, self.Status.CANCELLED, self.Status.FAILED)


class ImportRow(models.Model):
    """A row that needs words: rejected, or taken with a doubt.

    A doubt is a value kept as it was typed, or somebody known with the same phone, e-mail or ИНН.
    """

    class Outcome(models.TextChoices):
        REJECTED = "rejected", _("Rejected")
        NOTED = "noted", _("Worth a look")

    batch = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="rows")
    # As the file's owner sees it in his spreadsheet.
    number = models.PositiveBigIntegerField(_("row"))
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    # A text of `core.sentences.keep`; of rows of earlier versions, as it read then.
    reason = models.TextField(_("reason"), blank=True)
    # The cells of a rejected row as text.
    cells = models.JSONField(default=list)
    # The card that was made of a noted row, and the known one it looks like: plain ids, as either
    # may be gone.
    client_id = models.BigIntegerField(null=True)
    like_id = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("row of an import")
        ordering = ["number", "id"]
        indexes = [models.Index(fields=["batch", "outcome", "number"], name="import_rows")]

    def __str__(self) -> str:
        return f"row {self.number} of import {self.batch_id}"

    @property
    def why(self) -> str:
        """The reason in the language of the moment."""
        return say(self.reason)


class ImportChange(models.Model):
    """One thing that an import made or changed, once per thing: what the undo goes by."""

    class Subject(models.TextChoices):
        CLIENT = "client", _("Client")
        ORDER = "order", _("Order")
        PRODUCT = "product", _("Product")
        BALANCE = "balance", _("Purchases from totals")
        LINK = "link", _("Person of a company")
        FIELD = "field", _("Own field")
        RELATION = "related", _("Recommendation")
        # Said in a row and not settled yet: see `imports.recommending`.
        SAID = "said", _("Recommendation")
        CONSENT = "consent", _("Answer about advertising")

    batch = models.ForeignKey(
        Import, on_delete=models.CASCADE, related_name="changes", db_index=False
    )
    subject = models.CharField(max_length=7, choices=Subject.choices)
    # Of a balance, its client.
    subject_id = models.BigIntegerField()
    # The first row of the file that touched it.
    number = models.PositiveBigIntegerField()
    is_new = models.BooleanField()
    # The version it had when the import left it.
    version = models.PositiveIntegerField(default=1)
    # For a thing that was known before: what was there and what was put, as JSON.
    before = models.TextField(blank=True)
    # Why the undo left it, stored in the same way.
    kept = models.TextField(blank=True)

    class Meta:
        verbose_name = _("change by an import")
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "subject", "subject_id"], name="change_once_per_thing"
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.subject_id} in import {self.batch_id}"


class SavedMapping(models.Model):
    """Columns named once for all files with the same headings."""

    name = models.CharField(_("name"), max_length=100)
    # The normalised headings, sorted: a file with the same ones gets this mapping by itself.
    signature = models.TextField(blank=True)
    mapping = models.JSONField(_("columns"))
    match = models.JSONField(_("match by"), default=list)
    on_match = models.CharField(
        max_length=9, choices=Import.OnMatch.choices, default=Import.OnMatch.FILL
    )
    source = models.CharField(max_length=60, default="file")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)

    objects = SavedMappingQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved columns")
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["name"], name="mapping_name_once")]

    def __str__(self) -> str:
        return self.name
