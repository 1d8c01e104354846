import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from orbita.core.backup import BackupError, making
from orbita.core.models import Backup


class Command(BaseCommand):
    help = "Make a backup of everything and prove that it restores."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="a name of its own by default")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        live = sys.stderr.isatty()

        def show(percent: int) -> None:
            if live:
                self.stderr.write(f"\r{percent} %", ending="")

        with translation.override("en"):
            try:
                made = making.back_up(
                    cause=Backup.Cause.COMMAND if options["file"] else Backup.Cause.BY_HAND,
                    target=options["file"],
                    progress=show,
                )
            except BackupError as error:
                raise CommandError(str(error)) from None
            if live:
                self.stderr.write("\r      \r", ending="")
            if made.status == Backup.Status.FAILED:
                raise CommandError(f"no backup was made. {made.reason}")
            self._tell(made, options["format"])
            if made.status == Backup.Status.UNPROVED:
                raise CommandError(f"the backup is made, but not proved. {made.reason}")

    def _tell(self, made: Backup, form: str) -> None:
        if form == "json":
            told = {
                "path": made.path,
                "size": made.size,
                "sha256": made.sha256,
                "encrypted": made.encrypted,
                "proof": made.proof or None,
            }
            self.stdout.write(json.dumps(told, ensure_ascii=False))
            return
        self.stdout.write(made.path)
        if made.proof:
            found = made.proof
            looked = ", ".join(f"{name} {count}" for name, count in found["looked_at"].items())
            self.stdout.write(
                f"restored and compared: {found['tables']} tables, {found['rows']} rows, "
                f"{found['files']} files; looked at: {looked}"
            )
        if not made.encrypted:
            self.stdout.write(
                "not encrypted, so secret_key and seal_keys are left out; sign-ins always are"
            )
