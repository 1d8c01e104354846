"""The erasure of a client: everywhere at once, in one transaction, by what the rooms registered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.aliases import hold, merged_into, survivor_id
from orbita.clients.facts import refresh
from orbita.clients.models import (
    Client,
    CompanyPerson,
    ContactPoint,
    DuplicatePair,
    Erasure,
    LegalHold,
)
from orbita.clients.privacy import register
from orbita.clients.privacy.registry import HINDRANCES, STORES, TRACES, Trace, personal_tables
from orbita.clients.privacy.values import Values, values_of
from orbita.core.events import KINDS, emit
from orbita.core.models import Company, Event, EventPayload
from orbita.core.sentences import keep
from orbita.core.text import clean_line
from orbita.ui import formats

CHUNK = 500
LONGEST_REASON = 300
MOST_ALIKE = 20
# Their payloads say that data were erased or copied, never whose: they stay as the proof.
ACTS = ("privacy.erased", "privacy.erasure_asked", "privacy.copied")
# What people typed into a filter stands in the payloads of these.
TYPED = ("export.", "segment.", "import.")


@dataclass
class Erasing:
    """An erasure under way."""

    cards: list[int]
    values: Values
    # Table → [rows deleted, rows emptied].
    tables: dict[str, list[int]] = field(default_factory=dict)
    files: set[Path] = field(default_factory=set)
    # Whose events are about the person too, whatever client they name: subject → numbers.
    subjects: dict[str, set[int]] = field(default_factory=dict)
    # What was found before the transaction: table → (keys, the highest key that was looked at).
    found: dict[str, tuple[set[Any], Any]] = field(default_factory=dict)

    def count(self, name: str, *, deleted: int = 0, emptied: int = 0) -> None:
        """Adds to what the act says of a table."""
        if deleted or emptied:
            told = self.tables.setdefault(name, [0, 0])
            told[0] += deleted
            told[1] += emptied


class BusyError(ValidationError):
    """Work is under way that would write the person anew: to be tried again when it is over."""


def cards_of(client: Client) -> list[int]:
    """The survivor's card, and all that were merged into it: they are one person."""
    survivor = survivor_id(client.pk)
    return [survivor, *merged_into(survivor)]


def hold_of(cards: Sequence[int]) -> LegalHold | None:
    """The legal hold that forbids an erasure today, if there is one."""
    today = Company.current().business_date()
    rows = LegalHold.objects.filter(client__in=cards, lifted_at=None, until__gte=today)
    return rows.order_by("-until").first()


def look_alikes(actor: User, cards: Sequence[int]) -> list[Client]:
    """Other cards, of those the actor sees, that may be the same person's: an erasure leaves them."""
    keys = ContactPoint.objects.filter(client__in=cards).exclude(key="").values("key")
    sharing = ContactPoint.objects.filter(key__in=keys).values("client_id")
    pairs = DuplicatePair.objects.filter(status=DuplicatePair.Status.OPEN)
    alike = models.Q(pk__in=sharing)
    alike |= models.Q(pk__in=pairs.filter(a__in=cards).values("b_id"))
    alike |= models.Q(pk__in=pairs.filter(b__in=cards).values("a_id"))
    rows = Client.objects.visible_to(actor).filter(alike).exclude(pk__in=cards)
    return list(rows.order_by("pk")[:MOST_ALIKE])


def ask_erasure(*, actor: User, client: Client, reason: str) -> Erasure:
    """Has the client erased by the worker. Raises `ValidationError` with why that cannot be."""
    from orbita.clients.privacy import jobs

    policy.require(actor, "privacy.erase", client)
    cards = cards_of(client)
    with transaction.atomic():
        erasure = Erasure(cards=cards, reason=_read_reason(reason, cards), actor=actor)
        _require_free(cards)
        if Erasure.objects.filter(status=Erasure.Status.QUEUED, cards=cards).exists():
            raise ValidationError(gettext("This client is being erased already."))
        erasure.save()
        emit(
            "privacy.erasure_asked",
            actor=actor,
            client_id=cards[0],
            subject_type="erasure",
            subject_id=erasure.pk,
            data={"cards": cards},
        )
        jobs.erase.enqueue(erasure.pk)
    return erasure


def erase_client(*, actor: User, client: Client, reason: str) -> Erasure:
    """Erases the client now and returns the act. Raises `ValidationError` when he is held.

    The files and the room in the database go with `cleaning.clean_up`, which the worker does.
    """
    policy.require(actor, "privacy.erase", client)
    cards = cards_of(client)
    erasure = Erasure(cards=cards, reason=_read_reason(reason, cards), actor=_person(actor))
    return carry_out(erasure, actor)


