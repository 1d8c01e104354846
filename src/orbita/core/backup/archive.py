"""The file of a backup: writing it, and reading one that may come from anywhere.

A POSIX tar. First `manifest.json`, then the database, in an encrypted one `secrets/`, then `files/`,
and last `SHA256SUMS`, in the format of the program `sha256sum`, over everything before it: a file
that was cut anywhere has no sums. Encrypted, the whole tar is one age file (age-encryption.org/v1).
"""

import hashlib
import io
import json
import os
import re
import shutil
import tarfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

import pyrage

from orbita.core.backup import SECRET_FILES, BackupError
from orbita.core.sentences import Sentence as _

FORMAT, VERSION = "orbita-backup", 1
MANIFEST, SUMS = "manifest.json", "SHA256SUMS"
DATABASES = {"sqlite": "database.sqlite3.gz", "postgresql": "database.dump"}
AGE = b"age-encryption.org/v1"
BLOCK = 1 << 20
LONGEST_MANIFEST = 16 << 20  # bytes
LONGEST_NAME = 1000  # characters, of a path inside the archive
# tarfile reads a long name into memory whole, however long it says it is.
LONGEST_HEADER = 64 << 10
_SUM = re.compile(rb"([0-9a-f]{64})  ([^\n]+)\n")

Identity = Any  # of age: pyrage has no types
DAMAGED = _("The archive is damaged or cut off: it is not whole.")
FOREIGN = _("This is not a backup of Orbita.")


# ---- writing ----


class Writer:
    """Puts members into a tar one after another and remembers their digests."""

    def __init__(self, stream: BinaryIO) -> None:
        self._tar = tarfile.open(  # noqa: SIM115  # finish() closes it
            fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT, bufsize=BLOCK
        )
        self._sums: list[str] = []
        self.missing = 0

    def add(self, name: str, source: BinaryIO, size: int) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = size, 0o600, int(time.time())
        hashing = _Hashing(source)
        self._tar.addfile(info, cast(Any, hashing))
        self._sums.append(f"{hashing.digest.hexdigest()}  {name}\n")

    def add_bytes(self, name: str, content: bytes) -> None:
        self.add(name, io.BytesIO(content), len(content))

    def add_file(self, name: str, path: Path) -> None:
        """Adds a file; one that has gone meanwhile is counted, for it is in no row any more."""
        try:
            file = path.open("rb")
        except FileNotFoundError:
            self.missing += 1
            return
        with file:
            self.add(name, file, os.fstat(file.fileno()).st_size)

    def finish(self) -> None:
        content = "".join(self._sums).encode()
        info = tarfile.TarInfo(SUMS)
        info.size, info.mode = len(content), 0o600
        self._tar.addfile(info, io.BytesIO(content))
        self._tar.close()


class _Hashing:
    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = self._source.read(size)
        self.digest.update(block)
        return block


@contextmanager
def sink(path: Path, recipients: Sequence[str]) -> Iterator[BinaryIO]:
    """A stream into a new file, closed to other users; encrypted when there are recipients.

    On leaving, everything is on the disk. What went wrong with writing is raised here, as `OSError`.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        if recipients:
            with _encrypted(file, recipients) as stream:
                yield stream
        else:
            yield file
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _encrypted(file: BinaryIO, recipients: Sequence[str]) -> Iterator[BinaryIO]:
    """age reads a stream and writes one: a pipe and a thread stand between it and who writes."""
    known = [pyrage.x25519.Recipient.from_str(one) for one in recipients]
    reading, writing = os.pipe()
    trouble: list[BaseException] = []
    watched = _Watched(file)

    def encrypt() -> None:
        with os.fdopen(reading, "rb") as source:
            try:
                pyrage.encrypt_io(source, watched, known)
            except BaseException as error:
                trouble.append(watched.trouble or error)

    thread = threading.Thread(target=encrypt, daemon=True)
    thread.start()
    try:
        with os.fdopen(writing, "wb", buffering=BLOCK) as stream:
            yield stream
    except BrokenPipeError:
        thread.join()
        if not trouble:
            raise
    thread.join()
    if trouble:
        raise trouble[0]


class _Watched:
    """Passes writes on and keeps the first error: age tells it in words of its own only."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.trouble: OSError | None = None

    def write(self, block: bytes) -> int:
        try:
            return self._file.write(block)
        except OSError as error:
            self.trouble = self.trouble or error
            raise

    def flush(self) -> None:
        self._file.flush()


# ---- reading ----


@dataclass
class Contents:
    """What an archive turned out to hold, all of it agreeing with its sums."""

    manifest: dict[str, Any]
    database: Path
    files: int = 0
    files_size: int = 0
    secrets: list[str] = field(default_factory=list)


def is_encrypted(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(AGE)) == AGE


