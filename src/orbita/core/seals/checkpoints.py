"""Signed notes of how far the chain had come, kept outside the database.

Whoever writes to the database directly can cut off its end, seals and all, or write the whole chain
anew: only something that is not in the database can tell. Each checkpoint names a seal and its digest
and is signed (Ed25519) with a key in `ORBITA_DATA/audit`. The newest stands beside the key, one of each
day in a second file; copies belong on another machine, since whoever owns this one owns the key too.
"""

import base64
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from django.conf import settings
from django.db import connection
from django.utils import timezone

from orbita.core.models import EventSeal
from orbita.core.private_files import made_once, write
from orbita.core.seals import encoding, problems
from orbita.core.seals.problems import BrokenError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

# The library is loaded when something is signed or checked: every process imports this module.


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a file of checkpoints; `key` is the public key, `signature` covers the rest."""

    orbita: str = "checkpoint 1"
    seal: int
    events: int
    last_id: int
    digest: bytes
    sealed_at: str
    signed_at: str
    key: bytes
    signature: bytes = b""

    def signed_text(self) -> bytes:
        return msgspec.json.encode(msgspec.structs.replace(self, signature=b""))

    def line(self) -> str:
        return msgspec.json.encode(self).decode()

    def is_signed(self) -> bool:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(self.signature, self.signed_text())
        except (InvalidSignature, ValueError):
            return False
        return True


def folder() -> Path:
    path = Path(settings.ORBITA_DATA) / "audit"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def latest_file() -> Path:
    return folder() / "checkpoint.json"


def daily_file() -> Path:
    return folder() / "checkpoints.jsonl"


def key_file() -> Path:
    return folder() / "key"


def public_key() -> bytes | None:
    """The public half of this installation's key; None while there is none."""
    return _private_key().public_key().public_bytes_raw() if key_file().exists() else None


def sign_latest() -> Checkpoint | None:
    """Signs the newest seal and keeps the checkpoint; None while nothing is sealed."""
    seal = EventSeal.objects.defer("marks").order_by("-number").first()
    if seal is None:
        return None
    known = latest()
    if known and not _still_holds(known):
        # The chain is shorter, or another, than what was signed: that must stay to be seen.
        return None
    if known and known.seal == seal.number:
        return known
    _make_durable()
    signed = _sign(seal)
    write(latest_file(), signed.line() + "\n")
    _keep_of_the_day(signed)
    return signed


def _still_holds(known: Checkpoint) -> bool:
    digests = EventSeal.objects.filter(number=known.seal).values_list("digest", flat=True)
    return [bytes(digest) for digest in digests] == [known.digest]


def latest() -> Checkpoint | None:
    """The newest checkpoint that this installation signed."""
    return _own(latest_file())


def own() -> Iterator[Checkpoint]:
    """Those that this installation keeps. Raises `BrokenError` at one that is not its own."""
    key = public_key()
    for path in (daily_file(), latest_file()):
        yield from read(path, key) if path.exists() else ()


def read(path: Path, key: bytes | None) -> Iterator[Checkpoint]:
    """The checkpoints of a file, each of whose signatures holds and is of `key` when that is known.

    Raises `BrokenError` at the first that is not so, OSError when the file cannot be read.
    """
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            place = f"{path.name}:{number}"
            try:
                one = msgspec.json.decode(line, type=Checkpoint)
            except msgspec.MsgspecError:
                raise BrokenError(problems.unreadable_checkpoint(place)) from None
            if not one.is_signed() or (key is not None and one.key != key):
                raise BrokenError(problems.forged_checkpoint(place))
            yield one


def set_aside() -> list[Path]:
    """Puts the kept checkpoints by, so that new ones begin: when the base was brought back on purpose.

    The action that calls it records it. Returns the files under their new names.
    """
    stamp = timezone.now().strftime("%Y%m%d-%H%M%S")
    moved = []
    for path in (latest_file(), daily_file()):
        if path.exists():
            moved.append(path.rename(path.with_name(f"until-{stamp}-{path.name}")))
    return moved


def _sign(seal: EventSeal) -> Checkpoint:
    private = _private_key()
    draft = Checkpoint(
        seal=seal.number,
        events=seal.total,
        last_id=seal.last_id,
        digest=bytes(seal.digest),
        sealed_at=encoding.moment(seal.sealed_at),
        signed_at=encoding.moment(timezone.now())[:19],
        key=private.public_key().public_bytes_raw(),
    )
    return msgspec.structs.replace(draft, signature=private.sign(draft.signed_text()))


def _own(path: Path) -> Checkpoint | None:
    """The last checkpoint of a file of this installation; None when there is none that holds."""
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        with path.open("rb") as file:
            file.seek(max(path.stat().st_size - 4096, 0))
            lines = file.read().splitlines()
        one = msgspec.json.decode(lines[-1], type=Checkpoint) if lines else None
        if one and one.is_signed() and one.key == public_key():
            return one
    return None


def _keep_of_the_day(signed: Checkpoint) -> None:
    path = daily_file()
    kept = _own(path)
    if kept and kept.signed_at[:10] == signed.signed_at[:10]:
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as file:
        file.write(signed.line() + "\n")
        file.flush()
        os.fsync(file.fileno())


def _make_durable() -> None:
    """SQLite: a checkpoint must not outlive, after a power cut, the commits it speaks of."""
    if connection.vendor != "sqlite":
        return  # PostgreSQL answers a commit when it is on the disk.
    with contextlib.suppress(OSError):
        descriptor = os.open(f"{connection.settings_dict['NAME']}-wal", os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _private_key() -> "Ed25519PrivateKey":
    """The key of this installation, made when first needed."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    def new_key() -> str:
        return base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode() + "\n"

    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(made_once(key_file(), new_key)))
