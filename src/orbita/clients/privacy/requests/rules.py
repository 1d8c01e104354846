"""Changes of how requests are worked."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.models import DataRequest, RequestRules
from orbita.clients.privacy.requests.calendar import PERMISSION
from orbita.core import context
from orbita.core.events import changes, emit
from orbita.core.models import Event

MOST_REMIND, MOST_LINK = 9, 365


def change_rules(
    *, actor: User, regime: str, remind_before: int, corrections: str, link_days: int
) -> Event | None:
    """Sets the rules; None when nothing differs. Requests that are there keep their law and term."""
    policy.require(actor, PERMISSION)
    values: dict[str, Any] = {
        "regime": regime,
        "remind_before": remind_before,
        "corrections": corrections,
        "link_days": link_days,
    }
    _check(values)
    with transaction.atomic():
        row = RequestRules.objects.select_for_update().first() or RequestRules(pk=1)
        told = changes({name: getattr(row, name) for name in values}, values)
        if not told["after"]:
            return None
        for name, value in values.items():
            setattr(row, name, value)
        row.save()
        context.forget(RequestRules.REMEMBERED)
        return emit("request_rules.changed", actor=actor, data=told)


def _check(values: dict[str, Any]) -> None:
    limits = {"remind_before": (1, MOST_REMIND), "link_days": (1, MOST_LINK)}
    errors = {
        name: [_("Between %(low)s and %(high)s.") % {"low": low, "high": high}]
        for name, (low, high) in limits.items()
        if not low <= values[name] <= high
    }
    choices = {"regime": DataRequest.Regime, "corrections": RequestRules.Corrections}
    for name, known in choices.items():
        if values[name] not in known.values:
            errors[name] = [_("There is no such choice.")]
    if errors:
        raise ValidationError(errors)
