"""Keeps `ClientStatus` true: with every change of a client's facts, and by date at night."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from orbita.clients import facts
from orbita.clients.aliases import hold
from orbita.clients.models import (
    Client,
    ClientMark,
    ClientStatus,
    CompanyPerson,
    DeadMark,
    StatusMove,
    StatusRules,
)
from orbita.clients.status.ladder import DEAD_GOOD, DEAD_NOW, NOTHING, Known, Rules, Verdict, judge
from orbita.core import context
from orbita.core.bulk import insert_rows, upsert_rows
from orbita.core.events import NewEvent, emit_many
from orbita.core.jobs import checkpoint, current_job, is_cancelled
from orbita.core.models import Company, Origin
from orbita.core.registry import Registry

CHUNK = 2000
Cause = StatusMove.Cause
REMEMBERED = "status rules"


@dataclass(frozen=True)
class Source:
    """What the ladder asks beside the facts row: `read(ids)` gives client id → fields of `Known`."""

    name: str
    read: Callable[[Sequence[int]], Mapping[int, Mapping[str, Any]]]


SOURCES: Registry[Source] = Registry("source of statuses")


def read_marks(ids: Sequence[int]) -> Mapping[int, Mapping[str, Any]]:
    found: dict[int, set[str]] = {}
    for pk, mark in ClientMark.objects.filter(client_id__in=ids).values_list("client_id", "mark"):
        found.setdefault(pk, set()).add(mark)
    return {pk: {"marks": frozenset(marks)} for pk, marks in found.items()}


def read_people(ids: Sequence[int]) -> Mapping[int, Mapping[str, Any]]:
    found: dict[int, bool] = {}
    rows = CompanyPerson.objects.filter(company_id__in=ids, until=None)
    for pk, role in rows.values_list("company_id", "role"):
        found[pk] = found.get(pk, False) or role == CompanyPerson.Role.DECIDES
    return {pk: {"decided": decided} for pk, decided in found.items()}


def read_dead(ids: Sequence[int]) -> Mapping[int, Mapping[str, Any]]:
    rows = DeadMark.objects.filter(client_id__in=ids).values_list("client_id", "look_again_on")
    return {pk: {"dead": DEAD_NOW if day else DEAD_GOOD, "dead_until": day} for pk, day in rows}


DEAD = Source("dead", read_dead)
MARKS = Source("marks", read_marks)
PEOPLE = Source("people", read_people)


def rules_now() -> Rules:
    """The rules in force, read once per request or job."""
    return context.remembered(REMEMBERED, lambda: StatusRules.current().rules)


# ---- with the facts ----


def follow(ids: Sequence[int], origin: str) -> None:
    """Runs after the facts of these clients were stored, in the same transaction."""
    keep(ids, cause=Cause.FACTS, origin=origin)


FOLLOWER = facts.Follower("statuses", follow)


def keep(client_ids: Iterable[int], *, cause: str, origin: str = Origin.LIVE) -> int:
    """Judges these clients anew and stores what differs; returns how many moved on the ladder.

    Inside the caller's transaction, the clients held by `aliases.hold`. Only what is live becomes a
    move and an event: what an import finds is where the history begins.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("statuses are kept in the transaction that changed their source")
    rules, today = rules_now(), Company.current().business_date()
    moved = 0
    for ids in _chunks(client_ids):
        moved += _store(_differing(ids, rules, today), cause, origin, today)
    return moved


@dataclass(slots=True)
class _Judged:
    pk: int
    old: Verdict
    new: Verdict
    since: date | None
    known: Known


_COLUMNS = (
    "pk",
    "kind",
    "facts__orders_count",
    "facts__orders_known",
    "facts__gross",
    "facts__returned",
    "facts__first_order_on",
    "facts__last_order_on",
    "facts__last_contact_at",
    "ladder__step",
    "ladder__kind",
    "ladder__due_on",
    "ladder__since",
)


def _differing(ids: Sequence[int], rules: Rules, today: date) -> list[_Judged]:
    more: dict[int, dict[str, Any]] = {}
    for source in SOURCES:
        for pk, read in source.read(ids).items():
            more.setdefault(pk, {}).update(read)
    zone = Company.current().zone
    found = []
    # fmt: off
    for (
        pk, kind, orders, orders_known, gross, returned, first_on, last_on, contact,
        step, base_kind, due_on, since,
    ) in Client.objects.filter(pk__in=ids).order_by().values_list(*_COLUMNS):
        # fmt: on
        known = Known(
            kind == Client.Kind.COMPANY,
            orders or 0,
            orders_known is not False,
            gross or 0,
            returned or 0,
            first_on,
            last_on,
            contact and contact.astimezone(zone).date(),
            **more.get(pk, {}),
        )
        old = Verdict(step, base_kind, due_on) if step else NOTHING
        new = judge(known, rules, today)
        if old != new:
            found.append(_Judged(pk, old, new, since, known))
    return found


