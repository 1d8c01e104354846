"""Consents to advertising out of a file: yes and no in columns of their own."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from orbita.accounts.models import User
from orbita.clients.models import By
from orbita.clients.privacy.consents import CHANNELS
from orbita.clients.privacy.loading import load_answers
from orbita.gateways.imports.journal import Journal, Subject
from orbita.gateways.models import Import

# The field of a file → the channels that its yes or no is about.
ABOUT: Mapping[str, tuple[str, ...]] = {
    "advertising": tuple(map(str, CHANNELS["advertising"])),
    "advertising_email": (str(By.EMAIL),),
    "advertising_sms": (str(By.SMS),),
    "advertising_messenger": (str(By.MESSENGER),),
    "advertising_call": (str(By.CALL),),
}
# Number of the row, client, whether the import made him, channel → what he said.
Row = tuple[int, int | None, bool, Mapping[str, bool]]


def in_words(agreed: Mapping[str, bool]) -> str:
    """«Да: по e-mail, по СМС; нет: звонками»."""
    parts = []
    for given, word in ((True, _("yes")), (False, _("no"))):
        if channels := [str(By(one).label) for one, said in agreed.items() if said is given]:
            parts.append(f"{word}: {', '.join(channels)}")
    return "; ".join(parts)


def write_answers(batch: Import, actor: User, journal: Journal, rows: Sequence[Row]) -> set[int]:
    """Writes down what the chunk says; the places of the rows that brought something new."""
    skips = batch.on_match == Import.OnMatch.SKIP
    said: dict[tuple[int, str], tuple[int, bool]] = {}
    for place, (_number, pk, is_new, agreed) in enumerate(rows):
        if pk and agreed and (is_new or not skips):
            for channel, given in agreed.items():
                said[pk, channel] = (place, given)
    if not said:
        return set()
    new = load_answers(
        [(pk, channel, given) for (pk, channel), (_place, given) in said.items()],
        actor=actor,
        overwrite=batch.on_match == Import.OnMatch.OVERWRITE,
        proof=f"import {batch.pk}",
        marks={"import": batch.pk},
    )
    places = set()
    for row in new:
        place, _given = said[row.client_id, row.channel]
        places.add(place)
        journal.created(Subject.CONSENT, row.pk, rows[place][0])
    return places
