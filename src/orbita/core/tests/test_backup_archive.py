"""Archives come from outside: what they may hold is looked at before any of it is believed."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from orbita.core.backup import BackupError, archive, keys, sqlite

pytestmark = pytest.mark.no_database


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


CONTENT = gzip.compress(b"base" * 100)


def manifest(**other: Any) -> bytes:
    return json.dumps(
        {
            "format": "orbita-backup",
            "format_version": 1,
            "orbita": "0.1.0",
            "made_at": "2026-01-01T00:00:00+00:00",
            "database": {"kind": "sqlite", "size": 400, "packed": len(CONTENT)},
            "migrations": [["core", "0001_initial"]],
            "tables": {"core_event": [0, ""]},
            "left_out": [],
            "files": {"count": 1, "size": 100_000},
            **other,
        }
    ).encode()


Members = list[tuple[str | tarfile.TarInfo, bytes]]


def written(path: Path, members: Members, sums: bytes | None = None) -> Path:
    """A tar of these members and, by default, true sums of them."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in members:
            info = tarfile.TarInfo(name) if isinstance(name, str) else name
            info.size = info.size or len(content)
            tar.addfile(info, io.BytesIO(content))
        listed = "".join(
            f"{hashlib.sha256(content).hexdigest()}  "
            f"{name if isinstance(name, str) else name.name}\n"
            for name, content in members
        )
        content = listed.encode() if sums is None else sums
        info = tarfile.TarInfo("SHA256SUMS")
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return path


def whole(*more: tuple[str | tarfile.TarInfo, bytes], **other: Any) -> Members:
    return [("manifest.json", manifest(**other)), ("database.sqlite3.gz", CONTENT), *more]


def refusal(path: Path, tmp_path: Path) -> str:
    folder = tmp_path / "taken"
    folder.mkdir(exist_ok=True)
    with pytest.raises(BackupError) as refused:
        archive.extract(path, folder, keep_files=True)
    outside = {item.name for item in tmp_path.iterdir()}
    assert outside == {"taken", path.name}
    return str(refused.value)


def link(kind: bytes, name: str, target: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_a_sound_archive_is_taken_apart(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tar", whole(("files/a/b.txt", b"text")))
    (tmp_path / "taken").mkdir()
    found = archive.extract(path, tmp_path / "taken", keep_files=True)
    assert (found.files, found.files_size) == (1, 4)
    assert (tmp_path / "taken/files/a/b.txt").read_bytes() == b"text"
    assert found.database.read_bytes() == CONTENT


@pytest.mark.parametrize(
    "name",
    [
        "files/../../outside", "/etc/outside", "files//x", "files/./x", "files/a\\..\\x",
        "../outside", "secrets/../x", "secrets/passwd", "secrets/secret_key/x", "other", "files/\x01",
        "files/" + "x" * 2000, "SHA256SUMS/x", "files",
    ],
)  # fmt: skip
def test_names_that_lead_elsewhere_are_refused(name: str, tmp_path: Path) -> None:
    path = written(tmp_path / "a.tar", whole((name, b"x")))
    assert "The archive holds" in refusal(path, tmp_path)


@pytest.mark.parametrize(
    "make",
    [
        lambda: link(tarfile.SYMTYPE, "files/a", "/etc/passwd"),
        lambda: link(tarfile.LNKTYPE, "files/a", "manifest.json"),
        lambda: link(tarfile.FIFOTYPE, "files/a", ""),
        lambda: link(tarfile.CHRTYPE, "files/a", ""),
        lambda: link(tarfile.DIRTYPE, "files/a", ""),
        lambda: link(tarfile.GNUTYPE_SPARSE, "files/a", ""),
        lambda: link(tarfile.GNUTYPE_LONGNAME, "files/a", ""),
    ],
)
def test_links_and_devices_are_refused(make: Callable[[], tarfile.TarInfo], tmp_path: Path) -> None:
    path = written(tmp_path / "a.tar", whole((make(), b"")))
    assert "no plain file" in refusal(path, tmp_path)


def test_more_than_was_announced_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tar", whole(("files/a", b"0" * 300_000)))
    assert "damaged" in refusal(path, tmp_path)


def test_a_base_that_unpacks_to_more_than_it_says_is_refused(tmp_path: Path) -> None:
    packed = tmp_path / "database.sqlite3.gz"
    packed.write_bytes(gzip.compress(b"\0" * 50_000_000))
    with pytest.raises(BackupError, match="damaged"), sqlite.staged(packed, tmp_path, 1000):
        pass
    assert (tmp_path / "orbita.sqlite3").stat().st_size <= 1000


def test_a_name_that_says_it_is_endless_is_not_read(tmp_path: Path) -> None:
    info = tarfile.TarInfo("files/a")
    info.type, info.size = tarfile.XHDTYPE, 1 << 40
    path = tmp_path / "a.tar"
    with path.open("wb") as file:
        file.write(written(tmp_path / "a.tar", whole()).read_bytes()[: 512 * 6])
        file.write(info.tobuf(tarfile.PAX_FORMAT))
    assert "damaged" in refusal(path, tmp_path) or "no plain file" in refusal(path, tmp_path)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda members: [members[0], ("database.sqlite3.gz", CONTENT[:-1] + b"x")],
        lambda members: members[:1],
        lambda members: [*members, members[1]],
        lambda members: [*members, ("files/added", b"x")],
    ],
)
def test_what_differs_from_its_sums_is_refused(
    spoil: Callable[[Members], Members], tmp_path: Path
) -> None:
    members = whole()
    sums = "".join(f"{hashlib.sha256(c).hexdigest()}  {n}\n" for n, c in members).encode()
    path = written(tmp_path / "a.tar", spoil(members), sums)
    assert "damaged" in refusal(path, tmp_path)


