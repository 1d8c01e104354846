"""Brings a backup back from the storage; needs no base, only the settings."""

from pathlib import Path

from orbita.core.backup import BackupError
from orbita.core.backup.away import storage as storages
from orbita.core.sentences import Sentence as _

PREFIX, LATEST = "s3:", "latest"


def fetch(wanted: str, folder: Path) -> Path:
    """Fetches `s3:NAME`, or the newest one for `s3:latest`, into the folder.

    Raises `BackupError` when it is not there, cut, or the disk is too small. Whether it is a whole
    backup the archive itself tells: its sums stand at its end.
    """
    storage = storages.required()
    listed = storage.entries()
    name = wanted.removeprefix(PREFIX)
    found = next((entry for entry in listed if name in (LATEST, entry.name)), None)
    if found is None:
        raise BackupError(
            _("In %(place)s there is no backup named %(name)s.")
            % {"place": storage.place, "name": name}
        )
    target = folder / found.name
    with target.open("xb") as file:
        target.chmod(0o600)
        for block in storage.read(found.name, found.size):
            file.write(block)
    return target
