"""What a client does on his own page. Orbita itself acts: whoever holds the link signed in nowhere."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.actions import service_user
from orbita.accounts.models import User
from orbita.clients.actions import update_client
from orbita.clients.actions.contacts import read as read_contact
from orbita.clients.collections import COLLECTIONS
from orbita.clients.confining import require_within
from orbita.clients.contacts import Contact, identity
from orbita.clients.models import Client, ClientLink, Consent, DataRequest, RequestRules
from orbita.clients.privacy.consents import CHANNELS, lines_of, record_consent, text_in_force
from orbita.clients.privacy.requests.actions import PERMISSION, receive, write_letter, write_step
from orbita.clients.privacy.requests.letters import ANSWER, Letter
from orbita.clients.privacy.requests.reminders import announce
from orbita.core.models import Company
from orbita.core.text import clean_line

Kind = DataRequest.Kind
# What may be asked for on the page besides corrections.
ASKED = (Kind.ACCESS, Kind.ERASE, Kind.STOP)
NAMES = ("last_name", "first_name", "middle_name")
CONTACTS = ("phone", "email")
FIELDS = (*NAMES, "birthday", *CONTACTS, "city", "address")
LONGEST = 300


def answer(
    *, link: ClientLink, answers: Mapping[tuple[str, str], bool], address: str | None
) -> int:
    """Writes down what the client ticked, of what differs from what he said before; how many answers.

    To agree he reads the text in force, so the answer keeps its version; a refusal needs none.
    """
    client, orbita = link.client, service_user()
    before = {(line.purpose, line.channel): line for line in lines_of(client)}
    count = 0
    with transaction.atomic():
        for (purpose, channel), given in answers.items():
            line = before.get((purpose, channel))
            if line is None or line.is_open == given:
                continue
            record_consent(
                actor=orbita,
                client=client,
                purpose=purpose,
                channels=[channel],
                given=given,
                source=Consent.Source.PAGE,
                text=text_in_force(purpose) if given else None,
                address=address,
                proof=_proof(link),
            )
            count += 1
    return count


def withdraw_all(*, link: ClientLink, address: str | None) -> int:
    """Refuses everything that can be refused; how many answers are new."""
    everything = {
        (str(purpose), str(channel)): False
        for purpose, channels in CHANNELS.items()
        for channel in channels
    }
    return answer(link=link, answers=everything, address=address)


def ask(*, link: ClientLink, kind: str, text: str = "") -> DataRequest:
    """Enters a request of the client: a copy or an erasure is never given to the holder of a link."""
    if kind not in ASKED:
        raise ValidationError({"kind": [_("There is no such choice.")]})
    with _one_at_a_time(link):
        standing = DataRequest.objects.filter(
            client=link.client, kind=kind, status=DataRequest.Status.OPEN
        )
        if standing.exists():
            raise ValidationError(_("You have asked for this already, and we are at work on it."))
        row = _receive(link, kind, text)
        announce(row, settings.ORBITA_URL)
    return row


@contextmanager
def _one_at_a_time(link: ClientLink) -> Iterator[None]:
    """One transaction; of two requests that come at once the second sees what the first wrote."""
    with transaction.atomic():
        ClientLink.objects.select_for_update(of=("self",), no_key=True).get(pk=link.pk)
        yield


def correct(*, link: ClientLink, values: Mapping[str, Any]) -> DataRequest | None:
    """Enters what the client corrected as a request; by the rules it is written to the card at once.

    None when nothing was given. The same twice on a day, as a double click sends it, is one request.
    Raises `ValidationError` for values that a card would refuse.
    """
    given = _read(values)
    if not given:
        return None
    with _one_at_a_time(link):
        today = Company.current().business_date()
        same = DataRequest.objects.filter(
            client=link.client, kind=Kind.CORRECT, received_on=today, proposal=given
        ).first()
        if same:
            return same
        row = _receive(link, Kind.CORRECT, "", proposal=given)
        if RequestRules.current().corrections == RequestRules.Corrections.AT_ONCE:
            _apply(service_user(), link.client, given)
            _end(service_user(), row)
        else:
            announce(row, settings.ORBITA_URL)
    return row


def accept(*, actor: User, request: DataRequest) -> DataRequest:
    """Writes to the card what the client corrected on his page, after an employee has looked at it."""
    policy.require(actor, PERMISSION)
    client = request.client
    if client is None or not request.proposal:
        raise ValidationError(_("There is nothing to write to the card."))
    require_within(actor, client)
    with transaction.atomic():
        row = DataRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
        if not row.is_open:
            raise ValidationError(_("This request is ended already."))
        _apply(actor, client, row.proposal)
        write_step(
            actor=actor, request=row, kind="corrected", text=_("Taken from the client’s own page")
        )
    return row


def _receive(
    link: ClientLink, kind: str, text: str, proposal: Mapping[str, str] | None = None
) -> DataRequest:
    # Where to answer is read from the card: the holder of the link may be somebody else.
    return receive(
        actor=service_user(),
        kind=kind,
        via=DataRequest.Via.PAGE,
        received_on=Company.current().business_date(),
        client=link.client,
        text=text,
        proposal=proposal,
    )


def _end(actor: User, row: DataRequest) -> None:
    write_step(actor=actor, request=row, kind="corrected", text=_("By the client himself, at once"))
    write_letter(actor=actor, request=row, letter=Letter(ANSWER, "", "", key="page"))


def _read(values: Mapping[str, Any]) -> dict[str, str]:
    """The values that were given, checked as the card would check them."""
    given: dict[str, str] = {}
    for name in FIELDS:
        value = values.get(name)
        words = value.isoformat() if isinstance(value, date) else clean_line(str(value or ""))
        if len(words) > LONGEST:
            raise ValidationError({name: [_("At most %(n)s characters.") % {"n": LONGEST}]})
        if words:
            given[name] = words
    for kind in CONTACTS:
        if kind in given:
            try:
                read_contact(kind, given[kind])
            except ValidationError as error:
                raise ValidationError({kind: error.messages}) from None
    return given


def _apply(actor: User, client: Client, given: Mapping[str, str]) -> None:
    """Names and the birthday are replaced; contacts and addresses are added and never become the main
    ones, so that whoever has the link cannot turn letters to another place.
    """
    columns = {name: given[name] for name in (*NAMES, "birthday") if name in given}
    if client.is_company:
        columns.pop("birthday", None)
        columns = {"name": given["last_name"]} if "last_name" in given else {}
    parts: dict[str, Any] = {}
    if contacts := [read_contact(kind, given[kind]) for kind in CONTACTS if kind in given]:
        known = [Contact(**entry) for entry in COLLECTIONS["contacts"].current(client)]
        there = set(map(identity, known))
        parts["contacts"] = [*known, *(one for one in contacts if identity(one) not in there)]
    if "city" in given or "address" in given:
        entry = {"city": given.get("city", ""), "text": given.get("address", "")}
        parts["addresses"] = [*COLLECTIONS["addresses"].current(client), entry]
    update_client(actor=actor, client=client, values=columns, **parts)


def _proof(link: ClientLink) -> str:
    return _("Own page, link № %(number)s") % {"number": link.pk}
