import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError

from orbita.accounts.actions import service_user
from orbita.core.rules import Rule, RuleError, compile_rule
from orbita.gateways.exports import record, writers
from orbita.gateways.exports.full import FULL

# Workbooks carry the time they were made: one for all, so that equal bases give equal files.
EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001
FORMATS = ("csv", "xlsx", "json")


class Command(BaseCommand):
    help = "Write clients or orders whole to a file for scripts: csv, xlsx or json."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("what", choices=list(FULL), metavar="|".join(FULL))
        parser.add_argument("--format", choices=FORMATS, default="csv")
        parser.add_argument("--filter", default="", metavar="JSON", help="a rule, as in lists")
        parser.add_argument(
            "--output", type=Path, metavar="FILE", help="standard output without it"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        full, output = FULL[options["what"]], options["output"]
        actor = service_user()
        rule = _rule(options["filter"])
        try:
            compile_rule(full.subject, rule, actor=actor)
        except RuleError as error:
            raise CommandError(str(error)) from error
        columns = full.columns(actor)
        rows = _Counted(full.rows(actor, rule))
        try:
            with _opened(output) as file:
                _write(full.name, columns, rows, options["format"], file)
        except OSError as error:
            if isinstance(error, BrokenPipeError) or output is None:
                raise
            raise CommandError(f"{output}: {error.strerror}") from error
        record.made(
            actor=None,
            name=full.name,
            format=options["format"],
            filter=options["filter"],
            count=rows.count,
            columns=columns,
        )


class _Counted:
    """Passes rows on and counts them."""

    def __init__(self, rows: Iterator[list[Any]]) -> None:
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[list[Any]]:
        for row in self._rows:
            self.count += 1
            yield row


def _rule(text: str) -> Rule:
    if not text:
        return {}
    try:
        rule = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CommandError(f"--filter is not JSON: {error}") from error
    if not isinstance(rule, dict):
        raise CommandError("--filter is not a JSON object")
    return rule


@contextmanager
def _opened(path: Path | None) -> Iterator[BinaryIO]:
    """The file to write, in whose place an earlier one stays until the new one is whole."""
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    partial = path.with_name(path.name + ".part")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _write(name: str, columns: list[str], rows: Any, kind: str, file: BinaryIO) -> None:
    if kind == "xlsx":
        with TemporaryDirectory() as folder:
            path = Path(folder) / "export.xlsx"
            writers.write_workbook(path, name, columns, rows, made=EPOCH)
            with path.open("rb") as source:
                while block := source.read(1 << 20):
                    file.write(block)
        return
    portions = writers.json_text if kind == "json" else writers.csv_text
    for portion in portions(columns, rows):
        file.write(portion.encode())
