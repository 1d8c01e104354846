"""Sign-in by a server outside: how it is set up, and whom of ours its word is about."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from orbita.accounts import openid
from orbita.accounts.actions.roles import require_administrator
from orbita.accounts.actions.users import create_user
from orbita.accounts.models import OutsideIdentity, Role, SignInProvider, User
from orbita.core.events import changes, emit
from orbita.core.sealed import Secret

_TOLD = ("name", "issuer", "client_id", "is_on", "domains", "role_claim", "roles")


class StrangerError(Exception):
    """Nobody of ours; `str()` says why, for the log of the server."""


def the_provider() -> SignInProvider | None:
    """The provider with its settings; the secret, which may not open, is read when it is needed."""
    return SignInProvider.objects.defer("client_secret").first()


def save_provider(
    *,
    actor: User,
    name: str,
    issuer: str,
    client_id: str,
    client_secret: str,
    is_on: bool,
    domains: Sequence[str],
    role_claim: str,
    roles: Mapping[str, int],
) -> SignInProvider:
    """Keeps the settings; an empty secret leaves the one that is kept. A provider that is on is asked
    to introduce itself first. Raises `ValidationError`.
    """
    require_administrator(actor)
    if Role.objects.filter(pk__in=set(roles.values()), is_administrator=True).exists():
        raise ValidationError(_("Nobody becomes an administrator by the word of another server."))
    if roles and not role_claim:
        raise ValidationError({"role_claim": [_("Say which claim the values stand in.")]})
    if is_on:
        openid.forget()
        try:
            openid.describe(issuer)
        except openid.OpenIdError as error:
            raise ValidationError({"issuer": [str(error)]}) from None
    with transaction.atomic():
        row = SignInProvider.objects.select_for_update().defer("client_secret").first()
        row = row or SignInProvider()
        before = _told(row) if row.pk else {}
        row.name, row.issuer, row.client_id, row.is_on = name, issuer, client_id, is_on
        row.domains, row.role_claim, row.roles = list(domains), role_claim, dict(roles)
        fields = list(_TOLD)
        if client_secret:
            row.client_secret = Secret(client_secret)
            fields.append("client_secret")
        row.save(update_fields=fields if row.pk else None)
        difference = changes(before, _told(row))
        if difference["after"] or client_secret:
            emit(
                "provider.saved",
                actor=actor,
                subject_type="provider",
                subject_id=row.pk,
                data={**difference, "new_secret": bool(client_secret)},
            )
    return row


def _told(row: SignInProvider) -> dict[str, object]:
    return {name: getattr(row, name) for name in _TOLD}


def person_of(provider: SignInProvider, claims: Mapping[str, Any]) -> User:
    """Who of ours the provider vouches for. Raises `StrangerError`.

    Somebody known by his unchanging name there; else whoever has the e-mail, when the provider has
    verified it; else, when a claim stands for a role, a new person.
    """
    with transaction.atomic():
        known = OutsideIdentity.objects.select_related("user").filter(
            issuer=provider.issuer, subject=claims["sub"]
        )
        if identity := known.first():
            if not identity.user.is_active or identity.user.is_service:
                raise StrangerError("the account is closed")
            return identity.user
        email = _email(provider, claims)
        user = User.objects.select_for_update(no_key=True).filter(email=email).first()
        if user is None:
            user = _newcomer(provider, claims, email)
        elif not user.is_active or user.is_service:
            raise StrangerError("the account is closed")
        elif user.identities.filter(issuer=provider.issuer).exists():
            raise StrangerError("the account belongs to another name at this provider")
        OutsideIdentity.objects.create(user=user, issuer=provider.issuer, subject=claims["sub"])
        emit(
            "identity.linked",
            actor=user,
            subject_type="user",
            subject_id=user.pk,
            data={"provider": provider.name, "issuer": provider.issuer},
        )
    return user


def _email(provider: SignInProvider, claims: Mapping[str, Any]) -> str:
    given = claims.get("email")
    # Exactly true: a word such as "false" is true enough for `if`.
    if not isinstance(given, str) or claims.get("email_verified") is not True:
        raise StrangerError("the provider has verified no e-mail")
    email = given.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise StrangerError("the e-mail is none") from None
    if provider.domains and email.rpartition("@")[2] not in provider.domains:
        raise StrangerError("the e-mail is of another domain")
    return email


def _newcomer(provider: SignInProvider, claims: Mapping[str, Any], email: str) -> User:
    said = claims.get(provider.role_claim) if provider.role_claim else None
    values = said if isinstance(said, list) else [said]
    wanted = [
        provider.roles[one] for one in values if isinstance(one, str) and one in provider.roles
    ]
    role = Role.objects.filter(pk__in=wanted, is_administrator=False).first()
    if role is None:
        raise StrangerError("nobody has this e-mail here, and no claim stands for a role")
    name = claims.get("name")
    name = " ".join(name.split())[:150] if isinstance(name, str) else email
    try:
        return create_user(actor=None, email=email, name=name.replace("\0", ""), role=role)
    except ValidationError as error:
        raise StrangerError(" ".join(error.messages)) from None


def forget_identities(*, actor: User, user: User) -> None:
    """Unties a person from his name at the provider; the next sign-in goes by his e-mail again."""
    require_administrator(actor)
    with transaction.atomic():
        deleted, _rows = user.identities.all().delete()
        if deleted:
            emit("identity.unlinked", actor=actor, subject_type="user", subject_id=user.pk)
