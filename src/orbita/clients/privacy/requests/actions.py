"""What is done about requests. Each act is a step of the request, with who and when."""

from collections.abc import Mapping
from datetime import date
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.aliases import settle
from orbita.clients.confining import require_within
from orbita.clients.models import (
    Client,
    Consent,
    DataRequest,
    Erasure,
    Purpose,
    RequestRules,
    RequestStep,
)
from orbita.clients.privacy import copying, erasing
from orbita.clients.privacy.consents import CHANNELS, record_consent
from orbita.clients.privacy.requests import letters
from orbita.clients.privacy.requests.terms import latest_of, term_of
from orbita.core.events import emit
from orbita.core.mail import queue_mail
from orbita.core.models import Company, OutgoingMail
from orbita.core.text import clean_line, clean_text
from orbita.ui import formats

PERMISSION = "privacy.requests"
SUBJECT = "data_request"
LONGEST, LONGEST_TEXT = 300, 10_000
Kind, Via, Status, Step = (
    DataRequest.Kind,
    DataRequest.Via,
    DataRequest.Status,
    RequestStep.Kind,
)
# Steps that somebody writes down by hand.
BY_HAND = (Step.IDENTITY, Step.CORRECTED, Step.NOTE)
# Kinds that may end with an erasure.
ERASING = (Kind.ERASE, Kind.WITHDRAW, Kind.STOP, Kind.UNLAWFUL)
_PURPOSES_OF: Mapping[str, tuple[str, ...]] = {
    Kind.ADVERTISING: (Purpose.ADVERTISING,),
    Kind.STOP: tuple(CHANNELS),
    Kind.WITHDRAW: tuple(CHANNELS),
}
_SOURCES: Mapping[str, str] = {
    Via.LETTER: Consent.Source.EMAIL,
    Via.PHONE: Consent.Source.PHONE,
    Via.MESSENGER: Consent.Source.MESSENGER,
    Via.PAGE: Consent.Source.PAGE,
}
_WAITING = (
    OutgoingMail.Status.QUEUED,
    OutgoingMail.Status.SENDING,
    OutgoingMail.Status.HANDING_OVER,
)


def receive(
    *,
    actor: User,
    kind: str,
    via: str,
    received_on: date,
    client: Client | None = None,
    who: str = "",
    contact: str = "",
    text: str = "",
    responsible: User | None = None,
    regime: str | None = None,
    proposal: Mapping[str, str] | None = None,
) -> DataRequest:
    """Enters a request; its term runs from `received_on` by the company's law, or by `regime`.

    Raises `ValidationError` with the fields at fault.
    """
    policy.require(actor, PERMISSION)
    row = DataRequest(
        kind=kind,
        via=via,
        regime=regime or RequestRules.current().regime,
        client=client,
        who=clean_line(who) or (client.name if client else ""),
        contact=clean_line(contact),
        text=clean_text(text),
        proposal=dict(proposal or {}),
        received_on=received_on,
        responsible=responsible,
    )
    _check(row)
    row.due_on = row.first_due_on = term_of(kind, row.regime).end(received_on)
    with transaction.atomic():
        row.save(force_insert=True)
        if client:
            settle([client.pk])
            row.refresh_from_db(fields=["client"])
        _add(row, Step.RECEIVED, actor)
        _tell("request.received", actor, row, due=row.due_on.isoformat(), regime=row.regime)
    return row


def _check(row: DataRequest) -> None:
    errors: dict[str, list[str]] = {}
    for name, known in (("kind", Kind), ("via", Via), ("regime", DataRequest.Regime)):
        if getattr(row, name) not in known.values:
            errors[name] = [_("There is no such choice.")]
    for name, most in (("who", LONGEST), ("contact", LONGEST), ("text", LONGEST_TEXT)):
        if len(getattr(row, name)) > most:
            errors[name] = [_("At most %(n)s characters.") % {"n": most}]
    if not row.who:
        errors["who"] = [_("Say from whom, or choose the client.")]
    if row.received_on > Company.current().business_date():
        errors["received_on"] = [_("This has not happened yet.")]
    elif row.received_on.year < 2000:
        errors["received_on"] = [_("This was too long ago.")]
    if errors:
        raise ValidationError(errors)


def attach_client(*, actor: User, request: DataRequest, client: Client) -> RequestStep:
    """Says whose request it is."""
    policy.require(actor, PERMISSION)
    policy.require(actor, "clients.view", client)
    require_within(actor, client)
    with transaction.atomic():
        row = _open(request)
        if row.client_id == client.pk:
            raise ValidationError({"client": [_("This is the client of the request already.")]})
        row.client = client
        row.save(update_fields=["client"])
        settle([client.pk])
        row.refresh_from_db(fields=["client"])
        return _step(row, Step.CLIENT, actor)


