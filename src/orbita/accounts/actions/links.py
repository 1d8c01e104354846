"""Links that let a person choose a password: set-up, invitation, reset."""

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import override

from orbita.accounts import policy
from orbita.accounts.actions.sessions import forgive_failures
from orbita.accounts.actions.users import create_user, require_peer
from orbita.accounts.models import Invitation, Role, Team, User
from orbita.core.backup import plan
from orbita.core.events import emit
from orbita.core.mail import queue_mail
from orbita.core.models import Company

SETUP_VALID_FOR = timedelta(days=1)
INVITATION_VALID_FOR = timedelta(days=7)
RESET_VALID_FOR = timedelta(hours=2)
RESET_PAUSE = timedelta(minutes=10)


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _make_invitation(purpose: str, user: User | None, valid_for: timedelta) -> str:
    token = secrets.token_urlsafe(32)
    Invitation.objects.create(
        purpose=purpose,
        token_hash=hash_token(token),
        user=user,
        expires_at=timezone.now() + valid_for,
    )
    return token


def make_setup_token() -> str | None:
    """A fresh token for the first administrator; None once any person has an account."""
    with transaction.atomic():
        if User.objects.people().exists():
            return None
        Invitation.objects.filter(purpose=Invitation.Purpose.SETUP, used_at=None).delete()
        return _make_invitation(Invitation.Purpose.SETUP, None, SETUP_VALID_FOR)


def invite(*, actor: User | None, user: User, site: str = "") -> str:
    """A link token for a user who shall choose a password; earlier links stop working.

    With `site` (the address of this installation) a letter with the link is queued too.
    """
    if actor:
        policy.require(actor, "accounts.manage")
        require_peer(actor, user.role)
    if user.is_service or not user.is_active:
        raise ValidationError(_("This user cannot sign in, so there is nothing to invite to."))
    with transaction.atomic():
        Invitation.objects.filter(user=user, used_at=None).delete()
        token = _make_invitation(Invitation.Purpose.INVITE, user, INVITATION_VALID_FOR)
        if site:
            _write_invitation(user, actor, link(site, token))
        emit("user.invited", actor=actor, subject_type="user", subject_id=user.pk)
    return token


def invite_person(
    *, actor: User, email: str, name: str, role: Role, team: Team | None, language: str, site: str
) -> tuple[User, str]:
    """Adds a user and invites him by letter. Returns him and the token of his link."""
    with transaction.atomic():
        user = create_user(
            actor=actor, email=email, name=name, role=role, team=team, language=language
        )
        return user, invite(actor=actor, user=user, site=site)


def link(site: str, token: str) -> str:
    return site.rstrip("/") + reverse("accounts:invitation", args=[token])


def _write_invitation(user: User, actor: User | None, address: str) -> None:
    with override(user.language):
        company = Company.current().name
        lines = [
            _("Hello, %(name)s!") % {"name": user.display_name},
            "",
            _("%(who)s invites you to work in Orbita of “%(company)s”.")
            % {"who": actor.display_name if actor else company, "company": company},
            _("Choose your password here:"),
            address,
            "",
            _("The link works once, until %(day)s.")
            % {"day": date_format(timezone.localtime() + INVITATION_VALID_FOR, "DATE_FORMAT")},
        ]
        queue_mail(
            key=f"invite:{hash_token(address)}",
            to=user.email,
            subject=_("Invitation to Orbita: %(company)s") % {"company": company},
            text="\n".join(lines),
        )


def send_password_reset(email: str, site: str) -> None:
    """Writes to the owner of the address how to choose a new password, at most every ten minutes.

    Whether there is such a user is for the letter to know, not for the page that asked.
    """
    user = User.objects.people().filter(email=email.strip().lower(), is_active=True).first()
    if user is None:
        return
    recent = timezone.now() - RESET_PAUSE
    with transaction.atomic():
        links = Invitation.objects.filter(user=user, purpose=Invitation.Purpose.RESET)
        if links.filter(used_at=None, created_at__gt=recent).exists():
            return
        links.filter(used_at=None).delete()
        token = _make_invitation(Invitation.Purpose.RESET, user, RESET_VALID_FOR)
        with override(user.language):
            lines = [
                _("Hello, %(name)s!") % {"name": user.display_name},
                "",
                _("Somebody, probably you, asked for a new password for Orbita."),
                _("Choose it here within two hours:"),
                link(site, token),
                "",
                _("If it was not you, do nothing: your password stays as it is."),
            ]
            queue_mail(
                key=f"reset:{hash_token(token)}",
                to=user.email,
                subject=_("New password for Orbita"),
                text="\n".join(lines),
            )


def find_invitation(token: str) -> Invitation | None:
    """The invitation of this token while it works: unused, in time, its user not closed."""
    return (
        Invitation.objects.select_related("user")
        .filter(token_hash=hash_token(token), used_at=None, expires_at__gt=timezone.now())
        .exclude(user__is_active=False)
        .first()
    )


def set_up(
    *,
    token: str,
    company: str,
    name: str,
    email: str,
    password: str,
    language: str,
    time_zone: str,
    currency: str = "RUB",
) -> User:
    """The first administrator and the company; works once in the life of a base."""
    user = User(email=email.strip().lower(), name=name.strip(), language=language)
    user.time_zone = time_zone
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise ValidationError({"password": error.messages}) from None
    with transaction.atomic():
        # The lock makes two set-ups at once stand in line.
        user.role = Role.objects.select_for_update().get(key="administrator")
        _use_invitation(token, Invitation.Purpose.SETUP)
        if User.objects.people().exists():
            raise ValidationError(_("Orbita is already set up: sign in."))
        user.set_password(password)
        user.full_clean()
        user.save()
        row = Company.objects.first() or Company()
        row.name, row.time_zone, row.currency = company.strip() or row.name, time_zone, currency
        row.full_clean()
        row.save()
        # Whoever starts in earnest is backed up from the first night on.
        plan.change(actor=user, is_on=True)
        emit(
            "user.created",
            actor=user,
            subject_type="user",
            subject_id=user.pk,
            data={"after": {"email": user.email, "name": user.name, "role": user.role.name}},
        )
    return user


def accept_invitation(*, token: str, password: str) -> User:
    """Sets the password of the invited user and ends his sessions elsewhere."""
    invitation = find_invitation(token)
    if invitation is None or invitation.user is None:
        raise ValidationError(_("This link does not work any more. Ask for a new one."))
    user = invitation.user
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise ValidationError({"password": error.messages}) from None
    with transaction.atomic():
        _use_invitation(token, invitation.purpose)
        user.set_password(password)
        user.save(update_fields=["password"])
        user.sessions.all().delete()
        Invitation.objects.filter(user=user, used_at=None).delete()
        forgive_failures(user)
        emit("user.password_set", actor=user, subject_type="user", subject_id=user.pk)
    return user


def _use_invitation(token: str, purpose: str) -> None:
    used = Invitation.objects.filter(
        token_hash=hash_token(token),
        purpose=purpose,
        used_at=None,
        expires_at__gt=timezone.now(),
    ).update(used_at=timezone.now())
    if not used:
        raise ValidationError(_("This link does not work any more. Ask for a new one."))
