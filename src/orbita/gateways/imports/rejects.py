"""The rejected rows of an import as a workbook: their cells, and beside them why."""

from pathlib import Path
from typing import IO

import xlsxwriter
from django.utils.translation import gettext as _

from orbita.gateways.models import Import, ImportRow


def write_rejects(batch: Import, target: str | Path | IO[bytes]) -> int:
    """Writes the workbook; returns how many rows it has.

    Every cell is written as a string, so nothing a stranger typed becomes a formula or a link. The
    headings are those of the file: mended, it can be brought again as it is.
    """
    labels = {int(index): label for index, label in (batch.mapping or {})["labels"].items()}
    rows = ImportRow.objects.filter(batch=batch, outcome=ImportRow.Outcome.REJECTED)
    width = max([index + 1 for index in labels], default=0)
    count = 0
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(target, options) as book:
        sheet = book.add_worksheet(_("Rejected rows"))
        bold = book.add_format({"bold": True})
        for index in range(width):
            sheet.write_string(0, index, labels.get(index, ""), bold)
        sheet.write_string(0, width, _("Why it was rejected"), bold)
        sheet.write_string(0, width + 1, _("Row in the file"), bold)
        for count, row in enumerate(rows.order_by("number", "pk").iterator(), start=1):
            for index, text in enumerate(row.cells[:width] if width else row.cells):
                sheet.write_string(count, index, text[:32_000])
            place = width or len(row.cells)
            sheet.write_string(count, place, row.why[:32_000])
            sheet.write_string(count, place + 1, str(row.number))
    return count
