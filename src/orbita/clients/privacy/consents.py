"""What clients agreed to: writing it down, reading what may be done, the texts they agree to."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.accounts.policy import Decision
from orbita.clients.aliases import hold, settle
from orbita.clients.models import (
    Attachment,
    By,
    Client,
    Consent,
    ConsentText,
    ContactStop,
    Purpose,
)
from orbita.clients.work.contacting import stopped
from orbita.core.events import emit
from orbita.core.models import Origin
from orbita.core.text import clean_line, clean_text
from orbita.ui import formats

# For what purposes which channels are asked about apart.
CHANNELS: Mapping[str, tuple[str, ...]] = {
    Purpose.SERVICE: (By.ANY,),
    Purpose.ADVERTISING: (By.EMAIL, By.SMS, By.MESSENGER, By.CALL),
    Purpose.PROFILING: (By.ANY,),
}
# What may not be done before the client has agreed (38-ФЗ, article 18); the rest until he refuses.
ASKED_FIRST = frozenset({Purpose.ADVERTISING})
# The ways by which the rest of Orbita calls the channels.
_BY = {
    "phone": By.CALL,
    "telegram": By.MESSENGER,
    "whatsapp": By.MESSENGER,
    "vk": By.MESSENGER,
    "max": By.MESSENGER,
}
LONGEST_PROOF = 300
LONGEST_TEXT = 50_000


# ---- may one ----


def may_contact(client: Client, purpose: str, channel: str = "") -> Decision:
    """Whether the client lets himself be reached for the purpose by the channel, by what he said last.

    `channel` is one of `By` or of the contacts (phone, telegram…). A refusal has its reason in words.
    How often one may is asked apart: `work.contacting.may_contact`.
    """
    return may_contact_all([client.pk], purpose, channel)[client.pk]


def may_contact_all(
    client_ids: Iterable[int], purpose: str, channel: str = ""
) -> dict[int, Decision]:
    """The same for many clients with two reads: client → decision. A new answer counts at once."""
    ids, by = list(client_ids), channel_of(purpose, channel)
    current = {
        row.client_id: row
        for row in Consent.objects.filter(
            client__in=ids, purpose=purpose, channel=by, is_current=True
        )
    }
    stops = {stop.client_id: stop for stop in ContactStop.objects.filter(client__in=ids)}
    return {pk: _decide(purpose, by, current.get(pk), stops.get(pk)) for pk in ids}


def channel_of(purpose: str, channel: str) -> str:
    """The channel as consents know it. Raises `ValueError` for one the purpose does not have."""
    by = str(_BY.get(channel, channel))
    known = CHANNELS.get(purpose, ())
    if known == (By.ANY,):
        return str(By.ANY)
    if by not in known:
        raise ValueError(f"no channel {channel!r} for {purpose!r}")
    return by


def _decide(purpose: str, by: str, current: Consent | None, stop: ContactStop | None) -> Decision:
    if stop and purpose != Purpose.PROFILING:
        return Decision(False, stopped(stop))
    if current and not current.given:
        day = formats.day(timezone.localtime(current.at).date(), date(1, 1, 1))
        return Decision(
            False, _("Refused on %(day)s: %(what)s.") % {"day": day, "what": what(purpose, by)}
        )
    if current is None and purpose in ASKED_FIRST:
        return Decision(False, _("Has not agreed: %(what)s.") % {"what": what(purpose, by)})
    return Decision(True)


def what(purpose: str, channel: str) -> str:
    """«Реклама по СМС»: a purpose with its channel in words."""
    label = str(Purpose(purpose).label)
    return f"{label} {By(channel).label}" if channel else label


# ---- what is known ----


@dataclass(frozen=True)
class Line:
    """One purpose and channel as the card shows it; `consent` is the last answer, if there is any."""

    purpose: str
    channel: str
    consent: Consent | None

    @property
    def label(self) -> str:
        return what(self.purpose, self.channel)

    @property
    def is_open(self) -> bool:
        """Whether it may be done, as far as the answers go."""
        if self.consent is None:
            return self.purpose not in ASKED_FIRST
        return self.consent.given

    @property
    def is_unproved(self) -> bool:
        """Agreed to advertising, with nothing to show when somebody asks."""
        given = self.consent
        return bool(
            given
            and given.given
            and self.purpose in ASKED_FIRST
            and not (given.proof or given.file_id or given.text_id)
        )


def lines_of(client: Client) -> list[Line]:
    """Every purpose and channel with what the client said last: one read."""
    rows = Consent.objects.filter(client=client, is_current=True)
    # The card's own query knows whether there are any.
    answered = getattr(client, "has_consents", True)
    current = {(row.purpose, row.channel): row for row in rows} if answered else {}
    return [
        Line(str(purpose), str(channel), current.get((purpose, channel)))
        for purpose, channels in CHANNELS.items()
        for channel in channels
    ]


# ---- writing it down ----


def record_consent(
    *,
    actor: User,
    client: Client,
    purpose: str,
    channels: Collection[str],
    given: bool,
    source: str,
    at: datetime | None = None,
    text: ConsentText | None = None,
    address: str | None = None,
    proof: str = "",
    file: Attachment | None = None,
    origin: str = Origin.LIVE,
) -> list[Consent]:
    """Adds the client's answer for each channel; what he said before stays in the history.

    An answer older than the newest known one is kept and changes nothing. To write down a refusal is
    everybody's who may write a note. Raises `ValidationError`.
    """
    policy.require(actor, "clients.edit" if given else "clients.note", client)
    moment = at or timezone.now()
    wanted = _read(purpose, channels, source, moment, proof, text)
    if file and file.client_id != client.pk:
        raise ValidationError({"file": [_("This is a file of another client.")]})
    with transaction.atomic():
        hold([client.pk])
        rows = [
            _add(
                Consent(
                    client=client,
                    purpose=purpose,
                    channel=channel,
                    given=given,
                    at=moment,
                    source=source,
                    text=text,
                    address=address or None,
                    proof=clean_line(proof),
                    file=file,
                    actor=None if actor.is_service else actor,
                )
            )
            for channel in wanted
        ]
        settle([client.pk])
        emit(
            "consent.given" if given else "consent.withdrawn",
            actor=actor,
            client_id=client.pk,
            subject_type="consent",
            subject_id=rows[0].pk,
            origin=origin,
            happened_at=moment,
            data={
                "purpose": purpose,
                "channels": wanted,
                "source": source,
                "text": text.version if text else None,
                "address": address or "",
                "proof": clean_line(proof),
            },
        )
    return rows


def _read(
    purpose: str,
    channels: Collection[str],
    source: str,
    moment: datetime,
    proof: str,
    text: ConsentText | None,
) -> list[str]:
    if purpose not in CHANNELS:
        raise ValidationError({"purpose": [_("There is no such purpose.")]})
    known = CHANNELS[purpose]
    wanted = [channel for channel in known if channel in channels or known == (By.ANY,)]
    if not wanted or set(channels) - set(known) - {By.ANY}:
        raise ValidationError({"channels": [_("Choose at least one channel.")]})
    if source not in Consent.Source.values:
        raise ValidationError({"source": [_("There is no such choice.")]})
    if moment > timezone.now():
        raise ValidationError({"at": [_("This has not happened yet.")]})
    if len(clean_line(proof)) > LONGEST_PROOF:
        words = _("At most %(n)s characters.") % {"n": LONGEST_PROOF}
        raise ValidationError({"proof": [words]})
    if text and text.purpose != purpose:
        # The whole point of texts by purpose: one signature is no consent to something else.
        raise ValidationError({"text": [_("This text is about another purpose.")]})
    return [str(channel) for channel in wanted]


def _add(row: Consent) -> Consent:
    newest = Consent.objects.filter(
        client=row.client, purpose=row.purpose, channel=row.channel, is_current=True
    ).first()
    row.is_current = newest is None or newest.at <= row.at
    if newest and row.is_current:
        Consent.objects.filter(pk=newest.pk).update(is_current=False)
    row.save(force_insert=True)
    return row


# ---- texts ----


def add_text(*, actor: User, purpose: str, text: str) -> ConsentText:
    """A new version of the document about a purpose. Earlier ones stay: people agreed to them."""
    policy.require(actor, "privacy.texts")
    text = clean_text(text)
    if purpose not in CHANNELS:
        raise ValidationError({"purpose": [_("There is no such purpose.")]})
    if not text:
        raise ValidationError({"text": [_("The text is empty.")]})
    if len(text) > LONGEST_TEXT:
        raise ValidationError({"text": [_("At most %(n)s characters.") % {"n": LONGEST_TEXT}]})
    with transaction.atomic():
        rows = ConsentText.objects.filter(purpose=purpose)
        last = rows.aggregate(last=Max("version"))["last"] or 0
        newest = rows.filter(version=last).first()
        if newest and newest.text == text:
            raise ValidationError({"text": [_("This is the text in force already.")]})
        row = ConsentText.objects.create(purpose=purpose, version=last + 1, text=text, author=actor)
        emit(
            "consent_text.added",
            actor=actor,
            subject_type="consent_text",
            subject_id=row.pk,
            data={"purpose": purpose, "version": row.version},
        )
    return row


def text_in_force(purpose: str) -> ConsentText | None:
    """The newest text about a purpose."""
    return ConsentText.objects.filter(purpose=purpose).order_by("-version").first()


def history_of(client: Client) -> Sequence[Consent]:
    """Every answer, the newest first, with who wrote it down."""
    rows = Consent.objects.filter(client=client).select_related("actor", "text", "file")
    return list(rows.order_by("-at", "-pk"))
