"""Rights given for a time, and looking at Orbita as somebody else."""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.actions.roles import require_administrator
from orbita.accounts.models import User
from orbita.core.events import emit

LONGEST = timedelta(days=366)
LONGEST_REASON = 200


def grant_right(
    *, actor: User, user: User, permission: str, level: str, until: datetime, reason: str = ""
) -> policy.Grant:
    """Gives the user a right beside his role until a moment; a grant of the same right is replaced.

    Raises `ValidationError` keyed by field.
    """
    require_administrator(actor)
    if permission not in policy.PERMISSIONS:
        raise ValidationError({"permission": [_("There is no such right.")]})
    if level not in policy.LEVELS or level == policy.NONE:
        raise ValidationError({"level": [_("There is no such level of rights.")]})
    now = timezone.now()
    if until <= now:
        raise ValidationError({"until": [_("It must end later than now.")]})
    if until > now + LONGEST:
        raise ValidationError({"until": [_("At most a year at a time.")]})
    if not policy.PERMISSIONS[permission].scoped:
        level = policy.ALL
    grant = policy.Grant(
        permission, level, until, actor.display_name, reason.strip()[:LONGEST_REASON]
    )
    with transaction.atomic():
        row = User.objects.select_for_update().get(pk=user.pk)
        kept = [one for one in policy.grants_of(row, now) if one.permission != permission]
        _write(user, row, [*kept, grant])
        _tell("right.granted", actor, row, grant)
    return grant


def end_grant(*, actor: User, user: User, permission: str) -> None:
    """Ends a grant before its time; nothing happens when there is none."""
    require_administrator(actor)
    with transaction.atomic():
        row = User.objects.select_for_update().get(pk=user.pk)
        grants = policy.grants_of(row)
        for grant in grants:
            if grant.permission == permission:
                _write(user, row, [one for one in grants if one.permission != permission])
                _tell("right.ended", actor, row, grant)


def _write(user: User, row: User, grants: list[policy.Grant]) -> None:
    row.grants = user.grants = [
        {
            "permission": one.permission,
            "level": one.level,
            "until": one.until.isoformat(),
            "by": one.by,
            "reason": one.reason,
        }
        for one in grants
    ]
    row.save(update_fields=["grants"])


def _tell(kind: str, actor: User, user: User, grant: policy.Grant) -> None:
    emit(
        kind,
        actor=actor,
        subject_type="user",
        subject_id=user.pk,
        data={
            "permission": grant.permission,
            "level": grant.level,
            "until": grant.until.isoformat(),
            "reason": grant.reason,
        },
    )


def see_as(*, actor: User, user: User) -> None:
    """Puts on record that an administrator looks at Orbita as this user: nothing can be changed then."""
    require_administrator(actor)
    if user.is_service or not user.is_active or user == actor:
        raise ValidationError(_("One can only look as another person who may sign in."))
    with transaction.atomic():
        emit("user.seen_as", actor=actor, subject_type="user", subject_id=user.pk)
