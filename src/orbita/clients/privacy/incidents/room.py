"""What incidents bring to the room of clients."""

from django.utils.translation import gettext_lazy as _

from orbita.accounts.policy import PERMISSIONS, Permission
from orbita.accounts.tabs import SETTINGS_TABS, Tab
from orbita.clients.privacy.incidents import jobs, words
from orbita.core.events import KINDS, EventKind
from orbita.core.jobs import SCHEDULES


def register() -> None:
    """Called by the room of privacy."""
    PERMISSIONS.register(
        Permission("privacy.incidents", _("keep the register of incidents"), scoped=False)
    )
    KINDS.register(
        *(
            EventKind(name, label, icon=icon, group="security", sentence=sentence, erase=())
            for name, label, icon, sentence in (
                ("incident.opened", _("Incident written down"), "alert", words.opened),
                ("incident.changed", _("Incident changed"), "edit", words.changed),
                ("incident.notice_sent", _("Notice of an incident sent"), "send", words.sent),
                ("incident.reminded", _("Reminded of a deadline"), "bell", words.reminded),
                ("incident.closed", _("Incident closed"), "check", words.closed),
                ("incident.reopened", _("Incident opened again"), "undo", words.reopened),
            )
        )
    )
    SETTINGS_TABS.register(
        Tab("incidents", _("Incidents"), "privacy.incidents", "clients:incidents", 39, "clients")
    )
    SCHEDULES.register(jobs.OFTEN)
