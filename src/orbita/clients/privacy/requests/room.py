"""What requests bring to the room of clients."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from orbita.accounts.policy import PERMISSIONS, Permission
from orbita.accounts.tabs import SETTINGS_TABS, Tab
from orbita.clients.extension import CARD_BUTTONS, TIMELINE_RIGHTS, CardButton, TimelineRight
from orbita.clients.privacy.requests import calendar, jobs, own, words
from orbita.clients.privacy.requests.actions import PERMISSION
from orbita.core.events import KINDS, EventKind
from orbita.core.jobs import SCHEDULES
from orbita.ui.menu import MENU, MenuItem


def register() -> None:
    """Called by `privacy.room`."""
    PERMISSIONS.register(
        Permission(
            PERMISSION,
            _("enter and answer requests about personal data"),
            scoped=False,
            starter={"head": "all"},
        ),
        Permission(
            calendar.PERMISSION,
            _("set the rules of requests and the calendar of working days"),
            scoped=False,
        ),
    )
    KINDS.register(
        EventKind(
            "request.received",
            _("Request about personal data received"),
            icon="inbox",
            sentence=words.received,
        ),
        EventKind(
            "request.step",
            _("Request about personal data: step"),
            icon="check",
            sentence=words.step,
        ),
        EventKind(
            "request.closed",
            _("Request about personal data ended"),
            icon="check",
            sentence=words.closed,
        ),
        EventKind(
            "request_rules.changed",
            _("Rules of requests changed"),
            icon="gear",
            group="settings",
            erase=(),
        ),
        EventKind(
            "calendar.changed",
            _("Calendar of working days changed"),
            icon="calendar",
            group="settings",
            erase=(),
        ),
    )
    TIMELINE_RIGHTS.register(TimelineRight("request", PERMISSION))
    CARD_BUTTONS.register(
        CardButton(
            "data-request",
            _("Request about data"),
            lambda client: f"{reverse('clients:request-new')}?client={client.pk}",
            icon="inbox",
            permission=PERMISSION,
            order=81,
        )
    )
    MENU.register(
        MenuItem(
            "data-requests", _("Requests about data"), "clients:requests", "shield", PERMISSION, 36
        )
    )
    SETTINGS_TABS.register(
        Tab(
            "request-rules",
            _("Requests about data"),
            calendar.PERMISSION,
            "clients:request-rules",
            37,
            "clients",
        ),
        Tab(
            "work-calendar",
            _("Working days"),
            calendar.PERMISSION,
            "clients:work-calendar",
            21,
            "company",
        ),
    )
    SCHEDULES.register(jobs.REMIND)
    own.register()
