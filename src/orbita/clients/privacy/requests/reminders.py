"""Letters to whoever answers a request, before its term ends and when it has: each once."""

from collections.abc import Iterable
from datetime import date

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.models import DataRequest, RequestRules
from orbita.clients.privacy.requests import calendar, shown
from orbita.clients.privacy.requests.actions import PERMISSION
from orbita.clients.privacy.requests.terms import left
from orbita.core.mail import queue_mail
from orbita.core.models import Company, OutgoingMail
from orbita.ui import formats

NEW, SOON, LAST, OVER = "new", "soon", "last", "over"


def remind(today: date | None = None, site: str = "") -> int:
    """Writes the reminders that are due; returns how many letters are new.

    One when the days set in the rules are left, one on the last day, one when it is over. A request that
    came to its last day unseen gets the reminder of that day only. On a day off nobody is written to,
    unless the term ends with it.
    """
    day = today or Company.current().business_date()
    before = RequestRules.current().remind_before
    count = 0
    rows = DataRequest.objects.filter(status=DataRequest.Status.OPEN).order_by("due_on", "pk")
    for row in rows.select_related("responsible__role").iterator(chunk_size=200):
        days = left(row, day)
        if days > before:
            break
        stage = OVER if days < 0 else SOON if days else LAST
        if stage == SOON and not calendar.works(day):
            continue
        count += sum(_write(user, row, stage, day, site) for user in _whom(row))
    return count


def announce(row: DataRequest, site: str = "") -> int:
    """Writes to those who answer that a request came by itself, from the client's own page."""
    return sum(
        _write(user, row, NEW, Company.current().business_date(), site) for user in _whom(row)
    )


def _whom(row: DataRequest) -> Iterable[User]:
    """Who answers; when that is nobody, or somebody who is gone, everybody who may."""
    user = row.responsible
    if user and policy.allows(user, PERMISSION):
        return [user]
    return answerers()


def answerers() -> list[User]:
    """The employees who may answer requests, by name."""
    people = User.objects.people().filter(is_active=True).select_related("role").order_by("name")
    return [user for user in people if policy.allows(user, PERMISSION)]


def _write(user: User, row: DataRequest, stage: str, today: date, site: str) -> bool:
    """The letter names the number only: whose request it is, is read where it is locked up."""
    key = f"request-due:{row.pk}:{row.due_on}:{stage}:{user.pk}"
    if OutgoingMail.objects.filter(key=key).exists():
        return False
    with transaction.atomic(), override(user.language):
        how_long = shown.left_words(row, today).text
        lines = [
            _("Hello, %(name)s!") % {"name": user.display_name},
            "",
            _("Request № %(number)s about personal data: %(what)s.")
            % {"number": row.pk, "what": row.get_kind_display()},
            _("To be answered by %(day)s: %(left)s.")
            % {"day": formats.day(row.due_on), "left": how_long},
            "",
            (site.rstrip("/") or "") + reverse("clients:request", args=[row.pk]),
        ]
        queue_mail(
            key=key,
            to=user.email,
            subject=_("Request № %(number)s: %(left)s") % {"number": row.pk, "left": how_long},
            text="\n".join(lines),
        )
    return True
