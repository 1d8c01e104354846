"""Passkeys (WebAuthn level 2): made, used to sign in or as the second factor, taken away.

What the two halves of a ceremony share, the challenge above all, is the caller's to keep: it is
good for one answer, and he forgets it before the answer is looked at.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from orbita.accounts.models import Passkey, SecondFactor, User
from orbita.core.events import emit
from orbita.core.models import Company

MOST = 20
# After so long a session alone does not prove any more that the person himself sits there.
FRESH_FOR = timedelta(minutes=10)
LONGEST_ID = 1023  # bytes, by the standard
LONGEST_ANSWER = 20_000  # characters of JSON; attestations of real devices are under 8,000
_REQUIRED = UserVerificationRequirement.REQUIRED
_PREFERRED = UserVerificationRequirement.PREFERRED


class RefusedError(Exception):
    """An answer that lets nobody in; why is for the log of the server alone."""


@dataclass(frozen=True)
class Site:
    """The address that the browser shows: scheme, host, port. Passkeys are bound to its host."""

    origin: str

    @classmethod
    def of(cls, url: str) -> "Site":
        parts = urlsplit(url)
        return cls(f"{parts.scheme}://{parts.netloc}".lower())

    @property
    def host(self) -> str:
        return urlsplit(self.origin).hostname or ""

    @property
    def has_passkeys(self) -> bool:
        """Browsers bind passkeys to names, not to IP addresses, and want https but for localhost."""
        host = self.host
        is_number = ":" in host or host.replace(".", "").isdecimal()
        is_local = host == "localhost" or host.endswith(".localhost")
        return bool(host) and not is_number and (is_local or self.origin.startswith("https:"))

    def server(self) -> Fido2Server:
        party = PublicKeyCredentialRpEntity(name=Company.current().name or "Orbita", id=self.host)
        return Fido2Server(party, verify_origin=lambda origin: origin == self.origin)


def passkeys_of(user: User) -> list[Passkey]:
    return list(user.passkeys.all())


def has_second_factor(user: User) -> bool:
    """Whether something more than the password is asked of this user at sign-in."""
    codes = SecondFactor.objects.filter(user=user, confirmed_at__isnull=False)
    return codes.exists() or user.passkeys.exists()


def is_fresh(started: str | None) -> bool:
    """Whether a session that began then (ISO) is young enough to change how one signs in."""
    if not started:
        return False
    return timezone.now() - datetime.fromisoformat(started) < FRESH_FOR


def require_himself(actor: User, *, fresh: bool, password: str) -> None:
    """Raises `ValidationError` unless the session is young or the present password was given."""
    if not fresh and not (password and actor.check_password(password)):
        raise ValidationError({"password": [_("This is not your present password.")]})


def begin_passkey(*, actor: User, site: Site) -> tuple[dict[str, Any], Any]:
    """What the browser needs to make a passkey, and what the end of the ceremony needs of it."""
    known = passkeys_of(actor)
    if len(known) >= MOST:
        raise ValidationError(_("These are enough passkeys: remove one that you do not use."))
    handle = known[0].handle if known else websafe_encode(secrets.token_bytes(32))
    options, state = site.server().register_begin(
        PublicKeyCredentialUserEntity(
            id=websafe_decode(handle), name=actor.email, display_name=actor.display_name
        ),
        [_descriptor(one) for one in known],
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=_REQUIRED,
    )
    return dict(options.public_key), {**state, "handle": handle}


def add_passkey(
    *, actor: User, site: Site, state: Mapping[str, Any], answer: Mapping[str, Any], name: str
) -> Passkey:
    """Keeps the passkey that the browser has made. Raises `ValidationError`."""
    try:
        response = RegistrationResponse.from_dict(answer)
        made = site.server().register_complete(state, response)
        _require_own_page(response.response.client_data)
        found = made.credential_data
        if found is None or found.public_key.ALGORITHM not in CoseKey.supported_algorithms():
            raise ValueError("no key of a kind that was asked for")
        if len(found.credential_id) > LONGEST_ID:
            raise ValueError("the id is too long")
    except Exception as error:
        # Bytes of strangers: whatever a parser stumbles over is a refusal.
        raise ValidationError(_("The browser gave no passkey that fits. Try again.")) from error
    try:
        with transaction.atomic():
            User.objects.select_for_update(no_key=True).get(pk=actor.pk)
            if actor.passkeys.count() >= MOST:
                raise ValidationError(
                    _("These are enough passkeys: remove one that you do not use.")
                )
            passkey = Passkey.objects.create(
                user=actor,
                name=_name(name),
                credential_id=websafe_encode(found.credential_id),
                handle=state["handle"],
                credential=bytes(found),
                sign_count=made.counter,
                transports=_transports(answer),
            )
            emit(
                "passkey.added",
                actor=actor,
                subject_type="user",
                subject_id=actor.pk,
                data={"name": passkey.name},
            )
    except IntegrityError:
        raise ValidationError(_("This passkey is known already.")) from None
    return passkey


def rename_passkey(*, actor: User, passkey: Passkey, name: str) -> None:
    before, passkey.name = passkey.name, _name(name)
    if before == passkey.name:
        return
    with transaction.atomic():
        passkey.save(update_fields=["name"])
        emit(
            "passkey.renamed",
            actor=actor,
            subject_type="user",
            subject_id=actor.pk,
            data={"before": {"name": before}, "after": {"name": passkey.name}},
        )


def remove_passkey(*, actor: User, passkey: Passkey) -> None:
    """Takes away one of the actor's own; the last factor stays where the role asks for one."""
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=actor.pk)
        codes = SecondFactor.objects.filter(user=actor, confirmed_at__isnull=False)
        others = actor.passkeys.exclude(pk=passkey.pk)
        if actor.role.needs_second_factor and not codes.exists() and not others.exists():
            raise ValidationError(
                _(
                    "Your role signs in with more than a password: add another passkey or codes first."
                )
            )
        passkey.delete()
        emit(
            "passkey.removed",
            actor=actor,
            subject_type="user",
            subject_id=actor.pk,
            data={"name": passkey.name},
        )


