from .backup import Backup, BackupPlan
from .company import Company
from .events import Event, EventPayload, Origin
from .jobs import Job
from .mail import OutgoingMail
from .seals import EventGap, EventSeal

__all__ = [
    "Company",
    "Event",
    "EventGap",
    "EventPayload",
    "EventSeal",
    "Backup",
    "BackupPlan",
    "Company",
    "Event",
    "EventPayload",
    "Job",
    "Origin",
    "OutgoingMail",
]
