"""What the page of a client tells of what is kept. Closed by default: a link may be forwarded.

Contacts, addresses, tax numbers and the birthday are masked; of everything else the page says that it
is kept and how many rows there are. The whole of it is in the copy, which is given to whom it belongs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from orbita.clients.guarding import mask
from orbita.clients.models import (
    Address,
    Client,
    ClientFacts,
    ClientLink,
    Consent,
    ContactPoint,
    DataRequest,
    RequestStep,
)
from orbita.clients.privacy.erasing import cards_of
from orbita.clients.privacy.registry import personal_tables
from orbita.clients.privacy.shown import label_of

# Shown in ways of their own, or nothing that a client could make sense of.
_APART = (Client, ContactPoint, Address, Consent, DataRequest, RequestStep, ClientLink, ClientFacts)


@dataclass(frozen=True)
class Line:
    label: str
    words: str


def called(client: Client) -> str:
    """How the page calls the client: «Ирина С.», a company by its name."""
    if client.is_company:
        return client.name
    last = f"{client.last_name[:1]}." if client.last_name else ""
    return " ".join(part for part in (client.first_name, last) if part) or client.name[:1] + "."


def told(client: Client) -> list[Line]:
    """What is known of the client, masked: columns of the card, ways to reach him, addresses."""
    lines = [Line(_("Name") if client.is_company else _("First name"), called(client))]
    for name in ("birthday", "inn"):
        if value := getattr(client, name):
            lines.append(Line(_label(name), mask(name, value)))
    for point in ContactPoint.objects.filter(client=client).order_by("kind", "-is_main", "pk"):
        # A key is «telegram:…» or the number itself; what has none is too odd to be masked well.
        words = mask(point.kind, point.key) if point.kind in _MASKED and point.key else _("kept")
        lines.append(Line(str(ContactPoint.Kind(point.kind).label), words))
    for address in Address.objects.filter(client=client).order_by("-is_main", "pk"):
        words = mask("addresses", address.city) if address.city else _("kept")
        lines.append(Line(_("Address"), words))
    return lines


_MASKED = (ContactPoint.Kind.PHONE, ContactPoint.Kind.EMAIL, ContactPoint.Kind.MESSENGER)


def counted(client: Client) -> list[Line]:
    """What else is kept: the name of each kind of rows and how many there are."""
    cards = cards_of(client)
    found: list[Line] = []
    filled = _filled(client)
    if filled:
        found.append(Line(_("On the card"), ", ".join(filled)))
    for table in reversed(personal_tables()):
        if table.told and table.model not in _APART and (count := table.rows(cards).count()):
            found.append(Line(label_of(table.name), str(count)))
    return found


def _filled(client: Client) -> Sequence[str]:
    """The other columns of the card that say something, by their names alone."""
    names = (
        *("sex", "occupation", "position", "income_level", "family", "education", "hobbies"),
        *("interests", "preferred_channel", "payment_terms", "delivery_terms", "special_terms"),
        *("difficulties", "working_hours", "time_zone", "comment", "own"),
    )
    return [_column(name) for name in names if getattr(client, name)]


def _column(name: str) -> str:
    return _("own fields of the business") if name == "own" else _label(name).lower()


def _label(name: str) -> str:
    label = str(getattr(Client._meta.get_field(name), "verbose_name", name))
    return label[:1].upper() + label[1:]
