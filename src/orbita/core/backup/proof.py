"""Whether a backup restores: it is restored into a temporary base and compared."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from orbita.core.backup import BackupError, archive, database
from orbita.core.sentences import Sentence as _

SOURCE = Path(__file__).resolve().parents[3]
LONGEST = 3600  # seconds for the checks of a restored copy
_KEPT = (
    "PATH",
    "HOME",
    "LANG",
    "TZ",
    "PYTHONHOME",
    "PYTHONNOUSERSITE",
    "VIRTUAL_ENV",
    "ORBITA_LANGUAGE",
)
Progress = Callable[[float], None]


@dataclass
class Proof:
    """What a backup was found to hold when it was restored."""

    tables: int
    rows: int
    files: int
    files_size: int
    # Of each check in the restored copy: how many things it looked at.
    looked_at: dict[str, int] = field(default_factory=dict)
    # What a check found wrong. The copy equals its original all the same: it is wrong there too.
    wrong: BackupError | None = None

    def plain(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "wrong"}


def prove(
    path: Path, work: Path, identities: Sequence[Any] = (), progress: Progress = lambda share: None
) -> Proof:
    """Restores the archive beside everything and compares. Raises `BackupError` when it is not good."""
    with TemporaryDirectory(dir=work, prefix="proof-") as name:
        folder = Path(name)
        contents = archive.extract(
            path, folder, identities, keep_files=False, progress=lambda done: progress(done * 0.3)
        )
        with restored(contents, folder, lambda done: progress(0.3 + done * 0.4)) as copy:
            looked = look_at(copy, folder)
        progress(1)
    return figures_of(contents, *looked)


def figures_of(
    contents: archive.Contents, looked_at: dict[str, int], wrong: BackupError | None
) -> Proof:
    """The proof of an archive that was restored and looked at."""
    tables = contents.manifest["tables"]
    return Proof(
        tables=len(tables),
        rows=sum(rows for rows, _digest in tables.values()),
        files=contents.files,
        files_size=contents.files_size,
        looked_at=looked_at,
        wrong=wrong,
    )


@contextmanager
def restored(
    contents: archive.Contents, folder: Path, progress: Progress = lambda share: None
) -> Iterator[Any]:
    """The base of an archive as a temporary one that equals its manifest, table by table."""
    manifest = contents.manifest
    kept = manifest["left_out"]
    with database().staged(contents.database, folder, manifest["database"]["size"]) as copy:
        copy.check()
        found = copy.figures(kept, progress)
        differing = [
            name
            for name in sorted({*found, *manifest["tables"]})
            if found.get(name) != manifest["tables"].get(name)
        ]
        if differing:
            raise BackupError(
                _("Restored tables differ from the original: %(tables)s")
                % {"tables": ", ".join(differing[:10])}
            )
        yield copy


def look_at(copy: Any, folder: Path, *steps: str) -> tuple[dict[str, int], BackupError | None]:
    """Runs the checks of all rooms on a restored copy, in a process of its own that has it for its
    base. `steps` are done to it before: see `orbita.core.backup.answers`.

    Returns how many things each check looked at, and the first that was wrong. Raises `BackupError`
    when Orbita cannot work on the copy at all.
    """
    data = folder / "data"
    data.mkdir(mode=0o700, exist_ok=True)
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment |= {
        "PYTHONPATH": os.pathsep.join([str(SOURCE), os.environ.get("PYTHONPATH", "")]),
        "DJANGO_SETTINGS_MODULE": "orbita.config.settings",
        "DATABASE_URL": copy.url,
        "ORBITA_DATA": str(data),
        "ORBITA_SECRET_KEY": secrets.token_urlsafe(50),
        "ORBITA_LOG_LEVEL": "CRITICAL",
    }
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "orbita.core.backup.answers", *steps],
        env=environment,
        capture_output=True,
        text=True,
        timeout=LONGEST,
    )
    try:
        answer = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        lines = done.stderr.strip().splitlines() or [""]
        raise BackupError(
            _("Orbita does not start on the restored copy: %(cause)s") % {"cause": lines[-1][:500]}
        ) from None
    found: dict[str, int] = answer["looked_at"]
    if answer["wrong"] is None:
        return found, None
    [(original, values)] = answer["wrong"].items()
    cause = _(original, values)
    return found, BackupError(_("The restored copy is not sound: %(cause)s") % {"cause": cause})
