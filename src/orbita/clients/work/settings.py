"""Changes of the rules of work."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.models import Segment, WorkRules
from orbita.clients.work.contacting import REMEMBERED
from orbita.clients.work.rules import CHANNELS, MODES, OFF, REGION, RESULTS, SEGMENT, Rules
from orbita.core import context
from orbita.core.events import changes, emit, payload_of
from orbita.core.models import Company, Event

PERMISSION = "clients.rules"
LONGEST = 3650  # days
MOST = 10_000_000


def change_work_rules(*, actor: User, values: Mapping[str, Any]) -> Event | None:
    """Sets the fields of `rules.Rules` that are given; the event, or None when nothing differs."""
    policy.require(actor, PERMISSION)
    with transaction.atomic():
        row = WorkRules.objects.select_for_update().first() or WorkRules(pk=1)
        before = row.rules.as_json()
        rules = Rules.from_json(before | dict(values))
        _check(rules)
        after = rules.as_json()
        difference = changes(before, after)
        if not difference["after"]:
            return None
        if rules.mode == OFF:
            row.since = None
        elif before["mode"] == OFF or row.since is None:
            row.since = timezone.now()
        if rules.result_days is None:
            row.limited_on = None
        elif before["result_days"] is None or row.limited_on is None:
            row.limited_on = Company.current().business_date()
        row.data = after
        row.save()
        context.forget(REMEMBERED)
        return emit(
            "work_rules.changed",
            actor=actor,
            subject_type="work_rules",
            subject_id=row.pk,
            data=difference,
        )


def restore_work_rules(*, actor: User, event: Event) -> Event | None:
    """Takes a change back: what it changed gets its former values."""
    return change_work_rules(actor=actor, values=payload_of(event).get("before", {}))


def _check(rules: Rules) -> None:
    errors = _wrong_numbers(rules) | _wrong_people(rules)
    if rules.mode not in MODES:
        errors["mode"] = [_("There is no such choice.")]
    if rules.result not in RESULTS:
        errors["result"] = [_("There is no such choice.")]
    if rules.mode == REGION and not rules.regions:
        errors["regions"] = [_("Name at least one region.")]
    if rules.mode == SEGMENT and not rules.segments:
        errors["segments"] = [_("Name at least one segment.")]
    if errors:
        raise ValidationError(errors)


def _wrong_numbers(rules: Rules) -> dict[str, list[str]]:
    if set(rules.cadence) - set(CHANNELS):
        raise ValidationError(_("There is no such channel."))
    days = {"result_days": rules.result_days, "warn_days": rules.warn_days}
    days |= {f"cadence_{channel}": value for channel, value in rules.cadence.items()}
    limits = {name: (value, LONGEST) for name, value in days.items()}
    limits["most"] = (rules.most, MOST)
    return {
        name: [_("Between %(low)s and %(high)s.") % {"low": 1, "high": high}]
        for name, (value, high) in limits.items()
        if value is not None and not 1 <= value <= high
    }


def _wrong_people(rules: Rules) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    if rules.mode != OFF and not rules.members:
        errors["members"] = [_("Who gets the clients?")]
    people = {*rules.members, *(user for _what, user in (*rules.regions, *rules.segments))}
    known = User.objects.people().filter(pk__in=people).values_list("pk", flat=True)
    if people - set(known):
        errors["members"] = [_("There is no such user.")]
    wanted = {segment for segment, _user in rules.segments}
    if wanted - set(Segment.objects.filter(pk__in=wanted).values_list("pk", flat=True)):
        errors["segments"] = [_("There is no such segment.")]
    return errors
