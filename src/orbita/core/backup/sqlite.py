"""Copies of an SQLite base, and putting one in its place."""

import gzip
import hashlib
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from django.db import connection

from orbita.core.backup import BackupError
from orbita.core.sentences import Sentence as _

KIND = "sqlite"
PAGES_AT_ONCE = 4096
ROWS_AT_ONCE = 500
PATIENCE = 30.0  # seconds for the write lock, when a restored base takes the place of the live one
Figures = dict[str, list[Any]]
Progress = Callable[[float], None]


def live() -> Path:
    """The file of the base. Raises `BackupError` when it is none, as in memory."""
    path = Path(str(connection.settings_dict["NAME"]))
    if not path.is_absolute():
        raise BackupError(_("A base in memory cannot be backed up."))
    return path


def size() -> int:
    """How many bytes the base takes, nearly."""
    return sum(
        path.stat().st_size for end in ("", "-wal") if (path := Path(f"{live()}{end}")).exists()
    )


def copy(
    folder: Path, without: Collection[str], progress: Progress = lambda share: None
) -> tuple[Path, Figures, int]:
    """A packed copy of the live base in the folder, its figures, and its size unpacked.

    Everything is read in one transaction: the copy and the figures are of the same moment, and in
    WAL mode nobody who writes waits for it.
    """
    plain, packed = folder / "database.sqlite3", folder / "database.sqlite3.gz"
    with closing(_open(live())) as source:
        source.execute("PRAGMA query_only = ON")
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()
        plain.touch(mode=0o600)
        with closing(sqlite3.connect(plain)) as target:
            source.backup(
                target,
                pages=PAGES_AT_ONCE,
                progress=lambda _status, left, total: progress(0.4 * (1 - left / max(total, 1))),
            )
        found = figures_of(source, without, lambda share: progress(0.4 + share * 0.3))
    _empty(plain, without)
    whole = plain.stat().st_size
    with plain.open("rb") as reading, gzip.GzipFile("", "wb", 3, packed.open("xb"), 0) as writing:
        _pour(reading, writing, whole, lambda share: progress(0.7 + share * 0.3))
    packed.chmod(0o600)
    plain.unlink()
    return packed, found, whole


def _open(path: Path) -> sqlite3.Connection:
    # Only a base that is there: SQLite would make an empty one.
    uri = f"file:{quote(str(path))}?mode=rw"
    try:
        return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=20)
    except sqlite3.OperationalError as error:
        raise BackupError(_("The database cannot be read: %(cause)s") % {"cause": error}) from error


def _empty(path: Path, tables: Collection[str]) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as base:
        base.execute("PRAGMA journal_mode = DELETE")
        base.execute("PRAGMA secure_delete = ON")
        known = set(_tables(base))
        for table in tables:
            if table in known:
                base.execute(f"DELETE FROM {_quoted(table)}")  # noqa: S608


def _pour(source: Any, target: Any, whole: int, progress: Progress) -> None:
    done = 0
    while block := source.read(1 << 20):
        target.write(block)
        done += len(block)
        progress(min(1.0, done / max(whole, 1)))


def figures_of(
    base: sqlite3.Connection, without: Collection[str], progress: Progress = lambda share: None
) -> Figures:
    """Of every table the number of its rows and a SHA-256 over all that stands in them."""
    tables = [name for name in _tables(base) if name not in without]
    found: Figures = {}
    base.text_factory = bytes
    try:
        for number, table in enumerate(tables):
            found[table] = _figures(base, table)
            progress((number + 1) / len(tables))
    finally:
        base.text_factory = str
    return found


def _tables(base: sqlite3.Connection) -> list[str]:
    rows = base.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return [
        name if isinstance(name, str) else name.decode()
        for (name,) in rows
        if not str(name if isinstance(name, str) else name.decode()).startswith("sqlite_stat")
    ]


