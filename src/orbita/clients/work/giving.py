"""Clients given out, handed over, taken from the free pool and released into it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, TruncDate
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.actions.bulk import CHUNK, BulkResult, assign_responsible
from orbita.clients.aliases import hold
from orbita.clients.card_fields import as_reference
from orbita.clients.confining import within_bounds
from orbita.clients.models import Address, Client, ClientWork, Segment, WorkRules
from orbita.clients.region_names import region_name_key
from orbita.clients.work.contacting import work_rules
from orbita.clients.work.limits import KEPT, counts_of, note_given, require_room
from orbita.clients.work.rules import CONTACT, REGION, SEGMENT, TURN, Rules
from orbita.clients.work.words import GIVEN, RELEASED, TAKEN
from orbita.core.bulk import upsert_rows
from orbita.core.events import NewEvent, emit_many
from orbita.core.jobs import is_cancelled
from orbita.core.models import Company
from orbita.core.rules import RuleError

# Giving out looks only at free clients made while it was on, so that switching it on does not
# give an old base away.
AT_ONCE = 1000


def _given(
    rows: "QuerySet[Client]", to: Mapping[int, User | None], reason: str
) -> tuple[list[NewEvent], dict[int, int | None]]:
    """Writes the new responsible of each client; the events, and who had them before."""
    now = timezone.now()
    known = {
        row.pk: row
        for row in rows.select_related("responsible").only(
            "version", "responsible__name", "responsible__email"
        )
    }
    changing = {
        pk: row
        for pk, row in known.items()
        if row.responsible_id != (user.pk if (user := to[pk]) else None)
    }
    groups: dict[int | None, list[int]] = {}
    for pk in changing:
        user = to[pk]
        groups.setdefault(user.pk if user else None, []).append(pk)
    for target, ids in groups.items():
        Client.objects.filter(pk__in=ids).update(
            responsible=target, version=F("version") + 1, updated_at=now
        )
    events = [
        NewEvent(
            "client.changed",
            pk,
            "client",
            pk,
            {
                "before": {"responsible": as_reference(row.responsible)},
                "after": {"responsible": as_reference(to[pk])},
                "version": row.version + 1,
            }
            | ({"reason": reason} if reason else {}),
        )
        for pk, row in changing.items()
    ]
    return events, {pk: row.responsible_id for pk, row in changing.items()}


# ---- the free pool ----


def free_pool(actor: User | None = None) -> "QuerySet[Client]":
    """Clients without a responsible, within the bounds of the actor's role: whoever may take them sees
    them, though not their cards.
    """
    rows = Client.objects.alive().filter(responsible=None)
    return rows.filter(within_bounds(actor)) if actor else rows


def take_clients(*, actor: User, client_ids: Iterable[int]) -> BulkResult:
    """Takes free clients for oneself; those taken meanwhile by others are skipped."""
    policy.require(actor, "clients.take")
    ids = list(dict.fromkeys(client_ids))
    result = BulkResult()
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        with transaction.atomic():
            User.objects.select_for_update(no_key=True).get(pk=actor.pk)
            free = list(
                free_pool(actor)
                .filter(pk__in=chunk)
                .select_for_update(of=("self",), no_key=True)
                .order_by("pk")
                .values_list("pk", flat=True)
            )
            require_room(actor, len(free))
            events, _before = _given(
                Client.objects.filter(pk__in=free), dict.fromkeys(free, actor), TAKEN
            )
            note_given(free)
            result.note(emit_many(events, actor=actor))
        result.skipped += len(chunk) - len(free)
    return result


# ---- giving out by rule ----


class Giver:
    """Chooses who gets each client. One per run: it counts as it gives."""

    def __init__(self, row: WorkRules) -> None:
        self._row, self._rules = row, row.rules
        away = {absence.user_id for absence in policy.away_today()}
        wanted = {
            *self._rules.members,
            *(user for _what, user in (*self._rules.regions, *self._rules.segments)),
        }
        people = User.objects.people().filter(pk__in=wanted, is_active=True).exclude(pk__in=away)
        self._people = {user.pk: user for user in people}
        self._turn = [pk for pk in self._rules.members if pk in self._people]
        self._counts = counts_of(self._people)

    def choose(self, ids: Sequence[int]) -> dict[int, User]:
        """Client → who gets him; clients nobody has room for are left out."""
        special = self._special(ids)
        chosen: dict[int, User] = {}
        for pk in ids:
            user = self._of(special.get(pk))
            if user is None:
                user = self._next() if self._rules.mode == TURN else self._lightest()
            if user is not None:
                chosen[pk] = user
                self._counts[user.pk] += 1
        return chosen

    def remember(self) -> None:
        """Keeps whose turn it was, in the transaction of the giving."""
        WorkRules.objects.filter(pk=self._row.pk).update(last=self._row.last)

    def _has_room(self, pk: int) -> bool:
        return self._rules.most is None or self._counts[pk] < self._rules.most

    def _of(self, pk: int | None) -> User | None:
        return (
            self._people.get(pk)
            if pk is not None and pk in self._people and self._has_room(pk)
            else None
        )

    def _next(self) -> User | None:
        last = self._row.last
        place = self._turn.index(last) + 1 if last in self._turn else 0
        for pk in (*self._turn[place:], *self._turn[:place]):
            if self._has_room(pk):
                self._row.last = pk
                return self._people[pk]
        return None

    def _lightest(self) -> User | None:
        able = [pk for pk in self._turn if self._has_room(pk)]
        return self._people[min(able, key=lambda pk: self._counts[pk])] if able else None

    def _special(self, ids: Sequence[int]) -> dict[int, int]:
        if self._rules.mode == REGION:
            to = {region_name_key(region): user for region, user in self._rules.regions}
            rows = Address.objects.filter(client_id__in=ids).exclude(region_key="")
            pairs = rows.order_by("is_main", "-pk").values_list("client_id", "region")
            return {pk: to[key] for pk, name in pairs if (key := region_name_key(name)) in to}
        if self._rules.mode == SEGMENT:
            return self._of_segments(ids)
        return {}

    def _of_segments(self, ids: Sequence[int]) -> dict[int, int]:
        from orbita.accounts.actions import service_user

        found: dict[int, int] = {}
        segments = Segment.objects.in_bulk([segment for segment, _user in self._rules.segments])
        for segment, user in reversed(self._rules.segments):
            if segment not in segments:
                continue
            try:
                inside = Client.objects.filter(pk__in=ids).matching(
                    segments[segment].rule, actor=service_user()
                )
            except RuleError:
                continue
            found |= dict.fromkeys(inside.values_list("pk", flat=True), user)
        return found


def give_out(*, actor: User, client_ids: Iterable[int]) -> BulkResult:
    """Gives free clients out by the rule; those nobody has room for stay free."""
    policy.require(actor, "clients.rules")
    if not work_rules().gives:
        raise ValidationError(_("Giving out is switched off, or nobody is named in it."))
    return _give_out(actor, client_ids)


def _give_out(actor: User | None, client_ids: Iterable[int]) -> BulkResult:
    result = BulkResult()
    ids = list(dict.fromkeys(client_ids))
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        with transaction.atomic():
            row = WorkRules.objects.select_for_update().first()
            if row is None:
                break
            free = list(
                free_pool(actor)
                .filter(pk__in=chunk)
                .select_for_update(of=("self",), no_key=True)
                .order_by("pk")
                .values_list("pk", flat=True)
            )
            giver = Giver(row)
            to = giver.choose(free)
            events, _before = _given(Client.objects.filter(pk__in=to), dict(to), GIVEN)
            note_given(to)
            giver.remember()
            result.note(emit_many(events, actor=actor))
        result.skipped += len(chunk) - len(to)
    return result


def give_out_new() -> int:
    """What the schedule runs: free clients made since giving out is on; how many were given."""
    row = WorkRules.current()
    if not row.rules.gives or row.since is None:
        return 0
    given, last = 0, 0
    while ids := list(
        free_pool()
        .filter(created_at__gte=row.since, pk__gt=last)
        # Who was released goes back to work by a person's choice, not round in circles.
        .filter(Q(work=None) | Q(work__released_on=None))
        .order_by("pk")
        .values_list("pk", flat=True)[:AT_ONCE]
    ):
        result = _give_out(None, ids)
        given += result.changed
        last = ids[-1]
        if not result.changed or is_cancelled():
            break
    return given


# ---- the time limit ----


def _overdue(rules: Rules, days: int, today: date) -> Any:
    """Clients whose responsible has had no result for so many days."""
    edge = today - timedelta(days=days)
    zone = Company.current().zone
    rows: Any = Client.objects.alive().filter(responsible__isnull=False)
    rows = rows.annotate(
        given_on=Coalesce(F("work__assigned_on"), TruncDate("created_at", tzinfo=zone))
    )
    rows = rows.filter(given_on__lte=edge).filter(
        Q(facts__last_order_on=None) | Q(facts__last_order_on__lte=edge)
    )
    if rules.result == CONTACT:
        start = timezone.now() - timedelta(days=days)
        rows = rows.filter(Q(facts__last_contact_at=None) | Q(facts__last_contact_at__lte=start))
    return rows


def keep_time_limits() -> tuple[int, int]:
    """Warns of clients worked for too long without a result, and releases those warned of before.

    Returns how many were warned of and released. A result meanwhile takes the warning off.
    """
    rules, today = work_rules(), Company.current().business_date()
    row = WorkRules.current()
    if rules.result_days is None or row.limited_on is None:
        ClientWork.objects.filter(warned_on__isnull=False).update(warned_on=None)
        return 0, 0
    if today < row.limited_on + timedelta(days=rules.result_days):
        return 0, 0  # everybody has the whole time from the day the limit was set
    return _warn(rules, today), _release(rules, today)


def _warn(rules: Rules, today: date) -> int:
    assert rules.result_days is not None  # noqa: S101
    overdue = _overdue(rules, rules.result_days, today)
    warned = 0
    for chunk in _ids(overdue.filter(Q(work=None) | Q(work__warned_on=None))):
        with transaction.atomic():
            hold(chunk)
            still = list(overdue.filter(pk__in=chunk).values_list("pk", "responsible", "given_on"))
            upsert_rows(
                ClientWork,
                ("client_id", *KEPT),
                ((pk, given_on, today, None, None, "") for pk, _user, given_on in still),
                key="client_id",
                update=("warned_on",),
            )
            data = {"days": rules.result_days, "warn_days": rules.warn_days}
            emit_many(
                (
                    NewEvent(
                        "client.release_warned", pk, "client", pk, {**data, "responsible": user}
                    )
                    for pk, user, _given_on in still
                ),
                actor=None,
            )
        warned += len(still)
    return warned


def _release(rules: Rules, today: date) -> int:
    assert rules.result_days is not None  # noqa: S101
    overdue = _overdue(rules, rules.result_days, today)
    warned = Client.objects.alive().filter(work__warned_on__isnull=False)
    due = today - timedelta(days=rules.warn_days)
    released = 0
    for chunk in _ids(warned):
        with transaction.atomic():
            hold(chunk)
            late = set(overdue.filter(pk__in=chunk).values_list("pk", flat=True))
            # A result has come: the warning is off.
            ClientWork.objects.filter(client_id__in=set(chunk) - late).update(warned_on=None)
            gone = list(
                ClientWork.objects.filter(client_id__in=late, warned_on__lte=due).values_list(
                    "client_id", flat=True
                )
            )
            events, before = _given(
                Client.objects.filter(pk__in=gone), dict.fromkeys(gone), RELEASED
            )
            note_given(gone, released_from=before)
            emit_many(events, actor=None)
        released += len(events)
    return released


def _ids(rows: Any) -> Iterator[list[int]]:
    last = 0
    while ids := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:CHUNK]):
        yield ids
        last = ids[-1]
        if is_cancelled():
            return


# ---- somebody leaves ----


def led_by(user: User) -> int:
    """How many clients the user leads, those in the recycle bin too."""
    return Client.objects.filter(responsible=user).count()


def hand_all_over(actor: User, user: User, heir: User | None, reason: str) -> None:
    """Everything the user leads goes to the heir, or to the free pool, chunk by chunk."""
    rows = Client.objects.filter(responsible=user).order_by("pk")
    last = 0
    while ids := list(rows.filter(pk__gt=last).values_list("pk", flat=True)[:CHUNK]):
        assign_responsible(actor=actor, client_ids=ids, responsible=heir, reason=reason)
        last = ids[-1]
        if is_cancelled():
            return
