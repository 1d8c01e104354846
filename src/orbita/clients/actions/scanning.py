"""The search for duplicates: the whole base at night, what is new after an import."""

from collections.abc import Iterable, Iterator
from itertools import islice

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.actions.pairs import QUEUE_FROM, attach, group_pairs, store_pairs
from orbita.clients.duplicates import Pair, find_pairs, likely, load_records
from orbita.clients.models import Client, DuplicatePair, DuplicateScan
from orbita.core import jobs, planner
from orbita.core.events import emit

CHUNK = 500
# Comparing one card with the base takes as long as taking so many through a search of all with all.
WORTH = 25


def start_scan(*, actor: User) -> bool:
    """Asks for a search through the whole base; False when one is under way already."""
    from orbita.clients.jobs import find_duplicates

    policy.require(actor, "clients.merge")
    if is_scanning():
        return False
    with transaction.atomic():
        find_duplicates.enqueue()
        emit("duplicates.search_asked", actor=actor)
    return True


def is_scanning() -> bool:
    from orbita.clients.jobs import find_after_import, find_duplicates
    from orbita.core.models import Job

    return Job.objects.filter(
        status__in=(Job.Status.QUEUED, Job.Status.RUNNING),
        task__in=(find_duplicates.module_path, find_after_import.module_path),
    ).exists()


def scan_all() -> int:
    """Finds the pairs of the whole base and stores them in chunks; returns how many are new."""
    upto = _newest()
    _started()
    found = _store(find_pairs(load_records(), QUEUE_FROM))
    _finished(upto)
    return found


def scan_new() -> int:
    """The same for the clients that came since the last search."""
    scan, upto = DuplicateScan.current(), _newest()
    new = Client.objects.alive().filter(pk__gt=scan.upto).order_by("pk")
    ids = list(new.values_list("pk", flat=True))
    if not ids:
        return 0
    if not scan.upto or not Client.objects.alive()[len(ids) * WORTH :].exists():
        return scan_all()
    _started()
    pairs = (
        Pair(min(pair.a, pair.b), max(pair.a, pair.b), pair.score, pair.evidence)
        for record in load_records(ids)
        for pair in likely(record)
        if pair.score >= QUEUE_FROM and pair.a != pair.b
    )
    found = _store(pairs)
    _finished(upto)
    return found


def check_one(client_id: int) -> int:
    """Puts the likely duplicates of one card into the queue, inside the caller's transaction."""
    pairs = [
        Pair(min(pair.a, pair.b), max(pair.a, pair.b), pair.score, pair.evidence)
        for record in load_records([client_id])
        for pair in likely(record)
        if pair.score >= QUEUE_FROM and pair.a != pair.b
    ]
    found = store_pairs(pairs)
    if found:
        attach(client_id)
    return found


def _store(pairs: Iterable[Pair]) -> int:
    new = done = 0
    for chunk in _chunks(pairs):
        if jobs.is_cancelled():
            break
        with transaction.atomic():
            new += store_pairs(chunk)
            done += len(chunk)
            jobs.checkpoint({}, done=done)
    planner.learn(Client, DuplicatePair)
    group_pairs()
    return new


def _chunks(pairs: Iterable[Pair]) -> Iterator[list[Pair]]:
    iterator = iter(pairs)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


def _newest() -> int:
    return Client.objects.aggregate(top=Max("pk"))["top"] or 0


def _started() -> None:
    with transaction.atomic():
        DuplicateScan.objects.update_or_create(pk=1, defaults={"started_at": timezone.now()})


def _finished(upto: int) -> None:
    with transaction.atomic():
        DuplicateScan.objects.filter(pk=1).update(upto=upto, finished_at=timezone.now())
