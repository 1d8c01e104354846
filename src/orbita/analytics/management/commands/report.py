from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from orbita.analytics.reports import REPORTS
from orbita.analytics.reports.printing import FORMATS


class Command(BaseCommand):
    help = "Print a report for scripts: rfm."

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
            with report.open(options) as rows:
                if options["output"] is None:
                    self.stdout.ending = ""
                    print_as(report.columns, rows, self.stdout)
                else:
                    with options["output"].open("w", encoding="utf-8", newline="") as file:
                        print_as(report.columns, rows, file)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except OSError as error:
            raise CommandError(f"{options['output']}: {error.strerror}") from error
