"""Keys for programs."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.actions.links import hash_token
from orbita.accounts.models import ApiToken, User
from orbita.core.events import emit


def create_token(
    *,
    actor: User | None,
    user: User,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """A token and its secret, which is shown this one time. `actor` None is the command line.

    A token acts as its user, so nobody makes one for somebody else, nor with a token.
    """
    if actor and (actor != user or actor.token_scopes is not None):
        raise policy.Denied(_("A token can be made only by its own user, signed in."))
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


def scope_choices() -> list[tuple[str, str]]:
    """What a person may choose from, widest last: reading, a whole room, everything."""
    rooms: dict[str, list[str]] = {}
    for permission in policy.PERMISSIONS:
        rooms.setdefault(permission.room, []).append(str(permission.label))
    return [
        ("read", _("only look at what you may see")),
        *((f"{room}.*", ", ".join(labels)) for room, labels in rooms.items()),
        ("*", _("everything you may do")),
    ]


def scope_words(scopes: Iterable[str]) -> str:
    """What a token may do, in words: the narrow scopes of a script are permissions' own."""
    words = dict(scope_choices()) | {p.name: str(p.label) for p in policy.PERMISSIONS}
    return "; ".join(words.get(scope, scope) for scope in scopes)


def revoke_token(*, actor: User, token: ApiToken) -> None:
    if token.user_id != actor.pk:
        policy.require(actor, "accounts.manage")
    with transaction.atomic():
        revoked = ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(
            revoked_at=timezone.now()
        )
        if revoked:
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
