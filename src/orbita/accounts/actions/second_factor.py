"""Codes at sign-in: TOTP (RFC 6238) from an app, and codes for the day its phone is lost."""

import hmac
import secrets
from hashlib import sha256

import pyotp
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.actions.users import require_peer
from orbita.accounts.models import SecondFactor, User
from orbita.core.events import emit
from orbita.core.models import Company
from orbita.core.sealed import Secret

STEP = 30  # seconds a code lives, as apps take for granted
RECOVERY_CODES = 10
# Without letters and digits that are mistaken for one another: 10 of them are 49 bits.
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def second_factor_of(user: User) -> SecondFactor | None:
    """The factor that is asked of this user at sign-in; None when there is none yet."""
    return SecondFactor.objects.filter(user=user, confirmed_at__isnull=False).first()


def begin_second_factor(*, actor: User) -> SecondFactor:
    """A fresh secret for the actor's app; it counts once a code of it was given."""
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=actor.pk)
        if second_factor_of(actor):
            raise ValidationError(_("Codes are asked already. Turn them off first."))
        SecondFactor.objects.filter(user=actor).delete()
        return SecondFactor.objects.create(user=actor, secret=Secret(pyotp.random_base32()))


def address_for_app(factor: SecondFactor) -> str:
    """What the app reads from the square: otpauth://totp/…"""
    issuer = Company.current().name or "Orbita"
    return _totp(factor).provisioning_uri(name=factor.user.email, issuer_name=issuer)


def confirm_second_factor(*, actor: User, code: str) -> list[str]:
    """Turns the factor on by a first code of it; the recovery codes, which are shown only now."""
    with transaction.atomic():
        factor = SecondFactor.objects.select_for_update().filter(user=actor).first()
        if factor is None or factor.confirmed_at is not None:
            raise ValidationError(_("Begin anew: this page is out of date."))
        step = _step_of(factor, code)
        if step is None:
            raise ValidationError(
                {"code": [_("This code is not right. Is the clock of the phone right?")]}
            )
        factor.confirmed_at, factor.last_step = timezone.now(), step
        codes = _fresh_codes(factor)
        factor.save()
        emit("second_factor.on", actor=actor, subject_type="user", subject_id=actor.pk)
    return codes


def renew_recovery_codes(*, actor: User, code: str) -> list[str]:
    """New recovery codes in place of the old ones."""
    with transaction.atomic():
        _require_code(actor, code)
        factor = SecondFactor.objects.select_for_update().get(user=actor)
        codes = _fresh_codes(factor)
        factor.save(update_fields=["recovery"])
        emit("second_factor.codes_renewed", actor=actor, subject_type="user", subject_id=actor.pk)
    return codes


def end_second_factor(*, actor: User, code: str) -> None:
    """Turns one's own factor off, where the role does not ask for it."""
    if actor.role.needs_second_factor and not actor.passkeys.exists():
        raise ValidationError(_("Your role signs in with codes: they cannot be turned off."))
    with transaction.atomic():
        _require_code(actor, code)
        _end(actor, actor)


def reset_second_factor(*, actor: User, user: User) -> None:
    """Takes codes and passkeys off somebody who has lost his phone, and ends his sessions."""
    policy.require(actor, "accounts.manage")
    require_peer(actor, user.role)
    with transaction.atomic():
        take_factors_off(actor, user)


def take_factors_off(actor: User | None, user: User) -> None:
    """Ends codes, passkeys and sessions of the user, inside the caller's transaction."""
    user.sessions.all().delete()
    names = list(user.passkeys.values_list("name", flat=True))
    user.passkeys.all().delete()
    for name in names:
        emit(
            "passkey.removed",
            actor=actor,
            subject_type="user",
            subject_id=user.pk,
            data={"name": name},
        )
    _end(actor, user)


def _end(actor: User | None, user: User) -> None:
    deleted, _rows = SecondFactor.objects.filter(user=user).delete()
    if deleted:
        emit("second_factor.off", actor=actor, subject_type="user", subject_id=user.pk)


def _require_code(actor: User, code: str) -> None:
    if not take_code(actor, code):
        raise ValidationError({"code": [_("This code is not right.")]})


def take_code(user: User, code: str) -> bool:
    """Whether this is a code of the user's app or one of his recovery codes. None is taken twice."""
    text = "".join(code.split()).replace("-", "").lower()
    with transaction.atomic():
        factor = SecondFactor.objects.select_for_update().filter(user=user).first()
        if factor is None or factor.confirmed_at is None:
            return False
        step = _step_of(factor, text)
        if step is not None:
            factor.last_step = step
            factor.save(update_fields=["last_step"])
            return True
        wanted = _hash(text)
        left = [known for known in factor.recovery if not hmac.compare_digest(known, wanted)]
        if len(left) == len(factor.recovery):
            return False
        factor.recovery = left
        factor.save(update_fields=["recovery"])
        emit(
            "second_factor.recovery_used",
            actor=user,
            subject_type="user",
            subject_id=user.pk,
            data={"left": len(left)},
        )
    return True


def _step_of(factor: SecondFactor, code: str) -> int | None:
    """The time step of a code that is right now, or was or will be within half a minute."""
    if len(code) != 6 or not (code.isascii() and code.isdecimal()):
        return None
    totp, now = _totp(factor), int(timezone.now().timestamp()) // STEP
    for step in (now, now - 1, now + 1):
        if step > factor.last_step and hmac.compare_digest(totp.generate_otp(step), code):
            return step
    return None


def _totp(factor: SecondFactor) -> pyotp.TOTP:
    return pyotp.TOTP(factor.secret.reveal())


def _fresh_codes(factor: SecondFactor) -> list[str]:
    codes = ["".join(secrets.choice(_ALPHABET) for _n in range(10)) for _m in range(RECOVERY_CODES)]
    factor.recovery = [_hash(code) for code in codes]
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def _hash(code: str) -> str:
    # Keyed: a stolen copy of the base alone does not let anybody try codes.
    return hmac.new(settings.SECRET_KEY.encode(), code.encode(), sha256).hexdigest()
