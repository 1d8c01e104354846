"""The core room: events, jobs, outgoing letters."""

from datetime import time, timedelta

from django.utils.translation import gettext_lazy as _

from orbita.core import jobs, mail, planner
from orbita.core.events import KINDS, EventKind

KINDS.register(
    EventKind("job.retried", _("Job started again"), icon="gear", erase=()),
    EventKind("mail.resent", _("Letter sent again"), icon="mail", erase=()),
    EventKind("company.changed", _("Company settings changed"), icon="gear", erase=()),
)
jobs.SCHEDULES.register(
    jobs.Schedule("prune-jobs", jobs.prune_finished_jobs, at=time(4)),
    jobs.Schedule("learn-tables", planner.learn_everything, at=time(4, 30)),
    jobs.Schedule("wake-mail", mail.wake_waiting_mail, every=timedelta(minutes=10)),
)
