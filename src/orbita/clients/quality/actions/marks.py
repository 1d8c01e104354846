"""What people find out about a contact: it works, or it does not and why."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.actions.bulk import BulkResult, in_chunks
from orbita.clients.actions.card import locked
from orbita.clients.actions.undo import Undone
from orbita.clients.contacts import entry, identity
from orbita.clients.facts import refresh
from orbita.clients.models import Client, ContactPoint, ContactState
from orbita.core.events import NewEvent, emit, payload_of
from orbita.core.models import Event
from orbita.core.text import clean_line

Mark = ContactState.Mark


def mark_contact(
    *, actor: User, client: Client, contact: ContactPoint, mark: str, reason: str = ""
) -> Event | None:
    """Says that the contact is wrong, unreachable, or that its owner asked not to use it.

    It stays on the card, but nobody is offered to call or write by it. None when it is so already.
    """
    if mark not in (Mark.WRONG, Mark.UNREACHABLE, Mark.REFUSED):
        raise ValidationError(_("There is no such mark."))
    reason = clean_line(reason)
    if len(reason) > 200:
        raise ValidationError({"reason": [_("At most %(n)s characters.") % {"n": 200}]})
    return _set(actor, client, contact, mark, reason)


def unmark_contact(*, actor: User, client: Client, contact: ContactPoint) -> Event | None:
    """Says that the contact may be used again; None when nobody has marked it."""
    return _set(actor, client, contact, Mark.NONE, "")


def _set(
    actor: User, client: Client, contact: ContactPoint, mark: str, reason: str
) -> Event | None:
    policy.require(actor, "clients.edit", client)
    with transaction.atomic():
        locked(client)
        state = _state(contact)
        if (state.mark, state.reason) == (mark, reason):
            return None
        before = _told(state)
        _put(state, actor, {"mark": mark, "reason": reason})
        return _tell("contact.marked", actor, client, [(contact, before, _told(state))])


def confirm(
    *, actor: User, client: Client, contacts: Iterable[ContactPoint] | None = None
) -> Event | None:
    """Says that these contacts work, or all that nobody has marked. A mark goes with it.

    None when there is nothing to confirm.
    """
    policy.require(actor, "clients.edit", client)
    with transaction.atomic():
        locked(client)
        points = ContactPoint.objects.filter(client=client).select_related("state")
        wanted = None if contacts is None else {point.pk for point in contacts}
        told: list[tuple[ContactPoint, dict[str, Any], dict[str, Any]]] = []
        for point in points:
            chosen = not point.mark if wanted is None else point.pk in wanted
            if not chosen or not point.key:
                continue
            state = _state(point)
            before = _told(state)
            state.confirmed_at, state.confirmed_by = timezone.now(), actor
            _put(state, actor, {"mark": Mark.NONE, "reason": ""})
            told.append((point, before, _told(state)))
        return _tell("contact.confirmed", actor, client, told) if told else None


def confirm_many(*, actor: User, client_ids: Iterable[int]) -> BulkResult:
    """Confirms the contacts of many clients that nobody has marked: a mailing that has reached
    them, a round of calls.
    """
    now = timezone.now()

    def change(rows: "QuerySet[Client]") -> list[NewEvent]:
        points = ContactPoint.objects.filter(client__in=rows).exclude(key="")
        told: dict[int, list[dict[str, Any]]] = {}
        states: list[ContactState] = []
        for point in points.select_related("state").order_by("client_id", "pk"):
            if point.mark:
                continue
            known: ContactState | None = getattr(point, "state", None)
            state = known or ContactState(contact=point)
            before = _told(state)
            state.confirmed_at, state.confirmed_by = now, actor
            states.append(state)
            told.setdefault(point.client_id, []).append(
                {"contact": entry(point), "before": before, "after": _told(state)}
            )
        ContactState.objects.bulk_create(
            states,
            update_conflicts=True,
            unique_fields=["contact"],
            update_fields=["confirmed_at", "confirmed_by"],
            batch_size=500,
        )
        refresh(told)
        return [
            NewEvent("contact.confirmed", pk, "contact", None, {"contacts": contacts})
            for pk, contacts in told.items()
        ]

    return in_chunks(actor, "clients.edit", client_ids, change)


def _state(contact: ContactPoint) -> ContactState:
    known = ContactState.objects.filter(contact=contact).first()
    return known or ContactState(contact=contact)


def _put(state: ContactState, actor: User | None, values: Mapping[str, Any]) -> None:
    changed = state.mark != values["mark"] or state.reason != values["reason"]
    state.mark, state.reason = values["mark"], values["reason"]
    if changed:
        state.marked_at = timezone.now() if state.mark else None
        state.marked_by = actor if state.mark else None
    state.save()


def _told(state: ContactState) -> dict[str, Any]:
    """The state as an event keeps it."""
    return {
        "mark": state.mark,
        "reason": state.reason,
        "marked_at": _iso(state.marked_at),
        "marked_by": state.marked_by_id,
        "confirmed_at": _iso(state.confirmed_at),
        "confirmed_by": state.confirmed_by_id,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _tell(
    kind: str,
    actor: User,
    client: Client,
    changed: Sequence[tuple[ContactPoint, Mapping[str, Any], Mapping[str, Any]]],
    undoes: int | None = None,
) -> Event:
    refresh([client.pk])
    contacts = [
        {"contact": entry(point), "before": before, "after": after}
        for point, before, after in changed
    ]
    return emit(
        kind,
        actor=actor,
        client_id=client.pk,
        subject_type="contact",
        subject_id=changed[0][0].pk,
        data={"contacts": contacts} | ({"undoes": undoes} if undoes else {}),
    )


def undo_marks(actor: User, client: Client, event: Event) -> Undone:
    """Gives contacts the state they had before the event, where it is still the event's own."""
    by_identity = {
        identity(point): point
        for point in ContactPoint.objects.filter(client=client).select_related("state")
    }
    done: list[tuple[ContactPoint, dict[str, Any], dict[str, Any]]] = []
    kept: list[str] = []
    for one in payload_of(event).get("contacts", []):
        told = one["contact"]
        point = by_identity.get((told["kind"], told["key"] or told["value"]))
        state = _state(point) if point else None
        if point is None or state is None or _told(state) != one["after"]:
            kept.append("contacts")
            continue
        _restore(state, one["before"])
        done.append((point, one["after"], one["before"]))
    written = _tell(event.kind, actor, client, done, event.pk) if done else None
    return Undone(restored=["contacts"] if done else [], kept=kept, event=written)


def _restore(state: ContactState, told: Mapping[str, Any]) -> None:
    people = {told["marked_by"], told["confirmed_by"]} - {None}
    there = set(User.objects.filter(pk__in=people).values_list("pk", flat=True))
    state.mark, state.reason = told["mark"], told["reason"]
    for name in ("marked", "confirmed"):
        moment, person = told[f"{name}_at"], told[f"{name}_by"]
        setattr(state, f"{name}_at", datetime.fromisoformat(moment) if moment else None)
        setattr(state, f"{name}_by_id", person if person in there else None)
    state.save()
