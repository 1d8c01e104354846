"""What to do about a new client who may be known, and the rules for that."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.actions.card import create_client, update_client
from orbita.clients.actions.scanning import check_one
from orbita.clients.card_fields import plain
from orbita.clients.collections import COLLECTIONS
from orbita.clients.contacts import Contact, entry
from orbita.clients.entry import ENTRANCES, Match, rule_of
from orbita.clients.guarding import sight
from orbita.clients.models import Client, EntryRule
from orbita.core.events import changes, emit

_NAMES = frozenset({"kind", "name", "last_name", "first_name", "middle_name", "legal_form"})


def set_entry_rule(*, actor: User, entrance: str, exact: str, likely: str) -> None:
    """Says what to do with a new client who comes in by this way and looks like a known one."""
    policy.require(actor, "core.settings")
    if entrance not in ENTRANCES:
        raise ValidationError(_("There is no such choice."))
    answers = ENTRANCES[entrance].answers
    if exact not in answers or likely not in answers:
        raise ValidationError(_("There is no such choice."))
    with transaction.atomic():
        old = rule_of(entrance)
        told = changes(
            {"exact": old.exact, "likely": old.likely}, {"exact": exact, "likely": likely}
        )
        if not told["after"]:
            return
        EntryRule.objects.update_or_create(pk=entrance, defaults={"exact": exact, "likely": likely})
        emit("duplicates.rule_set", actor=actor, data=told | {"entrance": entrance})


def create_and_queue(*, actor: User, values: Mapping[str, Any], **parts: Any) -> Client:
    """A new client, whose likely duplicates go into the queue in the same transaction."""
    with transaction.atomic():
        client = create_client(actor=actor, values=values, **parts)
        check_one(client.pk)
    return client


def taken_as(actor: User, matches: Sequence[Match]) -> Client | None:
    """The one known client that the new one is; None when that is not sure or not the actor's."""
    exact = [match for match in matches if match.is_exact] or list(matches)
    if len(exact) != 1 or not exact[0].pk:
        return None
    return Client.objects.within(actor, "clients.edit").filter(pk=exact[0].pk).first()


def supplement(
    *, actor: User, client: Client, values: Mapping[str, Any], contacts: Iterable[Contact] = ()
) -> Client:
    """Adds to a known client what he lacks: fields that are empty, contacts that are new."""
    policy.require(actor, "clients.edit", client)
    now, seen = plain(client), sight(actor)
    fresh = {
        name: value
        for name, value in values.items()
        if value and name in now and name not in _NAMES and not now[name] and seen.allows(name)
    }
    collection = COLLECTIONS["contacts"]
    present = collection.current(client)
    known = {collection.identity(one) for one in present}
    # What is closed to him stays as it is: the client is told apart by what was given already.
    added = [entry(one) for one in contacts if seen.allows(one.kind)]
    new = [one | {"is_main": False} for one in added if collection.identity(one) not in known]
    parts: dict[str, Any] = {"contacts": [*present, *new]} if new else {}
    update_client(actor=actor, client=client, values=fresh, **parts)
    client.refresh_from_db()
    return client
