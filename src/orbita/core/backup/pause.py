"""A restored copy sends nothing until somebody says so: the original may be at work beside it."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from orbita.core.events import Actor, emit
from orbita.core.models import Backup, BackupCopy, Company, OutgoingMail

Status = OutgoingMail.Status
# Kept in English beside what servers say, as the other reasons of letters are.
MAY_BE_SENT = gettext_noop("waited when the backup was made: the original may have sent it since")


def is_paused() -> bool:
    return Company.objects.filter(sending_paused_at__isnull=False).exists()


def calm() -> None:
    """Makes a copy fit to stand beside its original: what it had to send waits for a person."""
    with transaction.atomic():
        if not Company.objects.exists():
            Company.objects.create()
        Company.objects.update(sending_paused_at=timezone.now())
        OutgoingMail.objects.filter(
            status__in=[Status.QUEUED, Status.SENDING, Status.HANDING_OVER]
        ).update(status=Status.IN_DOUBT, error=MAY_BE_SENT, lease_until=None, lease_token="")
        # The one the copy was taken for was being made at that moment.
        Backup.objects.filter(status=Backup.Status.RUNNING).delete()
        BackupCopy.objects.filter(
            status__in=[BackupCopy.Status.WAITING, BackupCopy.Status.SENDING]
        ).delete()


def resume(*, actor: Actor | None) -> bool:
    """Lets the copy send again; False when it already did. Who may is asked above."""
    with transaction.atomic():
        changed = Company.objects.filter(sending_paused_at__isnull=False).update(
            sending_paused_at=None
        )
        if changed:
            emit("sending.resumed", actor=actor, subject_type="company")
    return bool(changed)
