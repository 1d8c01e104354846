"""Legal holds: why the data of a client must be kept, and until when."""

from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.aliases import hold as lock
from orbita.clients.models import Client, LegalHold
from orbita.core.events import emit
from orbita.core.models import Company
from orbita.core.text import clean_line

LONGEST = 300


def hold_data(*, actor: User, client: Client, reason: str, until: date) -> LegalHold:
    """Forbids erasing the client until a day, inclusive. Raises `ValidationError`."""
    policy.require(actor, "privacy.erase", client)
    reason = clean_line(reason)
    if not reason:
        raise ValidationError({"reason": [_("Say why the data must be kept.")]})
    if len(reason) > LONGEST:
        raise ValidationError({"reason": [_("At most %(n)s characters.") % {"n": LONGEST}]})
    if until < Company.current().business_date():
        raise ValidationError({"until": [_("This day is over.")]})
    with transaction.atomic():
        lock([client.pk])
        row = LegalHold.objects.create(client=client, reason=reason, until=until, actor=actor)
        _tell("privacy.held", actor, row)
    return row


def release_data(*, actor: User, hold: LegalHold) -> bool:
    """Ends a hold before its day; False when it has ended already."""
    policy.require(actor, "privacy.erase", hold.client)
    with transaction.atomic():
        lock([hold.client_id])
        rows = LegalHold.objects.filter(pk=hold.pk, lifted_at=None)
        if not rows.update(lifted_at=timezone.now()):
            return False
        _tell("privacy.released", actor, hold)
    return True


def _tell(kind: str, actor: User, row: LegalHold) -> None:
    emit(
        kind,
        actor=actor,
        client_id=row.client_id,
        subject_type="legal_hold",
        subject_id=row.pk,
        data={"reason": row.reason, "until": row.until.isoformat()},
    )
