"""Who may do what. Permissions are registered by rooms and granted by roles as data.

Deny by default: an unknown user, a missing permission or an inactive account may nothing. Every
denial has a reason in words.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from orbita.accounts import confining
from orbita.core import context
from orbita.core.models import Company
from orbita.core.registry import Registry

if TYPE_CHECKING:
    from orbita.accounts.models import Absence, Role, User

NONE, OWN, TEAM, ALL = "none", "own", "team", "all"
LEVELS = (NONE, OWN, TEAM, ALL)
STARTER_ROLES = ("administrator", "head", "manager", "marketer", "support", "viewer")


@dataclass(frozen=True)
class Permission:
    """Something a role may allow. `scoped` ones are allowed for own, the team's or all records.

    `starter` says what the starter roles get: role key → level. The administrator may everything.
    What works on `whole` records is not for roles that some of their fields are closed to.
    """

    name: str
    label: str | Promise
    scoped: bool = True
    starter: dict[str, str] = field(default_factory=dict)
    whole: bool = False

    @property
    def room(self) -> str:
        return self.name.partition(".")[0]


PERMISSIONS: Registry[Permission] = Registry("permission")


@dataclass(frozen=True)
class Area:
    """Permissions that stand together on the page of a role: those whose names begin so."""

    name: str
    label: str | Promise
    prefixes: tuple[str, ...]
    order: int = 50


AREAS: Registry[Area] = Registry("area of rights")


def areas() -> list[tuple[Area, list[Permission]]]:
    """The permissions by area, in the order of the page."""
    return [
        (area, [one for one in PERMISSIONS if one.room in area.prefixes])
        for area in sorted(AREAS, key=lambda area: area.order)
    ]


@dataclass(frozen=True)
class Grant:
    """A right beside the role that ends by itself: given until a moment, by whom and why."""

    permission: str
    level: str
    until: datetime
    by: str = ""
    reason: str = ""


def grants_of(user: "User", now: datetime | None = None) -> list[Grant]:
    """The grants of the user that have not ended."""
    if not user.grants:
        return []
    now = now or timezone.now()
    found = (Grant(**row | {"until": datetime.fromisoformat(row["until"])}) for row in user.grants)
    return [grant for grant in found if grant.until > now and grant.permission in PERMISSIONS]


class Denied(PermissionDenied):
    """The actor may not; `str()` is the reason, for the actor."""


@dataclass(frozen=True)
class Decision:
    allowed: bool
    reason: str = ""

    def __bool__(self) -> bool:
        return self.allowed


def level(actor: Any, permission: str) -> str:
    """For which records the actor has the permission: none, own, team or all."""
    known = PERMISSIONS[permission]
    if not getattr(actor, "is_active", False) or actor.pk is None:
        return NONE
    if actor.token_scopes is not None and not _in_scope(actor.token_scopes, permission):
        return NONE
    if known.whole and not sees_whole(actor.role):
        return NONE
    granted = widest(
        granted_to(actor.role, known),
        *(grant.level for grant in grants_of(actor) if grant.permission == permission),
    )
    return granted if known.scoped or granted == NONE else ALL


def widest(*levels: str) -> str:
    """The level that includes the others."""
    return max(levels, key=LEVELS.index)


def granted_to(role: "Role", permission: Permission) -> str:
    """What the role says of the permission; one newer than the role counts as in its starter."""
    if role.is_administrator:
        return ALL
    if permission.whole and not sees_whole(role):
        return NONE
    granted = role.permissions.get(permission.name)
    if granted is None:
        granted = permission.starter.get(role.key or "", NONE)
    return granted if granted in LEVELS else NONE


def sees_whole(role: "Role") -> bool:
    """Whether no field of records is closed to the role (see `field_rights`), and it has no bounds."""
    return role.is_administrator or not (role.field_rights or role.confined)


def covers_all(actor: Any, permission: str) -> bool:
    """Whether the actor has the permission on every single record: nothing has to be left out."""
    return level(actor, permission) == ALL and not confining.is_confined(actor.role)


def _in_scope(scopes: frozenset[str], permission: str) -> bool:
    room, _dot, verb = permission.partition(".")
    return bool(scopes & {"*", permission, f"{room}.*"} or ("read" in scopes and verb == "view"))


def owned_by(actor: "User", granted: str, path: str = "responsible") -> Q | None:
    """The condition that a level puts on records whose owner is at `path`; None means nothing."""
    if granted == ALL:
        return Q()
    if granted not in (OWN, TEAM):
        return None
    away = deputised_ids(actor)
    if granted == TEAM and actor.team_id:
        return Q(**{f"{path}__in": sorted({*team_member_ids(actor), *away})})
    return Q(**{f"{path}__in": [actor.pk, *away]}) if away else Q(**{path: actor.pk})


def team_member_ids(actor: "User") -> list[int]:
    """Ids of the actor's team and those below it, read once per actor: lists of ids keep the indexes
    in play.
    """
    cached: list[int] | None = getattr(actor, "_team_member_ids", None)
    if cached is None:
        from orbita.accounts.models import Team, User

        cached = []
        if actor.team_id:
            members = User.objects.filter(Team.within(actor.team_id, "team"))
            cached = list(members.values_list("pk", flat=True))
        actor._team_member_ids = cached  # type: ignore[attr-defined]
    return cached


def away_today() -> "list[Absence]":
    """The absences of today, read once per request or job."""

    def read() -> "list[Absence]":
        from orbita.accounts.models import Absence

        today = Company.current().business_date()
        return list(Absence.objects.filter(first_on__lte=today, last_on__gte=today))

    return context.remembered("away today", read)


def deputised_ids(actor: "User") -> list[int]:
    """Ids of those who are away today and for whom the actor stands in, read once per actor."""
    if getattr(actor, "stands_in", True) is False:
        return []
    cached: list[int] | None = getattr(actor, "_deputised_ids", None)
    if cached is None:
        cached = [absence.user_id for absence in away_today() if absence.deputy_id == actor.pk]
        actor._deputised_ids = cached  # type: ignore[attr-defined]
    return cached


def decide(actor: Any, permission: str, record: Any = None) -> Decision:
    """Whether the actor may, and if not, why not."""
    granted = level(actor, permission)
    label = PERMISSIONS[permission].label
    if granted == NONE:
        return Decision(False, _("Your role does not include: %(what)s.") % {"what": label})
    if record is None or granted == ALL:
        return Decision(True)
    owner_id = record.owner_id()
    if owner_id is not None and owner_id == actor.pk:
        return Decision(True)
    if granted == TEAM and owner_id in team_member_ids(actor):
        return Decision(True)
    if owner_id is not None and owner_id in deputised_ids(actor):
        return Decision(True)
    # A record may have helpers besides its owner.
    shared = getattr(record, "is_shared_with", None)
    if shared is not None and shared(actor.pk):
        return Decision(True)
    whose = _("your own records") if granted == OWN else _("the records of your team")
    return Decision(
        False,
        _("Your role allows this only for %(whose)s: %(what)s.") % {"whose": whose, "what": label},
    )


def allows(actor: Any, permission: str, record: Any = None) -> bool:
    return decide(actor, permission, record).allowed


def require(actor: Any, permission: str, record: Any = None) -> None:
    """Raises `Denied` with the reason when the actor may not."""
    decision = decide(actor, permission, record)
    if not decision:
        raise Denied(decision.reason)
