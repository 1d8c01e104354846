from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from orbita.core.backup import BackupError, keys, restoring
from orbita.core.backup.away import fetching


class Command(BaseCommand):
    help = "Restore a backup: onto an empty place, or with --yes over what is there."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="a file, s3:NAME of one in the storage, or s3:latest")
        parser.add_argument("--key-file", type=Path, help="where the recovery key stands")
        parser.add_argument(
            "--yes", action="store_true", help="replace what is there, after saving it beside"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with translation.override("en"):
            try:
                identities = (
                    keys.read_identities(options["key_file"]) if options["key_file"] else []
                )
                done = restoring.restore(
                    self._source(options["file"]),
                    identities,
                    over=options["yes"],
                    say=self.stderr.write,
                )
            except BackupError as error:
                raise CommandError(str(error)) from None
            self._tell(done)

    def _source(self, file: str) -> Path | str:
        return file if file.startswith(fetching.PREFIX) else Path(file)

    def _tell(self, done: restoring.Restored) -> None:
        found = done.proof
        self.stdout.write(
            f"restored the base of {done.made_at}: {found.tables} tables, {found.rows} rows, "
            f"{found.files} files"
        )
        if done.saved:
            self.stdout.write(f"what was here is kept in {done.saved.path}")
        if done.saved and done.saved.reason:
            self.stdout.write(f"about that: {done.saved.reason}")
        if found.wrong:
            self.stdout.write(f"it was so in the backup: {found.wrong}")
        if not done.secrets:
            self.stdout.write("the backup held no secrets: they stay as they are here")
        if again := done.afterwards.get("erasures"):
            self.stdout.write(
                f"made again from the register of erasures, since the backup is older: {again}"
            )
        self.stdout.write(
            "letters are paused until an administrator resumes them in Settings, Backups; "
            "restart Orbita if it runs"
        )
