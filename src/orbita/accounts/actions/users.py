"""Users, teams and what people set for themselves."""

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import ApiToken, Invitation, Role, Team, User
from orbita.core import zones
from orbita.core.events import changes, emit
from orbita.core.models import Company


def require_peer(actor: User, *roles: Role) -> None:
    """Whoever manages users makes nobody an administrator, himself neither, unless he is one."""
    if any(role.is_administrator for role in roles) and not actor.role.is_administrator:
        raise policy.Denied(_("Only an administrator may do this to an administrator."))


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
        require_peer(actor, role)
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
    require_peer(actor, user.role, role)
    if user.is_service:
        raise ValidationError(_("This is the program itself: it cannot be changed."))
    if user == actor and (not is_active or not role.is_administrator):
        raise ValidationError(_("You cannot take your own administrator rights away."))
    before = _user_fields(user)
    user.name, user.role, user.team, user.is_active = name, role, team, is_active
    with transaction.atomic():
        user.save(update_fields=["name", "role", "team", "is_active"])
        if not is_active:
            user.sessions.all().delete()
            Invitation.objects.filter(user=user, used_at=None).delete()
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


def close_account(user: User) -> dict[str, int]:
    """Nobody gets in by this account any more: neither by a session nor a token nor an invitation.
    Returns how many sessions and tokens that ended. Callers put it on record.
    """
    User.objects.filter(pk=user.pk).update(is_active=False)
    sessions, _rows = user.sessions.all().delete()
    tokens = ApiToken.objects.filter(user=user, revoked_at=None).update(revoked_at=timezone.now())
    Invitation.objects.filter(user=user, used_at=None).delete()
    return {"sessions": sessions, "tokens": tokens}


def _user_fields(user: User) -> dict[str, object]:
    return {
        "name": user.name,
        "role": user.role.name,
        "team": user.team.name if user.team else None,
        "is_active": user.is_active,
    }


def save_team(
    *, actor: User, name: str, team: Team | None = None, parent: Team | None = None
) -> Team:
    """A new team, or a known one with another name or place. Raises `ValidationError`."""
    policy.require(actor, "accounts.manage")
    team = team or Team()
    before = _team_fields(team) if team.pk else {}
    team.name, team.parent = name.strip(), parent
    team.full_clean()
    with transaction.atomic():
        # One at a time, or two teams could become part of each other.
        list(Team.objects.select_for_update().order_by("pk").values_list("pk", flat=True))
        _require_place(team)
        team.save()
        emit(
            "team.saved",
            actor=actor,
            subject_type="team",
            subject_id=team.pk,
            data=changes(before, _team_fields(team)),
        )
    return team


def _team_fields(team: Team) -> dict[str, object]:
    return {"name": team.name, "parent": team.parent.name if team.parent else None}


def _require_place(team: Team) -> None:
    """A team is no part of itself, and chains of teams are not longer than rights look."""
    parents: dict[int | None, int | None] = dict(Team.objects.values_list("pk", "parent_id"))
    parents[team.pk] = team.parent_id
    for lowest in parents:
        above, step = 0, parents[lowest]
        while step is not None and above < Team.DEPTH:
            above, step = above + 1, parents.get(step)
        if above >= Team.DEPTH:
            raise ValidationError(
                {
                    "parent": [
                        _("Teams stand at most %(n)s deep, and never in circles.")
                        % {"n": Team.DEPTH}
                    ]
                }
            )


def change_preferences(
    *,
    actor: User,
    name: str | None = None,
    language: str | None = None,
    theme: str | None = None,
    time_zone: str | None = None,
) -> User:
    """Changes what the actor set for himself; unknown values raise `ValidationError`."""
    fields = ("name", "language", "theme", "time_zone")
    before = {field: getattr(actor, field) for field in fields}
    if name is not None:
        actor.name = name.strip()
    if language is not None:
        if language not in dict(settings.LANGUAGES):
            raise ValidationError(_("There is no such language."))
        actor.language = language
    if theme is not None:
        if theme not in User.Theme.values:
            raise ValidationError(_("There is no such theme."))
        actor.theme = theme
    if time_zone is not None:
        if time_zone not in zones.known():
            raise ValidationError(_("There is no such time zone."))
        actor.time_zone = time_zone
    actor.full_clean(exclude=["password", "email", "role", "team"])
    difference = changes(before, {field: getattr(actor, field) for field in fields})
    if difference["after"]:
        with transaction.atomic():
            actor.save(update_fields=fields)
            emit(
                "user.changed",
                actor=actor,
                subject_type="user",
                subject_id=actor.pk,
                data=difference,
            )
    return actor
