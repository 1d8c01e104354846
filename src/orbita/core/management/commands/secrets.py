from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from orbita.core.sealed import reseal, rotate


class Command(BaseCommand):
    help = "Seal the secrets in the base under a new key (secrets rotate)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=("rotate",))

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.ORBITA_SEAL_KEYS_FILE
        if path is None:
            self.stdout.write(f"{reseal()} sealed under the first of ORBITA_SEAL_KEYS")
        else:
            self.stdout.write(f"{rotate(path)} sealed under a new key")
