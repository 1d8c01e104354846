from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from orbita.analytics.reports import REPORTS
from orbita.analytics.reports.printing import FORMATS, Out


class Command(BaseCommand):
    help = "Print a report for scripts: rfm, status."

    def add_arguments(self, parser: Any) -> None:
        names = parser.add_subparsers(dest="report", required=True, metavar="NAME")
        for report in REPORTS:
            of_report = names.add_parser(report.name, help=report.help)
            report.add_arguments(of_report)
            of_report.add_argument("--format", choices=list(FORMATS), default="table")
            of_report.add_argument("--output", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        report, print_as = REPORTS[options["report"]], FORMATS[options["format"]]
        try:
            with report.open(options) as rows, self._place(options["output"]) as out:
                print_as(report.columns, rows, out)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error

    @contextmanager
    def _place(self, file: Path | None) -> Iterator[Out]:
        """Where the report goes: the screen without a file."""
        if file is None:
            self.stdout.ending = ""
            yield self.stdout
            return
        try:
            opened = file.open("w", encoding="utf-8", newline="")
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error
        with opened:
            yield opened
