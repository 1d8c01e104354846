"""What exports register in the lower rooms."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from orbita.core.events import KINDS, EventKind
from orbita.core.jobs import SCHEDULES, Schedule
from orbita.gateways.exports import jobs
from orbita.ui.lists import EXPORTERS, Exporter

KINDS.register(
    EventKind(
        "export.made",
        _("Table exported"),
        group="files",
        icon="download",
        erase=("filter",),
    ),
    EventKind(
        "export.asked",
        _("Large export asked for"),
        group="files",
        icon="download",
        erase=("filter",),
    ),
    EventKind(
        "export.fetched",
        _("Large export fetched"),
        group="files",
        icon="download",
        erase=(),
    ),
)
EXPORTERS.register(
    Exporter(
        "xlsx", _("Excel, columns as shown"), "gateways:export-xlsx", short=_("Export to Excel")
    ),
    Exporter("xlsx-all", _("Excel, all columns"), "gateways:export-xlsx-all"),
    Exporter("csv", _("CSV, columns as shown"), "gateways:export-csv"),
    Exporter("csv-all", _("CSV, all columns"), "gateways:export-csv-all"),
)
SCHEDULES.register(Schedule("exports", jobs.remove_old_exports, every=timedelta(hours=1)))
