"""Everything that changes what is known of the quality of the data."""

from .dead import bring_up, mark_dead, revive
from .fixes import accept, fix
from .marks import confirm, confirm_many, mark_contact, unmark_contact
from .repairs import offered, request_repair, request_undo
from .settings import change_settings, request_count, restore_settings

__all__ = [
    "accept",
    "bring_up",
    "change_settings",
    "confirm",
    "confirm_many",
    "fix",
    "mark_contact",
    "mark_dead",
    "offered",
    "request_count",
    "request_repair",
    "request_undo",
    "restore_settings",
    "revive",
    "unmark_contact",
]
