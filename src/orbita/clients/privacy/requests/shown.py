"""Requests in words: how much time is left, lines of the register, steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from orbita.accounts.models import User
from orbita.clients.confining import within_bounds
from orbita.clients.models import Client, DataRequest, RequestRules, RequestStep
from orbita.clients.privacy.requests.terms import left
from orbita.core.models import Company
from orbita.ui import formats

Words = Mapping[str, Any]


@dataclass(frozen=True)
class Left:
    """How much time is left, and the colour that says it once more."""

    text: str
    css: str = ""


def left_words(row: DataRequest, today: date | None = None) -> Left:
    """«осталось 3 рабочих дня»; for an ended request, when it was ended and whether in time."""
    if row.closed_at:
        ended = timezone.localtime(row.closed_at).date()
        late = Company.current().business_date(row.closed_at) > row.due_on
        words = _("ended on %(day)s, late") if late else _("ended on %(day)s")
        return Left(words % {"day": formats.day(ended)}, "bad" if late else "")
    days = left(row, today or Company.current().business_date())
    if days < 0:
        words = ngettext("late by %(n)s working day", "late by %(n)s working days", -days)
        return Left(words % {"n": -days}, "bad")
    if days == 0:
        return Left(_("the last day"), "bad")
    words = ngettext("%(n)s working day left", "%(n)s working days left", days)
    return Left(words % {"n": days}, "warn" if days <= RequestRules.current().remind_before else "")


def line(row: DataRequest, seen: Mapping[int, Client], today: date) -> Words:
    """A request in the register. A client whom the reader may not see is told by his number."""
    return {
        "row": row,
        "what": row.get_kind_display(),
        "who": who_words(row, seen),
        "received": formats.day(row.received_on, today),
        "due": formats.day(row.due_on, today),
        "left": left_words(row, today),
        "responsible": row.responsible.display_name if row.responsible else "",
        "status": row.get_status_display(),
    }


def who_words(row: DataRequest, seen: Mapping[int, Client]) -> str:
    """From whom it came; «клиент удалён» when nothing is kept of him any more."""
    client = seen.get(row.client_id or 0)
    if client:
        return client.name
    return row.who or _("client erased")


def requests_for(actor: User) -> "QuerySet[DataRequest]":
    """The requests that the actor may see: those of clients within the bounds of his role, and those
    whose client is not known.
    """
    rows, bounds = DataRequest.objects.all(), within_bounds(actor)
    if not bounds:
        return rows
    return rows.filter(Q(client=None) | Q(client__in=Client.objects.filter(bounds).values("pk")))


def seen_clients(actor: User, rows: Sequence[DataRequest]) -> Mapping[int, Client]:
    """The clients of the requests that the actor may see, by number: one read."""
    wanted = {row.client_id for row in rows if row.client_id}
    return Client.objects.visible_to(actor).in_bulk(wanted) if wanted else {}


def step_words(step: RequestStep) -> Words:
    """A step with who and when, and how its letter fares."""
    return {
        "row": step,
        "label": step.get_kind_display(),
        "icon": _ICONS.get(step.kind, "check"),
        "when": _moment(step.at),
        "who": step.actor.display_name if step.actor else _("Orbita"),
        "mail": step.mail.get_status_display() if step.mail else "",
        "to": step.mail.to if step.mail else "",
    }


_ICONS: Mapping[str, str] = {
    RequestStep.Kind.RECEIVED: "inbox",
    RequestStep.Kind.CLIENT: "person",
    RequestStep.Kind.IDENTITY: "shield",
    RequestStep.Kind.LETTER: "mail",
    RequestStep.Kind.COPIED: "download",
    RequestStep.Kind.STOPPED: "x",
    RequestStep.Kind.CORRECTED: "edit",
    RequestStep.Kind.ERASURE: "trash",
    RequestStep.Kind.PROLONGED: "clock",
    RequestStep.Kind.NOTE: "note",
    RequestStep.Kind.REFUSED: "x",
    RequestStep.Kind.REOPENED: "undo",
    RequestStep.Kind.ERASED: "trash",
}


# What a client may correct on his own page.
_CORRECTED: Mapping[str, Promise] = {
    "last_name": gettext_lazy("Last name"),
    "first_name": gettext_lazy("First name"),
    "middle_name": gettext_lazy("Middle name"),
    "birthday": gettext_lazy("Birthday"),
    "phone": gettext_lazy("Phone"),
    "email": gettext_lazy("E-mail"),
    "city": gettext_lazy("City"),
    "address": pgettext_lazy("of delivery", "Street, house"),
}


def proposal_words(row: DataRequest) -> Sequence[tuple[str, str]]:
    """What the client corrected on his page: label and the new value."""
    return [
        (str(label), str(row.proposal[name]))
        for name, label in _CORRECTED.items()
        if row.proposal.get(name)
    ]


def _moment(moment: datetime) -> str:
    local = timezone.localtime(moment)
    return f"{formats.day(local.date())}, {local:%H:%M}"
