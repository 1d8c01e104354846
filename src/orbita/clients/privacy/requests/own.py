"""What requests keep of people, and what stays of them: the row without whom it was about."""

from typing import TYPE_CHECKING

from django.utils import timezone

from orbita.clients.models import (
    CalendarDay,
    ClientLink,
    DataRequest,
    RequestRules,
    RequestStep,
)
from orbita.clients.privacy.registry import (
    PERSONAL,
    SETTLED,
    TRACES,
    Personal,
    Settled,
    Trace,
)
from orbita.core.models import OutgoingMail

if TYPE_CHECKING:
    from orbita.clients.privacy.erasing import Erasing

_NOBODY = {"who": "", "contact": "", "text": "", "proposal": {}}
_SILENT = {"text": "", "letter": ""}


def _letters_and_ends(work: "Erasing") -> None:
    """Empties the letters of his requests, whoever's address they went to, and ends the open ones:
    nothing is kept of him that could be told, corrected or erased.
    """
    rows = DataRequest.objects.filter(client__in=work.cards)
    keys = list(rows.values_list("pk", flat=True))
    work.subjects.setdefault("data_request", set()).update(keys)
    mails = RequestStep.objects.filter(request__in=keys, mail__isnull=False).values("mail")
    letters = OutgoingMail.objects.filter(pk__in=mails)
    letters.filter(status=OutgoingMail.Status.QUEUED).update(status=OutgoingMail.Status.FAILED)
    emptied = letters.update(to="erased@example.invalid", subject="", text="", error="")
    work.count(OutgoingMail._meta.label_lower, emptied=emptied)
    ended = list(rows.filter(status=DataRequest.Status.OPEN).values_list("pk", flat=True))
    DataRequest.objects.filter(pk__in=ended).update(
        status=DataRequest.Status.ANSWERED, closed_at=timezone.now()
    )
    RequestStep.objects.bulk_create(
        RequestStep(request_id=key, kind=RequestStep.Kind.ERASED) for key in ended
    )


def register() -> None:
    """Puts the tables of requests into the registries. Steps go before the requests they are found by."""
    PERSONAL.register(
        Personal(
            DataRequest,
            told=(
                *("kind", "via", "who", "contact", "text", "proposal"),
                *("received_on", "due_on", "status"),
            ),
            empty={"client": None, **_NOBODY},
            first=_letters_and_ends,
        ),
        Personal(
            RequestStep,
            of=("request__client",),
            told=("kind", "at", "text", "letter"),
            empty=_SILENT,
        ),
        Personal(ClientLink, told=("made_at", "expires_at")),
    )
    TRACES.register(
        Trace(DataRequest, ("who", "contact", "text", "proposal"), empty=_NOBODY),
        Trace(RequestStep, ("text", "letter"), empty=_SILENT),
    )
    SETTLED.register(
        Settled("rules and days of work of the business", (RequestRules, CalendarDay)),
    )
