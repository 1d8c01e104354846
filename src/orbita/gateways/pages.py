"""What the pages of this room put into the frame: menu entries, exports, the fact of an import."""

from django.utils.translation import gettext_lazy as _

from orbita.core.rules import FACTS
from orbita.gateways.exports import room as exports  # noqa: F401 - registers the exporters
from orbita.gateways.facts import IMPORT
from orbita.ui.menu import MENU, QUICK_CREATE, MenuItem, QuickCreate

FACTS.register("client", IMPORT)
MENU.register(
    MenuItem(
        "import",
        _("Import"),
        "gateways:import",
        "upload",
        "clients.import",
        order=800,
        section="settings",
    )
)
QUICK_CREATE.register(
    QuickCreate(
        "import", _("From a file"), "gateways:import", "upload", "clients.import", order=900
    )
)
