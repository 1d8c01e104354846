"""Letters about requests: drafts in Russian and English, which whoever answers reads and changes.

A draft is put together of our own sentences; what people typed is only ever put into them as a value.
`GAP` stands where the reason comes: a letter does not leave with it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from orbita.clients.models import DataRequest
from orbita.core.models import Company
from orbita.ui import formats

RECEIVED, IDENTITY, PROLONG, ANSWER, REFUSE = "received", "identity", "prolong", "answer", "refuse"
PURPOSES = (RECEIVED, IDENTITY, PROLONG, ANSWER, REFUSE)
LANGUAGES = ("ru", "en")
GAP = "___"
Kind = DataRequest.Kind


@dataclass(frozen=True)
class Letter:
    """A letter as it leaves, or left: `to` is empty when it was not sent from Orbita.

    The same `key` twice is the same letter. `reason` is told by letters that prolong and refuse.
    """

    purpose: str
    subject: str
    text: str
    key: str
    to: str = ""
    reason: str = ""
    until: date | None = None


def draft(
    request: DataRequest, purpose: str, language: str, until: date | None = None
) -> tuple[str, str]:
    """The subject and text of a letter in one of `LANGUAGES`. Raises `LookupError` for another purpose."""
    body = _BODIES[purpose]
    with override(language if language in LANGUAGES else "ru"):
        values = _values(request, until)
        lines = [
            _("Hello!"),
            "",
            *[line % values for line in body(request)],
            "",
            _("Number of your request: %(number)s.") % values,
            str(values["company"]),
        ]
        return _("Your request № %(number)s about personal data") % values, "\n".join(lines)


def _values(request: DataRequest, until: date | None) -> dict[str, Any]:
    long_ago = date(1, 1, 1)
    return {
        "number": request.pk,
        "company": Company.current().name,
        "received": formats.day(request.received_on, long_ago),
        "due": formats.day(request.due_on, long_ago),
        "until": formats.day(until or request.due_on, long_ago),
        "what": _ASKED[request.kind](),
        "gap": GAP,
    }


# What is asked for, as it stands after a colon.
_ASKED: dict[str, Callable[[], str]] = {
    Kind.ACCESS: lambda: _("a copy of your personal data"),
    Kind.CORRECT: lambda: _("correction of your personal data"),
    Kind.ERASE: lambda: _("erasure of your personal data"),
    Kind.STOP: lambda: _("stop of the processing of your personal data"),
    Kind.WITHDRAW: lambda: _("withdrawal of your consent"),
    Kind.RESTRICT: lambda: _("blocking of your personal data"),
    Kind.ADVERTISING: lambda: _("no more advertising"),
    Kind.UNLAWFUL: lambda: _("unlawful processing of your personal data"),
}


def _received(request: DataRequest) -> list[str]:
    return [
        _("We received your request on %(received)s: %(what)s."),
        _("We answer by %(due)s at the latest."),
    ]


def _identity(request: DataRequest) -> list[str]:
    return [
        _("We received your request on %(received)s: %(what)s."),
        _(
            "Personal data are given and changed for their owner only, so we have to be sure that it "
            "is you who asks. Please answer from the address or phone that you gave us before, or come "
            "with a document."
        ),
        _("Please do not send scans of your passport by e-mail."),
    ]


def _prolong(request: DataRequest) -> list[str]:
    return [
        _("We received your request on %(received)s: %(what)s."),
        _("We need more time to answer and prolong the term to %(until)s."),
        _("The reason: %(gap)s"),
    ]


def _answer(request: DataRequest) -> list[str]:
    return [_("You asked on %(received)s: %(what)s."), *_DONE[request.kind]()]


_DONE: dict[str, Callable[[], list[str]]] = {
    Kind.ACCESS: lambda: [
        _(
            "We have put together everything that we keep of you: a document to read and the same for "
            "programs. You get it in the following way: %(gap)s"
        )
    ],
    Kind.CORRECT: lambda: [_("The data were corrected: %(gap)s")],
    Kind.ERASE: lambda: [
        _(
            "Your personal data are being destroyed; an act is drawn up on it. Orders stay for the "
            "books as sums and goods, without your name and address."
        ),
        _("This letter is the last one: after it we do not know your address."),
    ],
    Kind.STOP: lambda: [
        _("We have stopped processing your personal data, but for what the law obliges us to keep.")
    ],
    Kind.WITHDRAW: lambda: [
        _("Your consent is withdrawn, and nothing is done any more on the ground of it.")
    ],
    Kind.RESTRICT: lambda: [
        _("Your data are blocked while we check them: they are kept and not used.")
    ],
    Kind.ADVERTISING: lambda: [_("You get no more advertising from us.")],
    Kind.UNLAWFUL: lambda: [_("We have checked it. What was found and done: %(gap)s")],
}


def _refuse(request: DataRequest) -> list[str]:
    lines = [_("You asked on %(received)s: %(what)s."), _("We cannot do it: %(gap)s")]
    if request.regime == DataRequest.Regime.RU:
        return [
            *lines,
            _("You may complain to Roskomnadzor or to a court (Federal Law 152-FZ, article 17)."),
        ]
    return [
        *lines,
        _("You may complain to a supervisory authority or to a court (GDPR, articles 77 and 79)."),
    ]


_BODIES: dict[str, Callable[[DataRequest], list[str]]] = {
    RECEIVED: _received,
    IDENTITY: _identity,
    PROLONG: _prolong,
    ANSWER: _answer,
    REFUSE: _refuse,
}
