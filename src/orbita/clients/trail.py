"""The cards that a person opened."""

from collections.abc import Sequence
from datetime import date

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from orbita.accounts.models import Reading, User
from orbita.accounts.watching import CARD, Line, Trail
from orbita.clients.models import Client

MOST = 300


def _lines(user: User, since: date, actor: User) -> Sequence[Line]:
    rows = Reading.objects.filter(user=user, kind=CARD, day__gte=since).order_by("-day", "-pk")
    read = list(rows.values_list("day", "subject_id", "times")[:MOST])
    known = Client.objects.known_to(actor).filter(pk__in={pk for _day, pk, _times in read})
    names = dict(known.values_list("pk", "name"))
    return [
        Line(
            day,
            names.get(pk, f"№ {pk}"),
            reverse("clients:card", args=[pk]) if pk in names else "",
            f"× {times}" if times > 1 else "",
        )
        for day, pk, times in read
    ]


TRAIL = Trail("cards", _("Cards opened"), _lines)
