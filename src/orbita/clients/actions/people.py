"""People of companies and their roles in the decision-making unit."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients import facts
from orbita.clients.aliases import settle
from orbita.clients.models import Client, CompanyPerson
from orbita.clients.status.keeping import Cause, keep
from orbita.core.events import NewEvent, emit_many
from orbita.core.models import Event
from orbita.core.text import clean_line


def link_person(
    *,
    actor: User,
    company: Client,
    person: Client,
    role: str = "",
    position: str = "",
    undoes: int | None = None,
    checked: bool = False,
) -> Event | None:
    """Puts the person into the company, or changes his role there; None when nothing differs.

    Both cards get an event. Returns the company's.
    """
    if not checked:
        policy.require(actor, "clients.edit", company)
    position = clean_line(position)
    if not company.is_company or person.is_company:
        raise ValidationError(_("People belong to companies, not the other way round."))
    if role not in CompanyPerson.Role.values:
        raise ValidationError({"role": [_("There is no such role.")]})
    if len(position) > 200:
        raise ValidationError({"position": [_("At most %(n)s characters.") % {"n": 200}]})
    with transaction.atomic():
        link = CompanyPerson.objects.filter(company=company, person=person).first()
        before = [_entry(link)] if link else []
        link = link or CompanyPerson(company=company, person=person)
        link.role, link.position = role, position
        after = [_entry(link)]
        if before == after:
            return None
        link.save()
        settle([company.pk, person.pk])
        return _tell(actor, company, person, before, after, undoes)


def unlink_person(
    *,
    actor: User,
    company: Client,
    person: Client,
    undoes: int | None = None,
    checked: bool = False,
) -> Event | None:
    """Takes the person out of the company; None when he was not there."""
    if not checked:
        policy.require(actor, "clients.edit", company)
    with transaction.atomic():
        link = CompanyPerson.objects.filter(company=company, person=person).first()
        if link is None:
            return None
        before = [_entry(link)]
        link.delete()
        return _tell(actor, company, person, before, [], undoes)


def _entry(link: CompanyPerson) -> dict[str, Any]:
    return {
        "company": link.company_id,
        "company_name": link.company.name,
        "person": link.person_id,
        "person_name": link.person.name,
        "role": link.role,
        "position": link.position,
    }


def _tell(
    actor: User,
    company: Client,
    person: Client,
    before: list[dict[str, Any]],
    after: list[dict[str, Any]],
    undoes: int | None,
) -> Event:
    facts.hold([company.pk])
    keep([company.pk], cause=Cause.PEOPLE)
    data = {"before": {"people": before}, "after": {"people": after}}
    more = {"undoes": undoes} if undoes else {}
    return emit_many(
        [
            NewEvent(
                "client.changed",
                client.pk,
                "client",
                client.pk,
                data | more | {"version": client.version},
            )
            for client in (company, person)
        ],
        actor=actor,
    )[0]
