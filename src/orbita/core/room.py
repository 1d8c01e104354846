"""The core room: events, jobs, outgoing letters."""

from datetime import time, timedelta

from django.utils.translation import gettext_lazy as _

from orbita.core import jobs, mail, planner
from orbita.core.backup import SECRET_FILES, SecretFile, work
from orbita.core.events import KINDS, EventKind
from orbita.core.seals.jobs import check_log

KINDS.register(
    EventKind(
        "job.retried",
        _("Job started again"),
        group="settings",
        icon="gear",
        erase=(),
    ),
    EventKind(
        "mail.resent",
        _("Letter sent again"),
        group="settings",
        icon="mail",
        erase=(),
    ),
    EventKind(
        "company.changed",
        _("Company settings changed"),
        group="settings",
        icon="gear",
        erase=(),
    ),
    EventKind(
        "audit.restarted",
        _("New checkpoints of the log begun"),
        group="security",
        icon="shield",
        erase=(),
    ),
    EventKind(
        "audit.protected",
        _("Log protected by the database"),
        group="security",
        icon="shield",
        erase=(),
    ),
    EventKind(
        "audit.unprotected",
        _("Protection of the log taken off"),
        group="security",
        icon="shield",
        erase=(),
    ),
    EventKind("job.retried", _("Job started again"), icon="gear", erase=()),
    EventKind("mail.resent", _("Letter sent again"), icon="mail", erase=()),
    EventKind("company.changed", _("Company settings changed"), icon="gear", erase=()),
    EventKind("backup.made", _("Backup made"), icon="gear", erase=()),
    EventKind("backup.failed", _("Backup failed"), icon="gear", erase=()),
    EventKind("backup.restored", _("Base restored from a backup"), icon="gear", erase=()),
    EventKind("backup.downloaded", _("Backup downloaded"), icon="gear", erase=()),
    EventKind("backup.plan_changed", _("Plan of backups changed"), icon="gear", erase=()),
    EventKind("sending.resumed", _("Sending of a restored copy resumed"), icon="mail", erase=()),
)
# What looks at every restored copy is registered in `backup.CHECKS`, by the room that knows how.
SECRET_FILES.register(
    SecretFile("secret_key", _("key of sessions and forms")),
    SecretFile("seal_keys", _("keys of the secrets in the base")),
)
jobs.SCHEDULES.register(
    jobs.Schedule("prune-jobs", jobs.prune_finished_jobs, at=time(4)),
    jobs.Schedule("learn-tables", planner.learn_everything, at=time(4, 30)),
    jobs.Schedule("check-log", check_log, at=time(5)),
    jobs.Schedule("wake-mail", mail.wake_waiting_mail, every=timedelta(minutes=10)),
    jobs.Schedule("back-up", work.back_up_when_due, every=timedelta(minutes=10)),
)
