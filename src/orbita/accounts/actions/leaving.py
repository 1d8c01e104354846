"""An employee leaves: every door is closed at once, and what he led goes to somebody."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.actions.users import close_account, require_peer
from orbita.accounts.leaving import BELONGINGS
from orbita.accounts.models import User
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
    with transaction.atomic():
        ended = close_account(user)
        User.objects.filter(pk=user.pk).update(grants=[])
        emit(
            "user.left",
            actor=actor,
            subject_type="user",
            subject_id=user.pk,
            data={
                "heir": heir.name if heir else None,
                **ended,
                "reason": reason,
            },
        )
    user.is_active = False


def hand_over_belongings(*, actor: User, user: User, heir: User | None, reason: str) -> None:
    """Gives everything the user leads to the heir, or to nobody."""
    for one in BELONGINGS:
        one.hand_over(actor, user, heir, reason)
