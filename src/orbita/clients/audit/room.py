"""What the log brings to the pages."""

from django.utils.translation import gettext_lazy as _

from orbita.accounts.policy import PERMISSIONS, Permission
from orbita.accounts.tabs import SETTINGS_TABS, Tab
from orbita.clients.audit.banner import of_the_log
from orbita.clients.audit.facts import FACTS_OF_EVENTS, PERMISSION, SUBJECT, of_client
from orbita.clients.audit.lists import AUDIT
from orbita.clients.extension import CARD_BUTTONS, CardButton
from orbita.core.rules import FACTS
from orbita.ui.banners import BANNERS, Source
from orbita.ui.lists import LISTS, address_of

PERMISSIONS.register(Permission(PERMISSION, _("read and export the event log"), scoped=False))
FACTS.register(SUBJECT, *FACTS_OF_EVENTS)
LISTS.register(AUDIT)
BANNERS.register(Source("log", of_the_log))
SETTINGS_TABS.register(Tab("audit", _("Event log"), PERMISSION, "clients:audit", 80, "system"))
CARD_BUTTONS.register(
    CardButton(
        "audit",
        _("In the event log"),
        lambda client: address_of(AUDIT, of_client(client.pk)),
        icon="eye",
        permission=PERMISSION,
        order=900,
    )
)
