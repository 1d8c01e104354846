"""What the terms of keeping bring to the room of clients."""

from django.utils.translation import gettext_lazy as _

from orbita.accounts.policy import PERMISSIONS, Permission
from orbita.accounts.tabs import SETTINGS_TABS, Tab
from orbita.clients.privacy.retention import jobs, words
from orbita.core.events import KINDS, EventKind
from orbita.core.jobs import SCHEDULES


def register() -> None:
    """Called by the room of privacy."""
    PERMISSIONS.register(
        Permission(
            "privacy.retention",
            _("set terms of keeping and run them"),
            scoped=False,
        )
    )
    KINDS.register(
        *(
            EventKind(name, label, icon=icon, group=group, sentence=sentence, erase=())
            for name, label, icon, group, sentence in (
                ("retention.saved", _("Rule of keeping saved"), "clock", "settings", words.saved),
                (
                    "retention.switched_on",
                    _("Rule of keeping switched on"),
                    "play",
                    "settings",
                    words.switched_on,
                ),
                (
                    "retention.switched_off",
                    _("Rule of keeping switched off"),
                    "x",
                    "settings",
                    words.switched_off,
                ),
                ("retention.archived", _("Rule of keeping put away"), "trash", "settings", None),
                (
                    "retention.stopped",
                    _("Rule of keeping has stopped"),
                    "alert",
                    "security",
                    words.stopped,
                ),
                ("retention.told", _("Told before a run"), "mail", "security", words.told),
                (
                    "retention.run_started",
                    _("Run of a rule of keeping began"),
                    "trash",
                    "security",
                    words.started,
                ),
                ("retention.stop_asked", _("Run asked to stop"), "x", "security", None),
                (
                    "retention.run_finished",
                    _("Run of a rule of keeping is over"),
                    "trash",
                    "security",
                    words.finished,
                ),
            )
        )
    )
    SETTINGS_TABS.register(
        Tab(
            "retention",
            _("Terms of keeping"),
            "privacy.retention",
            "clients:retention",
            37,
            "clients",
        )
    )
    SCHEDULES.register(jobs.DAILY)