def _figures(base: sqlite3.Connection, table: str) -> list[Any]:
    digest, count, encoder = hashlib.sha256(), 0, msgspec.msgpack.Encoder()
    key = [
        row[1].decode() for row in base.execute(f"PRAGMA table_info({_quoted(table)})") if row[5]
    ]
    by = ", ".join(map(_quoted, key)) or "rowid"
    rows = base.execute(f"SELECT * FROM {_quoted(table)} ORDER BY {by}")  # noqa: S608
    while chunk := rows.fetchmany(ROWS_AT_ONCE):
        digest.update(encoder.encode(chunk))
        count += len(chunk)
    return [count, digest.hexdigest()]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class Staged:
    """A restored copy that nobody uses yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite:///{path}"

    def check(self) -> None:
        """Raises `BackupError` when SQLite itself finds something wrong, or code in the base."""
        with closing(_open(self.path)) as base:
            answer = base.execute("PRAGMA integrity_check(5)").fetchall()
            if answer != [("ok",)]:
                cause = "; ".join(str(row[0]) for row in answer)
                raise BackupError(_("The database is damaged: %(cause)s") % {"cause": cause})
            broken = base.execute("PRAGMA foreign_key_check").fetchmany(3)
            if broken:
                cause = ", ".join(f"{row[0]} → {row[2]}" for row in broken)
                raise BackupError(
                    _("Rows point at others that are missing: %(cause)s") % {"cause": cause}
                )
            alien = base.execute(
                "SELECT count(*) FROM sqlite_master WHERE type NOT IN ('table', 'index')"
            ).fetchone()
            if alien[0]:
                raise BackupError(_("The archive holds something that no backup of Orbita has."))

    def figures(self, without: Collection[str], progress: Progress = lambda share: None) -> Figures:
        with closing(_open(self.path)) as base:
            return figures_of(base, without, progress)


@contextmanager
def staged(packed: Path, folder: Path, unpacked: int) -> Iterator[Staged]:
    """The packed copy as a base in the folder. Raises `BackupError` when it is not what it says."""
    if unpacked > shutil.disk_usage(folder).free:
        raise BackupError(_("There is not enough free space on the disk."))
    path = folder / "orbita.sqlite3"
    left = unpacked
    damaged = BackupError(_("The database in the archive is damaged."))
    try:
        with gzip.open(packed, "rb") as source, path.open("xb") as target:
            os.chmod(path, 0o600)  # noqa: PTH101
            while block := source.read(min(1 << 20, left + 1)):
                left -= len(block)
                if left < 0:
                    raise damaged
                target.write(block)
    except (EOFError, gzip.BadGzipFile, ValueError) as error:
        raise damaged from error
    except OSError as error:
        raise damaged if error.errno is None else error from error
    if left:
        raise damaged
    packed.unlink()
    try:
        yield Staged(path)
    except sqlite3.DatabaseError as error:
        raise BackupError(_("The database is damaged: %(cause)s") % {"cause": error}) from error


def is_full() -> bool:
    """Whether anything has happened in the base that a restore would replace; a damaged one counts."""
    path = live()
    if not path.exists() or not path.stat().st_size:
        return False
    try:
        with closing(_open(path)) as base:
            if "core_event" not in _tables(base):
                return bool(_tables(base))
            return base.execute("SELECT 1 FROM core_event LIMIT 1").fetchone() is not None
    except (sqlite3.DatabaseError, BackupError):
        return True


def set_aside(name: str) -> Path:
    """Renames a base that cannot be read any more. Returns its new path."""
    path = live()
    aside = path.with_name(f"{path.name}-{name}")
    for end in ("-wal", "-shm", ""):
        with suppress(FileNotFoundError):
            Path(f"{path}{end}").rename(f"{aside}{end}")
    return aside


def replace(new: Staged, folder: Path) -> None:
    """Puts the staged base in the place of the live one, whole or not at all.

    It is written into the live file as one transaction of SQLite: processes that have it open go on
    with the new content, and a crash in the middle leaves the old.
    """
    connection.close()
    path = live()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    with closing(_open(new.path)) as source, closing(_open(path)) as target:
        target.execute("PRAGMA journal_mode = WAL")
        source.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                source.backup(target, pages=-1)
                break
            except sqlite3.OperationalError as error:
                if time.monotonic() > deadline:
                    raise BackupError(
                        _("The base is in use: stop Orbita and restore again.")
                    ) from error
                time.sleep(0.1)
        target.execute("PRAGMA journal_mode = WAL")
        target.execute("PRAGMA wal_checkpoint(TRUNCATE)")
