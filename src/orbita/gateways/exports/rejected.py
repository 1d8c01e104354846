"""The rows an import left out, as a workbook that can be corrected and brought again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts.models import User
from orbita.gateways.exports import record, writers
from orbita.gateways.exports.models import folder
from orbita.gateways.models import Import, ImportRow


def rejected_workbook(*, actor: User, row: Import) -> BinaryIO:
    """The workbook, open and nowhere on the disk: the columns of the file, then row and reason."""
    path = writers.temporary_file(folder())
    try:
        count = write_rejected(row, path)
        record.made(
            actor=actor,
            name="import.rejected",
            format="xlsx",
            filter=row.file_name,
            count=count,
            columns=[],
        )
        return path.open("rb")
    finally:
        path.unlink(missing_ok=True)


def write_rejected(row: Import, path: Path) -> int:
    """Writes the rows that were left out and returns how many there are."""
    labels = {int(place): label for place, label in (row.mapping or {}).get("labels", {}).items()}
    width = max([*labels, *_widest(row)], default=-1) + 1
    columns = [labels.get(place, "") for place in range(width)]
    return writers.write_workbook(
        path,
        _("Left out"),
        # Behind the columns of the file, so that the file can be brought again as it is.
        [*columns, _("Row of the file"), _("Why it was left out")],
        _rows(row, width),
        made=timezone.localtime().replace(tzinfo=None),
    )


def _widest(row: Import) -> Iterator[int]:
    for each in _found(row):
        yield len(each.cells) - 1


def _found(row: Import) -> Any:
    rejected = row.rows.filter(outcome=ImportRow.Outcome.REJECTED).order_by("number", "pk")
    return rejected.iterator(chunk_size=1000)


def _rows(row: Import, width: int) -> Iterator[list[Any]]:
    for each in _found(row):
        cells = [*each.cells, *[""] * (width - len(each.cells))]
        yield [*cells, each.number, each.reason]
