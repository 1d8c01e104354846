"""Letters of the system, sent from rows outside transactions.

Each letter is one effect with a unique key. Before the server gets the last dot the row says
"being handed over": a crash earlier is retried, a crash in that moment leaves the letter in doubt,
shown to the administrator and never sent again by itself. Every step is written only by the sender
that still holds the letter, so that one who was asleep for longer than the lease sends nothing.
"""

import secrets
import smtplib
import ssl
from dataclasses import dataclass
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy, gettext_noop
from django_tasks import task

from orbita.core import jobs
from orbita.core.backup import pause
from orbita.core.backup.pause import MAY_BE_SENT
from orbita.core.events import Actor, emit
from orbita.core.models import Job, OutgoingMail

Status = OutgoingMail.Status
# Kept in English beside what servers say; pages translate them.
WAITS_FOR_SETTINGS = gettext_noop("waits: no mail server is set (ORBITA_SMTP_URL)")
STOPPED_IN_DOUBT = gettext_noop("the sender stopped while the mail server was accepting the letter")
WAITS_FOR_RESUMPTION = gettext_noop("waits: this is a restored copy, and sending is paused")
OWN_CAUSES = frozenset({WAITS_FOR_SETTINGS, STOPPED_IN_DOUBT, WAITS_FOR_RESUMPTION, MAY_BE_SENT})
PATIENCE = 60  # seconds for one answer of the server
# 7-bit bodies pass every server; lines end in CRLF, as SMTP wants.
_WIRE = policy.SMTP.clone(cte_type="7bit")


class MailNotConfiguredError(Exception):
    """The mail server's address in the settings is missing or damaged."""


class MailBusyError(Exception):
    """Another worker is sending this letter."""


class RefusedError(Exception):
    """The server will never take this letter."""


def queue_mail(*, key: str, to: str, subject: str, text: str) -> OutgoingMail:
    """Records a letter and the job that sends it; the same key twice is the same letter."""
    _, address = parseaddr(settings.ORBITA_MAIL_FROM)
    with transaction.atomic():
        mail, created = OutgoingMail.objects.get_or_create(
            key=key,
            defaults={
                "to": to,
                "subject": " ".join(subject.split())[:300],
                "text": text,
                "message_id": make_msgid(domain=address.rpartition("@")[2] or "localhost"),
                "created_at": timezone.now(),
                "error": "" if settings.ORBITA_SMTP_URL else WAITS_FOR_SETTINGS,
            },
        )
        if created:
            deliver_mail.enqueue(mail.pk)
    return mail


@task(atomic=False, max_attempts=12, label=gettext_lazy("Send a letter"))
def deliver_mail(mail_id: int) -> str:
    """Sends one letter. Returns its state; raises what the server said, for a later attempt."""
    if waits := _waits_for():
        OutgoingMail.objects.filter(pk=mail_id, status=Status.QUEUED).update(error=waits)
        return Status.QUEUED
    sending = _take(mail_id)
    if sending is None:
        return OutgoingMail.objects.get(pk=mail_id).status
    try:
        sending.hand_over()
    except RefusedError as error:
        sending.mark(Status.FAILED, error=str(error))
    except Exception as error:
        # The unlikely rest (an address that cannot be encoded, say) is no reason to lose a letter.
        if not sending.in_doubt(str(error)):
            sending.mark(Status.FAILED if _is_last_attempt() else Status.QUEUED, error=str(error))
            raise
    return OutgoingMail.objects.get(pk=mail_id).status


def _waits_for() -> str:
    """Why nothing is sent now; empty when it is."""
    if pause.is_paused():
        return WAITS_FOR_RESUMPTION
    return "" if settings.ORBITA_SMTP_URL else WAITS_FOR_SETTINGS


def _is_last_attempt() -> bool:
    job = jobs.current_job()
    return job is not None and job.attempts >= job.max_attempts


def _take(mail_id: int) -> "_Sending | None":
    """The letter under a fresh lease; None when there is nothing to send."""
    now = timezone.now()
    with transaction.atomic():
        mail = OutgoingMail.objects.select_for_update().get(pk=mail_id)
        held = mail.lease_until is not None and mail.lease_until >= now
        if mail.status in (Status.SENDING, Status.HANDING_OVER) and held:
            raise MailBusyError(f"letter {mail_id} is being sent by another worker")
        if mail.status == Status.HANDING_OVER:
            mail.status, mail.error = Status.IN_DOUBT, STOPPED_IN_DOUBT
            mail.save(update_fields=["status", "error"])
            return None
        if mail.status not in (Status.QUEUED, Status.SENDING):
            return None
        mail.status = Status.SENDING
        mail.attempts += 1
        mail.lease_until = now + timedelta(seconds=settings.ORBITA_MAIL_LEASE)
        mail.lease_token = secrets.token_hex(16)
        mail.save(update_fields=["status", "attempts", "lease_until", "lease_token"])
    return _Sending(mail)


