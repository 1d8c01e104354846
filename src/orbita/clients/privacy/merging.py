"""A merge never lets anybody be advertised to who refused it on either of his cards.

Answers of both cards come together; of two newest ones about the same, the refusal stands.
"""

from orbita.clients.mergers import Merger, Work
from orbita.clients.models import Consent

_LABEL = Consent._meta.label_lower


def _take_the_stricter(work: Work) -> None:
    brought = {
        step[2]
        for step in work.steps
        if step[:2] == ["set", _LABEL] and step[3].get("is_current") == [True, False]
    }
    if not brought:
        return
    refused = Consent.objects.filter(pk__in=brought, client=work.keep, given=False)
    for row in refused.order_by("pk"):
        current = Consent.objects.filter(
            client=work.keep,
            purpose=row.purpose,
            channel=row.channel,
            is_current=True,
            given=True,
        ).first()
        if current:
            work.set(current, {"is_current": False})
            work.set(row, {"is_current": True})


MERGER = Merger("consents", merge=_take_the_stricter)
