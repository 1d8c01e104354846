"""An employee leaves: every door is closed at once, and what he led goes to somebody."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.actions.users import require_peer
from orbita.accounts.leaving import BELONGINGS
from orbita.accounts.models import ApiToken, Invitation, User
from orbita.core.events import emit


def let_go(*, actor: User, user: User, heir: User | None, reason: str = "") -> None:
    """Closes the account with its sessions, tokens, links and rights for a time, and puts on record who
    gets what it led. The handing over itself is `hand_over_belongings`, run as a job.
    """
    policy.require(actor, "accounts.manage")
    require_peer(actor, user.role)
    if user == actor or user.is_service:
        raise ValidationError(_("This account cannot be closed so."))
    if heir and (heir == user or heir.is_service or not heir.is_active):
        raise ValidationError({"heir": [_("This person cannot take the records over.")]})
    now = timezone.now()
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(is_active=False, grants=[])
        sessions, _rows = user.sessions.all().delete()
        tokens = ApiToken.objects.filter(user=user, revoked_at=None).update(revoked_at=now)
        Invitation.objects.filter(user=user, used_at=None).delete()
        emit(
            "user.left",
            actor=actor,
            subject_type="user",
            subject_id=user.pk,
            data={
                "heir": heir.name if heir else None,
                "sessions": sessions,
                "tokens": tokens,
                "reason": reason,
            },
        )
    user.is_active = False


def hand_over_belongings(*, actor: User, user: User, heir: User | None, reason: str) -> None:
    """Gives everything the user leads to the heir, or to nobody."""
    for one in BELONGINGS:
        one.hand_over(actor, user, heir, reason)
