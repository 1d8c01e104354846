import shutil
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import override

from orbita.accounts.actions import service_user
from orbita.clients.models import Client, Erasure, ExternalId
from orbita.clients.privacy import cleaning, copying, erasing
from orbita.clients.privacy.registry import personal_tables


class Command(BaseCommand):
    help = "Give a client a copy of what is kept of him (privacy export), or erase him for good."

    def add_arguments(self, parser: CommandParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True)
        copy = steps.add_parser("export", help="everything that is kept of a client")
        copy.add_argument(
            "--output", type=Path, help="an archive with his files; without it, JSON is printed"
        )
        erase = steps.add_parser("erase", help="erase a client everywhere, with an act")
        erase.add_argument("--reason", required=True, help="why; it stays in the act")
        erase.add_argument("--yes", action="store_true", help="without it, only say what would go")
        for step in (copy, erase):
            step.add_argument("external_id", help="his number in another system or in the file")
            step.add_argument("--source", help="which system, when several have this number")
            step.add_argument("--card", action="store_true", help="it is the number of his card")

    def handle(self, *args: Any, step: str, **options: Any) -> None:
        # The command line speaks English.
        with override("en"):
            try:
                getattr(self, f"_{step}")(_client(options), options)
            except ValidationError as error:
                raise CommandError(" ".join(error.messages)) from None

    def _export(self, client: Client, options: dict[str, Any]) -> None:
        output: Path | None = options["output"]
        if output is None:
            self.stdout.write(copying.as_json(client))
            copying.record_copy(actor=None, client=client, files=0)
            return
        partial = output.with_name(output.name + ".part")
        try:
            with (
                copying.copy_client(actor=service_user(), client=client) as package,
                partial.open("wb") as file,
            ):
                shutil.copyfileobj(package, file)
            partial.replace(output)
        except OSError as error:
            raise CommandError(f"{output}: {error.strerror}") from None
        finally:
            partial.unlink(missing_ok=True)
        self.stdout.write(f"{output}: {output.stat().st_size} bytes")

    def _erase(self, client: Client, options: dict[str, Any]) -> None:
        cards = erasing.cards_of(client)
        if not options["yes"]:
            for table in personal_tables():
                if count := table.rows(cards).count():
                    self.stdout.write(f"{table.model._meta.verbose_name}: {count}")
            raise CommandError("nothing was erased: add --yes, it cannot be taken back")
        act = erasing.erase_client(actor=service_user(), client=client, reason=options["reason"])
        # The worker would do it; whoever typed the command waits for it.
        cleaning.clean_up_waiting()
        act = Erasure.objects.get(pk=act.pk)
        gone = sum(deleted for deleted, _emptied in act.tables.values())
        emptied = sum(emptied for _deleted, emptied in act.tables.values())
        self.stdout.write(
            f"act {act.pk}: {gone} rows deleted, {emptied} emptied, {act.files} files removed"
        )


def _client(options: dict[str, Any]) -> Client:
    value = options["external_id"]
    rows = Client._base_manager.all()
    if options["card"]:
        found = list(rows.filter(pk=int(value))) if value.isdigit() and len(value) < 18 else []
    else:
        ids = ExternalId.objects.filter(value=value)
        if options["source"]:
            ids = ids.filter(source=options["source"])
        found = list(rows.filter(pk__in=ids.values("client_id")))
    if not found:
        raise CommandError(f"there is no client {value}")
    if len(found) > 1:
        raise CommandError(f"several clients are called {value}: say which with --source")
    return found[0]
