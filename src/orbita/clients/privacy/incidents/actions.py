"""Writing incidents down, noting the notices that were sent, closing; reminders of the deadlines."""

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.models import Incident
from orbita.clients.privacy.incidents.clocks import Hand, hands_of
from orbita.core.backup import pause
from orbita.core.events import emit
from orbita.core.mail import queue_mail
from orbita.core.text import clean_line, clean_text
from orbita.ui import formats

TEXTS = (
    *("happened", "data", "people", "causes", "harm", "measures", "contact"),
    *("results", "culprits"),
)
NEEDED = ("title", "happened")
LONGEST = 10_000


def save_incident(
    *, actor: User, values: dict[str, Any], incident: Incident | None = None
) -> Incident:
    """Writes a new incident down, or more of a known one. Raises `ValidationError` keyed by field."""
    policy.require(actor, "privacy.incidents")
    row = incident or Incident()
    before = _fields(row)
    clean = _read(values)
    with transaction.atomic():
        for name, value in clean.items():
            setattr(row, name, value)
        after = _fields(row)
        changed = [name for name in after if before[name] != after[name]]
        if incident and not changed:
            return row
        row.save()
        # The texts may name people: the log says which were changed, and not to what.
        data = {"fields": changed} if incident else {"found": row.found_at.isoformat()}
        _emit("incident.changed" if incident else "incident.opened", actor, row, data)
    return row


def _read(values: dict[str, Any]) -> dict[str, Any]:
    clean: dict[str, Any] = {name: clean_text(str(values.get(name) or "")) for name in TEXTS}
    clean["title"] = clean_line(str(values.get("title") or ""))
    errors: dict[str, list[str]] = {}
    for name, value in clean.items():
        longest = 200 if name == "title" else LONGEST
        if name in NEEDED and not value:
            errors[name] = [_("Fill this in.")]
        elif len(value) > longest:
            errors[name] = [_("At most %(n)s characters.") % {"n": longest}]
    found = values.get("found_at")
    if not isinstance(found, datetime) or found > timezone.now():
        errors["found_at"] = [_("This has not happened yet.")]
    if not values.get("in_russia") and not values.get("in_union"):
        errors["in_russia"] = [_("Choose at least one authority.")]
    who = values.get("responsible")
    if who is None or not who.is_active:
        errors["responsible"] = [_("Choose somebody who works here.")]
    if errors:
        raise ValidationError(errors)
    flags = {name: bool(values.get(name)) for name in ("in_russia", "in_union")}
    return clean | flags | {"found_at": found, "responsible": who}


def _fields(row: Incident) -> dict[str, Any]:
    names = ("title", *TEXTS, "found_at", "in_russia", "in_union", "responsible_id")
    return {name: getattr(row, name) for name in names}


def note_sent(*, actor: User, incident: Incident, clock: str, at: datetime) -> bool:
    """Writes down that a notice was sent; False when that is known. Raises `ValidationError`."""
    policy.require(actor, "privacy.incidents")
    with transaction.atomic():
        row = Incident.objects.select_for_update(of=("self",)).get(pk=incident.pk)
        hand = next((one for one in hands_of(row) if one.clock.name == clock), None)
        if hand is None:
            raise ValidationError(_("There is no such notice."))
        if not row.found_at <= at <= timezone.now():
            raise ValidationError(
                _("A notice is sent after the incident was found, and not later than now.")
            )
        if hand.sent:
            return False
        row.sent = row.sent | {clock: at.isoformat()}
        row.save(update_fields=["sent"])
        incident.sent = row.sent
        _emit("incident.notice_sent", actor, row, {"clock": clock, "at": at.isoformat()})
    return True


def close_incident(*, actor: User, incident: Incident, closed: bool = True) -> bool:
    """Closes the incident once every notice was sent, or opens it again; False when it was so."""
    policy.require(actor, "privacy.incidents")
    if (incident.closed_at is not None) == closed:
        return False
    if closed and any(hand.sent is None for hand in hands_of(incident)):
        raise ValidationError(_("Not all notices were sent yet."))
    with transaction.atomic():
        incident.closed_at = timezone.now() if closed else None
        incident.save(update_fields=["closed_at"])
        _emit("incident.closed" if closed else "incident.reopened", actor, incident, {})
    return True


def _emit(kind: str, actor: User | None, row: Incident, data: dict[str, Any]) -> None:
    emit(
        kind,
        actor=actor,
        subject_type="incident",
        subject_id=row.pk,
        data={"incident": row.pk} | data,
    )


# ---- reminders ----


def remind() -> int:
    """Writes to the responsible person before each deadline, once each; returns how many letters."""
    if pause.is_paused():
        return 0
    count = 0
    for incident in Incident.objects.filter(closed_at=None).select_related("responsible"):
        for hand in hands_of(incident):
            if not hand.sent and hand.left <= timedelta(hours=hand.clock.remind):
                count += _remind_of(incident, hand)
    return count


def _remind_of(incident: Incident, hand: Hand) -> int:
    key, to = f"incident:{incident.pk}:{hand.clock.name}", incident.responsible
    if to is None or not to.is_active or key in (incident.sent.get("reminded") or []):
        return 0
    with transaction.atomic():
        row = Incident.objects.select_for_update(of=("self",)).get(pk=incident.pk)
        told = row.sent.get("reminded") or []
        if key in told:
            return 0
        row.sent = row.sent | {"reminded": [*told, key]}
        row.save(update_fields=["sent"])
        with translation.override(to.language or None), timezone.override(to.time_zone or None):
            words = {
                "number": incident.pk,
                "what": str(hand.clock.label),
                "to": str(hand.clock.to),
                "due": formats.full_moment(hand.due),
            }
            queue_mail(
                key=key,
                to=to.email,
                subject=_("Incident %(number)s: %(what)s is due on %(due)s") % words,
                text="\n".join(
                    [
                        _("%(what)s (%(to)s) is due on %(due)s and is not marked as sent.") % words,
                        _("Settings → Incidents (%(path)s)")
                        % {"path": reverse("clients:incident", args=[incident.pk])},
                    ]
                ),
            )
        _emit("incident.reminded", None, row, {"clock": hand.clock.name, "to": to.pk})
    return 1
