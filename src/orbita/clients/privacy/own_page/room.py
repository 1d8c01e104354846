"""What own pages of clients bring to the room of clients."""

from django.utils.translation import gettext_lazy as _

from orbita.accounts.policy import PERMISSIONS, Permission
from orbita.clients.extension import TIMELINE_RIGHTS, TimelineRight
from orbita.clients.privacy.own_page.links import PERMISSION
from orbita.core.events import KINDS, EventKind


def register() -> None:
    """Called by `privacy.room`."""
    PERMISSIONS.register(
        Permission(
            PERMISSION,
            _("give clients links to their own pages"),
            starter={"head": "all"},
        ),
    )
    KINDS.register(
        EventKind("client_link.made", _("Link to his own page made"), icon="link", erase=()),
        EventKind("client_link.revoked", _("Link to his own page ended"), icon="lock", erase=()),
    )
    TIMELINE_RIGHTS.register(TimelineRight("client_link", "clients.view"))
