"""The accounts room: users, teams, roles, sign-in, tokens."""

from datetime import time

from django.utils.translation import gettext_lazy as _

from orbita.accounts import jobs, policy
from orbita.accounts.policy import AREAS, PERMISSIONS, Area, Permission
from orbita.core import rules
from orbita.core.backup import LEFT_OUT, LeftOut
from orbita.core.events import KINDS, EventKind
from orbita.core.jobs import SCHEDULES, Schedule

AREAS.register(
    Area("staff", _("Staff and settings"), ("accounts", "audit", "core", "ui", "exports"), order=90)
)
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
    Permission("core.backup", _("set up, make and see backups"), scoped=False),
    Permission("core.backup_download", _("download backups: the whole base"), scoped=False),
)
KINDS.register(
    EventKind("user.read_much", _("Unusually much was read"), group="security", icon="eye"),
    EventKind(
        "user.stopped", _("Account closed for unusual reading"), group="security", icon="lock"
    ),
    EventKind("user.let_on", _("Let read on as ever"), group="security", icon="eye"),
    EventKind(
        "reading_rules.changed",
        _("Rules of reading changed"),
        group="settings",
        icon="gear",
        erase=(),
    ),
    EventKind("user.created", _("User added"), group="security", icon="users"),
    EventKind("user.changed", _("User changed"), group="security", icon="users"),
    EventKind(
        "user.left",
        _("Account closed, records handed over"),
        group="security",
        icon="exit",
        erase=("reason",),
    ),
    EventKind("user.invited", _("Invitation sent"), group="security", icon="mail", erase=()),
    EventKind("user.password_set", _("Password set"), group="security", icon="key", erase=()),
    EventKind("user.signed_in", _("Signed in"), group="security", icon="key"),
    EventKind("user.sign_in_failed", _("Sign-in failed"), group="security", icon="key"),
    EventKind("user.signed_out", _("Signed out"), group="security", icon="key"),
    EventKind(
        "user.locked_out", _("Sign-in closed after wrong passwords"), group="security", icon="key"
    ),
    EventKind("user.new_device", _("Signed in from a new device"), group="security", icon="key"),
    EventKind(
        "user.kept_out", _("Kept out: address not on the list"), group="security", icon="lock"
    ),
    EventKind("passkey.added", _("Passkey added"), group="security", icon="key"),
    EventKind("passkey.renamed", _("Passkey renamed"), group="security", icon="key"),
    EventKind("passkey.removed", _("Passkey removed"), group="security", icon="key"),
    EventKind(
        "passkey.copied",
        _("Passkey refused: it counts backwards, there may be a copy"),
        group="security",
        icon="alert",
    ),
    EventKind(
        "role.networks", _("Allowed addresses of a role changed"), group="security", icon="lock"
    ),
    EventKind(
        "provider.saved", _("Single sign-on changed"), group="security", icon="globe", erase=()
    ),
    EventKind(
        "identity.linked",
        _("Tied to a name at the provider"),
        group="security",
        icon="link",
        erase=(),
    ),
    EventKind(
        "identity.unlinked",
        _("Untied from the name at the provider"),
        group="security",
        icon="link",
        erase=(),
    ),
    EventKind(
        "user.unlocked",
        _("Let in again from the command line"),
        group="security",
        icon="key",
        erase=(),
    ),
    EventKind("session.ended", _("Session ended"), group="security", icon="key", erase=()),
    EventKind(
        "absence.set", _("Absence set"), group="security", icon="calendar", erase=("reason",)
    ),
    EventKind(
        "absence.ended",
        _("Absence taken off"),
        group="security",
        icon="calendar",
        erase=("reason",),
    ),
    EventKind(
        "second_factor.on",
        _("Codes at sign-in turned on"),
        group="security",
        icon="shield",
        erase=(),
    ),
    EventKind(
        "second_factor.off",
        _("Codes at sign-in turned off"),
        group="security",
        icon="shield",
        erase=(),
    ),
    EventKind(
        "second_factor.codes_renewed",
        _("New recovery codes"),
        group="security",
        icon="shield",
        erase=(),
    ),
    EventKind(
        "second_factor.recovery_used",
        _("Recovery code used"),
        group="security",
        icon="shield",
        erase=(),
    ),
    EventKind(
        "user.seen_as", _("Looked at Orbita as this user"), group="security", icon="eye", erase=()
    ),
    EventKind(
        "right.granted",
        _("Right given for a time"),
        group="security",
        icon="key",
        erase=("reason",),
    ),
    EventKind(
        "right.ended",
        _("Right for a time taken back"),
        group="security",
        icon="key",
        erase=("reason",),
    ),
    EventKind("role.saved", _("Role saved"), group="security", icon="key", erase=()),
    EventKind("role.deleted", _("Role deleted"), group="security", icon="key", erase=()),
    EventKind("team.saved", _("Team saved"), group="security", icon="users", erase=()),
    EventKind("token.created", _("Token made"), group="security", icon="key"),
    EventKind("token.revoked", _("Token revoked"), group="security", icon="key", erase=()),
)
SCHEDULES.register(Schedule("forget-sessions", jobs.forget_old_sessions, at=time(3, 30)))
# The key of a session that still runs would let the finder of a backup in.
LEFT_OUT.register(LeftOut("accounts_usersession"))
rules.allow_facts_by(policy.allows)
# After the nightly check of the log and the hour of the backup, while people can still see to it.
SCHEDULES.register(Schedule("alarms", jobs.tell_of_alarms, at=time(7)))
SCHEDULES.register(Schedule("readings", jobs.forget_readings, at=time(2, 30)))
