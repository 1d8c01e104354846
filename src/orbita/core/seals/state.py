"""What the last checking of the log found, kept beside the checkpoints: not in what it checks."""

import contextlib
from collections.abc import Callable
from datetime import datetime

import msgspec
from django.utils import timezone

from orbita.core import private_files
from orbita.core.seals import checkpoints
from orbita.core.seals.checking import verify
from orbita.core.seals.problems import Verified
from orbita.core.sentences import keep


class LastCheck(msgspec.Struct, frozen=True):
    """`problem` is a kept sentence, "" when all was well."""

    at: datetime
    ok: bool
    count: int
    unsealed: int
    problem: str


def check_now(report: Callable[[int], object] | None = None) -> Verified:
    """Checks the log against its seals and this installation's checkpoints, and notes the outcome."""
    done = verify(checkpoints.own(), report=report)
    note(done)
    return done


def note(done: Verified) -> None:
    problem = keep(done.problem) if done.problem else ""
    kept = LastCheck(timezone.now(), done.ok, done.count, done.unsealed, problem)
    private_files.write(
        checkpoints.folder() / "last-check.json", msgspec.json.encode(kept).decode()
    )


def last_check() -> LastCheck | None:
    """None before the first one."""
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        text = (checkpoints.folder() / "last-check.json").read_bytes()
        return msgspec.json.decode(text, type=LastCheck)
    return None
