"""The administrator's weights and age limits. All cards are weighed anew in the background."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.models import QualitySettings
from orbita.clients.models.quality import USUAL_LIMITS
from orbita.clients.quality.completeness import COMPANY, MOST_WEIGHT, PERSON, all_items
from orbita.core.events import changes, emit, payload_of
from orbita.core.models import Event, Job

LONGEST_LIMIT = 3650


def change_settings(
    *,
    actor: User,
    weights: Mapping[str, Mapping[str, int]],
    limits: Mapping[str, int],
    incomplete_below: int,
) -> Event | None:
    """Stores them and has every card weighed anew; None when nothing differs.

    Raises `ValidationError` for a weight that is not 0 to 100, a limit beyond ten years, a kind
    that asks for nothing.
    """
    policy.require(actor, "quality.edit")
    after = {
        "weights": _weights(weights),
        "limits": _limits(limits),
        "incomplete_below": incomplete_below,
    }
    if not 0 <= incomplete_below <= 100:
        raise ValidationError({"incomplete_below": [_("A share is 0 to 100 %.")]})
    with transaction.atomic():
        row = QualitySettings.objects.select_for_update().first() or QualitySettings(pk=1)
        difference = changes(row.as_json(), after)
        if not difference["after"]:
            return None
        row.weights, row.limits = after["weights"], after["limits"]
        row.incomplete_below = incomplete_below
        row.save()
        _weigh_anew()
        return emit(
            "quality.settings_changed",
            actor=actor,
            subject_type="quality_settings",
            subject_id=row.pk,
            data=difference,
        )


def restore_settings(*, actor: User, event: Event) -> Event | None:
    """Takes a change back: what it changed gets its former values."""
    before = payload_of(event).get("before", {})
    return change_settings(actor=actor, **(QualitySettings.current().as_json() | before))


def _weights(given: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    """The weights that differ from the usual ones."""
    found: dict[str, dict[str, int]] = {}
    for kind in (PERSON, COMPANY):
        own = given.get(kind, {})
        whole = 0
        for item in all_items():
            usual = item.usual(kind)
            if usual is None:
                continue
            weight = int(own.get(item.name, usual))
            if not 0 <= weight <= MOST_WEIGHT:
                raise ValidationError(_("A weight is a whole number from 0 to 100."))
            whole += weight
            if weight != usual:
                found.setdefault(kind, {})[item.name] = weight
        if not whole:
            raise ValidationError(_("Something must be asked of a card: give a weight above 0."))
    return found


def _limits(given: Mapping[str, int]) -> dict[str, int]:
    found = {}
    for kind, usual in USUAL_LIMITS.items():
        days = int(given.get(kind, usual))
        if not 0 <= days <= LONGEST_LIMIT:
            raise ValidationError(_("An age limit is a number of days, at most 3,650."))
        if days != usual:
            found[kind] = days
    return found


def _weigh_anew() -> None:
    from orbita.clients.quality.jobs import weigh_anew

    waiting = Job.objects.filter(task=weigh_anew.module_path, status=Job.Status.QUEUED)
    if not waiting.exists():
        weigh_anew.enqueue()


def request_count(*, actor: User) -> bool:
    """Queues a count of the base; False when one is under way already."""
    policy.require(actor, "clients.view")
    from orbita.clients.quality.jobs import is_counting, take_stock

    with transaction.atomic():
        if is_counting():
            return False
        take_stock.enqueue()
        emit("quality.counted", actor=actor, subject_type="quality", subject_id=1)
    return True


def settings_as_given() -> dict[str, Any]:
    """The settings with every weight and limit in them, for the form."""
    settings = QualitySettings.current()
    return {
        "weights": {
            kind: {
                item.name: settings.weights.get(kind, {}).get(item.name, item.usual(kind))
                for item in all_items()
                if item.usual(kind) is not None
            }
            for kind in (PERSON, COMPANY)
        },
        "limits": {kind: settings.limit(kind) for kind in USUAL_LIMITS},
        "incomplete_below": settings.incomplete_below,
    }
