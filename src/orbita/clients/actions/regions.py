"""Passports of regions."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.models import RegionPassport
from orbita.clients.region_names import region_name_key
from orbita.core import zones
from orbita.core.events import changes, emit, payload_of
from orbita.core.models import Event
from orbita.core.text import clean_line, clean_text

PERMISSION = "clients.regions"
FIELDS = ("name", "economy", "notes", "time_zone")
LONGEST = 20_000


def save_region(
    *, actor: User, values: Mapping[str, str], region: RegionPassport | None = None
) -> Event | None:
    """Makes a passport, or changes one; the event, or None when nothing differs.

    `values` are name, economy, notes and time_zone. A region has one passport.
    """
    policy.require(actor, PERMISSION)
    name = clean_line(values.get("name", region.name if region else ""))
    if not name or len(name) > 100:
        raise ValidationError({"name": [_("A region needs a name of at most 100 characters.")]})
    zone = values.get("time_zone", region.time_zone if region else "")
    if zone and zone not in zones.known():
        raise ValidationError({"time_zone": [_("There is no such time zone.")]})
    texts = {
        field: clean_text(values.get(field, getattr(region, field, "")))
        for field in ("economy", "notes")
    }
    if any(len(text) > LONGEST for text in texts.values()):
        raise ValidationError(_("At most %(n)s characters.") % {"n": LONGEST})
    after = {"name": name, "time_zone": zone, **texts}
    with transaction.atomic():
        row = (
            RegionPassport.objects.select_for_update().get(pk=region.pk)
            if region
            else RegionPassport()
        )
        others = RegionPassport.objects.filter(name_key=region_name_key(name))
        if others.exclude(pk=row.pk or 0).exists():
            raise ValidationError({"name": [_("This region has a passport already.")]})
        difference = changes(_plain(row), after)
        if not difference["after"]:
            return None
        for field, value in after.items():
            setattr(row, field, value)
        row.name_key = region_name_key(name)
        row.save()
        return _tell("region.saved", actor, row, difference)


def delete_region(*, actor: User, region: RegionPassport) -> Event:
    """Removes a passport; the event keeps what stood in it."""
    policy.require(actor, PERMISSION)
    with transaction.atomic():
        event = _tell("region.deleted", actor, region, {"before": _plain(region), "after": {}})
        region.delete()
    return event


def undo_region(*, actor: User, event: Event) -> Event | None:
    """Takes a change of a passport back, its making and its removal too."""
    policy.require(actor, PERMISSION)
    before = payload_of(event).get("before", {})
    region = RegionPassport.objects.filter(pk=event.subject_id or 0).first()
    if event.kind == "region.saved" and region and not before.get("name", region.name):
        return delete_region(actor=actor, region=region)
    return save_region(actor=actor, values=before, region=region)


def _plain(row: RegionPassport) -> dict[str, Any]:
    return {name: getattr(row, name) for name in FIELDS}


def _tell(kind: str, actor: User, row: RegionPassport, data: Mapping[str, Any]) -> Event:
    return emit(kind, actor=actor, subject_type="region", subject_id=row.pk, data=data)
