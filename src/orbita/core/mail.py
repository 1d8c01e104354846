"""Letters of the system, sent from rows outside transactions.

Each letter is one effect with a unique key. Before the server gets the last dot the row says
"being handed over": a crash earlier is retried, a crash in that moment leaves the letter in doubt,
shown to the administrator and never sent again by itself.
"""

import smtplib
import ssl
from datetime import timedelta
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_tasks import task

from orbita.core import jobs
from orbita.core.models import OutgoingMail

LEASE = timedelta(minutes=5)
Status = OutgoingMail.Status


class MailNotConfiguredError(Exception):
    """There is no SMTP server in the settings; the letter waits in the queue."""


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
            },
        )
        if created:
            deliver_mail.enqueue(mail.pk)
    return mail


@task(atomic=False, max_attempts=12, label="Send a letter")
def deliver_mail(mail_id: int) -> str:
    """Sends one letter. Returns its state; raises what the server said, for a later attempt."""
    job = jobs.current_job()
    mail = _take(mail_id)
    if mail is None:
        return OutgoingMail.objects.get(pk=mail_id).status
    try:
        with _connect() as server:
            _hand_over(server, mail)
    except smtplib.SMTPResponseException as error:
        permanent = 500 <= error.smtp_code < 600
        _mark(mail, Status.FAILED if permanent else Status.QUEUED, error=str(error))
        if permanent:
            return Status.FAILED
        raise
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        permanent = code >= 500
        _mark(
            mail,
            Status.FAILED if permanent else Status.QUEUED,
            error=text.decode("utf-8", "replace"),
        )
        if permanent:
            return Status.FAILED
        raise
    except (OSError, smtplib.SMTPException, MailNotConfiguredError) as error:
        if _is_handing_over(mail):
            _mark(mail, Status.IN_DOUBT, error=str(error))
            return Status.IN_DOUBT
        last = job is not None and job.attempts >= job.max_attempts
        _mark(mail, Status.FAILED if last else Status.QUEUED, error=str(error))
        raise
    return Status.SENT


def send_again(mail: OutgoingMail) -> None:
    """Puts a failed or doubtful letter back into the queue, by a person's decision."""
    with transaction.atomic():
        changed = OutgoingMail.objects.filter(
            pk=mail.pk, status__in=[Status.FAILED, Status.IN_DOUBT]
        ).update(status=Status.QUEUED, lease_token="", lease_until=None)
        if changed:
            deliver_mail.enqueue(mail.pk)


def _take(mail_id: int) -> OutgoingMail | None:
    now = timezone.now()
    with transaction.atomic():
        mail = OutgoingMail.objects.select_for_update().get(pk=mail_id)
        if mail.status == Status.HANDING_OVER and mail.lease_until and mail.lease_until < now:
            mail.status, mail.error = Status.IN_DOUBT, "stopped while the server was accepting it"
            mail.save(update_fields=["status", "error"])
            return None
        if mail.status == Status.SENDING and mail.lease_until and mail.lease_until >= now:
            raise BlockingIOError(f"letter {mail_id} is being sent by another worker")
        if mail.status == Status.HANDING_OVER:
            raise BlockingIOError(f"letter {mail_id} is being handed over by another worker")
        if mail.status not in (Status.QUEUED, Status.SENDING):
            return None
        mail.status = Status.SENDING
        mail.attempts += 1
        mail.lease_until = now + LEASE
        mail.save(update_fields=["status", "attempts", "lease_until"])
    return mail


def _hand_over(server: smtplib.SMTP, mail: OutgoingMail) -> None:
    _, sender = parseaddr(settings.ORBITA_MAIL_FROM)
    for code, text in (server.mail(sender), server.rcpt(mail.to)):
        if code >= 400:
            raise smtplib.SMTPResponseException(code, text)
    _mark(mail, Status.HANDING_OVER)
    code, text = server.data(_message(mail).as_bytes())
    if code >= 400:
        raise smtplib.SMTPResponseException(code, text)
    _mark(mail, Status.SENT)


def _message(mail: OutgoingMail) -> EmailMessage:
    message = EmailMessage()
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
    url = urlsplit(settings.ORBITA_SMTP_URL)
    if not url.hostname:
        raise MailNotConfiguredError("ORBITA_SMTP_URL is not set")
    context = ssl.create_default_context()
    server: smtplib.SMTP
    if url.scheme == "smtps":
        server = smtplib.SMTP_SSL(url.hostname, url.port or 465, timeout=60, context=context)
    else:
        server = smtplib.SMTP(url.hostname, url.port or 587, timeout=60)
        if parse_qs(url.query).get("tls", ["starttls"])[0] != "none":
            server.starttls(context=context)
    server.ehlo_or_helo_if_needed()
    if url.username:
        server.login(unquote(url.username), unquote(url.password or ""))
    return server


def _is_handing_over(mail: OutgoingMail) -> bool:
    return OutgoingMail.objects.filter(pk=mail.pk, status=Status.HANDING_OVER).exists()


def _mark(mail: OutgoingMail, status: str, *, error: str = "") -> None:
    OutgoingMail.objects.filter(pk=mail.pk).update(
        status=status,
        error=error,
        sent_at=timezone.now() if status == Status.SENT else None,
    )
