"""Whom a rule of keeping is about today: those whose time is over, those who are held, and why."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from django.db.models import Exists, OuterRef, Q

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.days import months_after
from orbita.clients.leaning import leans_on
from orbita.clients.models import (
    Client,
    Consent,
    DataRequest,
    Erasure,
    LegalHold,
    RetentionRule,
    Segment,
)
from orbita.clients.querysets import ClientQuerySet
from orbita.core.models import Company
from orbita.core.rules import RuleError
from orbita.core.sentences import Sentence as _

Since = RetentionRule.Since
SAMPLE = 15
MOST_COUNTED = 20_000
# A base may grow between a confirmation and a run; more than this is another rule than was looked at.
GROWTH, SLACK = 1.5, 20

STARTER_GONE = _("Whoever started it may not run it any more.")
ASKED_TO_STOP = _("Somebody stopped it.")
NOBODY_TO_TELL = _("There is nobody to tell before a run.")
CHANGED = _("The rule or its segment was changed since it was confirmed.")
NO_SEGMENT = _("Its segment was deleted. Choose another one.")


class StoppedError(Exception):
    """The rule must not run: why, as a `Sentence`."""


@dataclass
class Found:
    """What a rule would do today: how many, some of them, and who is kept back."""

    cutoff: date
    mark: str
    due: int = 0
    due_more: bool = False
    members: int = 0
    members_more: bool = False
    sample: list[Client] = field(default_factory=list)
    held: int = 0
    held_sample: list[Client] = field(default_factory=list)
    waiting: int = 0  # members whose time is not over
    not_yours: int = 0


def today() -> date:
    return Company.current().business_date()


def cutoff_of(rule: RetentionRule, day: date) -> date:
    """The day so many months before; the last of the month where that day is not there."""
    return months_after(day, -rule.months)


def mark_of(rule: RetentionRule) -> str:
    """The digest of all that says whom the rule takes, segments that its segment leans on included.

    Raises `StoppedError` when there is no segment any more.
    """
    if rule.segment_id is None:
        raise StoppedError(NO_SEGMENT)
    told = {
        "since": rule.since,
        "months": rule.months,
        "segments": _rules(rule.segment_id),
        "segment": rule.segment_id,
    }
    text = json.dumps(told, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _rules(segment: int) -> Mapping[str, Any]:
    rules = dict(Segment.objects.values_list("pk", "rule"))
    told = {segment, *leans_on(rules.get(segment), rules)}
    return {str(pk): rules[pk] for pk in told & rules.keys()}


def members(rule: RetentionRule, actor: User) -> ClientQuerySet[Client]:
    """The clients of the segment as the actor sees them, or those of them that lie in the recycle bin,
    when the rule is about it. Raises `StoppedError`.
    """
    if rule.segment is None:
        raise StoppedError(NO_SEGMENT)
    rows = Client.objects
    open_to = rows.in_bin_of(actor) if rule.since == Since.BINNED else rows.visible_to(actor)
    try:
        return open_to.matching(rule.segment.rule, actor=actor)
    except RuleError as error:
        raise StoppedError(
            _("The conditions of the segment cannot be read: %(why)s") % {"why": str(error)}
        ) from None


def over(rule: RetentionRule, cutoff: date) -> Q:
    """Whose time is over: nothing of the kind that the rule counts from on the day or since."""
    moment = datetime.combine(cutoff, time(), tzinfo=Company.current().zone)
    made = Q(created_at__lt=moment)
    if rule.since == Since.CREATED:
        return made
    if rule.since == Since.BINNED:
        return Q(deleted_at__lt=moment)
    if rule.since == Since.STATUS:  # of whom it is not known since when, nobody can say it is long
        return made & Q(ladder__since__lt=cutoff)
    silent = Q(facts__last_order_on=None) | Q(facts__last_order_on__lt=cutoff)
    silent &= Q(facts__last_contact_at=None) | Q(facts__last_contact_at__lt=moment)
    agreed = Consent.objects.filter(client=OuterRef("pk"), given=True, at__gte=moment)
    return made & silent & Q(~Exists(agreed))


def _held() -> Q:
    """Whom a legal hold keeps, or whose own request is not answered yet: a rule does not run before it."""
    holds = LegalHold.objects.filter(client=OuterRef("pk"), lifted_at=None, until__gte=today())
    asked = DataRequest.objects.filter(client=OuterRef("pk"), status=DataRequest.Status.OPEN)
    return Q(Exists(holds)) | Q(Exists(asked))


def due(rule: RetentionRule, actor: User, cutoff: date) -> ClientQuerySet[Client]:
    """Whom a run erases: their time is over, nothing holds them, and the actor may."""
    rows = members(rule, actor).filter(over(rule, cutoff)).exclude(_held())
    if policy.covers_all(actor, "privacy.erase"):
        return rows
    return rows & Client.objects.within(actor, "privacy.erase")


def held(rule: RetentionRule, actor: User, cutoff: date) -> ClientQuerySet[Client]:
    """Whose time is over and who is kept all the same."""
    return members(rule, actor).filter(over(rule, cutoff)).filter(_held())


def count_due(rule: RetentionRule, actor: User, cutoff: date) -> int:
    """How many a run would take, counted up to a bound."""
    return int(due(rule, actor, cutoff).order_by()[: MOST_COUNTED + 1].count())


def look(rule: RetentionRule, actor: User) -> Found:
    """The preview: a handful of reads, each bounded. Raises `StoppedError`."""
    cutoff = cutoff_of(rule, today())
    found = Found(cutoff, mark_of(rule))
    rows = due(rule, actor, cutoff)
    found.due = count_due(rule, actor, cutoff)
    found.due_more = found.due > MOST_COUNTED
    found.members = int(members(rule, actor).order_by()[: MOST_COUNTED + 1].count())
    found.members_more = found.members > MOST_COUNTED
    shown = rows.select_related("facts", "responsible", "ladder")
    found.sample = list(shown.order_by("facts__last_contact_at", "pk")[:SAMPLE])
    kept = held(rule, actor, cutoff)
    found.held = int(kept.order_by()[: MOST_COUNTED + 1].count())
    found.held_sample = list(kept.prefetch_related("legal_holds").order_by("pk")[:SAMPLE])
    all_over = int(
        members(rule, actor).filter(over(rule, cutoff)).order_by()[: MOST_COUNTED + 1].count()
    )
    found.waiting = max(found.members - all_over, 0)
    found.not_yours = max(all_over - found.due - found.held, 0)
    return found


def require_same(rule: RetentionRule, actor: User | None, cutoff: date) -> int:
    """How many a run would take. Raises `StoppedError` when it is not what somebody has confirmed."""
    if actor is None or not actor.is_active:
        raise StoppedError(_("Whoever confirmed the rule does not work here any more."))
    if not policy.allows(actor, "privacy.retention"):
        raise StoppedError(_("Whoever confirmed the rule may not run it any more."))
    if mark_of(rule) != rule.confirmed_mark:
        raise StoppedError(CHANGED)
    count = count_due(rule, actor, cutoff)
    if count > rule.confirmed_count * GROWTH + SLACK:
        raise StoppedError(
            _("It would take %(n)s clients now, and %(seen)s when it was confirmed.")
            % {"n": str(count), "seen": str(rule.confirmed_count)}
        )
    return count


def is_busy(card: int) -> bool:
    """Whether the card is being erased by somebody already."""
    rows = Erasure.objects.filter(status=Erasure.Status.QUEUED)
    return any(card in row.cards for row in rows)
