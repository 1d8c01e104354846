"""Runs an import: chunks from the reading process, written in short transactions.

The transaction of a chunk also keeps how far the import is, so a killed worker's successor goes on
with the next chunk: no row twice, none lost. Between chunks others get to write.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

import msgspec
from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone, translation

from orbita.accounts.models import User
from orbita.core import jobs, planner
from orbita.core.events import emit
from orbita.core.models import Company
from orbita.core.sqlite import make_way, somebody_waits
from orbita.core.text import normalise
from orbita.gateways.files.errors import FileError
from orbita.gateways.files.isolation import isolated
from orbita.gateways.imports import own_cells, reading, recommending
from orbita.gateways.imports.journal import count
from orbita.gateways.imports.plan import Plan
from orbita.gateways.imports.records import Batch
from orbita.gateways.imports.writing import Writer
from orbita.gateways.models import Import

Status = Import.Status
CHUNK = 500
# Chunks go into one transaction while nobody else wants to write: pages of the indexes that many rows
# fall into are then written once.
TOGETHER = 8
# After so many rows the tables look quite different to the database's planner.
GROWN_AT = (2_000, 20_000, 200_000, 2_000_000)
_decoder = msgspec.msgpack.Decoder(Batch)


def run(import_id: int) -> None:
    """Brings the file in from where it stopped, until the end or until somebody cancels it.

    A file that cannot be read ends the import as failed, with the reason; so does any other error,
    once its job has used up its attempts.
    """
    batch = Import.objects.select_related("actor").get(pk=import_id)
    if batch.status not in (Status.QUEUED, Status.RUNNING) or batch.actor is None:
        return
    with translation.override(batch.actor.language), seldom_collecting(), sqlite_for_bulk():
        try:
            _run(batch, batch.actor)
        except FileError as error:
            _finish(batch, Status.FAILED, str(error))
        except (jobs.LeaseLostError, jobs.HandedBackError):
            raise
        except Exception as error:
            job = jobs.current_job()
            if job is None or job.attempts >= job.max_attempts:
                _finish(batch, Status.FAILED, f"{type(error).__name__}: {error}")
            raise


def _run(batch: Import, actor: User) -> None:
    Import.objects.filter(pk=batch.pk).update(status=Status.RUNNING)
    writer, done = Writer(batch, actor), batch.done
    for group in isolated(reading.groups, plan_of(batch, actor), TOGETHER):
        chunks = [_decoder.decode(data) for data in group]
        while chunks:
            if jobs.is_cancelled():
                _finish(batch, Status.CANCELLED)
                return
            make_way(connection)
            before, done = done, done + _write(batch, writer, chunks)
            if any(before < mark <= done for mark in GROWN_AT):
                _learn()
    if done >= GROWN_AT[0]:
        _learn()
    _finish(batch, Status.DONE if _settled(batch, actor) else Status.CANCELLED)


def _settled(batch: Import, actor: User) -> bool:
    """Settles who recommended whom; False when somebody cancelled the import meanwhile."""
    is_open = batch.kind == "clients"
    while is_open:
        if jobs.is_cancelled():
            return False
        make_way(connection)
        with transaction.atomic():
            batch.refresh_from_db()
            jobs.checkpoint(batch.state or {}, done=batch.done, total=max(batch.total, batch.done))
            is_open = recommending.settle_some(batch, actor)
    return True


def _learn() -> None:
    # The rooms that rows of files go into.
    written = (apps.get_app_config(label).get_models() for label in ("clients", "commerce"))
    planner.learn(*chain.from_iterable(written))


def _write(batch: Import, writer: Writer, chunks: list[Batch]) -> int:
    """Takes chunks off the list in one transaction, until none is left or somebody else wants to write.

    Returns how many rows they held.
    """
    with transaction.atomic():
        seen = _apply(batch, writer, chunks.pop(0))
        while chunks and not somebody_waits(connection):
            seen += _apply(batch, writer, chunks.pop(0))
    return seen


def _apply(batch: Import, writer: Writer, chunk: Batch) -> int:
    state = {"units": chunk.upto}
    batch.refresh_from_db(fields=["total", "created", "updated", "unchanged", "rejected"])
    done = batch.done + chunk.seen
    jobs.checkpoint(state, done=done, total=max(batch.total, done))
    count(batch, writer.write(chunk), state=state)
    return chunk.seen


@contextmanager
def sqlite_for_bulk() -> Iterator[None]:
    """Lets SQLite's log grow to 32 MB before it is copied into the base: chunks change the same pages
    again and again, and each page is then copied once for many chunks instead of after every one.
    A larger cache holds the indexes that rows fall into at random.
    """
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        usual = [_pragma(cursor, name) for name in ("wal_autocheckpoint", "cache_size")]
        cursor.execute("PRAGMA wal_autocheckpoint = 8000")
        cursor.execute("PRAGMA cache_size = -65536")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA wal_autocheckpoint = {usual[0]}")
            cursor.execute(f"PRAGMA cache_size = {usual[1]}")


def _pragma(cursor: Any, name: str) -> int:
    cursor.execute(f"PRAGMA {name}")
    return int(cursor.fetchone()[0])


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Rows come and go by the hundred thousand, hardly any in circles: looking for circles after
    every 700 of them would take a fifth of the time.
    """
    usual = gc.get_threshold()
    gc.set_threshold(100_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def plan_of(batch: Import, actor: User, /, **more: Any) -> Plan:
    """What the reading process needs to know of the base."""
    from orbita.accounts import policy

    company = Company.current()
    return Plan(
        path=str(batch.path),
        mapping=batch.mapping or {},
        source=batch.source,
        language=actor.language,
        region=company.phone_region,
        currency=company.currency,
        zone=company.time_zone,
        users=_users(),
        own=own_cells.for_plan(actor),
        **{
            "start": (batch.state or {}).get("units", 0),
            "batch": CHUNK,
            "cells": not policy.covers_all(actor, "clients.edit"),
        }
        | more,
    )


def _users() -> dict[str, tuple[int, str]]:
    users: dict[str, tuple[int, str]] = {}
    for user in User.objects.filter(is_service=False):
        for name in (user.email, user.name):
            users.setdefault(normalise(name), (user.pk, user.display_name))
    return users


def _finish(batch: Import, status: str, error: str = "") -> None:
    with transaction.atomic():
        batch.refresh_from_db()
        batch.status, batch.error, batch.finished_at = status, error[:2000], timezone.now()
        batch.total = batch.done if status == Status.DONE else batch.total
        batch.save(update_fields=["status", "error", "finished_at", "total"])
        emit(
            "import.finished",
            actor=batch.actor,
            subject_type="import",
            subject_id=batch.pk,
            data={
                "file": batch.file_name,
                "status": status,
                "created": batch.created,
                "updated": batch.updated,
                "unchanged": batch.unchanged,
                "rejected": batch.rejected,
            },
        )