def _neighbours(cards: Sequence[int]) -> list[int]:
    """Companies whose standing follows from the person's, to be reckoned anew without him."""
    rows = CompanyPerson.objects.filter(person__in=cards).exclude(company__in=cards)
    return list(rows.values_list("company_id", flat=True))


def _person(actor: User) -> User | None:
    return None if actor.is_service else actor


def erase_asked(erasure_id: int) -> Erasure:
    """Carries out an erasure that was asked for; one that cannot be is refused with the reason.

    Raises `BusyError` when it has to wait.
    """
    erasure = Erasure.objects.select_related("actor").get(pk=erasure_id)
    if erasure.status != Erasure.Status.QUEUED:
        return erasure
    try:
        _require_same_cards(erasure.cards)
        return carry_out(erasure, erasure.actor)
    except BusyError:
        raise
    except ValidationError as error:
        erasure.status, erasure.error = Erasure.Status.REFUSED, keep(error.messages[0])
        erasure.save(update_fields=["status", "error"])
        return erasure


def _require_same_cards(cards: Sequence[int]) -> None:
    """Whoever asked has seen these cards: more or others may not go with them unseen."""
    client = Client._base_manager.filter(pk=cards[0]).first()
    if client and set(cards_of(client)) != set(cards):
        raise ValidationError(gettext("Cards were merged or parted meanwhile: ask once more."))


def carry_out(
    erasure: Erasure, actor: User | None, recheck: Callable[[], None] | None = None
) -> Erasure:
    """The erasure itself, for callers that have checked the right.

    `recheck` is asked once the cards are locked, and raises `ValidationError` when they are not to be
    erased any more.
    """
    from orbita.clients.privacy import jobs

    cards = [int(card) for card in erasure.cards]
    found = _looked_for(values_of(cards))
    with transaction.atomic():
        hold(cards)
        _require_free(cards)
        if recheck:
            recheck()
        _require_quiet(cards)
        work = Erasing(cards, values_of(cards), found=found)
        erasure.marks = register.marks_of(cards)
        near = _neighbours(cards)
        for store in STORES:
            store.find(work)
        _personal(work)
        _traces(work)
        _events(work)
        _cards(work)
        _refusals(work)
        refresh(near)
        erasure.status, erasure.erased_at = Erasure.Status.DONE, timezone.now()
        erasure.tables, erasure.files = work.tables, len(work.files)
        erasure.save()
        _tell(erasure, actor)
        jobs.clean_up.enqueue(sorted(str(one) for one in work.files))
    register.write()
    return erasure


def _read_reason(reason: str, cards: Sequence[int]) -> str:
    reason = clean_line(reason)
    if not reason:
        raise ValidationError({"reason": [gettext("Say why the data are erased.")]})
    if len(reason) > LONGEST_REASON:
        words = gettext("At most %(n)s characters.") % {"n": LONGEST_REASON}
        raise ValidationError({"reason": [words]})
    if values_of(cards).found_in(reason):
        raise ValidationError(
            {"reason": [gettext("The reason stays in the act: do not name the client in it.")]}
        )
    return reason


def _require_free(cards: Sequence[int]) -> None:
    """Raises `ValidationError` while the data must be kept."""
    held = hold_of(cards)
    if held:
        raise ValidationError(
            gettext("The data must be kept until %(day)s: %(reason)s.")
            % {"day": formats.day(held.until), "reason": held.reason.rstrip(".")}
        )
    if not Client._base_manager.filter(pk=cards[0]).exists():
        raise ValidationError(gettext("This card is not there any more."))


def _require_quiet(cards: Sequence[int]) -> None:
    for hindrance in HINDRANCES:
        if why := hindrance.why(cards):
            raise BusyError(why)


# ---- rows that belong to the person ----


def _personal(work: Erasing) -> None:
    tables = personal_tables()
    for table in tables:
        if table.first:
            table.first(work)
    for table in tables:
        rows = table.rows(work.cards)
        if table.model is Client:
            continue  # what else refers to the cards goes before them
        if table.empty is None:
            work.count(table.name, deleted=_delete(rows))
        else:
            work.count(table.name, emptied=rows.update(**table.empty))


def _delete(rows: Any) -> int:
    """Deletes rows of one table, without looking for what hangs on them: that is a table of its own."""
    return int(rows._raw_delete(rows.db) or 0)


