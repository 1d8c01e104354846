"""Taking an offered fix, or saying that the odd value is right as it is."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.actions.card import locked, update_client
from orbita.clients.actions.contacts import read
from orbita.clients.actions.undo import Undone
from orbita.clients.collections import COLLECTIONS
from orbita.clients.contacts import Contact, identity
from orbita.clients.facts import refresh
from orbita.clients.guarding import Sight, sight
from orbita.clients.models import AcceptedValue, Client
from orbita.clients.quality.problems import Problem
from orbita.clients.quality.reading import problems_of
from orbita.core.events import emit, payload_of
from orbita.core.models import Event


def fix(*, actor: User, client: Client, trouble: str, value: str) -> Event | None:
    """Puts this value right as offered. Raises `ValidationError` when it is not there any more."""
    problem = _problem(client, trouble, value, sight(actor))
    if not problem.can_be_fixed:
        raise ValidationError(_("There is nothing to offer here: correct it by hand."))
    return take(actor=actor, client=client, problems=[problem])


def take(*, actor: User, client: Client, problems: Iterable[Problem]) -> Event | None:
    """Takes the fixes of these problems of one card as one change; None when nothing differs."""
    values: dict[str, Any] = {}
    parts: dict[str, Any] = {}
    for problem in problems:
        if problem.contact:
            parts["contacts"] = _with_fixed(client, problem, parts.get("contacts"))
        else:
            values |= problem.values
    return update_client(actor=actor, client=client, values=values, **parts)


def _with_fixed(
    client: Client, problem: Problem, contacts: Sequence[Contact] | None
) -> list[Contact]:
    if contacts is None:
        contacts = [Contact(**entry) for entry in COLLECTIONS["contacts"].current(client)]
    kind, known = problem.contact or ("", "")
    fixed = []
    for contact in contacts:
        if identity(contact) == (kind, known):
            right = read(kind, problem.fix, service=contact.service, label=_label(contact, kind))
            contact = replace(right, is_main=contact.is_main)
        fixed.append(contact)
    return fixed


def _label(contact: Contact, kind: str) -> str:
    """Words that stood beside a phone stay as its label."""
    if contact.label or kind != "phone":
        return contact.label
    words = "".join(char if char.isalpha() or char == " " else " " for char in contact.value)
    kept = [word for word in words.split() if len(word) > 2 and word.lower() not in _NO_LABEL]
    return " ".join(kept)[:100]


_NO_LABEL = frozenset(["тел", "телефон", "моб", "мобильный", "tel", "phone", "mob", "доб"])


def _problem(client: Client, trouble: str, value: str, seen: Sight) -> Problem:
    for problem in problems_of(client):
        if not seen.allows(problem.trouble.field):
            continue
        if (problem.trouble.name, problem.value) == (trouble, value):
            return problem
    raise ValidationError(_("This has been put right already."))


def accept(*, actor: User, client: Client, trouble: str, value: str) -> Event:
    """Says that the odd value is right: it is not complained of again."""
    policy.require(actor, "clients.edit", client)
    problem = _problem(client, trouble, value, sight(actor))
    with transaction.atomic():
        locked(client)
        AcceptedValue.objects.get_or_create(
            client=client, problem=problem.trouble.name, value=problem.value[:300]
        )
        refresh([client.pk])
        return emit(
            "client.value_accepted",
            actor=actor,
            client_id=client.pk,
            subject_type="client",
            subject_id=client.pk,
            data={"problem": problem.trouble.name, "value": problem.value[:300]},
        )


def undo_acceptance(actor: User, client: Client, event: Event) -> Undone:
    """Complains of the value again."""
    data = payload_of(event)
    gone, _each = AcceptedValue.objects.filter(
        client=client, problem=data.get("problem", ""), value=data.get("value", "")
    ).delete()
    if not gone:
        return Undone()
    refresh([client.pk])
    written = emit(
        "client.value_doubted",
        actor=actor,
        client_id=client.pk,
        subject_type="client",
        subject_id=client.pk,
        data=data | {"undoes": event.pk},
    )
    return Undone(restored=["value"], event=written)
