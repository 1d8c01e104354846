"""Sign-in, sessions and passwords."""

from datetime import timedelta

from axes.utils import reset
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import Invitation, User, UserSession
from orbita.core.events import emit
from orbita.core.models import Event


def record_sign_in(user: User, *, address: str | None, browser: str, failures: int = 0) -> None:
    """Notes that a person signed in, after how many failed attempts."""
    with transaction.atomic():
        emit(
            "user.signed_in",
            actor=user,
            subject_type="user",
            subject_id=user.pk,
            data={"address": address, "browser": browser, "failures": failures},
        )


def record_lockout(email: str, *, address: str | None, lasts: timedelta) -> None:
    """Notes, once per lockout, that sign-in to an existing account is closed for a while."""
    user = User.objects.people().filter(email=email).first()
    if user is None:
        return
    with transaction.atomic():
        known = Event.objects.filter(
            subject_type="user",
            subject_id=user.pk,
            kind="user.locked_out",
            happened_at__gt=timezone.now() - lasts,
        )
        if not known.exists():
            emit(
                "user.locked_out",
                actor=None,
                subject_type="user",
                subject_id=user.pk,
                data={"address": address},
            )


def record_failure(email: str, *, address: str | None, browser: str) -> None:
    """Notes a failed attempt to sign in. What was typed is not kept: it may be a password."""
    # One look-up and one event whoever is meant, so that time tells nobody who has an account.
    user = User.objects.people().filter(email=email).first()
    with transaction.atomic():
        emit(
            "user.sign_in_failed",
            actor=None,
            subject_type="user",
            subject_id=user.pk if user else None,
            data={"address": address, "browser": browser},
        )


def record_kept_out(user: User, *, address: str | None) -> None:
    """Notes, once an hour, that somebody came from an address that his role does not work from."""
    with transaction.atomic():
        lately = timezone.now() - timedelta(hours=1)
        known = Event.objects.filter(
            subject_type="user",
            subject_id=user.pk,
            kind="user.kept_out",
            happened_at__gt=lately,
        )
        if not known.exists():
            emit(
                "user.kept_out",
                actor=None,
                subject_type="user",
                subject_id=user.pk,
                data={"address": address},
            )


def record_sign_out(user: User) -> None:
    with transaction.atomic():
        emit("user.signed_out", actor=user, subject_type="user", subject_id=user.pk)


def end_session(*, actor: User, session: UserSession) -> None:
    """Ends a session: one's own, or anybody's with the right to manage users."""
    if session.user_id != actor.pk:
        policy.require(actor, "accounts.manage")
    with transaction.atomic():
        session.delete()
        emit("session.ended", actor=actor, subject_type="user", subject_id=session.user_id)


def end_other_sessions(*, actor: User, keep: str | None) -> int:
    """Ends all sessions of the actor but the one with the key `keep`. Returns how many."""
    with transaction.atomic():
        _total, rows = actor.sessions.exclude(session_key=keep).delete()
        ended = rows.get(UserSession._meta.label, 0)
        if ended:
            emit(
                "session.ended",
                actor=actor,
                subject_type="user",
                subject_id=actor.pk,
                data={"sessions": ended},
            )
    return ended


def change_password(*, actor: User, old: str, new: str, keep: str | None = None) -> None:
    """Sets a new password and ends the actor's sessions but the one with the key `keep`.

    Raises `ValidationError` by field when the old one is wrong or the new one too weak.
    """
    if not actor.check_password(old):
        raise ValidationError({"old": _("This is not your present password.")})
    try:
        validate_password(new, actor)
    except ValidationError as error:
        raise ValidationError({"new": error.messages}) from None
    with transaction.atomic():
        actor.set_password(new)
        actor.save(update_fields=["password"])
        actor.sessions.exclude(session_key=keep).delete()
        # A link that somebody else got hold of must not undo what the new password is for.
        Invitation.objects.filter(user=actor, used_at=None).delete()
        emit("user.password_set", actor=actor, subject_type="user", subject_id=actor.pk)


def forgive_failures(user: User) -> None:
    """Opens sign-in again to a person who proved by a letter to be himself."""
    reset(username=user.email)
