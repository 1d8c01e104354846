"""Keys of encrypted backups: age's X25519. The public half encrypts; the recovery key opens."""

import secrets
from pathlib import Path
from typing import Any, NamedTuple

import pyrage

from orbita.core.backup import BackupError
from orbita.core.sentences import Sentence as _


class Pair(NamedTuple):
    recipient: str  # age1…
    recovery: str  # AGE-SECRET-KEY-1…


def make_pair() -> Pair:
    identity = pyrage.x25519.Identity.generate()
    return Pair(str(identity.to_public()), str(identity))


def opens(recovery: str, recipient: str) -> bool:
    """Whether what was encrypted for the recipient is really read with this recovery key."""
    try:
        identity = pyrage.x25519.Identity.from_str(recovery.strip())
        sample = secrets.token_bytes(64)
        closed = pyrage.encrypt(sample, [pyrage.x25519.Recipient.from_str(recipient)])
        return bool(pyrage.decrypt(closed, [identity]) == sample)
    except (pyrage.IdentityError, pyrage.RecipientError, pyrage.DecryptError, ValueError):
        return False


def is_recipient(text: str) -> bool:
    try:
        pyrage.x25519.Recipient.from_str(text)
    except (pyrage.RecipientError, ValueError):
        return False
    return True


def read_identities(path: Path) -> list[Any]:
    """The recovery keys in a file, one a line; lines with # are remarks, as in age's own files."""
    if path.stat().st_size > 1 << 20:
        raise BackupError(_("The file of the recovery key holds no recovery key."))
    found = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.strip().startswith("AGE-SECRET-KEY-1"):
            try:
                found.append(pyrage.x25519.Identity.from_str(line.strip()))
            except (pyrage.IdentityError, ValueError):
                raise BackupError(
                    _("The recovery key is damaged: it was not copied whole.")
                ) from None
    if not found:
        raise BackupError(_("The file of the recovery key holds no recovery key."))
    return found
