"""Changes of the rules of the ladder."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.models import StatusRules
from orbita.clients.status.jobs import keep_statuses
from orbita.clients.status.keeping import REMEMBERED
from orbita.clients.status.ladder import PRECEDENCE, Rules
from orbita.core import context
from orbita.core.events import changes, emit, payload_of
from orbita.core.models import Event

PERMISSION = "clients.rules"
# The least that makes sense of each number, and the most.
LIMITS: Mapping[str, tuple[int, int]] = {
    "regular_from": (1, 1000),
    "long_from": (1, 1000),
    "long_days": (1, 36_500),
    "intervals": (1, 100),
    "usual_days": (1, 3650),
    "least_days": (0, 3650),
    "working_days": (1, 3650),
    "vip_from": (0, 10**12),
    "key_from": (0, 10**12),
}


def change_rules(
    *, actor: User, numbers: Mapping[str, int], precedence: Sequence[str] | None = None
) -> Event | None:
    """Sets the numbers given and the order of precedence, and has everybody judged anew.

    Returns the event, by which it can be taken back; None when nothing differs.
    """
    policy.require(actor, PERMISSION)
    errors: dict[str, list[str]] = {}
    for name, value in numbers.items():
        if name not in LIMITS:
            raise ValidationError(_("There is no such number."))
        low, high = LIMITS[name]
        if not low <= value <= high:
            errors[name] = [_("Between %(low)s and %(high)s.") % {"low": low, "high": high}]
    if errors:
        raise ValidationError(errors)
    if precedence is not None and sorted(precedence) != sorted(PRECEDENCE):
        raise ValidationError(_("Each status needs a place of its own."))
    with transaction.atomic():
        row = StatusRules.objects.select_for_update().first() or StatusRules(pk=1)
        before = _flat(row.rules)
        after = before | dict(numbers)
        if precedence is not None:
            after["precedence"] = list(precedence)
        difference = changes(before, after)
        if not difference["after"]:
            return None
        row.data = {
            "numbers": {name: after[name] for name in LIMITS},
            "precedence": after["precedence"],
        }
        row.version += 1
        row.save()
        context.forget(REMEMBERED)
        event = emit(
            "status_rules.changed",
            actor=actor,
            subject_type="status_rules",
            subject_id=row.pk,
            data=difference,
        )
        keep_statuses.enqueue()
    return event


def _flat(rules: Rules) -> dict[str, Any]:
    return {**asdict(rules.numbers), "precedence": list(rules.precedence)}


def restore_rules(*, actor: User, event: Event) -> Event | None:
    """Takes a change back: what it changed gets its former values."""
    before = dict(payload_of(event).get("before", {}))
    precedence = before.pop("precedence", None)
    return change_rules(actor=actor, numbers=before, precedence=precedence)
