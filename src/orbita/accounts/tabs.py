"""The tabs over a person's own pages and over the settings. Upper rooms add theirs to the settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from orbita.accounts import policy
from orbita.core.registry import Registry


@dataclass(frozen=True)
class Tab:
    """A page under the tabs; `url_name` when it is not one of this room, `group` in the settings."""

    name: str
    label: str | Promise
    permission: str | None = None
    url_name: str = ""
    order: int = 50
    group: str = ""

    @property
    def url(self) -> str:
        return reverse(self.url_name or f"accounts:{self.name}")


PROFILE_TABS = (
    Tab("profile", _("About me")),
    Tab("password", _("Password")),
    Tab("passkeys", _("Passkeys")),
    Tab("second-factor", _("Codes at sign-in")),
    Tab("sessions", _("Where I am signed in")),
    Tab("absences", _("Absences and deputies")),
    Tab("tokens", _("Tokens for programs")),
)
SETTINGS_TABS: Registry[Tab] = Registry("tab of the settings")
SETTINGS_TABS.register(
    Tab("users", _("Users"), "accounts.manage", order=10, group="people"),
    Tab("teams", _("Teams"), "accounts.manage", order=11, group="people"),
    Tab("roles", _("Roles"), "accounts.manage", order=12, group="people"),
    Tab("reading", _("Reading"), "accounts.manage", order=14, group="people"),
    Tab("rights", _("Check of rights"), "accounts.manage", order=13, group="people"),
    Tab("addresses", _("Allowed addresses"), "accounts.manage", order=14, group="people"),
    Tab("single-sign-on", _("Single sign-on"), "accounts.manage", order=15, group="people"),
    Tab("company", _("About the company"), "core.settings", order=20, group="company"),
    Tab("backups", _("Backups"), "core.backup", order=89, group="system"),
    Tab("jobs", _("Background jobs"), "core.jobs", order=90, group="system"),
    Tab("mail", _("Letters"), "core.jobs", order=91, group="system"),
)
# What the settings are about, in the order of the page.
GROUPS: dict[str, Promise] = {
    "people": _("Staff"),
    "company": _("Company"),
    "clients": _("Clients and their data"),
    "analytics": _("Analytics"),
    "system": _("System"),
}


@dataclass(frozen=True, slots=True)
class TabGroup:
    """The pages of the settings about one thing that somebody may open."""

    label: Promise
    tabs: Sequence[Tab]
    current: bool


def open_tabs(actor: Any) -> list[Tab]:
    """The pages of the settings that the actor may open, in their order."""
    found = [
        tab
        for tab in SETTINGS_TABS
        if tab.permission is None or policy.allows(actor, tab.permission)
    ]
    return sorted(found, key=lambda tab: tab.order)


def groups_for(actor: Any, current: str) -> list[TabGroup]:
    """The settings open to the actor; none at all when the current page is not among them."""
    tabs = open_tabs(actor)
    here = next((tab.group for tab in tabs if tab.name == current), None)
    if here is None:
        return []
    found = {name: [tab for tab in tabs if tab.group == name] for name in GROUPS}
    return [TabGroup(GROUPS[name], own, name == here) for name, own in found.items() if own]
