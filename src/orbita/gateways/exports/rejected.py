"""The rows an import left out, as a workbook that can be mended and brought again."""

from typing import BinaryIO

from orbita.accounts.models import User
from orbita.gateways.exports import record, writers
from orbita.gateways.exports.models import folder
from orbita.gateways.imports.rejects import write_rejects
from orbita.gateways.models import Import


def rejected_workbook(*, actor: User, row: Import) -> BinaryIO:
    """The workbook, open and nowhere on the disk any more; that it was taken is on record."""
    path = writers.temporary_file(folder())
    try:
        count = write_rejects(row, path)
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
