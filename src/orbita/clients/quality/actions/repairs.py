"""Putting many cards right at once: what is offered for each is taken, and all of it can go back."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients import card_fields
from orbita.clients.actions.undo import undo_event
from orbita.clients.facts import refresh
from orbita.clients.fields import in_bulk
from orbita.clients.guarding import Sight, sight
from orbita.clients.models import AcceptedValue, Client, ContactPoint, Repair
from orbita.clients.quality.actions.fixes import take
from orbita.clients.quality.problems import Problem, find
from orbita.clients.quality.record import contacts_of
from orbita.clients.quality.state import LINES, Line
from orbita.clients.search import index_clients
from orbita.core import context
from orbita.core.bulk import upsert_rows
from orbita.core.events import NewEvent, emit, emit_many, payload_of
from orbita.core.jobs import checkpoint, is_cancelled
from orbita.core.models import Company, Event
from orbita.core.rules import Rule, RuleError

CHUNK = 500
Status = Repair.Status


def request_repair(*, actor: User, rule: Rule, line: str = "") -> Repair:
    """Queues the repair of the clients that the rule finds; those the actor may not change stay.

    Raises `ValidationError` when the rule cannot be read.
    """
    policy.require(actor, "clients.edit")
    try:
        Client.objects.within(actor, "clients.edit").matching(rule, actor=actor)
    except RuleError as error:
        raise ValidationError(str(error)) from None
    from orbita.clients.quality.jobs import run_repair

    with transaction.atomic():
        repair = Repair.objects.create(
            line=line, rule=dict(rule), actor=actor, requested_at=timezone.now()
        )
        emit(
            "quality.repair_started",
            actor=actor,
            subject_type="repair",
            subject_id=repair.pk,
            data={"line": line, "rule": rule},
        )
        run_repair.enqueue(repair.pk)
    return repair


def request_undo(*, actor: User, repair: Repair) -> None:
    """Queues the way back. Cards that somebody has changed since keep what they have."""
    policy.require(actor, "clients.edit")
    if repair.actor_id != actor.pk and not policy.covers_all(actor, "clients.edit"):
        raise policy.Denied(_("Only who started the repair may take it back."))
    from orbita.clients.quality.jobs import undo_repair

    with transaction.atomic():
        taken = Repair.objects.filter(pk=repair.pk, status=Status.DONE, changed__gt=0).update(
            status=Status.UNDOING, position=0, kept=0
        )
        if not taken:
            raise ValidationError(_("There is nothing to take back."))
        emit(
            "quality.repair_undone",
            actor=actor,
            subject_type="repair",
            subject_id=repair.pk,
            data={"line": repair.line},
        )
        undo_repair.enqueue(repair.pk, actor.pk)
    repair.refresh_from_db()


def offered(actor: User, line: Line, limit: int) -> list[tuple[Client, list[Problem]]]:
    """The first clients the repair would change, with what it would change.

    Looks no further than a chunk of those the rule finds.
    """
    page = list(_rows(actor, line.rule or {}).order_by("pk")[:CHUNK])
    problems = _problems(page, line.mends, sight(actor))
    return [(row, problems[row.pk]) for row in page if problems[row.pk]][:limit]


def _rows(actor: User, rule: Rule) -> Any:
    rows = Client.objects.within(actor, "clients.edit").matching(rule, actor=actor)
    return rows.select_related("source", "responsible")


def _problems(
    rows: Sequence[Client], mends: Collection[str], seen: Sight
) -> dict[int, list[Problem]]:
    """What can be put right on each of these cards, of these problems or of all when none is named;
    two reads for all cards.
    """
    ids = [row.pk for row in rows]
    company = Company.current()
    points: dict[int, list[ContactPoint]] = {}
    for point in ContactPoint.objects.filter(client_id__in=ids).select_related("state"):
        points.setdefault(point.client_id, []).append(point)
    accepted: dict[int, set[tuple[str, str]]] = {}
    for pk, problem, value in AcceptedValue.objects.filter(client_id__in=ids).values_list(
        "client_id", "problem", "value"
    ):
        accepted.setdefault(pk, set()).add((problem, value))
    today, region = company.business_date(), company.phone_region
    return {
        row.pk: [
            problem
            for problem in find(
                row,
                contacts_of(points.get(row.pk, ())).usable,
                today=today,
                region=region,
                accepted=accepted.get(row.pk, ()),
            )
            if problem.can_be_fixed
            and (not mends or problem.trouble.name in mends)
            # What the actor may not change stays for those who may.
            and seen.allows(problem.trouble.field)
        ]
        for row in rows
    }


# ---- the work itself, in chunks ----


def run(repair_id: int) -> None:
    """Does the repair from where it stands. Each chunk is one transaction."""
    repair = Repair.objects.select_related("actor").get(pk=repair_id)
    if repair.actor is None or repair.status not in (Status.QUEUED, Status.RUNNING):
        return
    with context.request(repair.request_id):
        while not is_cancelled():
            with transaction.atomic():
                going = _repair_chunk(repair.actor, repair)
                checkpoint(None, done=repair.looked_at)
            if not going:
                break
    _finish(repair, Status.DONE)


def _repair_chunk(actor: User, repair: Repair) -> bool:
    rows = _rows(actor, repair.rule).filter(pk__gt=repair.position).order_by("pk")
    page = list(rows.select_for_update(of=("self",), no_key=True)[:CHUNK])
    line = LINES.get(repair.line)
    problems = _problems(page, line.mends if line else (), sight(actor))
    events: list[Event] = []
    simple: dict[int, dict[str, Any]] = {}
    for row in page:
        offers = problems[row.pk]
        if any(problem.contact for problem in offers):
            event = _take_whole(actor, row, offers)
            events += [event] if event else []
        elif offers:
            simple[row.pk] = {
                name: value for problem in offers for name, value in problem.values.items()
            }
    events += _write_many(actor, [row for row in page if row.pk in simple], simple)
    _note(repair, page, events)
    return len(page) == CHUNK


def _take_whole(actor: User, row: Client, offers: Sequence[Problem]) -> Event | None:
    """One card by the ordinary way: contacts have rules of their own."""
    try:
        with transaction.atomic():
            return take(actor=actor, client=row, problems=offers)
    except ValidationError:
        return None


def _write_many(
    actor: User,
    rows: Sequence[Client],
    values: Mapping[int, Mapping[str, Any]],
    undoes: Mapping[int, int] | None = None,
) -> list[Event]:
    """Sets plain fields of many locked cards, with an event each."""
    told: list[NewEvent] = []
    changed: list[Client] = []
    now = timezone.now()
    for row in rows:
        before = card_fields.plain(row)
        try:
            card_fields.assign(row, card_fields.read(values[row.pk]))
        except ValidationError:
            continue
        after = card_fields.plain(row)
        names = [name for name in after if not card_fields.same(before[name], after[name])]
        if not names:
            continue
        row.version += 1
        row.updated_at = now
        changed.append(row)
        data = {
            "before": {name: before[name] for name in names},
            "after": {name: after[name] for name in names},
            "version": row.version,
        } | ({"undoes": undoes[row.pk]} if undoes else {})
        told.append(NewEvent("client.changed", row.pk, "client", row.pk, data))
    if not changed:
        return []
    fields = Client._meta.concrete_fields
    upsert_rows(
        Client,
        [field.name for field in fields],
        [
            [
                in_bulk.as_json(row.own) if field.name == "own" else getattr(row, field.attname)
                for field in fields
            ]
            for row in changed
        ],
        key="id",
        update=[field.name for field in fields if field.name != "id"],
    )
    ids = [row.pk for row in changed]
    index_clients(ids)
    refresh(ids)
    return emit_many(told, actor=actor)


def _note(repair: Repair, page: Sequence[Client], events: Sequence[Event]) -> None:
    repair.status = Status.RUNNING
    repair.looked_at += len(page)
    repair.changed += len(events)
    if page:
        repair.position = page[-1].pk
    if events:
        ids = [event.pk for event in events]
        repair.first_event = repair.first_event or min(ids)
        repair.last_event = max(ids)
    repair.save()


def _finish(repair: Repair, status: str) -> None:
    repair.status, repair.finished_at = status, timezone.now()
    repair.save()


def undo(repair_id: int, actor_id: int) -> None:
    """Gives the cards of the repair their old values, a chunk at a time."""
    repair = Repair.objects.get(pk=repair_id)
    actor = User.objects.filter(pk=actor_id).first()
    if actor is None or repair.status != Status.UNDOING:
        return
    while not is_cancelled():
        with transaction.atomic():
            going = _undo_chunk(actor, repair)
            checkpoint(None, done=repair.looked_at - repair.kept)
        if not going:
            break
    _finish(repair, Status.UNDONE)


def _undo_chunk(actor: User, repair: Repair) -> bool:
    events = list(
        Event.objects.filter(
            pk__gt=max(repair.position, repair.first_event - 1),
            pk__lte=repair.last_event,
            request_id=repair.request_id,
            kind="client.changed",
        )
        .select_related("payload")
        .order_by("pk")[:CHUNK]
    )
    if not events:
        return False
    done = _undo_plain(actor, events)
    for event in events:
        if _is_plain(event):
            continue
        try:
            with transaction.atomic():
                done += int(undo_event(actor=actor, event=event).done)
        except (ValidationError, policy.Denied):
            continue
    repair.kept += len(events) - done
    repair.position = events[-1].pk
    repair.save()
    return len(events) == CHUNK


def _is_plain(event: Event) -> bool:
    return all(name in card_fields.READERS for name in payload_of(event).get("after", {}))


def _undo_plain(actor: User, events: Sequence[Event]) -> int:
    by_client = {event.client_id or 0: event for event in events if _is_plain(event)}
    rows = Client.objects.within(actor, "clients.edit").filter(pk__in=by_client).order_by("pk")
    held = list(
        rows.select_related("source", "responsible").select_for_update(of=("self",), no_key=True)
    )
    values: dict[int, dict[str, Any]] = {}
    for row in held:
        data, now = payload_of(by_client[row.pk]), card_fields.plain(row)
        if all(card_fields.same(now[name], value) for name, value in data["after"].items()):
            values[row.pk] = data["before"]
    back = [row for row in held if row.pk in values]
    undoes = {pk: event.pk for pk, event in by_client.items()}
    return len(_write_many(actor, back, values, undoes))