def test_an_archive_that_is_cut_anywhere_is_refused(tmp_path: Path) -> None:
    content = written(tmp_path / "a.tar", whole(("files/a", b"text" * 500))).read_bytes()
    end = content.rindex(b"files/a")
    for cut in range(0, end, 512):
        (tmp_path / "a.tar").write_bytes(content[:cut])
        assert refusal(tmp_path / "a.tar", tmp_path)
        for item in sorted((tmp_path / "taken").rglob("*"), reverse=True):
            item.rmdir() if item.is_dir() else item.unlink()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "not a backup"),
        (b"[]", "not a backup"),
        (b'{"format": "other"}', "not a backup"),
        (b"{" * 100_000, "not a backup"),
        (b'{"format": "orbita-backup", "format_version": 2}', "newer version"),
        (b'{"format": "orbita-backup", "format_version": 1}', "damaged"),
        (manifest(database={"kind": "oracle", "size": 1, "packed": 1}), "damaged"),
        (manifest(database={"kind": "sqlite", "size": -1, "packed": 1}), "damaged"),
        (manifest(files={"count": 1, "size": 1 << 59}), "not enough free space"),
        (manifest(tables=[]), "damaged"),
    ],
)
def test_a_manifest_is_believed_only_when_it_is_one(
    content: bytes, sentence: str, tmp_path: Path
) -> None:
    path = written(tmp_path / "a.tar", [("manifest.json", content)])
    assert sentence in refusal(path, tmp_path)


def test_a_recovery_key_is_trusted_only_when_it_opens(tmp_path: Path) -> None:
    pair, other = keys.make_pair(), keys.make_pair()
    assert keys.opens(f"  {pair.recovery}\n", pair.recipient)
    assert not keys.opens(other.recovery, pair.recipient)
    assert not keys.opens(pair.recovery[:-1], pair.recipient)
    assert not keys.opens("", pair.recipient)
    (tmp_path / "key").write_text("no key here")
    with pytest.raises(BackupError, match="holds no recovery key"):
        keys.read_identities(tmp_path / "key")
