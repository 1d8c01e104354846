"""The analytics room: RFM now; ABC, cohorts and the rest stand beside it."""

from datetime import time

from django.utils.translation import gettext_lazy as _

from orbita.accounts.policy import AREAS, PERMISSIONS, Area, Permission
from orbita.accounts.tabs import SETTINGS_TABS, Tab
from orbita.analytics import card, jobs, rfm_facts
from orbita.analytics.models import RfmHistory, RfmMonth, RfmRun, RfmScore, RfmSettings
from orbita.analytics.reports import REPORTS
from orbita.analytics.reports.rfm import RFM
from orbita.analytics.reports.status import STATUS
from orbita.clients import lists
from orbita.clients.derived import DERIVED, Derived
from orbita.clients.extension import CARD_PANELS, CARD_STRIP
from orbita.clients.privacy.registry import SETTLED, Settled
from orbita.core.events import KINDS, SUBSCRIPTIONS, EventKind, Subscription
from orbita.core.jobs import SCHEDULES, Schedule
from orbita.core.models import Origin
from orbita.core.rules import FACTS
from orbita.ui.menu import MENU, MenuItem

AREAS.register(Area("analytics", _("Analytics"), ("analytics",), order=60))
PERMISSIONS.register(
    Permission(
        "analytics.view",
        _("see analytics"),
        scoped=False,
        starter=dict.fromkeys(("head", "manager", "marketer", "viewer"), "all"),
    ),
    Permission(
        "analytics.edit",
        _("change how analytics counts"),
        scoped=False,
        starter={"head": "all", "marketer": "all"},
    ),
)
KINDS.register(
    EventKind(
        "rfm.settings_changed",
        _("RFM settings changed"),
        group="settings",
        icon="gear",
        erase=(),
    ),
    EventKind("rfm.requested", _("RFM calculation started"), icon="chart", erase=()),
)
SUBSCRIPTIONS.register(
    Subscription(
        "rfm-after-import",
        frozenset({"import.finished", "import.undone"}),
        jobs.refresh_rfm_after,
        origins=frozenset(Origin.values),
    )
)
DERIVED.register(Derived("rfm scores", RfmScore), Derived("rfm history", RfmHistory))
SCHEDULES.register(Schedule("rfm", jobs.refresh_rfm, at=time(6)))
REPORTS.register(RFM, STATUS)
FACTS.register("client", *rfm_facts.FACTS)
SETTLED.register(Settled("sums of the whole base", (RfmMonth, RfmRun, RfmSettings)))
CARD_STRIP.register(card.STRIP)
CARD_PANELS.register(card.PANEL)
DERIVED.register(Derived("rfm_score", RfmScore), Derived("rfm_history", RfmHistory))
lists.add_column(card.GROUP)
lists.add_column(card.SCORES, after="rfm")
lists.VIEWS.append(card.TO_SAVE)
SETTINGS_TABS.register(
    Tab("rfm", _("RFM analysis"), "analytics.edit", "analytics:rfm-settings", 40, "analytics"),
)
MENU.register(
    MenuItem(
        "rfm",
        _("RFM analysis"),
        "analytics:rfm",
        "grid",
        permission="analytics.view",
        order=10,
        section="insight",
    )
)
