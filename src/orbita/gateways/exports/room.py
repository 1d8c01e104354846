"""What exports register in the lower rooms."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from orbita.accounts.policy import PERMISSIONS, Permission
from orbita.accounts.tabs import SETTINGS_TABS, Tab
from orbita.accounts.watching import TRAILS
from orbita.core.events import KINDS, EventKind
from orbita.core.jobs import SCHEDULES, Schedule
from orbita.gateways.exports import jobs, trail
from orbita.gateways.exports.models import APPROVE
from orbita.ui.lists import EXPORTERS, Exporter

PERMISSIONS.register(
    Permission(
        APPROVE, _("approve exports of others and see what they took"), starter={"head": "team"}
    )
)
SETTINGS_TABS.register(Tab("exports", _("Exports"), APPROVE, "gateways:exports", 88, "system"))
TRAILS.register(trail.TRAIL)
KINDS.register(
    EventKind(
        "export.made",
        _("Table exported"),
        group="files",
        icon="download",
        erase=("filter",),
    ),
    EventKind(
        "export.approval_asked",
        _("Export to be approved"),
        group="files",
        icon="download",
        erase=("filter", "reason"),
    ),
    EventKind(
        "export.approved",
        _("Export approved"),
        group="files",
        icon="check",
        erase=("filter", "reason"),
    ),
    EventKind(
        "export.refused",
        _("Export not approved"),
        group="files",
        icon="x",
        erase=("filter", "reason"),
    ),
    EventKind(
        "export_rules.changed",
        _("Limits of exports changed"),
        group="settings",
        icon="gear",
        erase=(),
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
