"""The chain over the log: what `core.seals` writes and checks."""

from typing import Any, NoReturn

from django.db import models
from django.utils.translation import gettext_lazy as _

from orbita.core.models.events import AppendOnly


class EventSeal(models.Model):
    """One link of the chain: a batch of events, sealed together. Never changed afterwards.

    It covers the ids from `first_id` to `last_id` but for the `missing` ones, and the `late` ones,
    which lay uncommitted when an earlier link passed over them. `content` is the digest of the rows,
    `marks` holds four bytes of each row's digest, so that a changed one can be named. `digest` is
    taken over all this and the digest of the link before.
    """

    number = models.BigIntegerField(primary_key=True)
    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    count = models.IntegerField()
    total = models.BigIntegerField()
    # JSON as text: what is hashed must come back to the byte. Ranges [[first, last], …] and ids.
    missing = models.TextField(default="[]")
    late = models.TextField(default="[]")
    marks = models.BinaryField()
    content = models.BinaryField(max_length=32)
    digest = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField()

    objects = AppendOnly.as_manager()

    class Meta:
        verbose_name = _("seal of the event log")

    def __str__(self) -> str:
        return f"seal {self.number}: events {self.first_id}–{self.last_id}"

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise RuntimeError("The event log is append-only")


class EventGap(models.Model):
    """Ids that a seal found no event at, while a transaction that may still bring them may run.

    PostgreSQL only: ids are taken in order there, but committed in any. `horizon` is the first
    transaction number not yet given out at that time: when all below it are over, the gap is final.
    """

    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    horizon = models.BigIntegerField()

    class Meta:
        verbose_name = _("gap in the event log")

    def __str__(self) -> str:
        return f"{self.first_id}–{self.last_id}"
