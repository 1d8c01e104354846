"""The gateways room: files come in and go out."""

from django.utils.translation import gettext_lazy as _

from orbita.clients.mergers import MERGERS
from orbita.core.events import KINDS, EventKind
from orbita.gateways import pages, privacy  # noqa: F401 - what pages and exports register
from orbita.gateways.files.fields import ask_for_added
from orbita.gateways.imports import merging, own_cells

ask_for_added(own_cells.columns_of_files)
KINDS.register(
    EventKind(
        "import.brought",
        _("File brought for import"),
        group="files",
        icon="import",
        erase=("file",),
    ),
    EventKind(
        "import.discarded",
        _("File not imported"),
        group="files",
        icon="trash",
        erase=("file",),
    ),
    EventKind(
        "import.started",
        _("Import started"),
        group="files",
        icon="import",
        erase=("file",),
    ),
    EventKind(
        "import.cancel_asked",
        _("Import told to stop"),
        group="files",
        icon="import",
        erase=("file",),
    ),
    EventKind(
        "import.finished",
        _("Import finished"),
        group="files",
        icon="import",
        erase=("file",),
    ),
    EventKind(
        "import.undo_started",
        _("Undo of an import started"),
        group="files",
        icon="undo",
        erase=("file",),
    ),
    EventKind(
        "import.undone",
        _("Import undone"),
        group="files",
        icon="undo",
        erase=("file",),
    ),
    EventKind(
        "import.mapping_saved",
        _("Columns saved for next time"),
        group="files",
        icon="import",
        erase=(),
    ),
    EventKind(
        "import.mapping_deleted",
        _("Saved columns deleted"),
        group="files",
        icon="trash",
        erase=(),
    ),
)
MERGERS.register(merging.MERGER)
privacy.register()