def _cards(work: Erasing) -> None:
    rows = Client._base_manager.filter(pk__in=work.cards)
    work.count(Client._meta.label_lower, deleted=len(work.cards))
    # With all checks of Django: a key that nobody spoke of takes the whole erasure back.
    rows.delete()


def _refusals(work: Erasing) -> None:
    """Why an earlier erasure was refused may quote what people wrote of the client."""
    for row in Erasure.objects.filter(status=Erasure.Status.REFUSED).exclude(error=""):
        if set(row.cards) & set(work.cards):
            Erasure.objects.filter(pk=row.pk).update(error="")


# ---- rows of others ----


def _looked_for(values: Values) -> dict[str, tuple[set[Any], Any]]:
    """Where the values stand, looked for before anybody has to wait for the transaction."""
    found: dict[str, tuple[set[Any], Any]] = {}
    for trace in TRACES:
        rows = trace.model._base_manager.filter(trace.only).order_by("-pk")
        found[trace.name] = (_matching(trace, values, rows), rows.values_list("pk")[:1].first())
    found[_EVENTS] = (_matching_events(values, 0), Event.objects.order_by("-pk").first())
    return found


_EVENTS = EventPayload._meta.label_lower


def _traces(work: Erasing) -> None:
    for trace in TRACES:
        known, last = work.found[trace.name]
        rows = trace.model._base_manager.filter(trace.only)
        fresh = rows.filter(pk__gt=last[0]) if last else rows
        keys = known | _matching(trace, work.values, fresh)
        if not keys:
            continue
        found = rows.filter(pk__in=keys)
        if trace.put:
            trace.put(work, list(found))
        if trace.empty is None:
            work.count(trace.name, deleted=_delete(found))
        elif trace.empty:
            work.count(trace.name, emptied=found.update(**trace.empty))
        else:
            work.count(trace.name, emptied=len(keys))


def _matching(trace: Trace, values: Values, rows: Any) -> set[Any]:
    if values.pattern is None:
        return set()
    found = rows.order_by().values_list("pk", *trace.columns)
    return {
        pk
        for pk, *columns in found.iterator(chunk_size=2000)
        if any(values.found_in(value) for value in columns)
    }


# ---- the log ----


def _events(work: Erasing) -> None:
    """Forgets what the person's own events say, and those of others that name him."""
    own = Event.objects.filter(client_id__in=work.cards).exclude(kind__in=ACTS)
    known, last = work.found[_EVENTS]
    about = set()
    for subject, ids in work.subjects.items():
        rows_about = Event.objects.filter(subject_type=subject, subject_id__in=ids)
        about |= set(rows_about.values_list("pk", flat=True))
    named = known | about | _matching_events(work.values, last.pk if last else 0)
    keys = sorted({*own.values_list("pk", flat=True), *named})
    count = 0
    for start in range(0, len(keys), CHUNK):
        rows = EventPayload.objects.filter(event_id__in=keys[start : start + CHUNK])
        count += rows.delete()[0]
    work.count(_EVENTS, deleted=count)


def _matching_events(values: Values, after: int) -> set[int]:
    """The events above a number whose payload names the person; whoever else they are about."""
    rows = EventPayload.objects.filter(event_id__gt=after)
    found: set[int] = set()
    fragments = values.fragments
    for start in range(0, len(fragments), 20):
        wanted = models.Q(pk__in=[])
        for fragment in fragments[start : start + 20]:
            wanted |= models.Q(_Inside(models.F("data"), models.Value(fragment)))
        found |= set(rows.filter(wanted).values_list("pk", flat=True))
    kinds = [kind.name for kind in KINDS if kind.name.startswith(TYPED)]
    typed = rows.filter(event__kind__in=kinds).values_list("pk", "data")
    return found | {pk for pk, data in typed.iterator() if values.found_in(data)}


class _Inside(models.Func):
    """Whether a text has another in it, letter by letter: LIKE would fold some of them."""

    output_field = models.BooleanField()
    template = "(STRPOS(%(expressions)s) > 0)"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="(INSTR(%(expressions)s) > 0)", **context)


def _tell(erasure: Erasure, actor: User | None) -> None:
    emit(
        "privacy.erased",
        actor=actor,
        client_id=erasure.card,
        subject_type="erasure",
        subject_id=erasure.pk,
        data={"cards": erasure.cards, "tables": erasure.tables, "files": erasure.files}
        | ({"run": erasure.run_id} if erasure.run_id else {}),
    )
