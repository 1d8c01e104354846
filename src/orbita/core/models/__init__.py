from .backup import Backup, BackupCopy, BackupPlan
from .company import Company
from .events import Event, EventPayload, Origin
from .jobs import Job
from .mail import OutgoingMail
from .seals import EventGap, EventSeal

__all__ = [
    "Backup",
    "BackupCopy",
    "BackupPlan",
    "Company",
    "Event",
    "EventGap",
    "EventPayload",
    "EventSeal",
    "Job",
    "Origin",
    "OutgoingMail",
]
