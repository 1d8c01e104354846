from .company import Company
from .events import Event, EventPayload, Origin
from .jobs import Job
from .mail import OutgoingMail

__all__ = ["Company", "Event", "EventPayload", "Job", "Origin", "OutgoingMail"]
