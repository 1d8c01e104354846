"""Why somebody may or may not: the rights of a person in words, for a record too."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from orbita.accounts import confining, field_rights, policy
from orbita.accounts.models import User
from orbita.core.registry import Registry


@dataclass(frozen=True)
class RecordKind:
    """Records that have an owner: `find` gives the one with a number; rights of `room` bear on it.
    `is_within(user, record)` says whether it lies within the bounds of the user's role.
    """

    name: str
    label: str | Promise
    find: Callable[[int], Any]
    room: str
    is_within: Callable[[User, Any], bool]


RECORDS: Registry[RecordKind] = Registry("kind of record")


@dataclass(frozen=True, slots=True)
class Explanation:
    """Whether somebody may, for which records, and the reasons one under another."""

    label: str | Promise
    allowed: bool
    level: str
    reasons: list[str]


def level_words(granted: str, *, scoped: bool = True) -> str:
    """A level as a cell of a table says it; nothing for no right."""
    if not scoped:
        return "" if granted == policy.NONE else _("yes")
    words = {
        policy.OWN: pgettext("records", "own"),
        policy.TEAM: pgettext("records", "of the team"),
        policy.ALL: pgettext("records", "all"),
    }
    return words.get(granted, "")


def closed_fields(user: User) -> list[tuple[str | Promise, str | Promise]]:
    """The fields that are closed to the user, with what he has of each instead."""
    closed = field_rights.closed_to(user)
    return [
        (field.label, field_rights.LEVELS[closed[field.name]])
        for field in field_rights.GUARDED
        if field.name in closed
    ]


def explain(
    user: User,
    permission: policy.Permission,
    record: Any = None,
    kind: RecordKind | None = None,
) -> Explanation:
    """What the user may by this permission and why; with a record, why with this very one."""
    granted = policy.level(user, permission.name)
    decision = policy.decide(user, permission.name, record if permission.scoped else None)
    reasons = list(_sources(user, permission))
    allowed = decision.allowed
    if record is not None and permission.scoped and granted != policy.NONE:
        reasons.append(_about(user, granted, record))
        if kind and confining.is_confined(user.role) and not kind.is_within(user, record):
            allowed = False
            reasons.append(_("The record lies beyond the bounds of his role."))
    words = level_words(granted, scoped=permission.scoped)
    return Explanation(permission.label, allowed, words, reasons)


def _sources(user: User, permission: policy.Permission) -> list[str]:
    if not user.is_active:
        return [_("May not sign in.")]
    if user.role.is_administrator:
        return [_("Administrators may do everything.")]
    granted = policy.granted_to(user.role, permission)
    words = level_words(granted, scoped=permission.scoped) or _("no")
    found = [_("The role “%(role)s” says: %(level)s.") % {"role": user.role, "level": words}]
    for grant in policy.grants_of(user):
        if grant.permission == permission.name:
            found.append(grant_words(grant, scoped=permission.scoped))
    return found


def grant_words(grant: policy.Grant, *, scoped: bool) -> str:
    """A grant as one sentence."""
    return _("Given by %(who)s until %(day)s: %(level)s.") % {
        "who": grant.by,
        "day": formats.date_format(timezone.localtime(grant.until), "SHORT_DATE_FORMAT"),
        "level": level_words(grant.level, scoped=scoped),
    }


def _about(user: User, granted: str, record: Any) -> str:
    owner_id = record.owner_id()
    owner = User.objects.filter(pk=owner_id).first() if owner_id else None
    if owner is None:
        return _("Nobody is responsible for this record.")
    if owner == user:
        return _("The record is his own.")
    name = {"name": owner.display_name}
    if granted == policy.ALL:
        return _("%(name)s is responsible; the right holds for all records.") % name
    if owner.pk in policy.deputised_ids(user):
        return _("%(name)s is responsible and away; this user stands in.") % name
    if owner.pk in policy.team_member_ids(user):
        return _("%(name)s is responsible, of the same team or one below it.") % name
    return _("%(name)s is responsible, of another team.") % name
