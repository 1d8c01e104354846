"""What privacy brings to the room of clients."""

from django.utils.translation import gettext_lazy as _

from orbita.accounts.policy import AREAS, PERMISSIONS, Area, Permission
from orbita.accounts.tabs import SETTINGS_TABS, Tab
from orbita.clients.extension import CARD_BUTTONS, CARD_PANELS, TIMELINE_RIGHTS, TimelineRight
from orbita.clients.lists import add_column
from orbita.clients.mergers import MERGERS
from orbita.clients.privacy import jobs, lists, merging, own, register, rule_facts, shown, words
from orbita.clients.privacy.incidents import room as incidents
from orbita.clients.privacy.own_page import room as own_page
from orbita.clients.privacy.purposes import room as purposes
from orbita.clients.privacy.requests import room as requests
from orbita.clients.privacy.retention import room as retention
from orbita.core.backup import AFTERWARDS, Afterwards
from orbita.core.events import KINDS, EventKind
from orbita.core.jobs import SCHEDULES
from orbita.core.rules import FACTS


def register_all() -> None:
    """Called by the room's own `room.py`, so that everything is in place once."""
    AREAS.register(Area("privacy", _("Personal data"), ("privacy",), order=15))
    PERMISSIONS.register(
        Permission(
            "privacy.view",
            _("see erasures and the texts of consents"),
            scoped=False,
            starter={"head": "all", "marketer": "all"},
        ),
        Permission("privacy.copy", _("give a client a copy of his data")),
        Permission("privacy.texts", _("write the texts of consents"), scoped=False),
        Permission("privacy.erase", _("erase clients for good, and hold them from it")),
    )
    KINDS.register(
        EventKind(
            "privacy.copied",
            _("Copy of all data of a client made"),
            icon="download",
            group="files",
            sentence=words.copied,
            erase=(),
        ),
        EventKind(
            "privacy.erasure_asked",
            _("Erasure of a client asked for"),
            icon="trash",
            group="security",
            sentence=words.asked,
            erase=(),
        ),
        EventKind(
            "privacy.erased",
            _("Client erased for good"),
            icon="trash",
            group="security",
            sentence=words.erased,
            erase=(),
        ),
        EventKind("privacy.held", _("Data must be kept"), icon="lock", sentence=words.held),
        EventKind("privacy.released", _("Data need not be kept any more"), icon="lock"),
    )
    KINDS.register(
        EventKind(
            "consent.given", _("Consent given"), icon="check", group="talks", sentence=words.given
        ),
        EventKind(
            "consent.withdrawn",
            _("Consent withdrawn or refused"),
            icon="x",
            group="talks",
            sentence=words.withdrawn,
        ),
        EventKind("consent.unloaded", _("Answers of a file taken back"), icon="undo", erase=()),
        EventKind(
            "consent_text.added",
            _("New text of a consent"),
            icon="file",
            group="settings",
            sentence=words.text_added,
            erase=(),
        ),
    )
    TIMELINE_RIGHTS.register(
        TimelineRight("privacy", "clients.view"), TimelineRight("consent", "clients.view")
    )
    MERGERS.register(merging.MERGER)
    FACTS.register("client", *rule_facts.FACTS)
    CARD_PANELS.register(shown.PANEL)
    CARD_BUTTONS.register(shown.BUTTON)
    add_column(lists.ADVERTISING, after="responsible")
    SETTINGS_TABS.register(
        Tab("erasures", _("Erasures"), "privacy.view", "clients:erasures", 36, "clients"),
        Tab(
            "consent-texts",
            _("Texts of consents"),
            "privacy.view",
            "clients:consent-texts",
            35,
            "clients",
        ),
    )
    SCHEDULES.register(jobs.AGAIN)
    AFTERWARDS.register(Afterwards("erasures", register.apply))
    own.register()
    requests.register()
    own_page.register()
    retention.register()
    purposes.register()
    incidents.register()
