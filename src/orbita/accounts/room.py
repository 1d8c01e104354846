"""The accounts room: users, teams, roles, sign-in, tokens."""

from django.utils.translation import gettext_lazy as _

from orbita.accounts import policy
from orbita.accounts.policy import PERMISSIONS, Permission
from orbita.core import rules
from orbita.core.events import KINDS, EventKind

PERMISSIONS.register(
    Permission("accounts.manage", _("manage users, teams and tokens"), scoped=False),
    Permission(
        "accounts.absences",
        _("set absences and deputies of others"),
        scoped=False,
        starter={"head": "all"},
    ),
    Permission("core.jobs", _("see background jobs and outgoing letters"), scoped=False),
    Permission("core.settings", _("change company settings"), scoped=False),
)
KINDS.register(
    EventKind("user.created", _("User added"), icon="users"),
    EventKind("user.changed", _("User changed"), icon="users"),
    EventKind("user.invited", _("Invitation sent"), icon="mail", erase=()),
    EventKind("user.password_set", _("Password set"), icon="key", erase=()),
    EventKind("user.signed_in", _("Signed in"), icon="key"),
    EventKind("user.locked_out", _("Sign-in closed after wrong passwords"), icon="key"),
    EventKind("session.ended", _("Session ended"), icon="key", erase=()),
    EventKind("absence.set", _("Absence set"), icon="calendar", erase=("reason",)),
    EventKind("absence.ended", _("Absence taken off"), icon="calendar", erase=("reason",)),
    EventKind("team.saved", _("Team saved"), icon="users", erase=()),
    EventKind("token.created", _("Token made"), icon="key"),
    EventKind("token.revoked", _("Token revoked"), icon="key", erase=()),
)
rules.allow_facts_by(policy.allows)
