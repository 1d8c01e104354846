"""Answers about advertising out of a file, many at once, and taking them back."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.utils import timezone

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.aliases import hold
from orbita.clients.models import Consent, Purpose
from orbita.core.events import NewEvent, emit_bulk
from orbita.core.models import Origin

# Client, channel, whether he agreed.
Said = tuple[int, str, bool]


def load_answers(
    rows: Iterable[Said],
    *,
    actor: User,
    overwrite: bool,
    proof: str,
    marks: Mapping[str, Any] | None = None,
) -> list[Consent]:
    """Writes down what a file says of advertising, inside the caller's transaction; what is new of it.

    What the client said before stays unless `overwrite`, and a refusal stays in any case: nobody knows
    of a file when its cells were true.
    """
    policy.require(actor, "clients.import")
    said = {(pk, channel): given for pk, channel, given in rows}
    ids = sorted({pk for pk, _channel in said})
    hold(ids)
    known = _current(ids)
    now = timezone.now()
    new, over = [], []
    for (pk, channel), given in said.items():
        before = known.get((pk, channel))
        if before and (before.given == given or not overwrite or not before.given):
            continue
        if before:
            over.append(before.pk)
        new.append(
            Consent(
                client_id=pk,
                purpose=Purpose.ADVERTISING,
                channel=channel,
                given=given,
                at=now,
                source=Consent.Source.IMPORT,
                proof=proof,
                actor=None if actor.is_service else actor,
            )
        )
    Consent.objects.filter(pk__in=over).update(is_current=False)
    Consent.objects.bulk_create(new, batch_size=500)
    emit_bulk(_told(new, marks or {}), actor=actor, origin=Origin.IMPORT)
    return new


def _current(ids: Collection[int]) -> dict[tuple[int, str], Consent]:
    rows = Consent.objects.filter(
        client__in=ids, purpose=Purpose.ADVERTISING, is_current=True
    ).order_by()
    return {(row.client_id, row.channel): row for row in rows}


def _told(rows: Sequence[Consent], marks: Mapping[str, Any]) -> list[NewEvent]:
    """One event per client and answer, whatever the number of channels."""
    channels: dict[tuple[int, bool], list[Consent]] = defaultdict(list)
    for row in rows:
        channels[row.client_id, row.given].append(row)
    return [
        NewEvent(
            "consent.given" if given else "consent.withdrawn",
            pk,
            "consent",
            own[0].pk,
            {
                "purpose": str(Purpose.ADVERTISING),
                "channels": [str(row.channel) for row in own],
                "source": str(Consent.Source.IMPORT),
                "text": None,
                "address": "",
                "proof": own[0].proof,
                **marks,
            },
        )
        for (pk, given), own in channels.items()
    ]


def unload_answers(ids: Collection[int], *, actor: User) -> None:
    """Takes answers of a file away again: what was said before them counts once more."""
    policy.require(actor, "clients.import")
    rows = list(Consent.objects.filter(pk__in=ids, source=Consent.Source.IMPORT))
    clients = sorted({row.client_id for row in rows})
    hold(clients)
    Consent.objects.filter(pk__in=[row.pk for row in rows]).delete()
    gone = {(row.client_id, row.channel) for row in rows if row.is_current}
    newest: dict[tuple[int, str], int] = {}
    left = Consent.objects.filter(client__in=clients, purpose=Purpose.ADVERTISING)
    for row in left.order_by("at", "pk"):
        newest[row.client_id, row.channel] = row.pk
    again = [pk for key, pk in newest.items() if key in gone]
    Consent.objects.filter(pk__in=again).update(is_current=True)
    emit_bulk(
        [NewEvent("consent.unloaded", pk, "consent") for pk in clients],
        actor=actor,
        origin=Origin.RESTORE,
    )