def name_responsible(*, actor: User, request: DataRequest, user: User | None) -> bool:
    """Says who answers, and is reminded; False when it is that one already."""
    policy.require(actor, PERMISSION)
    if user and not policy.allows(user, PERMISSION):
        words = _("This employee may not answer requests.")
        raise ValidationError({"responsible": [words]})
    with transaction.atomic():
        row = _open(request)
        if row.responsible_id == (user.pk if user else None):
            return False
        row.responsible = user
        row.save(update_fields=["responsible"])
        _tell("request.step", actor, row, step="responsible")
    return True


def write_step(*, actor: User, request: DataRequest, kind: str, text: str = "") -> RequestStep:
    """Writes down what was done outside of Orbita: one of `BY_HAND`."""
    policy.require(actor, PERMISSION)
    text = clean_text(text)
    if kind not in BY_HAND:
        raise ValidationError({"kind": [_("There is no such choice.")]})
    if not text:
        raise ValidationError({"text": [_("Say what was done.")]})
    _require_short(text)
    with transaction.atomic():
        return _step(_open(request), kind, actor, text)


def write_letter(*, actor: User, request: DataRequest, letter: letters.Letter) -> RequestStep:
    """Writes to the client, or writes down what was written another way, and does what the letter says:
    prolongs the term, or ends the request. Raises `ValidationError`.
    """
    policy.require(actor, PERMISSION)
    text = clean_text(letter.text).replace(letters.GAP, clean_text(letter.reason))
    subject, reason = clean_line(letter.subject), clean_text(letter.reason)
    _check_letter(letter, text, reason)
    with transaction.atomic():
        row = _open(request)
        if OutgoingMail.objects.filter(key=_key(row, letter)).exists():
            raise ValidationError(_("This letter was sent already."))
        mail = None
        if letter.to:
            mail = queue_mail(key=_key(row, letter), to=letter.to, subject=subject, text=text)
        kind = _follow(row, letter)
        step = _step(row, kind, actor, reason, letter=text, mail=mail)
        if kind in (Step.ANSWERED, Step.REFUSED):
            _tell("request.closed", actor, row, status=row.status)
    return step


def _key(row: DataRequest, letter: letters.Letter) -> str:
    return f"request:{row.pk}:{letter.key}"


def _check_letter(letter: letters.Letter, text: str, reason: str) -> None:
    errors: dict[str, list[str]] = {}
    if letter.purpose not in letters.PURPOSES:
        raise ValidationError(_("There is no such letter."))
    if letter.purpose in (letters.PROLONG, letters.REFUSE) and not reason:
        errors["reason"] = [_("Say the reason: the client has a right to know it.")]
    if letter.to:
        errors |= _unsendable(letter, text, reason)
    if len(text) > LONGEST_TEXT or len(reason) > LONGEST_TEXT:
        errors["text"] = [_("At most %(n)s characters.") % {"n": LONGEST_TEXT}]
    if len(letter.subject) > LONGEST:
        errors["subject"] = [_("At most %(n)s characters.") % {"n": LONGEST}]
    if errors:
        raise ValidationError(errors)


def _unsendable(letter: letters.Letter, text: str, reason: str) -> dict[str, list[str]]:
    """Why Orbita cannot send the letter."""
    errors: dict[str, list[str]] = {}
    try:
        validate_email(letter.to)
    except ValidationError as error:
        errors["to"] = error.messages
    if not settings.ORBITA_SMTP_URL:
        words = _("No mail server is set: send the letter yourself and write it down here.")
        errors["to"] = [words]
    if not text:
        errors["text"] = [_("The text is empty.")]
    elif letters.GAP in text or (letters.GAP in letter.text and not reason):
        errors["text"] = [_("Write what belongs in place of %(gap)s.") % {"gap": letters.GAP}]
    return errors


def _follow(row: DataRequest, letter: letters.Letter) -> str:
    """Does what the letter says; the kind of its step."""
    if letter.purpose == letters.PROLONG:
        _prolong(row, letter.until)
        return Step.PROLONGED
    if letter.purpose in (letters.ANSWER, letters.REFUSE):
        refused = letter.purpose == letters.REFUSE
        row.status = Status.REFUSED if refused else Status.ANSWERED
        row.closed_at = timezone.now()
        row.save(update_fields=["status", "closed_at"])
        return Step.REFUSED if refused else Step.ANSWERED
    return Step.LETTER


def _prolong(row: DataRequest, until: date | None) -> None:
    latest, today = latest_of(row), Company.current().business_date()
    if row.is_prolonged:
        raise ValidationError(_("The term was prolonged already."))
    if latest == row.due_on:
        raise ValidationError(_("The law does not let this term be prolonged."))
    if today > row.due_on:
        raise ValidationError(_("The term is over: it can be prolonged only before that."))
    if until is None or not row.due_on < until <= latest:
        words = _("After %(due)s and by %(latest)s at the latest.") % {
            "due": formats.day(row.due_on),
            "latest": formats.day(latest),
        }
        raise ValidationError({"until": [words]})
    row.due_on = until
    row.save(update_fields=["due_on"])


