import json
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from orbita.accounts.actions import service_user
from orbita.accounts.models import User
from orbita.core import jobs
from orbita.core.models import Job
from orbita.gateways import actions
from orbita.gateways.files.errors import FileError
from orbita.gateways.imports.rejects import write_rejects
from orbita.gateways.models import Import

KEYS = ("external_id", "phone", "email", "inn")
BLOCK = 1024 * 1024
STEP = 20_000


class Command(BaseCommand):
    _shown = 0
    help = "Bring in clients and purchases from a file, or take an import back: import undo ID."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("file", metavar="FILE", help="the file, or the word undo")
        parser.add_argument("number", metavar="ID", nargs="?", help="after undo: which import")
        parser.add_argument(
            "--kind", choices=["auto", "clients", "orders", "sales", "products"], default="auto"
        )
        parser.add_argument("--map", type=Path, metavar="FILE.json", help="what the columns mean")
        parser.add_argument(
            "--match",
            default="external_id",
            metavar="KEYS",
            help=f"known clients are found by: {','.join(KEYS)} (default external_id)",
        )
        parser.add_argument("--on-match", choices=["skip", "fill", "overwrite"], default="fill")
        parser.add_argument("--source", default="file", help="whose numbers the file has")
        parser.add_argument("--format", choices=["table", "json"], default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        actor = service_user()
        with translation.override(actor.language):
            try:
                if options["file"] == "undo" and options["number"]:
                    result = self._undo(actor, options["number"])
                else:
                    result = self._import(actor, options)
            except FileError as error:
                raise CommandError(f"{Path(options['file']).name}: {error.message}") from error
            except ValidationError as error:
                raise CommandError(" ".join(error.messages)) from error
        if options["format"] == "json":
            self.stdout.write(json.dumps(result, ensure_ascii=False))
        else:
            for name, value in result.items():
                self.stdout.write(f"{name}: {'' if value is None else value}")

    # -- bringing in

    def _import(self, actor: User, options: dict[str, Any]) -> dict[str, Any]:
        path = Path(options["file"])
        try:
            with path.open("rb") as stream:
                row = actions.receive_file(
                    actor=actor, chunks=iter(lambda: stream.read(BLOCK), b""), name=path.name
                )
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from error
        try:
            mapping = _mapping(options)
            if mapping is None:
                actions.propose_mapping(actor=actor, row=row, kind=options["kind"])
            row = actions.configure_import(
                actor=actor,
                row=row,
                mapping=mapping,
                match=[key.strip() for key in options["match"].split(",") if key.strip()],
                on_match=options["on_match"],
                source=options["source"],
            )
            row = actions.start_import(actor=actor, row=row)
        except (FileError, ValidationError, CommandError):
            actions.discard_import(actor=actor, row=row)
            raise
        row = self._follow(row, f"import {row.pk}")
        if row.status != Import.Status.DONE:
            raise CommandError(f"{path.name}: {row.error or row.get_status_display()}")
        return _result(row)

    def _undo(self, actor: User, number: str) -> dict[str, Any]:
        row = Import.objects.filter(pk=number).first() if number.isdigit() else None
        if row is None:
            raise CommandError(f"there is no import {number}")
        row = actions.undo_import(actor=actor, row=row)
        row = self._follow(row, f"undo of import {row.pk}")
        if row.status != Import.Status.UNDONE:
            raise CommandError(row.error or str(row.get_status_display()))
        return {"import": row.pk, "undone": row.undone, "kept": row.kept}

    def _follow(self, row: Import, what: str) -> Import:
        """Does the work here, unless a running worker was quicker to take it."""
        job = jobs.claim_one(row.job_id or 0)
        if job is not None:
            jobs.run(job, watch=lambda job: self._show(what, job.progress, job.total))
            job.refresh_from_db()
        while actions.settle(row).is_active:
            if job is not None and job.status == Job.Status.QUEUED:
                raise CommandError(f"{job.error or 'stopped'}; a worker will go on with it")
            time.sleep(0.5)
            self._show(what, row.done, row.total)
        if sys.stderr.isatty():
            self.stderr.write("")
        return row

    def _show(self, what: str, done: int, total: int | None) -> None:
        words = f"{what}: {done} of {total or '?'}"
        if sys.stderr.isatty():
            self.stderr.write(f"\r{words}", ending="")
        elif done // STEP != self._shown // STEP:
            self.stderr.write(words)
        self._shown = done


def _mapping(options: dict[str, Any]) -> dict[str, Any] | None:
    """The mapping of --map, with --kind if it names none."""
    if options["map"] is None:
        return None
    try:
        data = json.loads(options["map"].read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise CommandError(f"{options['map']}: {error.strerror}") from error
    except ValueError as error:
        raise CommandError(f"{options['map']} is not JSON: {error}") from error
    if isinstance(data, dict) and options["kind"] != "auto":
        data = {"kind": options["kind"]} | data
    return data  # type: ignore[no-any-return]


def _result(row: Import) -> dict[str, Any]:
    path = None
    if row.rejected:
        path = Path(settings.ORBITA_DATA) / "imports" / f"rejected-{row.pk}.xlsx"
        write_rejects(row, path)
    return {
        "import": row.pk,
        "rows": row.done,
        "created": row.created,
        "updated": row.updated,
        "unchanged": row.unchanged,
        "rejected": row.rejected,
        "rejects_file": str(path) if path else None,
    }
