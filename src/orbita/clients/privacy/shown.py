"""Privacy in words: the panel of the card, lines of consents, acts."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.apps import apps
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from orbita.accounts import policy
from orbita.clients.extension import CardButton, CardPanel
from orbita.clients.models import Client, Consent, ConsentText, Erasure
from orbita.clients.privacy.consents import Line, lines_of, text_in_force, what
from orbita.clients.privacy.register import AGAIN
from orbita.clients.privacy.registry import personal_tables
from orbita.clients.privacy.words import cards_of
from orbita.core.events import KINDS
from orbita.core.models import Event
from orbita.ui import formats

Words = Mapping[str, Any]


# ---- consents ----


def line_words(line: Line) -> Words:
    """A purpose and channel with what may be done, in words and not by colour alone."""
    given = line.consent
    if given is None:
        state = _("not asked") if not line.is_open else _("allowed, not refused")
    else:
        state = _("agreed") if given.given else _("refused")
    return {
        "label": line.label,
        "about": f"{line.purpose}:{line.channel}",
        "state": state,
        "css": "" if given is None else ("good" if given.given else "bad"),
        "since": _day(given.at) if given else "",
        "unproved": line.is_unproved,
    }


def answer_words(row: Consent) -> Words:
    """One answer of the history."""
    return {
        "row": row,
        "what": what(row.purpose, row.channel),
        "said": pgettext("consent", "Agreed") if row.given else pgettext("consent", "Refused"),
        "when": _day(row.at),
        "who": row.actor.display_name if row.actor else "",
        "text": _("text %(n)s") % {"n": row.text.version} if row.text else "",
    }


def texts_in_force() -> list[ConsentText]:
    """The newest text of each purpose that has one."""
    found = (text_in_force(purpose) for purpose in ("service", "advertising", "profiling"))
    return [text for text in found if text]


def _panel(request: HttpRequest, client: Client) -> SafeString | str:
    context = {
        "client": client,
        "lines": [line_words(line) for line in lines_of(client)],
        "may_note": policy.allows(request.user, "clients.note", client),
        "may_answer": policy.allows(request.user, "privacy.requests"),
    }
    return SafeString(render_to_string("clients/privacy/_panel.html", context))


PANEL = CardPanel("consents", _panel, order=35)
BUTTON = CardButton(
    "privacy",
    gettext_lazy("Personal data"),
    lambda client: reverse("clients:privacy", args=[client.pk]),
    icon="shield",
    permission="clients.view",
    order=80,
)


# ---- erasures ----


def counts_of(cards: Sequence[int]) -> list[tuple[str, int, bool]]:
    """What an erasure would touch: table, rows, whether they stay without the client."""
    found = []
    for table in reversed(personal_tables()):
        if table.told and (count := table.rows(cards).count()):
            found.append((label_of(table.name), count, table.empty is not None))
    return found


# Tables that nobody knows by a name of their own.
_CALLED = {
    "clients.searchedclient": gettext_lazy("Search index"),
    "clients.searchedtext": gettext_lazy("Search index"),
    "clients.searchednote": gettext_lazy("Search index"),
    "clients.clienttag": gettext_lazy("Tags"),
}


def label_of(name: str) -> str:
    """What people call a table, by its name in the registry."""
    if name in _CALLED:
        return str(_CALLED[name])
    try:
        label = str(apps.get_model(name)._meta.verbose_name)
    except LookupError:
        return name
    return label[:1].upper() + label[1:]


def tables_of(row: Erasure) -> list[tuple[str, int, int]]:
    """The categories of data of the act: name, rows deleted, rows emptied."""
    found: dict[str, tuple[int, int]] = {}
    for name, (deleted, emptied) in row.tables.items():
        known = found.get(label_of(name), (0, 0))
        found[label_of(name)] = (known[0] + deleted, known[1] + emptied)
    return [(label, *counts) for label, counts in sorted(found.items())]


def act_line(row: Erasure) -> Words:
    """An erasure in words."""
    again = row.first_erased_at
    return {
        "row": row,
        "cards": cards_of(row.cards),
        "when": _moment(row.erased_at or row.asked_at),
        "who": row.actor.display_name if row.actor else _("Orbita, by command"),
        "reason": _(row.reason) if row.reason == AGAIN else row.reason,
        "again": _moment(again) if again else "",
        "cleaned": _moment(row.cleaned_at) if row.cleaned_at else "",
        "waits": row.status == Erasure.Status.QUEUED,
        "done": row.status == Erasure.Status.DONE,
    }


def _moment(moment: datetime) -> str:
    local = timezone.localtime(moment)
    return f"{_day(moment)}, {local:%H:%M}"


def _day(moment: datetime) -> str:
    """The day with its year: a paper is read years later."""
    return formats.day(timezone.localtime(moment).date(), date(1, 1, 1))


def log_line(event: Event) -> Words:
    """An entry of the log as the extract gives it: number, moment, what, and its commitment."""
    kind = KINDS.get(event.kind)
    return {
        "number": event.pk,
        "when": _moment(event.recorded_at),
        "what": str(kind.label) if kind else event.kind,
        "commitment": bytes(event.commitment).hex(),
    }
