"""Everything that changes users, roles, sessions, invitations and tokens."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import ApiToken, Invitation, Role, Team, User, UserSession
from orbita.core.events import changes, emit
from orbita.core.models import Company

STARTER_NAMES = {
    "administrator": "Administrator",
    "head": "Head of sales",
    "manager": "Sales manager",
    "marketer": "Marketer",
    "support": "Support operator",
    "viewer": "Viewer",
}
SERVICE_EMAIL = "orbita@service.invalid"
SETUP_VALID_FOR = timedelta(days=1)
INVITATION_VALID_FOR = timedelta(days=7)
RESET_VALID_FOR = timedelta(hours=2)


def sync_starter_roles() -> None:
    """Makes the starter roles and gives them what new permissions say; what was set by hand stays."""
    with transaction.atomic():
        for key in policy.STARTER_ROLES:
            role, _created = Role.objects.get_or_create(
                key=key,
                defaults={
                    "name": STARTER_NAMES[key],
                    "is_administrator": key == "administrator",
                },
            )
            missing = {
                permission.name: permission.starter.get(key, policy.NONE)
                for permission in policy.PERMISSIONS
                if permission.name not in role.permissions
            }
            if missing and not role.is_administrator:
                role.permissions |= missing
                role.save(update_fields=["permissions"])


def service_user() -> User:
    """The user on whose behalf the program itself acts; nobody can sign in as it."""
    user = User.objects.filter(email=SERVICE_EMAIL).first()
    if user is None:
        user = User(
            email=SERVICE_EMAIL,
            name="Orbita",
            role=Role.objects.get(key="administrator"),
            is_service=True,
        )
        user.set_unusable_password()
        user.save()
    return user


def create_user(
    *,
    actor: User | None,
    email: str,
    name: str,
    role: Role,
    team: Team | None = None,
    password: str | None = None,
    language: str = "ru",
    time_zone: str = "",
) -> User:
    """A new user; without a password he gets in by an invitation. `actor` None is the command line."""
    if actor:
        policy.require(actor, "accounts.manage")
    user = User(
        email=email.strip().lower(),
        name=name.strip() or email,
        role=role,
        team=team,
        language=language,
        time_zone=time_zone or Company.current().time_zone,
    )
    if password is None:
        user.set_unusable_password()
    else:
        validate_password(password, user)
        user.set_password(password)
    user.full_clean(exclude=["password"])
    with transaction.atomic():
        user.save()
        emit(
            "user.created",
            actor=actor,
            subject_type="user",
            subject_id=user.pk,
            data={"after": {"email": user.email, "name": user.name, "role": role.name}},
        )
    return user


def change_user(
    *, actor: User, user: User, name: str, role: Role, team: Team | None, is_active: bool
) -> User:
    policy.require(actor, "accounts.manage")
    if user == actor and (not is_active or not role.is_administrator):
        raise ValidationError(_("You cannot take your own administrator rights away."))
    before = _user_fields(user)
    user.name, user.role, user.team, user.is_active = name, role, team, is_active
    with transaction.atomic():
        user.save(update_fields=["name", "role", "team", "is_active"])
        if not is_active:
            user.sessions.all().delete()
        difference = changes(before, _user_fields(user))
        if difference["after"]:
            emit(
                "user.changed",
                actor=actor,
                subject_type="user",
                subject_id=user.pk,
                data=difference,
            )
    return user


def _user_fields(user: User) -> dict[str, object]:
    return {
        "name": user.name,
        "role": user.role.name,
        "team": user.team.name if user.team else None,
        "is_active": user.is_active,
    }


def save_team(*, actor: User, name: str, team: Team | None = None) -> Team:
    policy.require(actor, "accounts.manage")
    team = team or Team()
    before, team.name = team.name, name.strip()
    team.full_clean()
    with transaction.atomic():
        team.save()
        emit(
            "team.saved",
            actor=actor,
            subject_type="team",
            subject_id=team.pk,
            data=changes({"name": before}, {"name": team.name}),
        )
    return team


def change_preferences(
    *,
    actor: User,
    language: str | None = None,
    theme: str | None = None,
    time_zone: str | None = None,
) -> User:
    """Changes what the actor set for himself; unknown values raise `ValidationError`."""
    before = {name: getattr(actor, name) for name in ("language", "theme", "time_zone")}
    if language is not None:
        if language not in dict(settings.LANGUAGES):
            raise ValidationError(_("There is no such language."))
        actor.language = language
    if theme is not None:
        if theme not in User.Theme.values:
            raise ValidationError(_("There is no such theme."))
        actor.theme = theme
    if time_zone is not None:
        if time_zone not in available_timezones():
            raise ValidationError(_("There is no such time zone."))
        actor.time_zone = time_zone
    difference = changes(before, {name: getattr(actor, name) for name in before})
    if difference["after"]:
        with transaction.atomic():
            actor.save(update_fields=list(before))
            emit(
                "user.changed",
                actor=actor,
                subject_type="user",
                subject_id=actor.pk,
                data=difference,
            )
    return actor


# ---- links that let a person choose a password ----


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


def invite(*, actor: User | None, user: User) -> str:
    """A link token for a user without a password; earlier links stop working."""
    if actor:
        policy.require(actor, "accounts.manage")
    with transaction.atomic():
        Invitation.objects.filter(user=user, used_at=None).delete()
        token = _make_invitation(Invitation.Purpose.INVITE, user, INVITATION_VALID_FOR)
        emit("user.invited", actor=actor, subject_type="user", subject_id=user.pk)
    return token


def start_password_reset(user: User) -> str:
    with transaction.atomic():
        Invitation.objects.filter(
            user=user, purpose=Invitation.Purpose.RESET, used_at=None
        ).delete()
        return _make_invitation(Invitation.Purpose.RESET, user, RESET_VALID_FOR)


def find_invitation(token: str) -> Invitation | None:
    """The unused, unexpired invitation of this token."""
    return (
        Invitation.objects.select_related("user")
        .filter(token_hash=hash_token(token), used_at=None, expires_at__gt=timezone.now())
        .first()
    )


def set_up(
    *, token: str, company: str, name: str, email: str, password: str, language: str, time_zone: str
) -> User:
    """The first administrator and the company; works once in the life of a base."""
    user = User(email=email.strip().lower(), name=name.strip(), language=language)
    user.time_zone = time_zone
    validate_password(password, user)
    with transaction.atomic():
        _use_invitation(token, Invitation.Purpose.SETUP)
        if User.objects.people().exists():
            raise ValidationError(_("Orbita is already set up: sign in."))
        user.role = Role.objects.get(key="administrator")
        user.set_password(password)
        user.full_clean()
        user.save()
        row = Company.objects.first() or Company()
        row.name, row.time_zone = company.strip() or row.name, time_zone
        row.full_clean()
        row.save()
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
    validate_password(password, user)
    with transaction.atomic():
        _use_invitation(token, invitation.purpose)
        user.set_password(password)
        user.save(update_fields=["password"])
        user.sessions.all().delete()
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


def change_password(*, actor: User, old: str, new: str) -> None:
    if not actor.check_password(old):
        raise ValidationError({"old": _("This is not your present password.")})
    try:
        validate_password(new, actor)
    except ValidationError as error:
        raise ValidationError({"new": error.messages}) from None
    with transaction.atomic():
        actor.set_password(new)
        actor.save(update_fields=["password"])
        emit("user.password_set", actor=actor, subject_type="user", subject_id=actor.pk)


# ---- sessions and tokens ----


def end_session(*, actor: User, session: UserSession) -> None:
    if session.user_id != actor.pk:
        policy.require(actor, "accounts.manage")
    with transaction.atomic():
        session.delete()
        emit("session.ended", actor=actor, subject_type="user", subject_id=session.user_id)


def record_sign_in(user: User, *, address: str | None, browser: str) -> None:
    with transaction.atomic():
        emit(
            "user.signed_in",
            actor=user,
            subject_type="user",
            subject_id=user.pk,
            data={"address": address, "browser": browser},
        )


def create_token(
    *,
    actor: User | None,
    user: User,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """A token and its secret, which is shown this one time. `actor` None is the command line."""
    if actor and actor != user:
        policy.require(actor, "accounts.manage")
    unknown = [scope for scope in scopes if not is_scope(scope)]
    if unknown or not scopes:
        raise ValidationError(
            _("Unknown scope: %(scopes)s.") % {"scopes": ", ".join(unknown) or "—"}
        )
    secret = f"orb_{secrets.token_urlsafe(32)}"
    with transaction.atomic():
        token = ApiToken.objects.create(
            user=user,
            name=name,
            prefix=secret[:8],
            token_hash=hash_token(secret),
            scopes=list(scopes),
            expires_at=expires_at,
        )
        emit(
            "token.created",
            actor=actor or user,
            subject_type="token",
            subject_id=token.pk,
            data={"after": {"user": user.email, "name": name, "scopes": list(scopes)}},
        )
    return token, secret


def is_scope(scope: str) -> bool:
    """`*`, `read` (view permissions only), a permission, or a room's `clients.*`."""
    rooms = {permission.room for permission in policy.PERMISSIONS}
    return (
        scope in ("*", "read")
        or scope in policy.PERMISSIONS
        or (scope.endswith(".*") and scope[:-2] in rooms)
    )


def revoke_token(*, actor: User, token: ApiToken) -> None:
    if token.user_id != actor.pk:
        policy.require(actor, "accounts.manage")
    with transaction.atomic():
        ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
        emit("token.revoked", actor=actor, subject_type="token", subject_id=token.pk)


def user_of_token(secret: str) -> User | None:
    """The token's user with the rights narrowed to its scopes; None when the token is not valid."""
    token = (
        ApiToken.objects.select_related("user__role").filter(token_hash=hash_token(secret)).first()
    )
    if token is None or not token.is_valid():
        return None
    now = timezone.now()
    # Once a minute is enough to know a token is alive, and spares a write on every request.
    if token.last_used_at is None or now - token.last_used_at > timedelta(minutes=1):
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    user = token.user
    user.token_scopes = frozenset(token.scopes)
    return user
