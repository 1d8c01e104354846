import csv
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from orbita.accounts.actions import service_user
from orbita.accounts.models import User
from orbita.clients.search import Progress, index_missing
from orbita.ui.menu import found_by

FORMATS = ("table", "json", "csv")
COLUMNS = ("external_id", "kind", "title", "why")


class Command(BaseCommand):
    help = "Find clients, notes, orders and products by anything, typed with mistakes or not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("text", nargs="?", help="what would be typed into the search box")
        parser.add_argument("--queries", type=Path, metavar="FILE", help="a query per line")
        parser.add_argument("--limit", type=int, default=10, help="hits of each kind; 10")
        parser.add_argument("--format", choices=FORMATS, default="table")
        parser.add_argument(
            "--index", action="store_true", help="first index what the index does not know yet"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        text, queries, limit = options["text"], options["queries"], options["limit"]
        if not 1 <= limit <= 100:
            raise CommandError("--limit is from 1 to 100")
        if options["index"]:
            self._index()
        elif text is None and queries is None:
            raise CommandError("say what to find, or give --queries FILE")
        actor = service_user()
        if queries is not None:
            for line in _lines(queries):
                self.stdout.write(json.dumps(_answer(actor, line, limit), ensure_ascii=False))
        if text is not None:
            self._print(_hits(actor, text, limit), options["format"])

    def _index(self) -> None:
        done = Progress()
        for done in index_missing():
            if sys.stderr.isatty():
                self.stderr.write(f"\r{done.clients} clients, {done.notes} notes", ending="")
        self.stderr.write(
            f"\r{done.clients} clients, {done.notes} notes and {done.texts} texts of cards indexed"
        )

    def _print(self, hits: list[dict[str, Any]], format_: str) -> None:
        if format_ == "json":
            self.stdout.write(json.dumps(hits, ensure_ascii=False))
            return
        if format_ == "csv":
            writer = csv.DictWriter(self.stdout, COLUMNS, lineterminator="\n")
            self.stdout.ending = ""
            writer.writeheader()
            writer.writerows(hits)
            return
        for hit in hits:
            self.stdout.write(
                f"{hit['kind']:8} {hit['external_id'] or '':12} {hit['title']}  ({hit['why']})"
            )


def _answer(actor: User, line: str, limit: int) -> dict[str, Any]:
    started = time.perf_counter()
    hits = _hits(actor, line, limit)
    milliseconds = round((time.perf_counter() - started) * 1000, 2)
    return {"query": line, "hits": hits, "milliseconds": milliseconds}


def _hits(actor: User, text: str, limit: int) -> list[dict[str, Any]]:
    return [
        {name: getattr(hit, name) for name in COLUMNS}
        for _provider, hits in found_by(actor, text, limit)
        for hit in hits
    ]


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            for line in file:
                if text := line.strip().replace("\0", ""):
                    yield text
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
