"""Clients who are not worked with: for now, until a day on which they come up again, or for good."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.actions.card import locked
from orbita.clients.actions.undo import Undone
from orbita.clients.aliases import hold
from orbita.clients.models import Client, DeadMark
from orbita.clients.search import index_texts
from orbita.clients.status.keeping import Cause, keep
from orbita.core.events import NewEvent, emit, emit_many, payload_of
from orbita.core.models import Company, Event
from orbita.core.text import clean_line

LONGEST_REST = timedelta(days=10 * 366)
CHUNK = 1000


def mark_dead(
    *, actor: User, client: Client, reason: str, look_again_on: date | None = None
) -> Event | None:
    """Puts the client aside until the day, or for good without one. None when it is so already.

    A dead client drops out of the lists of what is to be put right. Raises `ValidationError` for a
    day that is not ahead, and without a reason.
    """
    policy.require(actor, "clients.edit", client)
    reason = clean_line(reason)
    errors: dict[str, list[str]] = {}
    if not reason:
        errors["reason"] = [_("Write why: whoever comes after you will ask.")]
    elif len(reason) > 300:
        errors["reason"] = [_("At most %(n)s characters.") % {"n": 300}]
    today = Company.current().business_date()
    if look_again_on and not today < look_again_on <= today + LONGEST_REST:
        errors["look_again_on"] = [_("The day to look again is after today.")]
    if errors:
        raise ValidationError(errors)
    with transaction.atomic():
        locked(client)
        known = DeadMark.objects.filter(client=client).first()
        before = _told(known)
        same = known and (known.reason, known.look_again_on) == (reason, look_again_on)
        if same and known and known.brought_up_at is None:
            return None
        row = DeadMark(
            client=client,
            look_again_on=look_again_on,
            reason=reason,
            marked_at=timezone.now(),
            marked_by=actor,
        )
        row.save(force_update=known is not None, force_insert=known is None)
        return _tell("client.died", actor, client, before, _told(row))


def revive(*, actor: User, client: Client) -> Event | None:
    """The client is worked with again; None when he was not dead."""
    policy.require(actor, "clients.edit", client)
    with transaction.atomic():
        locked(client)
        known = DeadMark.objects.filter(client=client).first()
        if known is None:
            return None
        before = _told(known)
        known.delete()
        return _tell("client.revived", actor, client, before, None)


def bring_up(*, actor: User, today: date) -> int:
    """Brings up those whose day has come: they stand in the list “look again”, and their timeline
    says so. Returns how many. Each chunk is a transaction of its own.
    """
    count = 0
    while True:
        with transaction.atomic():
            due = DeadMark.objects.filter(look_again_on__lte=today, brought_up_at=None)
            rows = list(due.select_for_update().order_by("look_again_on", "pk")[:CHUNK])
            DeadMark.objects.filter(pk__in=[row.pk for row in rows]).update(
                brought_up_at=timezone.now()
            )
            emit_many(_brought_up(rows), actor=actor)
        count += len(rows)
        if len(rows) < CHUNK:
            return count


def _brought_up(rows: Iterable[DeadMark]) -> list[NewEvent]:
    return [
        NewEvent("client.look_again", row.pk, "client", row.pk, {"reason": row.reason})
        for row in rows
    ]


def _told(row: DeadMark | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "reason": row.reason,
        "look_again_on": row.look_again_on.isoformat() if row.look_again_on else None,
        "marked_at": row.marked_at.isoformat(),
        "marked_by": row.marked_by_id,
        "brought_up_at": row.brought_up_at.isoformat() if row.brought_up_at else None,
    }


def _tell(
    kind: str,
    actor: User,
    client: Client,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    undoes: int | None = None,
) -> Event:
    hold([client.pk])
    keep([client.pk], cause=Cause.MARK)
    index_texts([client.pk])
    return emit(
        kind,
        actor=actor,
        client_id=client.pk,
        subject_type="client",
        subject_id=client.pk,
        data={"before": before, "after": after} | ({"undoes": undoes} if undoes else {}),
    )


def undo_dead(actor: User, client: Client, event: Event) -> Undone:
    """Puts the mark back as it was before the event, unless somebody has changed it since."""
    data = payload_of(event)
    known = DeadMark.objects.filter(client=client).first()
    if "after" not in data or _told(known) != data["after"]:
        return Undone(kept=["dead"])
    before = data["before"]
    if before is None:
        DeadMark.objects.filter(client=client).delete()
    else:
        _row(client, before).save()
    kind = "client.died" if before else "client.revived"
    written = _tell(kind, actor, client, data["after"], before, event.pk)
    return Undone(restored=["dead"], event=written)


def _row(client: Client, told: Mapping[str, Any]) -> DeadMark:
    again, brought_up = told["look_again_on"], told["brought_up_at"]
    return DeadMark(
        client=client,
        reason=told["reason"],
        look_again_on=date.fromisoformat(again) if again else None,
        marked_at=datetime.fromisoformat(told["marked_at"]),
        marked_by=User.objects.filter(pk=told["marked_by"]).first(),
        brought_up_at=datetime.fromisoformat(brought_up) if brought_up else None,
    )
