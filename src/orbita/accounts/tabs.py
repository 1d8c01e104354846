"""The rows of tabs over a person's own pages and over the settings. Upper rooms add settings."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from orbita.accounts import policy
from orbita.core.registry import Registry


@dataclass(frozen=True)
class Tab:
    """A page under the tabs; `url_name` when it is not one of this room."""

    name: str
    label: str | Promise
    permission: str | None = None
    url_name: str = ""
    order: int = 50

    @property
    def url(self) -> str:
        return reverse(self.url_name or f"accounts:{self.name}")


PROFILE_TABS = (
    Tab("profile", _("About me")),
    Tab("password", _("Password")),
    Tab("sessions", _("Where I am signed in")),
    Tab("absences", _("Absences and deputies")),
    Tab("tokens", _("Tokens for programs")),
)
SETTINGS_TABS: Registry[Tab] = Registry("tab of the settings")
SETTINGS_TABS.register(
    Tab("users", _("Users"), "accounts.manage", order=10),
    Tab("teams", _("Teams"), "accounts.manage", order=11),
    Tab("roles", _("Roles"), "accounts.manage", order=12),
    Tab("company", _("Company"), "core.settings", order=20),
    Tab("jobs", _("Background jobs"), "core.jobs", order=90),
    Tab("mail", _("Letters"), "core.jobs", order=91),
)


def open_tabs(actor: Any, tabs: Iterable[Tab] = SETTINGS_TABS) -> list[Tab]:
    """The tabs that the actor may open, in their order."""
    found = [tab for tab in tabs if tab.permission is None or policy.allows(actor, tab.permission)]
    return sorted(found, key=lambda tab: tab.order)
