"""The core room: events, jobs, outgoing letters."""

from datetime import time, timedelta

from django.utils.translation import gettext_lazy as _

from orbita.core import jobs, mail, planner
from orbita.core.backup import CHECKS, SECRET_FILES, Check, SecretFile, work
from orbita.core.events import KINDS, EventKind
from orbita.core.seals.checking import chain_holds
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
    EventKind("backup.made", _("Backup made"), group="security", icon="gear", erase=()),
    EventKind("backup.failed", _("Backup failed"), group="security", icon="gear", erase=()),
    EventKind(
        "backup.restored", _("Base restored from a backup"), group="security", icon="gear", erase=()
    ),
    EventKind(
        "backup.sent", _("Backup sent to the storage"), group="security", icon="gear", erase=()
    ),
    EventKind(
        "backup.not_sent",
        _("Backup not sent to the storage"),
        group="security",
        icon="gear",
        erase=(),
    ),
    EventKind(
        "backup.copy_lost",
        _("Backup in the storage gone or changed"),
        group="security",
        icon="gear",
        erase=(),
    ),
    EventKind("backup.downloaded", _("Backup downloaded"), group="security", icon="gear", erase=()),
    EventKind(
        "backup.plan_changed", _("Plan of backups changed"), group="security", icon="gear", erase=()
    ),
    EventKind(
        "sending.resumed",
        _("Sending of a restored copy resumed"),
        group="security",
        icon="mail",
        erase=(),
    ),
)
CHECKS.register(Check("chain", _("events of the sealed log"), chain_holds))
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
    jobs.Schedule("send-copy", work.send_when_due, every=timedelta(minutes=10)),
    jobs.Schedule("look-into-storage", work.look_into_storage, every=timedelta(hours=6)),
)