def _store(rows: Sequence[_Judged], cause: str, origin: str, today: date) -> int:
    if not rows:
        return 0
    gone = [row.pk for row in rows if row.new == NOTHING]
    if gone:
        ClientStatus.objects.filter(client_id__in=gone).delete()
    since = today if origin == Origin.LIVE else None
    stay = [row for row in rows if row.new != NOTHING]
    if stay:
        upsert_rows(
            ClientStatus,
            ("client_id", "step", "kind", "since", "due_on"),
            (
                (
                    row.pk,
                    row.new.step,
                    row.new.kind,
                    row.since if row.old.step == row.new.step else since,
                    row.new.due_on,
                )
                for row in stay
            ),
            key="client_id",
            update=("step", "kind", "since", "due_on"),
        )
    moved = [row for row in rows if row.old.step != row.new.step]
    if origin == Origin.LIVE and moved:
        _tell(moved, cause, today)
    return len(moved)


def _tell(moved: Sequence[_Judged], cause: str, today: date) -> None:
    now = timezone.now()
    silent = {row.pk: (today - row.known.last_on).days for row in moved if row.known.last_on}
    insert_rows(
        StatusMove,
        ("client", "at", "was", "step", "cause", "orders", "silent"),
        [
            (
                row.pk,
                now,
                row.old.step,
                row.new.step,
                str(cause),
                row.known.orders,
                silent.get(row.pk),
            )
            for row in moved
        ],
    )
    if cause == Cause.RULE:
        return  # nothing happened to these clients: the business looks at them in another way
    emit_many(
        [
            NewEvent(
                "client.status_changed",
                row.pk,
                "client",
                row.pk,
                {
                    "before": {"status": row.old.step},
                    "after": {"status": row.new.step},
                    "cause": str(cause),
                    "orders": row.known.orders,
                    "silent": silent.get(row.pk),
                },
            )
            for row in moved
        ],
        actor=None,
    )


def _chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    iterator = iter(dict.fromkeys(ids))
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


# ---- by date, and after a change of the rules ----


def keep_due() -> int:
    """Judges the clients whose day has come; returns how many moved. A chunk is a transaction."""
    today, last, moved = Company.current().business_date(), 0, 0
    while ids := list(
        ClientStatus.objects.filter(due_on__lte=today, pk__gt=last)
        .order_by("pk")
        .values_list("pk", flat=True)[:CHUNK]
    ):
        with transaction.atomic():
            hold(ids)
            moved += keep(ids, cause=Cause.TIME)
        last = ids[-1]
        if is_cancelled():
            break
    return moved


def keep_all() -> int:
    """Judges everybody by the rules in force; returns how many moved. Goes on after a crash.

    The first time on a base that had no statuses nothing is a move: it is where history begins.
    """
    row = StatusRules.current()
    context.forget(REMEMBERED)
    rules, today = row.rules, Company.current().business_date()
    origin = Origin.LIVE if row.computed else Origin.BACKFILL
    job = current_job()
    state = (job.state if job else None) or {}
    last = state.get("last", 0) if state.get("version") == row.version else 0
    moved, done = 0, state.get("done", 0) if last else 0
    total = Client.objects.count()
    while ids := list(
        Client.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:CHUNK]
    ):
        # Most stay as they are: the writer's lock is taken only for those that do not.
        wrong = [one.pk for one in _differing(ids, rules, today)]
        last, done = ids[-1], done + len(ids)
        with transaction.atomic():
            if wrong:
                hold(wrong)
                moved += _store(_differing(wrong, rules, today), Cause.RULE, origin, today)
            checkpoint({"last": last, "done": done, "version": row.version}, done=done, total=total)
        if is_cancelled():
            return moved
    with transaction.atomic():
        StatusRules.objects.get_or_create(pk=1)
        StatusRules.objects.filter(pk=1, version=row.version).update(computed=F("version"))
    return moved


def nightly() -> int:
    """What the schedule runs: everybody when the rules are newer than the statuses."""
    row = StatusRules.current()
    return keep_due() if row.computed == row.version else keep_all()


def differences() -> Iterator[int]:
    """The clients whose stored status is not what the rules say today."""
    rules, today = StatusRules.current().rules, Company.current().business_date()
    ids = Client.objects.order_by("pk").values_list("pk", flat=True).iterator()
    for chunk in _chunks(ids):
        yield from (one.pk for one in _differing(chunk, rules, today))
