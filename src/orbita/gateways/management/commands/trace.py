import json
from itertools import chain, islice
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orbita.gateways.exports.marking import columns_of, likeliest
from orbita.gateways.exports.models import Export
from orbita.gateways.files.errors import FileError
from orbita.gateways.files.source import read_batches, sample

MOST_COLUMNS, MOST_ROWS = 30, 200_000


class Command(BaseCommand):
    help = "Tell from the order of its rows which export a file came from, and whose it was."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="a table: xlsx, csv and others")
        parser.add_argument("--format", choices=["table", "json"], default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            columns = _columns(options["file"])
        except FileError as error:
            raise CommandError(f"{options['file'].name}: {error.message}") from error
        exports = {export.mark: export.pk for export in Export.objects.only("mark")}
        found = likeliest(columns, exports)
        if found is None:
            raise CommandError(
                "no export is known in the order of the rows: the file is too short, was sorted"
                " anew, or is not from here"
            )
        export = Export.objects.select_related("owner").get(pk=exports[found.mark])
        said = {
            "export": export.pk,
            "owner": export.owner.email,
            "at": export.created_at.isoformat(timespec="seconds"),
            "list": export.list_name,
            "rows": export.rows,
            "score": round(found.score, 1),
        }
        if options["format"] == "json":
            self.stdout.write(json.dumps(said, ensure_ascii=False))
            return
        for name, value in said.items():
            self.stdout.write(f"{name:8} {value}")


def _columns(path: Path) -> list[list[str]]:
    sheet = sample(path, rows=1).sheets[0].name
    rows = (cells for _number, cells in chain.from_iterable(read_batches(path, sheet)))
    return columns_of(islice(rows, MOST_ROWS), MOST_COLUMNS)
