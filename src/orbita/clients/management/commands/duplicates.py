import csv
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from orbita.clients.duplicates import Pair, evidence_words, find_pairs, groups, load_records
from orbita.clients.models import ExternalId

LOWEST = 0.01
JOINED = 0.5


class Command(BaseCommand):
    help = "Print the pairs of cards that may be one client, or the groups they make."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=["table", "csv", "json"], default="table")
        parser.add_argument(
            "--groups", action="store_true", help="print the groups: a line for each card of one"
        )
        parser.add_argument(
            "--threshold",
            type=float,
            metavar="SCORE",
            help=f"the lowest score of a pair (default {LOWEST}; {JOINED} for groups)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        threshold = options["threshold"]
        if threshold is None:
            threshold = JOINED if options["groups"] else LOWEST
        if not 0 < threshold <= 1:
            raise CommandError("--threshold is a probability: above 0, at most 1")
        pairs = find_pairs(
            load_records(), min(threshold, LOWEST) if options["groups"] else threshold
        )
        if options["groups"]:
            rows = self._groups(groups(pairs, threshold))
            self._print(options["format"], ("group", "id"), rows)
        elif options["format"] == "csv":
            rows = self._pairs(list(pairs))
            self._print("csv", ("id_a", "id_b", "score"), (row[:3] for row in rows))
        else:
            heading = ("id_a", "id_b", "score", "why")
            self._print(options["format"], heading, self._pairs(list(pairs)))

    def _pairs(self, pairs: Sequence[Pair]) -> Iterator[tuple[Any, ...]]:
        names = _names()
        for pair in sorted(pairs, key=lambda pair: (-pair.score, pair.a, pair.b)):
            why = ", ".join(map(evidence_words, pair.evidence))
            yield names(pair.a), names(pair.b), f"{pair.score:.6f}", why

    def _groups(self, found: Sequence[Sequence[int]]) -> Iterator[tuple[Any, ...]]:
        names = _names()
        for number, ids in enumerate(found, 1):
            for pk in ids:
                yield number, names(pk)

    def _print(self, form: str, heading: Sequence[str], rows: Iterator[tuple[Any, ...]]) -> None:
        if form == "csv":
            writer = csv.writer(self.stdout, lineterminator="\n")
            writer.writerow(heading)
            writer.writerows(rows)
            return
        for row in rows:
            if form == "json":
                line = json.dumps(dict(zip(heading, row, strict=True)), ensure_ascii=False)
            else:
                line = "  ".join(map(str, row))
            self.stdout.write(line)


def _names() -> Callable[[int], str]:
    """How each card is called: its primary number in the file it came from, else `#` and its own."""
    external = dict(
        ExternalId.objects.filter(is_primary=True).values_list("client_id", "value").iterator()
    )
    return lambda pk: external.get(pk) or f"#{pk}"