@dataclass
class _Sending:
    """One attempt to send one letter."""

    mail: OutgoingMail

    def hand_over(self) -> None:
        content = _message(self.mail).as_bytes()
        server = _connect()
        try:
            self._transfer(server, content)
        finally:
            # The letter's fate is known by now: what the farewell brings changes nothing.
            _leave(server)

    def _transfer(self, server: smtplib.SMTP, content: bytes) -> None:
        _, sender = parseaddr(settings.ORBITA_MAIL_FROM)
        _agreed(*server.mail(sender))
        _agreed(*server.rcpt(self.mail.to))
        _agreed(*server.docmd("DATA"), wanted=354)
        server.send(_dotted(content))
        if not self.mark(Status.HANDING_OVER):
            raise MailBusyError(f"letter {self.mail.pk} was taken over by another worker")
        server.send(b".\r\n")
        code, text = server.getreply()
        if code < 400:
            self.mark(Status.SENT)
            return
        # The server itself says that it did not take the letter: no doubt is left.
        self.mark(Status.SENDING)
        _agreed(code, text)

    def mark(self, status: str, *, error: str = "") -> bool:
        """Writes the step when this sender still holds the letter; False when it does not.

        That a letter was accepted is true whoever holds it now.
        """
        held = Q(
            status__in=[Status.SENDING, Status.HANDING_OVER],
            lease_until__gt=timezone.now() + timedelta(seconds=settings.ORBITA_MAIL_LEASE / 10),
        )
        row = OutgoingMail.objects.filter(pk=self.mail.pk, lease_token=self.mail.lease_token)
        if status == Status.SENT:
            return bool(row.update(status=status, error="", sent_at=timezone.now()))
        return bool(row.filter(held).update(status=status, error=error[:1000]))

    def in_doubt(self, error: str) -> bool:
        """Marks the letter when the connection broke between the last dot and the answer to it."""
        return bool(
            OutgoingMail.objects.filter(
                pk=self.mail.pk,
                lease_token=self.mail.lease_token,
                status__in=[Status.HANDING_OVER, Status.IN_DOUBT],
            ).update(status=Status.IN_DOUBT, error=error[:1000] or STOPPED_IN_DOUBT)
        )


def _agreed(code: int, text: bytes, wanted: int | None = None) -> None:
    """Raises `RefusedError` on a permanent answer (5xx), `SMTPResponseException` on a temporary one."""
    if code >= 500:
        raise RefusedError(f"{code} {text.decode('utf-8', 'replace')}")
    if code >= 400 or (wanted and code != wanted):
        raise smtplib.SMTPResponseException(code, text.decode("utf-8", "replace"))


def _dotted(content: bytes) -> bytes:
    """The content with leading dots doubled (RFC 5321, 4.5.2), ending in a line end."""
    lines = content.removesuffix(b"\r\n").split(b"\r\n")
    return b"".join((b"." + line if line[:1] == b"." else line) + b"\r\n" for line in lines)


def _message(mail: OutgoingMail) -> EmailMessage:
    message = EmailMessage(policy=_WIRE)
    message["From"] = settings.ORBITA_MAIL_FROM
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Message-ID"] = mail.message_id
    message["Date"] = formatdate(mail.created_at.timestamp(), localtime=False)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    return message


def _connect() -> smtplib.SMTP:
    """`smtp://user:password@host:port?tls=starttls|none` or `smtps://…`, from the settings."""
    try:
        url = urlsplit(settings.ORBITA_SMTP_URL)
        host, port = url.hostname, url.port
    except ValueError:
        host = port = None
    if not host or url.scheme not in ("smtp", "smtps"):
        raise MailNotConfiguredError("ORBITA_SMTP_URL must look like smtp://user:password@host:587")
    context = ssl.create_default_context()
    server: smtplib.SMTP
    if url.scheme == "smtps":
        server = smtplib.SMTP_SSL(host, port or 465, timeout=PATIENCE, context=context)
    else:
        server = smtplib.SMTP(host, port or 587, timeout=PATIENCE)
        if parse_qs(url.query).get("tls", ["starttls"])[0] != "none":
            server.starttls(context=context)
    server.ehlo_or_helo_if_needed()
    if url.username:
        server.login(unquote(url.username), unquote(url.password or ""))
    return server


def _leave(server: smtplib.SMTP) -> None:
    try:
        server.quit()
    except (OSError, smtplib.SMTPException):
        server.close()


def send_again(*, actor: Actor, mail: OutgoingMail) -> bool:
    """Puts a failed or doubtful letter back into the queue, by a person's decision.

    False when it is in another state. Who may is asked above.
    """
    with transaction.atomic():
        changed = OutgoingMail.objects.filter(
            pk=mail.pk, status__in=[Status.FAILED, Status.IN_DOUBT]
        ).update(status=Status.QUEUED, lease_token="", lease_until=None, error="")
        if changed:
            deliver_mail.enqueue(mail.pk)
            emit(
                "mail.resent",
                actor=actor,
                subject_type="mail",
                subject_id=mail.pk,
                data={"to": mail.to, "subject": mail.subject, "state": mail.status},
            )
    return bool(changed)


@task(atomic=True, label=gettext_lazy("Look after waiting letters"))
def wake_waiting_mail() -> int:
    """Gives letters without a job a new one: those that waited for a server, and orphans of jobs
    that used their attempts up with a dying worker. Returns how many.
    """
    if _waits_for():
        return 0
    now = timezone.now()
    waiting = (
        OutgoingMail.objects.filter(status__in=[Status.QUEUED, Status.SENDING, Status.HANDING_OVER])
        .filter(Q(lease_until=None) | Q(lease_until__lt=now) | Q(status=Status.QUEUED))
        .order_by("pk")
    )
    served = {
        args[0]
        for args in Job.objects.filter(
            task=deliver_mail.module_path, status__in=[Job.Status.QUEUED, Job.Status.RUNNING]
        ).values_list("args", flat=True)
    }
    woken = [[pk] for pk in waiting.values_list("pk", flat=True)[:1000] if pk not in served]
    jobs.enqueue_many(deliver_mail, woken)
    return len(woken)
