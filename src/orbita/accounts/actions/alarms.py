"""Letters to the administrators while what keeps the base safe is itself in trouble."""

from hashlib import sha256
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import override

from orbita.accounts.models import User
from orbita.core.backup.away import copies
from orbita.core.backup.plan import is_old
from orbita.core.mail import queue_mail
from orbita.core.models import Company
from orbita.core.seals import state
from orbita.core.sentences import say


def raise_alarms() -> None:
    """Tells every administrator of a log that was changed, of backups that stay away and of the newest
    one that is not in the storage, each once a week while it lasts.
    """
    company = Company.current()
    week = "{}-{}".format(*company.business_date().isocalendar()[:2])
    check = state.last_check()
    missing = copies.trouble()
    for boss in User.objects.people().filter(is_active=True, role__is_administrator=True):
        with override(boss.language):
            if check and not check.ok:
                mark = sha256(check.problem.encode()).hexdigest()[:16]
                _write(boss, f"log-broken:{mark}:{week}", *_of_the_log(say(check.problem)))
            # One who never had a backup reads of it in the settings.
            if company.backed_up_at and is_old(company):
                made = company.backed_up_at.astimezone(ZoneInfo(boss.time_zone))
                told = date_format(made, "DATETIME_FORMAT")
                _write(boss, f"old-backup:{week}", *_of_the_backups(told))
            if missing or copies.are_old(company):
                reason = missing.reason if missing else ""
                _write(boss, f"copy-away:{week}", *_of_the_storage(reason))


def _write(boss: User, key: str, subject: str, text: str) -> None:
    queue_mail(key=f"{key}:{boss.pk}", to=boss.email, subject=subject, text=text)


def _of_the_log(problem: str) -> tuple[str, str]:
    lines = (
        _("The nightly check of the event log found a broken place:"),
        problem,
        "",
        _(
            "Orbita itself never changes an event: somebody did it in the database, or the disk fails."
        ),
        _(
            "Keep the backups of the last days and compare: ./orbita audit verify in a restored copy."
        ),
    )
    return _("The event log was changed past Orbita"), "\n".join(lines)


def _of_the_backups(made: str) -> tuple[str, str]:
    lines = (
        _("The last backup that was restored and compared was made %(when)s.") % {"when": made},
        _("What is entered since then would be lost with the disk."),
        _("Why the later ones failed stands in Settings, System, Backups."),
    )
    return _("No proved backup for two days"), "\n".join(lines)


def _of_the_storage(reason: str) -> tuple[str, str]:
    lines = (
        _("The newest backup lies on the machine of Orbita only."),
        *([reason] if reason else []),
        _("Orbita goes on trying. How it stands is in Settings, System, Backups."),
    )
    return _("The newest backup is not in the storage"), "\n".join(lines)
