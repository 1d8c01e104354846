"""What the register of purposes brings to the room of clients."""

from django.utils.translation import gettext_lazy as _

from orbita.accounts.policy import PERMISSIONS, Permission
from orbita.accounts.tabs import SETTINGS_TABS, Tab
from orbita.clients.privacy.purposes import words
from orbita.core.events import KINDS, EventKind


def register() -> None:
    """Called by the room of privacy."""
    PERMISSIONS.register(
        Permission(
            "privacy.purposes", _("write the register of purposes of processing"), scoped=False
        )
    )
    KINDS.register(
        *(
            EventKind(name, label, icon=icon, group="settings", sentence=sentence, erase=())
            for name, label, icon, sentence in (
                ("purpose.saved", _("Purpose of processing saved"), "file", words.saved),
                ("purpose.archived", _("Purpose of processing taken out"), "trash", words.archived),
                (
                    "purpose.restored",
                    _("Purpose of processing brought back"),
                    "undo",
                    words.restored,
                ),
            )
        )
    )
    SETTINGS_TABS.register(
        Tab(
            "purposes",
            _("Purposes of processing"),
            "privacy.view",
            "clients:purposes",
            38,
            "clients",
        )
    )