def read_manifest(path: Path, identities: Sequence[Identity] = ()) -> dict[str, Any]:
    """The head of an archive, looked at by itself: nothing vouches yet for what comes after it."""
    with _members(path, identities) as members:
        return _manifest(*next(members))


def extract(
    path: Path,
    folder: Path,
    identities: Sequence[Identity] = (),
    *,
    keep_files: bool,
    accept: Callable[[dict[str, Any]], None] = lambda manifest: None,
    progress: Callable[[float], None] = lambda share: None,
) -> Contents:
    """Takes an archive apart into an empty folder; `keep_files=False` only reads attachments.

    Raises `BackupError` when it is foreign, damaged, cut, holds what no backup holds or more than it
    announced. `accept` sees the manifest before anything else is read and may refuse it.
    """
    with _members(path, identities) as members:
        manifest = _manifest(*next(members))
        accept(manifest)
        room = _announced(manifest)
        if room > shutil.disk_usage(folder).free:
            raise BackupError(_("There is not enough free space on the disk."))
        found = Contents(manifest, folder / DATABASES[manifest["database"]["kind"]])
        sums: dict[str, str] = {MANIFEST: _digest_of_manifest(manifest)}
        whole, left = max(room, 1), room
        for name, member in members:
            if name == SUMS:
                if member.size > left + LONGEST_NAME * (len(sums) + 1):
                    raise BackupError(DAMAGED)
                _compare(member.read(), sums)
                if next(members, None) is not None:
                    raise BackupError(DAMAGED)
                return found
            if name in sums or member.size > left:
                raise BackupError(DAMAGED)
            left -= member.size
            sums[name] = _take(name, member, folder, found, keep_files)
            progress(1 - left / whole)
    raise BackupError(DAMAGED)


class _Member:
    """One file of the tar, to be read once."""

    def __init__(self, info: tarfile.TarInfo, source: Any) -> None:
        self.size, self._source = info.size, source

    def blocks(self) -> Iterator[bytes]:
        left = self.size
        while left:
            try:
                block = self._source.read(min(left, BLOCK))
            except tarfile.TarError as error:
                raise BackupError(DAMAGED) from error
            if not block:
                raise BackupError(DAMAGED)
            left -= len(block)
            yield block

    def read(self) -> bytes:
        return b"".join(self.blocks())


class _Header(tarfile.TarInfo):
    """Refuses what a backup never has – links, devices, endless names – before it is looked at."""

    @classmethod
    def frombuf(cls, buf: Any, encoding: str, errors: str) -> "_Header":
        info = super().frombuf(buf, encoding, errors)
        plain = info.type in (tarfile.REGTYPE, tarfile.AREGTYPE)
        if not plain and not (info.type == tarfile.XHDTYPE and info.size <= LONGEST_HEADER):
            raise BackupError(_("The archive holds something that is no plain file."))
        return info


@contextmanager
def _members(path: Path, identities: Sequence[Identity]) -> Iterator[Iterator[tuple[str, _Member]]]:
    with _source(path, identities) as stream:
        yield _each(stream)


def _each(stream: BinaryIO) -> Iterator[tuple[str, _Member]]:
    begun = False
    try:
        with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Header, bufsize=BLOCK) as tar:
            for info in tar:
                if not begun and info.name != MANIFEST:
                    raise BackupError(FOREIGN)
                begun = True
                # A sparse file takes more room than it has content.
                if info.issparse() or not info.isreg() or info.size < 0:
                    raise BackupError(DAMAGED)
                yield info.name, _Member(info, tar.extractfile(info))
                # tarfile remembers every member it has seen.
                tar.members = []  # type: ignore[attr-defined]
    except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        raise BackupError(DAMAGED if begun else FOREIGN) from error
    if not begun:
        raise BackupError(FOREIGN)


@contextmanager
def _source(path: Path, identities: Sequence[Identity]) -> Iterator[BinaryIO]:
    with path.open("rb") as file:
        if file.read(len(AGE)) != AGE:
            file.seek(0)
            yield file
            return
        if not identities:
            raise BackupError(_("The backup is encrypted: give its recovery key with --key-file."))
        file.seek(0)
        with _decrypted(file, identities) as stream:
            yield stream


@contextmanager
def _decrypted(file: BinaryIO, identities: Sequence[Identity]) -> Iterator[BinaryIO]:
    reading, writing = os.pipe()
    trouble: list[BaseException] = []
    given = _Counting(writing)

    def decrypt() -> None:
        try:
            pyrage.decrypt_io(file, given, list(identities))
        except BaseException as error:
            trouble.append(error)
        finally:
            os.close(writing)

    thread = threading.Thread(target=decrypt, daemon=True)
    thread.start()
    try:
        with os.fdopen(reading, "rb", buffering=BLOCK) as stream:
            yield stream
    except BackupError:
        # What was read may have ended early: then age knows why.
        thread.join()
        if trouble and not given.left:
            raise _why(trouble[0], given) from None
        raise
    thread.join()
    if trouble and not given.left:
        raise _why(trouble[0], given)


