import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from orbita.core.backup import BackupError, making, pause
from orbita.core.backup.away import copies
from orbita.core.backup.away import storage as storages
from orbita.core.models import Backup, BackupCopy


class Command(BaseCommand):
    help = (
        "Make a backup of everything, prove that it restores, send it to the storage if one is set."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="a name of its own by default")
        parser.add_argument("--format", choices=["text", "json"], default="text")
        parser.add_argument(
            "--list", action="store_true", help="make none; list those that lie in the storage"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        live = sys.stderr.isatty()

        def show(percent: int) -> None:
            if live:
                self.stderr.write(f"\r{percent} %", ending="")

        with translation.override("en"):
            if options["list"]:
                self._list(options["format"])
                return
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
            sent, reason = (None, "") if options["file"] else self._send(made, show)
            self._tell(made, sent, options["format"])
            if reason:
                raise CommandError(f"the backup is made, but not sent. {reason}")
            if made.status == Backup.Status.UNPROVED:
                raise CommandError(f"the backup is made, but not proved. {made.reason}")

    def _send(self, made: Backup, show: Callable[[int], None]) -> tuple[BackupCopy | None, object]:
        """The copy in the storage, if there is one now, and why there is none where one should be."""
        if made.status != Backup.Status.GOOD or not settings.ORBITA_S3:
            return None, ""
        if pause.is_paused():
            self.stderr.write("not sent to the storage: this is a restored copy and keeps still")
            return None, ""
        try:
            copy = copies.send(copies.enter(made), show)
        except BackupError as error:
            return None, error
        if copy.status != BackupCopy.Status.THERE:
            return None, copy.reason
        copies.rotate()
        return copy, ""

    def _list(self, form: str) -> None:
        try:
            entries = storages.required().entries()
        except BackupError as error:
            raise CommandError(str(error)) from None
        if form == "json":
            told = [
                {
                    "name": entry.name,
                    "size": entry.size,
                    "made_at": entry.made_at.isoformat(),
                    "encrypted": entry.encrypted,
                }
                for entry in entries
            ]
            self.stdout.write(json.dumps(told))
            return
        for entry in entries:
            self.stdout.write(f"s3:{entry.name}\t{entry.size}\t{entry.made_at:%Y-%m-%d %H:%M} UTC")

    def _tell(self, made: Backup, sent: BackupCopy | None, form: str) -> None:
        if form == "json":
            told = {
                "path": made.path,
                "size": made.size,
                "sha256": made.sha256,
                "encrypted": made.encrypted,
                "proof": made.proof or None,
                "sent": str(sent) if sent else None,
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
        if sent:
            self.stdout.write(f"sent and compared: {sent}")
        if not made.encrypted:
            self.stdout.write(
                "not encrypted, so secret_key and seal_keys are left out; sign-ins always are"
            )
