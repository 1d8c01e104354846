"""Marks that only people can put: they agreed to look, agreed to mailings, asked, refused."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.aliases import hold
from orbita.clients.models import Client, ClientMark
from orbita.clients.status.keeping import Cause, keep
from orbita.clients.status.ladder import MARKS, REFUSED
from orbita.core.events import emit, payload_of
from orbita.core.models import Event


def set_mark(*, actor: User, client: Client, mark: str) -> Event | None:
    """Puts a mark; None when it is there already.

    Whoever agrees to something again has not refused any more: the refusal is taken off.
    """
    if mark not in MARKS:
        raise ValidationError(_("There is no such mark."))
    drop = () if mark == REFUSED else (REFUSED,)
    return _change(actor, client, put=(mark,), drop=drop)


def clear_mark(*, actor: User, client: Client, mark: str) -> Event | None:
    """Takes a mark off; None when it is not there."""
    if mark not in MARKS:
        raise ValidationError(_("There is no such mark."))
    return _change(actor, client, put=(), drop=(mark,))


def _change(
    actor: User,
    client: Client,
    *,
    put: tuple[str, ...],
    drop: tuple[str, ...],
    undoes: int | None = None,
    checked: bool = False,
) -> Event | None:
    if not checked:
        policy.require(actor, "clients.edit", client)
    with transaction.atomic():
        hold([client.pk])
        before = _marks(client)
        after = {name: {"at": timezone.now().isoformat(), "actor": actor.pk} for name in put} | {
            name: value for name, value in before.items() if name not in drop
        }
        return _write(actor, client, before, after, undoes)


def _marks(client: Client) -> dict[str, Any]:
    rows = ClientMark.objects.filter(client=client)
    return {row.mark: {"at": row.at.isoformat(), "actor": row.actor_id} for row in rows}


def _write(
    actor: User,
    client: Client,
    before: dict[str, Any],
    after: dict[str, Any],
    undoes: int | None,
) -> Event | None:
    gone = {name: value for name, value in before.items() if name not in after}
    come = {name: value for name, value in after.items() if name not in before}
    if not gone and not come:
        return None
    ClientMark.objects.filter(client=client, mark__in=gone).delete()
    people = set(
        User.objects.values_list("pk", flat=True).filter(
            pk__in=[value["actor"] for value in come.values() if value["actor"]]
        )
    )
    ClientMark.objects.bulk_create(
        ClientMark(
            client=client,
            mark=name,
            at=datetime.fromisoformat(value["at"]),
            actor_id=value["actor"] if value["actor"] in people else None,
        )
        for name, value in come.items()
    )
    data = {"before": {"marks": gone}, "after": {"marks": come}}
    event = emit(
        "client.marked",
        actor=actor,
        client_id=client.pk,
        subject_type="client",
        subject_id=client.pk,
        data=data | ({"undoes": undoes} if undoes else {}),
    )
    keep([client.pk], cause=Cause.MARK)
    return event


def undo_marked(actor: User, client: Client, event: Event) -> Event | None:
    """Takes a change of marks back, for a caller that has checked the right.

    None when the marks are not those that the change left.
    """
    data = payload_of(event)
    gone, come = data["before"]["marks"], data["after"]["marks"]
    hold([client.pk])
    now = _marks(client)
    if any(name not in now for name in come) or any(name in now for name in gone):
        return None
    after = {name: value for name, value in now.items() if name not in come} | gone
    return _write(actor, client, now, after, event.pk)
