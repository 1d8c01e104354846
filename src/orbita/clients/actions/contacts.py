"""One contact, address or account at a time, and whole lists of them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from orbita.accounts.models import User
from orbita.clients.actions.card import refuse_fixed_contact, update_client
from orbita.clients.collections import COLLECTIONS, Entry
from orbita.clients.contacts import Contact, identity, read_contact
from orbita.clients.models import Client, ContactPoint
from orbita.core.models import Company, Event


def set_contacts(
    *, actor: User, client: Client, contacts: Iterable[Contact], version: int | None = None
) -> Event | None:
    return update_client(actor=actor, client=client, version=version, contacts=contacts)


def add_contact(
    *,
    actor: User,
    client: Client,
    kind: str,
    value: str,
    service: str = "",
    label: str = "",
    is_main: bool = False,
) -> Event | None:
    """Adds a contact; None when the card has it already. Raises `ValidationError` on a wrong one."""
    contact = read(kind, value, service=service, label=label)
    known = _contacts_of(client)
    if identity(contact) in map(identity, known):
        raise ValidationError({"value": [_("The card has this contact already.")]})
    if is_main:
        known = [_demoted(item, contact.kind) for item in known]
    return update_client(
        actor=actor, client=client, contacts=[*known, replace(contact, is_main=is_main)]
    )


def remove_contact(*, actor: User, client: Client, contact: ContactPoint) -> Event | None:
    """Takes the contact off the card; the next of its kind becomes the main one."""
    refuse_fixed_contact(actor, contact.kind)
    gone = identity(contact)
    rest = [item for item in _contacts_of(client) if identity(item) != gone]
    return update_client(actor=actor, client=client, contacts=rest)


def make_main(*, actor: User, client: Client, contact: ContactPoint) -> Event | None:
    """Makes it the first to use among its kind; None when it is that already."""
    refuse_fixed_contact(actor, contact.kind)
    chosen = identity(contact)
    marked = [
        replace(_demoted(item, contact.kind), is_main=True)
        if identity(item) == chosen
        else _demoted(item, contact.kind)
        for item in _contacts_of(client)
    ]
    return update_client(actor=actor, client=client, contacts=marked)


def read(kind: str, value: str, **more: Any) -> Contact:
    """`read_contact` for the company's country of phones, its error as a `ValidationError`."""
    try:
        return read_contact(kind, value, region=Company.current().phone_region, **more)
    except ValueError as error:
        raise ValidationError({"value": [str(error)]}) from None


def _contacts_of(client: Client) -> list[Contact]:
    return [Contact(**entry) for entry in COLLECTIONS["contacts"].current(client)]


def _demoted(contact: Contact, kind: str) -> Contact:
    return replace(contact, is_main=False) if contact.kind == kind else contact


def set_addresses(
    *,
    actor: User,
    client: Client,
    addresses: Iterable[Mapping[str, Any]],
    version: int | None = None,
) -> Event | None:
    """The client's addresses; the main one gives the card its city."""
    return update_client(actor=actor, client=client, version=version, addresses=addresses)


def add_address(*, actor: User, client: Client, address: Mapping[str, Any]) -> Event | None:
    return update_client(
        actor=actor, client=client, addresses=[*_entries(client, "addresses"), address]
    )


def set_bank_accounts(
    *,
    actor: User,
    client: Client,
    accounts: Iterable[Mapping[str, Any]],
    version: int | None = None,
) -> Event | None:
    """Accounts are checked against the БИК by their check digit."""
    return update_client(actor=actor, client=client, version=version, bank_accounts=accounts)


def add_bank_account(*, actor: User, client: Client, account: Mapping[str, Any]) -> Event | None:
    return update_client(
        actor=actor, client=client, bank_accounts=[*_entries(client, "bank_accounts"), account]
    )


def set_external_ids(
    *, actor: User, client: Client, numbers: Iterable[Mapping[str, Any]]
) -> Event | None:
    """How other systems call the client; a number of another client is refused."""
    return update_client(actor=actor, client=client, external_ids=numbers)


def set_tags(*, actor: User, client: Client, tags: Iterable[str]) -> Event | None:
    return update_client(actor=actor, client=client, tags=tags)


def _entries(client: Client, name: str) -> list[Entry]:
    return COLLECTIONS[name].current(client)
