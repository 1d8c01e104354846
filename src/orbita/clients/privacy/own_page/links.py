"""Links to own pages: 256 random bits of which the base keeps the SHA-256, for a time, till revoked."""

import hashlib
import re
import secrets
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.aliases import settle
from orbita.clients.models import Client, ClientLink, RequestRules
from orbita.core.events import emit

PERMISSION = "privacy.links"
# As `secrets.token_urlsafe(32)` writes them.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def make_link(*, actor: User, client: Client) -> str:
    """A fresh link's token, told here only; earlier links of the client stop working."""
    policy.require(actor, PERMISSION, client)
    token = secrets.token_urlsafe(32)
    now = timezone.now()
    with transaction.atomic():
        settle([client.pk])
        standing = ClientLink.objects.filter(client=client, revoked_at=None)
        standing.update(revoked_at=now)
        link = ClientLink.objects.create(
            client=client,
            token_hash=digest(token),
            made_at=now,
            expires_at=now + timedelta(days=RequestRules.current().link_days),
            actor=actor,
        )
        _tell("client_link.made", actor, link)
    return token


def revoke_links(*, actor: User, client: Client) -> int:
    """Ends every link of the client; returns how many worked."""
    policy.require(actor, PERMISSION, client)
    with transaction.atomic():
        rows = ClientLink.objects.select_for_update().filter(client=client, revoked_at=None)
        standing = [link for link in rows if link.works]
        if not standing:
            raise ValidationError(_("No link of this client works."))
        rows.update(revoked_at=timezone.now())
        for link in standing:
            _tell("client_link.revoked", actor, link)
    return len(standing)


def link_of(client: Client) -> ClientLink | None:
    """The link of the client that works now, if there is one."""
    rows = ClientLink.objects.filter(client=client, revoked_at=None)
    return rows.filter(expires_at__gt=timezone.now()).select_related("actor").first()


def find(token: str) -> ClientLink | None:
    """The link of a token while it works, with its client; None for every other token alike.

    The rows of a merged card have gone on to the survivor, and so has its link. A card in the recycle
    bin is shown to nobody.
    """
    if not _TOKEN.fullmatch(token):
        return None
    rows = ClientLink.objects.filter(token_hash=digest(token), revoked_at=None)
    link = rows.filter(expires_at__gt=timezone.now()).select_related("client").first()
    return link if link and link.client.deleted_at is None else None


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _tell(kind: str, actor: User, link: ClientLink) -> None:
    emit(
        kind,
        actor=actor,
        client_id=link.client_id,
        subject_type="client_link",
        subject_id=link.pk,
        data={"number": link.pk, "until": link.expires_at.isoformat()},
    )
