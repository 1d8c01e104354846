import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from orbita.clients.facts import Rebuilt, rebuild


class Command(BaseCommand):
    help = "Compute the facts of all clients anew from their sources and correct those that differ."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="only compare; exit 1 when anything differs"
        )

    def handle(self, *args: Any, check: bool = False, **options: Any) -> None:
        done = Rebuilt(0, 0)
        live = sys.stderr.isatty()
        for done in rebuild(write=not check):
            if live:
                self.stderr.write(f"\r{done.checked} clients checked", ending="")
        if live:
            self.stderr.write("")
        self.stdout.write(f"{done.checked} clients checked, {done.differing} differed")
        if check and done.differing:
            raise CommandError("the facts do not equal their sources: run rebuild_facts")
