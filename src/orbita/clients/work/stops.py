"""Clients who are not to be contacted any more."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.aliases import hold
from orbita.clients.models import Client, ContactStop
from orbita.clients.search import index_texts
from orbita.core.events import emit, payload_of
from orbita.core.models import Event
from orbita.core.text import clean_line


def stop_contacting(*, actor: User, client: Client, reason: str = "") -> Event | None:
    """Marks that nobody contacts this client any more; None when it is so already."""
    policy.require(actor, "clients.note", client)
    reason = clean_line(reason)
    if len(reason) > 300:
        raise ValidationError({"reason": [_("At most %(n)s characters.") % {"n": 300}]})
    with transaction.atomic():
        hold([client.pk])
        if ContactStop.objects.filter(client=client).exists():
            return None
        stop = ContactStop.objects.create(client=client, actor=actor, reason=reason)
        index_texts([client.pk])
        return _tell("client.contact_stopped", actor, client, stop)


def allow_contacting(*, actor: User, client: Client) -> Event | None:
    """Takes the mark off; None when there is none. More than whoever may put it on is needed."""
    policy.require(actor, "clients.edit", client)
    with transaction.atomic():
        hold([client.pk])
        return _allow(actor, client)


def _allow(actor: User, client: Client, undoes: int | None = None) -> Event | None:
    stop = ContactStop.objects.filter(client=client).first()
    if stop is None:
        return None
    event = _tell("client.contact_allowed", actor, client, stop, undoes)
    stop.delete()
    index_texts([client.pk])
    return event


def undo_stop(actor: User, client: Client, event: Event) -> Event | None:
    """Takes either change back, for a caller that has checked the right; None when it was so."""
    hold([client.pk])
    if event.kind == "client.contact_stopped":
        return _allow(actor, client, event.pk)
    if ContactStop.objects.filter(client=client).exists():
        return None
    data = payload_of(event)
    stop = ContactStop.objects.create(
        client=client,
        at=datetime.fromisoformat(data["at"]),
        actor=User.objects.filter(pk=data["actor"] or 0).first(),
        reason=data["reason"],
    )
    index_texts([client.pk])
    return _tell("client.contact_stopped", actor, client, stop, event.pk)


def _tell(
    kind: str, actor: User, client: Client, stop: ContactStop, undoes: int | None = None
) -> Event:
    data: dict[str, Any] = {
        "reason": stop.reason,
        "at": stop.at.isoformat(),
        "actor": stop.actor_id,
    }
    return emit(
        kind,
        actor=actor,
        client_id=client.pk,
        subject_type="client",
        subject_id=client.pk,
        data=data | ({"undoes": undoes} if undoes else {}),
    )
