"""What administrators do about backups; the work itself is in `core.backup`."""

from typing import Any, BinaryIO

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.core.backup import keys, pause, plan, work
from orbita.core.events import emit
from orbita.core.models import Backup, BackupPlan


def back_up_now(*, actor: User) -> Backup:
    """Queues a backup; the one under way when there is one."""
    policy.require(actor, "core.backup")
    return work.ask(cause=Backup.Cause.BY_HAND)


def look_into_storage(*, actor: User) -> None:
    """Queues a look at what lies in the storage, and sends what is missing there without waiting."""
    policy.require(actor, "core.backup")
    work.look_into_storage.enqueue()
    work.ask_to_send()


def change_backup_plan(*, actor: User, **given: Any) -> BackupPlan:
    """Changes when backups are made, where, and how many stay."""
    policy.require(actor, "core.backup")
    return plan.change(actor=actor, **given)


def make_backup_key(*, actor: User) -> keys.Pair:
    """A new pair; nothing is encrypted with it before `trust_backup_key`. It is kept nowhere."""
    policy.require(actor, "core.backup")
    return keys.make_pair()


def trust_backup_key(*, actor: User, recipient: str, recovery: str) -> None:
    """Encrypts backups for the recipient from now on, once its recovery key has opened a sample."""
    policy.require(actor, "core.backup")
    if not keys.opens(recovery, recipient):
        raise ValidationError(
            {"recovery": _("This key does not open what was encrypted. Copy it whole.")}
        )
    plan.change(actor=actor, recipient=recipient)


def drop_backup_key(*, actor: User) -> None:
    """Leaves backups open from now on; those encrypted before still need their key."""
    policy.require(actor, "core.backup")
    plan.change(actor=actor, recipient="")


def download_backup(*, actor: User, backup: Backup) -> BinaryIO:
    """The file, open. Raises `ValidationError` when it is gone or not as it was made."""
    policy.require(actor, "core.backup_download")
    try:
        file = backup.file.open("rb")
    except OSError:
        raise ValidationError(_("The file is not there any more.")) from None
    if backup.file.stat().st_size != backup.size:
        file.close()
        raise ValidationError(_("The file has changed since it was made."))
    with transaction.atomic():
        emit(
            "backup.downloaded",
            actor=actor,
            subject_type="backup",
            subject_id=backup.pk,
            data={"file": backup.file.name, "size": backup.size},
        )
    return file


def resume_sending(*, actor: User) -> bool:
    """Lets a restored copy send again; False when it already may."""
    policy.require(actor, "core.backup")
    return pause.resume(actor=actor)
