"""Small files for their owner alone (mode 600): whole or not there at all. Needs no Django."""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path


def write(path: Path, text: str) -> None:
    """Replaces the file whole."""
    with _temporary(path, text) as temporary:
        temporary.replace(path)


def made_once(path: Path, make: Callable[[], str]) -> str:
    """The content, without blanks around it, of a file that whoever comes first makes."""
    if not path.exists():
        # Linked whole: a process that starts at the same time must not read half a key.
        with _temporary(path, make()) as temporary, contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    return path.read_text(encoding="utf-8").strip()


@contextlib.contextmanager
def _temporary(path: Path, text: str) -> Iterator[Path]:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