class _Counting:
    """The writing end of the pipe; knows whether anything came and whether the reader has left."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.count = 0
        self.left = False

    def write(self, block: bytes) -> int:
        try:
            done = os.write(self._descriptor, block)
        except BrokenPipeError:
            self.left = True
            raise
        self.count += done
        return done

    def flush(self) -> None:
        """Nothing waits: a pipe has no buffer of ours."""


def _why(error: BaseException, given: _Counting) -> BackupError:
    if given.count == 0 and "match" in str(error).lower():
        return BackupError(_("The recovery key does not fit this backup."))
    return BackupError(DAMAGED)


def _manifest(name: str, member: _Member) -> dict[str, Any]:
    if name != MANIFEST:
        raise BackupError(FOREIGN)
    if member.size > LONGEST_MANIFEST:
        raise BackupError(FOREIGN)
    content = member.read()
    try:
        manifest = json.loads(content)
        known = manifest["format"] == FORMAT
    except (ValueError, LookupError, TypeError, RecursionError):
        known = False
    if not known:
        raise BackupError(FOREIGN)
    if manifest.get("format_version") != VERSION:
        raise BackupError(_("The backup was made by a newer version of Orbita: update it first."))
    if not _is_sound(manifest):
        raise BackupError(DAMAGED)
    manifest["_sha256"] = hashlib.sha256(content).hexdigest()
    return cast(dict[str, Any], manifest)


def _is_sound(manifest: dict[str, Any]) -> bool:
    """Whether the parts that are relied upon are there and of their types."""
    try:
        sizes = (
            manifest["database"]["size"],
            manifest["database"]["packed"],
            manifest["files"]["size"],
            manifest["files"]["count"],
        )
        return (
            manifest["database"]["kind"] in DATABASES
            and all(type(size) is int and 0 <= size < 1 << 60 for size in sizes)
            and all(
                isinstance(value, list) and len(value) == 2 for value in manifest["tables"].values()
            )
            and all(
                isinstance(room, str) and isinstance(one, str)
                for room, one in manifest["migrations"]
            )
            and isinstance(manifest["orbita"], str)
            and isinstance(manifest["made_at"], str)
        )
    except (LookupError, TypeError, ValueError, AttributeError):
        return False


def _announced(manifest: dict[str, Any]) -> int:
    """How many bytes all members together may have: as announced, and something for secrets."""
    return int(manifest["database"]["packed"] + manifest["files"]["size"] + LONGEST_HEADER)


def _digest_of_manifest(manifest: dict[str, Any]) -> str:
    return cast(str, manifest.pop("_sha256"))


def _take(name: str, member: _Member, folder: Path, found: Contents, keep_files: bool) -> str:
    """Reads one member, to its place in the folder when it is wanted. Returns its digest."""
    place, sort = _place_of(name, folder)
    if sort == "files":
        found.files += 1
        found.files_size += member.size
    if sort == "secrets":
        found.secrets.append(PurePosixPath(name).name)
    digest = hashlib.sha256()
    if sort == "files" and not keep_files:
        for block in member.blocks():
            digest.update(block)
        return digest.hexdigest()
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for block in member.blocks():
            digest.update(block)
            file.write(block)
    return digest.hexdigest()


def _place_of(name: str, folder: Path) -> tuple[Path, str]:
    """Where in the folder a member belongs, and whether it is `files`, `secrets` or the `database`."""
    if name in DATABASES.values():
        return folder / name, "database"
    parts = name.split("/")
    hidden = any(part in ("", ".", "..") or "\\" in part for part in parts)
    if hidden or len(name) > LONGEST_NAME or any(ord(char) < 32 for char in name):
        raise BackupError(_("The archive holds a file with an impossible name."))
    if parts[0] == "files" and len(parts) > 1:
        return folder.joinpath(*parts), "files"
    if parts[0] == "secrets" and len(parts) == 2 and parts[1] in SECRET_FILES:
        return folder.joinpath(*parts), "secrets"
    raise BackupError(_("The archive holds something that no backup of Orbita has."))


def _compare(listed: bytes, sums: dict[str, str]) -> None:
    written: dict[str, str] = {}
    end = 0
    for match in _SUM.finditer(listed):
        if match.start() != end:
            raise BackupError(DAMAGED)
        end = match.end()
        with suppress(UnicodeDecodeError):
            written[match[2].decode()] = match[1].decode()
    if end != len(listed) or written != sums:
        raise BackupError(DAMAGED)
