"""The interface room: the frame, lists, forms, charts."""

from django.utils.translation import gettext_lazy as _

from orbita.accounts.policy import PERMISSIONS, Permission
from orbita.accounts.tabs import open_tabs
from orbita.core.backup import CHECKS, Check
from orbita.core.events import KINDS, EventKind
from orbita.ui import banners, kit, proof
from orbita.ui.lists import LISTS
from orbita.ui.menu import MENU, MenuItem

PERMISSIONS.register(
    Permission(
        "ui.share_views",
        _("share saved views with everybody"),
        scoped=False,
        starter={"head": "all", "marketer": "all"},
    ),
    Permission("ui.components", _("see the component page for developers"), scoped=False),
)
KINDS.register(
    EventKind("view.saved", _("View saved"), icon="bookmark", erase=()),
    EventKind("view.changed", _("View changed"), icon="bookmark", erase=()),
    EventKind("view.deleted", _("View deleted"), icon="bookmark", erase=()),
    EventKind("view.restored", _("View restored"), icon="bookmark", erase=()),
)
banners.BANNERS.register(banners.Source("backups", banners.of_backups))
# The room of accounts stands below this one and cannot name the menu itself.
MENU.register(
    MenuItem(
        "settings",
        _("Settings"),
        "accounts:settings",
        "gear",
        order=900,
        section="settings",
        shown=lambda actor: bool(open_tabs(actor)),
    ),
)
CHECKS.register(Check("pages", _("pages of the menu"), proof.pages_answer))
kit.register_facts()
LISTS.register(kit.KIT_LIST)
