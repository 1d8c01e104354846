"""What an import did, thing by thing, written with each chunk: the undo goes by it."""

from collections.abc import Mapping
from typing import Any

import msgspec
from django.db.models import F

from orbita.core.bulk import insert_rows
from orbita.gateways.imports.records import Rejected
from orbita.gateways.models import Import, ImportChange, ImportRow

Subject = ImportChange.Subject
_CHANGE_FIELDS = ("batch", "subject", "subject_id", "number", "is_new", "version", "before", "kept")

Before = Mapping[str, Any]


class Journal:
    """Collects what a chunk did; `write` stores it inside the chunk's transaction."""

    def __init__(self, batch: Import) -> None:
        self._batch = batch
        self._new: list[tuple[str, int, int, int, str]] = []
        self._changed: dict[tuple[str, int], tuple[int, int, Before]] = {}
        self.rows: list[ImportRow] = []

    def created(
        self, subject: str, pk: int, number: int, version: int = 1, before: Before | None = None
    ) -> None:
        """`before` is for things without a version: `{"after": …}` tells them as they were made."""
        self._new.append((subject, pk, number, version, _text(before) if before else ""))

    def changed(self, subject: str, pk: int, number: int, version: int, before: Before) -> None:
        """`before` is JSON-able; of a client `{"before": …, "after": …}`."""
        known = self._changed.get((subject, pk))
        if known:
            number, before = known[0], merged(subject, known[2], before)
        self._changed[subject, pk] = (number, version, before)

    def rejected(self, row: Rejected) -> None:
        self.rows.append(
            ImportRow(
                batch=self._batch,
                number=row.number,
                outcome=ImportRow.Outcome.REJECTED,
                reason=row.reason,
                cells=row.cells,
            )
        )

    def noted(self, number: int, reason: str, client_id: int, like_id: int | None = None) -> None:
        self.rows.append(
            ImportRow(
                batch=self._batch,
                number=number,
                outcome=ImportRow.Outcome.NOTED,
                reason=reason,
                client_id=client_id,
                like_id=like_id,
            )
        )

    @property
    def notes(self) -> int:
        return sum(row.outcome == ImportRow.Outcome.NOTED for row in self.rows)

    def write(self) -> None:
        insert_rows(
            ImportChange,
            _CHANGE_FIELDS,
            [
                (self._batch.pk, subject, pk, number, True, version, before, "")
                for subject, pk, number, version, before in self._new
            ],
        )
        self._write_changed()
        ImportRow.objects.bulk_create(self.rows, batch_size=2000)

    def _write_changed(self) -> None:
        if not self._changed:
            return
        known = self._known()
        fresh = []
        for (subject, pk), (number, version, before) in self._changed.items():
            row = known.get((subject, pk))
            if row is None:
                fresh.append(
                    (self._batch.pk, subject, pk, number, False, version, _text(before), "")
                )
                continue
            row.version = version
            if row.before:
                row.before = _text(merged(subject, msgspec.json.decode(row.before), before))
        insert_rows(ImportChange, _CHANGE_FIELDS, fresh)
        ImportChange.objects.bulk_update(known.values(), ["version", "before"], batch_size=500)

    def _known(self) -> dict[tuple[str, int], ImportChange]:
        """Things this import had touched before this chunk."""
        by_subject: dict[str, list[int]] = {}
        for subject, pk in self._changed:
            by_subject.setdefault(subject, []).append(pk)
        return {
            (row.subject, row.subject_id): row
            for subject, ids in by_subject.items()
            for row in ImportChange.objects.filter(
                batch=self._batch, subject=subject, subject_id__in=ids
            )
        }


def merged(subject: str, first: Before, second: Before) -> Before:
    """Two changes of one thing as one: what was there before the first, what is after the second."""
    if subject == Subject.BALANCE:
        return dict(first) | {"after": second["after"]}
    if subject != Subject.CLIENT:
        return first
    before, after = dict(first["before"]), dict(first["after"])
    for name, value in second["after"].items():
        if isinstance(value, list) and name in after:
            gone = [one for one in second["before"][name] if one not in after[name]]
            stays = [one for one in after[name] if one not in second["before"][name]]
            before[name], after[name] = [*before[name], *gone], [*stays, *value]
        else:
            before.setdefault(name, second["before"][name])
            after[name] = value
    return {"before": before, "after": after}


def count(batch: Import, counts: Mapping[str, int], **fields: Any) -> None:
    """Adds to the counters of the import, in the transaction of the chunk."""
    grown = {name: F(name) + number for name, number in counts.items() if number}
    Import.objects.filter(pk=batch.pk).update(**grown, **fields)


def _text(before: Before) -> str:
    return msgspec.json.encode(before).decode()
