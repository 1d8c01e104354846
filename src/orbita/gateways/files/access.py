"""MS Access databases, by mdbtools when they are installed."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from orbita.gateways.files import limits
from orbita.gateways.files.delimited import read_rows
from orbita.gateways.files.errors import FileError
from orbita.gateways.files.isolation import DAMAGED
from orbita.gateways.files.source import Row, Sheet, Source, check_size

# Jet 3 databases, of Access 97, keep text in the code page of their country.
_ENVIRONMENT = {"MDB_JET3_CHARSET": "CP1251", "MDBICONV": "UTF-8", "LC_ALL": "C.UTF-8"}


def open_database(path: Path) -> Source:
    """Every user's table as a sheet; FileError when mdbtools are absent or cannot read it."""
    check_size(path.stat().st_size, limits.MAX_TEXT)
    if not (shutil.which("mdb-tables") and shutil.which("mdb-export")):
        raise FileError(
            _(
                "MS Access databases are read by mdbtools, which are not installed here. Install the mdbtools package, or save the table as XLSX."
            )
        )
    full = str(path.resolve())
    try:
        listed = subprocess.run(  # noqa: S603
            ["mdb-tables", "-1", full],  # noqa: S607
            capture_output=True,
            timeout=60,
            env=os.environ | _ENVIRONMENT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise FileError(DAMAGED) from None
    names = [name for name in listed.stdout.decode("utf-8", errors="replace").split("\n") if name]
    if listed.returncode or not names:
        raise FileError(
            _("The database has no tables that can be read; it may be protected by a password.")
        )
    return Source(path, "access", [_sheet(full, name) for name in names[: limits.MAX_SHEETS]])


def _sheet(path: str, table: str) -> Sheet:
    def read() -> Iterator[Row]:
        # Binary columns are left out; dates have four-digit years, which is not the default.
        command = ["mdb-export", "-b", "strip", "-D", "%Y-%m-%d", "-T", "%Y-%m-%d %H:%M:%S", "-d", ";", "--", path, table]  # fmt: skip
        process = subprocess.Popen(  # noqa: S603
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | _ENVIRONMENT,
        )
        assert process.stdout is not None  # noqa: S101
        try:
            text = TextIOWrapper(process.stdout, encoding="utf-8", errors="replace", newline="")
            yield from read_rows((line.replace("\0", "") for line in text), ";")
            if process.wait():
                raise FileError(DAMAGED)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()

    def height() -> int:
        counted = subprocess.run(  # noqa: S603
            ["mdb-count", path, table],  # noqa: S607
            capture_output=True,
            timeout=60,
            check=False,
        )
        return int(counted.stdout) if counted.stdout.strip().isdigit() else 0

    return Sheet(table, read, height)
