"""Who is away, and who stands in for him."""

from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import Absence, User
from orbita.core import context
from orbita.core.events import emit

LONGEST = 366  # days


def set_absence(
    *,
    actor: User,
    user: User,
    deputy: User | None,
    first_on: date,
    last_on: date,
    reason: str = "",
) -> Absence:
    """Somebody is away on these days, the last one too; his deputy sees and works what is his.

    One's own absence everybody sets, with a deputy of his own team: a deputy is given rights, and
    further ones only those give who manage absences.
    """
    if user != actor:
        policy.require(actor, "accounts.absences")
    elif (
        deputy
        and (actor.team_id is None or deputy.team_id != actor.team_id)
        and not policy.allows(actor, "accounts.absences")
    ):
        raise ValidationError({"deputy": [_("Choose somebody of your own team.")]})
    if deputy and (deputy == user or deputy.is_service or not deputy.is_active):
        raise ValidationError({"deputy": [_("This person cannot stand in.")]})
    if last_on < first_on:
        raise ValidationError({"last_on": [_("It ends before it begins.")]})
    if (last_on - first_on).days >= LONGEST:
        raise ValidationError({"last_on": [_("At most a year at a time.")]})
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        others = Absence.objects.filter(user=user, first_on__lte=last_on, last_on__gte=first_on)
        if others.exists():
            raise ValidationError(_("These days overlap with another absence."))
        absence = Absence.objects.create(
            user=user, deputy=deputy, first_on=first_on, last_on=last_on, reason=reason.strip()
        )
        context.forget("away today")
        _tell("absence.set", actor, absence)
    return absence


def end_absence(*, actor: User, absence: Absence) -> None:
    """Takes an absence off, for its own user or those who manage absences."""
    if absence.user_id != actor.pk:
        policy.require(actor, "accounts.absences")
    with transaction.atomic():
        _tell("absence.ended", actor, absence)
        absence.delete()
        context.forget("away today")


def _tell(kind: str, actor: User, absence: Absence) -> None:
    emit(
        kind,
        actor=actor,
        subject_type="user",
        subject_id=absence.user_id,
        data={
            "user": absence.user.display_name,
            "deputy": absence.deputy.display_name if absence.deputy else None,
            "first_on": absence.first_on,
            "last_on": absence.last_on,
            "reason": absence.reason,
        },
    )