def ask_for_passkey(*, site: Site, user: User | None = None) -> tuple[dict[str, Any], Any]:
    """What the browser needs to show a passkey: any of this site that proves its person too, or, as
    the second factor after a password, one of `user`.
    """
    known = [_descriptor(one) for one in passkeys_of(user)] if user else None
    options, state = site.server().authenticate_begin(
        known, user_verification=_PREFERRED if user else _REQUIRED
    )
    return dict(options.public_key), state


def take_passkey(
    *, site: Site, state: Mapping[str, Any], answer: Mapping[str, Any], user: User | None = None
) -> User:
    """Whose passkey has answered; with `user` it must be his. Raises `RefusedError`."""
    try:
        response = AuthenticationResponse.from_dict(answer)
        credential_id = websafe_encode(response.raw_id)
        shown = response.response
        _require_own_page(shown.client_data)
    except Exception as error:
        raise RefusedError("the answer cannot be read") from error
    with transaction.atomic():
        known = Passkey.objects.select_for_update(of=("self",)).select_related("user__role")
        passkey = known.filter(credential_id=credential_id, user__is_active=True).first()
        if passkey is None or (user is not None and passkey.user_id != user.pk):
            raise RefusedError("no such passkey")
        try:
            site.server().authenticate_complete(
                state, [AttestedCredentialData(bytes(passkey.credential))], response
            )
        except Exception as error:
            raise RefusedError(str(error)) from error
        # A passkey found by the authenticator itself must say whose it is, and truly.
        said = shown.user_handle
        if (said is None and user is None) or (said and websafe_encode(said) != passkey.handle):
            raise RefusedError("the passkey names another person")
        counted = shown.authenticator_data.counter
        is_copy = counted <= passkey.sign_count and (counted or passkey.sign_count)
        if is_copy:
            emit(
                "passkey.copied",
                actor=None,
                subject_type="user",
                subject_id=passkey.user_id,
                data={"name": passkey.name, "counted": counted, "known": passkey.sign_count},
            )
        else:
            passkey.sign_count, passkey.used_at = counted, timezone.now()
            passkey.save(update_fields=["sign_count", "used_at"])
    if is_copy:
        raise RefusedError("the passkey counts backwards: there may be a copy of it")
    return passkey.user


def _require_own_page(client_data: Any) -> None:
    if client_data.cross_origin:
        raise ValueError("asked for inside a page of somebody else")


def _descriptor(passkey: Passkey) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(
        type=PublicKeyCredentialType.PUBLIC_KEY,
        id=websafe_decode(passkey.credential_id),
        transports=[AuthenticatorTransport(one) for one in passkey.transports] or None,
    )


def _transports(answer: Mapping[str, Any]) -> list[str]:
    """How the browser reaches the authenticator, as far as known words say."""
    response = answer.get("response")
    given = response.get("transports") if isinstance(response, Mapping) else None
    known = {str(one.value) for one in AuthenticatorTransport}
    words = given if isinstance(given, list) else ()
    return sorted(known & {one for one in words if isinstance(one, str)})


def _name(text: str) -> str:
    name = " ".join(text.replace("\0", "").split())[:60]
    return name or _("Passkey")
