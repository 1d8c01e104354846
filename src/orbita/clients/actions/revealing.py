"""Showing a masked field whole, on record."""

from django.db import transaction
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.guarding import sight
from orbita.clients.models import Client, ContactPoint
from orbita.core.events import emit
from orbita.core.models import Event


def reveal_field(
    *, actor: User, client: Client, field: str, contact: ContactPoint | None = None
) -> Event:
    """Records that the actor is shown a masked field; raises `Denied` when he is not to be.

    The caller shows it only after this. The record names the field, never its value.
    """
    policy.require(actor, "clients.reveal", client)
    seen = sight(actor)
    if seen.hides(field):
        raise policy.Denied(_("Your role does not show you this field."))
    with transaction.atomic():
        return emit(
            "client.revealed",
            actor=actor,
            client_id=client.pk,
            subject_type="contact" if contact else "client",
            subject_id=contact.pk if contact else client.pk,
            data={"field": field},
        )
