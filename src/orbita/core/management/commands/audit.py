import base64
import binascii
import json
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils.translation import override

from orbita.core.events import emit
from orbita.core.seals import Verified, checkpoints, protection, seal_all, state, verify
from orbita.core.seals.checkpoints import Checkpoint


class Command(BaseCommand):
    help = "Check that nobody has changed the event log (audit verify), and what belongs to it."

    def add_arguments(self, parser: CommandParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True)
        check = steps.add_parser("verify", help="read the whole log; exit 1 at a broken place")
        check.add_argument(
            "--checkpoints", type=Path, help="a file of checkpoints that was kept elsewhere"
        )
        check.add_argument(
            "--key", help="the public key they are signed with, when it is not this machine's"
        )
        check.add_argument("--format", choices=["text", "json"], default="text")
        steps.add_parser("checkpoint", help="seal, sign and print how far the log has come")
        anew = steps.add_parser(
            "restart", help="begin new checkpoints after a base was brought back on purpose"
        )
        anew.add_argument("--reason", required=True, help="why; it is recorded")
        protect = steps.add_parser("protect", help="have PostgreSQL refuse changes to the log")
        protect.add_argument("--remove", action="store_true", help="take the refusal off again")

    def handle(self, *args: Any, step: str, **options: Any) -> None:
        # The command line speaks English.
        with override("en"):
            getattr(self, f"_{step}")(options)

    def _verify(self, options: dict[str, Any]) -> None:
        done = verify(self._checkpoints(options), report=self._progress())
        if sys.stderr.isatty():
            self.stderr.write("\r", ending="")
        if not options["checkpoints"]:
            state.note(done)
        if options["format"] == "json":
            self.stdout.write(json.dumps(_plain(done), ensure_ascii=False))
        elif done.ok:
            self.stdout.write(_words(done))
        if not done.ok:
            raise CommandError(str(done.problem))

    def _checkpoints(self, options: dict[str, Any]) -> Iterator[Checkpoint]:
        given: Path | None = options["checkpoints"]
        if given is None:
            return checkpoints.own()
        if not given.is_file():
            raise CommandError(f"{given}: there is no such file")
        try:
            key = base64.b64decode(options["key"], validate=True) if options["key"] else None
        except binascii.Error:
            raise CommandError("--key must be the `key` of a checkpoint") from None
        if key is not None:
            return checkpoints.read(given, key)
        return chain(checkpoints.own(), checkpoints.read(given, checkpoints.public_key()))

    def _progress(self) -> Any:
        if not sys.stderr.isatty():
            return None
        return lambda count: self.stderr.write(f"\r{count} events checked", ending="")

    def _checkpoint(self, options: dict[str, Any]) -> None:
        seal_all()
        signed = checkpoints.sign_latest()
        if signed is None:
            raise CommandError(
                "nothing is signed: the log is empty, or not the one that was signed before"
                " (audit verify tells)"
            )
        self.stdout.write(signed.line())

    def _restart(self, options: dict[str, Any]) -> None:
        moved = [path.name for path in checkpoints.set_aside()]
        with transaction.atomic():
            emit(
                "audit.restarted",
                actor=None,
                data={"reason": options["reason"], "files": moved},
            )
        seal_all()
        self.stdout.write(f"new checkpoints begin; put aside: {', '.join(moved) or 'none'}")

    def _protect(self, options: dict[str, Any]) -> None:
        try:
            (protection.unprotect if options["remove"] else protection.protect)()
        except protection.UnsupportedError as error:
            raise CommandError(str(error)) from None
        with transaction.atomic():
            emit("audit.unprotected" if options["remove"] else "audit.protected", actor=None)
        self.stdout.write(
            "the database changes the log again when told to"
            if options["remove"]
            else "the database refuses to change or delete events"
        )


def _plain(done: Verified) -> dict[str, Any]:
    return {
        "ok": done.ok,
        "events": done.count,
        "unsealed": done.unsealed,
        "erased": done.erased,
        "seals": done.seals,
        "checkpoints": done.checkpoints,
        "problem": str(done.problem) if done.problem else None,
    }


def _words(done: Verified) -> str:
    words = [f"{done.count} events verified in {done.seals} seals"]
    if done.erased:
        words.append(f"{done.erased} of them with erased content")
    words.append(f"{done.unsealed} not sealed yet")
    words.append(f"{done.checkpoints} checkpoints agree" if done.checkpoints else "no checkpoints")
    return ", ".join(words)
