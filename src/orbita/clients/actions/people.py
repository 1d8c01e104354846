"""People of companies, their roles in the decision-making unit, and who worked there before."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.aliases import hold, settle
from orbita.clients.models import Client, CompanyPerson
from orbita.clients.status.keeping import Cause, keep
from orbita.core.events import NewEvent, emit_many
from orbita.core.models import Company, Event
from orbita.core.text import clean_line


def link_person(
    *,
    actor: User,
    company: Client,
    person: Client,
    role: str = "",
    position: str = "",
    since: date | None = None,
    until: date | None = None,
    undoes: int | None = None,
    checked: bool = False,
) -> Event | None:
    """Puts the person into the company, or changes his role there; None when nothing differs.

    With `until` he has left: the row stays as history. Both cards get an event. Returns the
    company's.
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
    _check_days(since, until)
    with transaction.atomic():
        link = CompanyPerson.objects.filter(company=company, person=person).first()
        before = [entry_of(link)] if link else []
        link = link or CompanyPerson(company=company, person=person)
        link.role, link.position = role, position
        link.since, link.until = since, until
        after = [entry_of(link)]
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
    """Takes the person out of the company as if he had never been there; None when he was not."""
    if not checked:
        policy.require(actor, "clients.edit", company)
    with transaction.atomic():
        link = CompanyPerson.objects.filter(company=company, person=person).first()
        if link is None:
            return None
        before = [entry_of(link)]
        link.delete()
        return _tell(actor, company, person, before, [], undoes)


def _check_days(since: date | None, until: date | None) -> None:
    today = Company.current().business_date()
    for name, day in (("since", since), ("until", until)):
        if day and day > today:
            raise ValidationError({name: [_("This day has not come yet.")]})
    if since and until and until < since:
        raise ValidationError({"until": [_("This is before the first day there.")]})


def entry_of(link: CompanyPerson) -> dict[str, Any]:
    """The place as events tell it."""
    return {
        "company": link.company_id,
        "company_name": link.company.name,
        "person": link.person_id,
        "person_name": link.person.name,
        "role": link.role,
        "position": link.position,
        "since": link.since.isoformat() if link.since else None,
        "until": link.until.isoformat() if link.until else None,
    }


def _tell(
    actor: User,
    company: Client,
    person: Client,
    before: list[dict[str, Any]],
    after: list[dict[str, Any]],
    undoes: int | None,
) -> Event:
    hold([company.pk])
    keep([company.pk], cause=Cause.PEOPLE)
    return tell_both(actor, (company, person), "people", before, after, undoes)


def tell_both(
    actor: User,
    cards: Sequence[Client],
    name: str,
    before: list[dict[str, Any]],
    after: list[dict[str, Any]],
    undoes: int | None = None,
) -> Event:
    """Writes on both cards what has changed between them; returns the event of the first."""
    data = {"before": {name: before}, "after": {name: after}}
    more = {"undoes": undoes} if undoes else {}
    return emit_many(
        [
            NewEvent(
                "client.changed",
                card.pk,
                "client",
                card.pk,
                data | more | {"version": card.version},
            )
            for card in cards
        ],
        actor=actor,
    )[0]
