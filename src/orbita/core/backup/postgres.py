"""Copies of a PostgreSQL base with its own tools, and putting one in its place."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from django.db import connection
from psycopg import sql

from orbita.core.backup import BackupError
from orbita.core.sentences import Sentence as _

KIND = "postgresql"
Figures = dict[str, list[Any]]
Progress = Callable[[float], None]
_VARIABLES = {
    "dbname": "PGDATABASE",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "host": "PGHOST",
    "port": "PGPORT",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "service": "PGSERVICE",
}
# Rows are compared by their text: it must not depend on who asks.
_PLAIN = "SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET bytea_output = 'hex'; SET extra_float_digits = 1"
_FIGURES = (
    "SELECT count(*), coalesce(sum(('x' || left(md5(t::text), 16))::bit(64)::bigint::numeric), 0)::text,"
    " coalesce(sum(('x' || right(md5(t::text), 16))::bit(64)::bigint::numeric), 0)::text FROM {} AS t"
)
_EVERYTHING = """
DO $$ DECLARE one record; BEGIN
  FOR one IN SELECT format('DROP TABLE IF EXISTS %I.%I CASCADE', schemaname, tablename) AS words
    FROM pg_tables WHERE schemaname = current_schema() LOOP EXECUTE one.words; END LOOP;
  FOR one IN SELECT format('DROP SEQUENCE IF EXISTS %I.%I CASCADE', schemaname, sequencename) AS words
    FROM pg_sequences WHERE schemaname = current_schema() LOOP EXECUTE one.words; END LOOP;
  FOR one IN SELECT format('DROP ROUTINE IF EXISTS %s CASCADE', p.oid::regprocedure) AS words
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = current_schema() AND NOT EXISTS (
      SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') LOOP EXECUTE one.words; END LOOP;
END $$;
"""


def _parameters(database: str = "") -> dict[str, str]:
    given = connection.get_connection_params()
    known = {name: str(given[name]) for name in _VARIABLES if given.get(name)}
    return known | ({"dbname": database} if database else {})


def _connect(database: str = "", **more: Any) -> "psycopg.Connection[Any]":
    return psycopg.connect(**_parameters(database), connect_timeout=10, **more)  # type: ignore[arg-type]


def _tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise BackupError(
            _("The program %(name)s is missing: install the client tools of PostgreSQL.")
            % {"name": name}
        )
    return path


def _run(name: str, *arguments: str, database: str = "", **streams: Any) -> None:
    done = subprocess.run(  # noqa: S603
        [_tool(name), *arguments],
        env=_environment(database),
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        **streams,
    )
    if done.returncode:
        raise BackupError(_in_words(name, done.stderr))


def _environment(database: str = "") -> dict[str, str]:
    given = {_VARIABLES[name]: value for name, value in _parameters(database).items()}
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", **given}


def _in_words(name: str, errors: bytes) -> _:
    lines = errors.decode("utf-8", "replace").strip().splitlines() or [""]
    told = next((line for line in lines if "error" in line.lower()), lines[-1])
    return _("%(name)s failed: %(cause)s") % {"name": name, "cause": told[:500]}


def size() -> int:
    with _connect() as base:
        row = base.execute("SELECT pg_database_size(current_database())").fetchone()
    return int(row[0]) if row else 0


def copy(
    folder: Path, without: Collection[str], progress: Progress = lambda share: None
) -> tuple[Path, Figures, int]:
    """A dump of the live base in the folder, its figures, and its size.

    The figures are read in the very snapshot that the dump is of.
    """
    path = folder / "database.dump"
    path.touch(mode=0o600)
    with _connect() as base:
        base.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        base.read_only = True
        row = base.execute("SELECT pg_export_snapshot()").fetchone()
        excluded = [f"--exclude-table-data={name}" for name in without]
        _run(
            "pg_dump",
            "--format=custom",
            "--compress=3",
            "--no-owner",
            "--no-privileges",
            f"--snapshot={row[0] if row else ''}",
            f"--file={path}",
            *excluded,
        )
        progress(0.6)
        base.execute(_PLAIN)
        found = _figures(base, without, lambda share: progress(0.6 + 0.4 * share))
    return path, found, path.stat().st_size


def _figures(
    base: "psycopg.Connection[Any]",
    without: Collection[str],
    progress: Progress = lambda share: None,
) -> Figures:
    """Of every table the number of its rows and two sums over digests of them, whatever their order."""
    tables = [name for name in _tables(base) if name not in without]
    found: Figures = {}
    for number, table in enumerate(tables):
        [row] = base.execute(sql.SQL(_FIGURES).format(sql.Identifier(table)))
        found[table] = [row[0], f"{row[1]}.{row[2]}"]
        progress((number + 1) / len(tables))
    return found


def _tables(base: "psycopg.Connection[Any]") -> list[str]:
    rows = base.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1"
    )
    return [row[0] for row in rows]


class Staged:
    """A temporary base on the same server with a restored copy in it."""

    def __init__(self, name: str) -> None:
        self.name = name
        given = _parameters(name)
        host = given.get("host", "")
        who = quote(given.get("user", ""), safe="")
        if "password" in given:
            who += f":{quote(given['password'], safe='')}"
        port = f":{given['port']}" if "port" in given else ""
        self.url = f"postgres://{who}@{quote(host, safe='')}{port}/{quote(name, safe='')}"

    def check(self) -> None:
        """PostgreSQL has checked every row and relation while it took them in."""

    def figures(self, without: Collection[str], progress: Progress = lambda share: None) -> Figures:
        with _connect(self.name) as base:
            base.execute(_PLAIN)
            return _figures(base, without, progress)


@contextmanager
def staged(dump: Path, folder: Path, unpacked: int) -> Iterator[Staged]:
    """The dump restored into a temporary base, which is gone afterwards."""
    name = f"orbita_copy_{secrets.token_hex(6)}"
    with _connect(autocommit=True) as server:
        _create(server, name)
        try:
            _run(
                "pg_restore",
                "--no-owner",
                "--no-privileges",
                "--exit-on-error",
                "--single-transaction",
                f"--dbname={name}",
                str(dump),
                database=name,
            )
            yield Staged(name)
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _create(server: "psycopg.Connection[Any]", name: str) -> None:
    row = server.execute(
        "SELECT datcollate, datctype, datlocprovider FROM pg_database WHERE datname = current_database()"
    ).fetchone()
    words = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(
        sql.Identifier(name)
    )
    if row and row[2] == "c":
        words += sql.SQL(" LC_COLLATE {} LC_CTYPE {}").format(
            sql.Literal(row[0]), sql.Literal(row[1])
        )
    try:
        server.execute(words)
    except psycopg.errors.InsufficientPrivilege:
        raise NoRightError(
            _(
                "The user of the database may not make temporary databases, so nothing could be"
                " tried: ALTER USER … CREATEDB."
            )
        ) from None


class NoRightError(BackupError):
    """There is no right to make a temporary base."""


def is_full() -> bool:
    """Whether anything has happened in the base that a restore would replace."""
    with _connect() as base:
        tables = _tables(base)
        if "core_event" not in tables:
            return bool(tables)
        return base.execute("SELECT 1 FROM core_event LIMIT 1").fetchone() is not None


def replace(new: Staged, folder: Path) -> None:
    """Puts the content of the staged base in the place of the live one, in one transaction."""
    script = folder / "database.sql"
    script.touch(mode=0o600)
    # Whole first: a script that broke off would be half a base, and look like a whole one.
    dump = ("--no-owner", "--no-privileges", f"--file={script}")
    _run("pg_dump", *dump, database=new.name)
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
    _run(
        "psql",
        *("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction"),
        *("--command=SET lock_timeout = '30s'", f"--command={_EVERYTHING}", f"--file={script}"),
        stdout=subprocess.DEVNULL,
    )
    script.unlink()
