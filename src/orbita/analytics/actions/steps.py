"""Long calculations written in short transactions, so that nobody else waits for the database."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Min

from orbita.clients.models import Client
from orbita.core.jobs import current_job, hold

# Clients whose rows one transaction writes: a few hundredths of a second on SQLite.
CHUNK = 4000
LONGEST_GAP = 0.05  # seconds

Report = Callable[[float], None]


def silent(share: float) -> None:
    """A report of progress that nobody asked for."""


@contextmanager
def short_transaction() -> Iterator[None]:
    """A transaction that also keeps the job's lease, and fails when another worker took it over."""
    with transaction.atomic():
        job = current_job()
        if job:
            hold(job)
        yield


def id_ranges(report: Report = silent) -> Iterator[tuple[int, int]]:
    """First and last key of consecutive chunks of clients; reports the share that is behind."""
    edges = Client.objects.aggregate(first=Min("pk"), last=Max("pk"))
    if edges["first"] is None:
        return
    start, span = edges["first"], edges["last"] - edges["first"] + 1
    for first in range(start, edges["last"] + 1, CHUNK):
        begun = monotonic()
        yield first, first + CHUNK - 1
        if connection.vendor == "sqlite":
            # One writer at a time, and those who wait look only now and then: without a gap as
            # long as the work, a person's save can miss its turn for seconds.
            sleep(min(monotonic() - begun, LONGEST_GAP))
        report(min(1.0, (first + CHUNK - start) / span))


def execute(sql: str, params: Sequence[Any]) -> int:
    """Runs one statement and returns how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)
