"""The core room: events, jobs, outgoing letters."""

from datetime import time, timedelta

from django.utils.translation import gettext_lazy as _

from orbita.core import jobs, mail, planner
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
)
jobs.SCHEDULES.register(
    jobs.Schedule("prune-jobs", jobs.prune_finished_jobs, at=time(4)),
    jobs.Schedule("learn-tables", planner.learn_everything, at=time(4, 30)),
    jobs.Schedule("check-log", check_log, at=time(5)),
    jobs.Schedule("wake-mail", mail.wake_waiting_mail, every=timedelta(minutes=10)),
)