def copy_for(*, actor: User, request: DataRequest) -> IO[bytes]:
    """The copy of all data of the request's client, as `copying.copy_client` makes it."""
    policy.require(actor, PERMISSION)
    client = client_of(request)
    require_within(actor, client)
    package = copying.copy_client(actor=actor, client=client)
    with transaction.atomic():
        _step(_open(request), Step.COPIED, actor)
    return package


def stop_at_once(*, actor: User, request: DataRequest) -> int:
    """Writes down the refusal of what the request is about: advertising, or everything he can refuse.

    Returns how many answers that were.
    """
    policy.require(actor, PERMISSION)
    client = client_of(request)
    require_within(actor, client)
    purposes = _PURPOSES_OF.get(request.kind, ())
    if not purposes:
        raise ValidationError(_("This request does not withdraw anything."))
    with transaction.atomic():
        row = _open(request)
        rows = [
            answer
            for purpose in purposes
            for answer in record_consent(
                actor=actor,
                client=client,
                purpose=purpose,
                channels=CHANNELS[purpose],
                given=False,
                source=_SOURCES.get(row.via, Consent.Source.PAPER),
                proof=_("Request № %(number)s") % {"number": row.pk},
            )
        ]
        _step(row, Step.STOPPED, actor)
    return len(rows)


def withdraws(request: DataRequest) -> bool:
    """Whether the request is of those that `stop_at_once` is for."""
    return request.kind in _PURPOSES_OF


def ask_erasure(*, actor: User, request: DataRequest, client: Client, reason: str) -> Erasure:
    """Has the client erased because of this request, as `erasing.ask_erasure` does. The act closes it.

    Raises `ValidationError` while a letter to him waits to be sent: the erasure would take it.
    """
    policy.require(actor, PERMISSION)
    with transaction.atomic():
        row = _open(request)
        if row.client_id != client.pk:
            raise ValidationError(_("This is a request of another client."))
        require_letters_gone(row)
        row.erasure = erasing.ask_erasure(actor=actor, client=client, reason=reason)
        row.save(update_fields=["erasure"])
        _step(row, Step.ERASURE, actor)
    return row.erasure


def require_letters_gone(request: DataRequest) -> None:
    """Raises `ValidationError` while a letter of the request has not left."""
    waiting = RequestStep.objects.filter(request=request, mail__status__in=_WAITING)
    if waiting.exists():
        raise ValidationError(
            _(
                "A letter to the client has not left yet, and the erasure would take it. Wait for it."
            )
        )


def take_up_again(*, actor: User, request: DataRequest) -> bool:
    """Opens a request that was ended by mistake; False when it is open. Its term stays as it was."""
    policy.require(actor, PERMISSION)
    with transaction.atomic():
        row = DataRequest.objects.select_for_update().get(pk=request.pk)
        if row.is_open:
            return False
        row.status, row.closed_at = Status.OPEN, None
        row.save(update_fields=["status", "closed_at"])
        _step(row, Step.REOPENED, actor)
    return True


def client_of(request: DataRequest) -> Client:
    """The client of the request. Raises `ValidationError` while he is not known."""
    if request.client is None:
        raise ValidationError(_("Find the client of this request first."))
    return request.client


def _open(request: DataRequest) -> DataRequest:
    """The row as it is now, locked. Raises `ValidationError` when the request is ended."""
    row = DataRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
    if not row.is_open:
        raise ValidationError(_("This request is ended already."))
    return row


def _require_short(text: str) -> None:
    if len(text) > LONGEST_TEXT:
        raise ValidationError({"text": [_("At most %(n)s characters.") % {"n": LONGEST_TEXT}]})


def _step(
    row: DataRequest,
    kind: str,
    actor: User,
    text: str = "",
    *,
    letter: str = "",
    mail: OutgoingMail | None = None,
) -> RequestStep:
    step = _add(row, kind, actor, text, letter, mail)
    if kind not in (Step.ANSWERED, Step.REFUSED):
        _tell("request.step", actor, row, step=str(kind), due=row.due_on.isoformat())
    return step


def _add(
    row: DataRequest,
    kind: str,
    actor: User,
    text: str = "",
    letter: str = "",
    mail: OutgoingMail | None = None,
) -> RequestStep:
    return RequestStep.objects.create(
        request=row,
        kind=kind,
        actor=None if actor.is_service else actor,
        text=text,
        letter=letter,
        mail=mail,
    )


def _tell(kind: str, actor: User, row: DataRequest, **data: Any) -> None:
    """The event says what was done and never of whom: the request may have no client to erase it with."""
    emit(
        kind,
        actor=actor,
        client_id=row.client_id,
        subject_type=SUBJECT,
        subject_id=row.pk,
        data={"number": row.pk, "kind": row.kind, **data},
    )
