"""The tables that a person took."""

from collections.abc import Sequence
from datetime import date

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orbita.accounts.models import User
from orbita.accounts.watching import Line, Trail
from orbita.gateways.exports.models import Export
from orbita.ui import formats

MOST = 300


def _lines(user: User, since: date, actor: User) -> Sequence[Line]:
    rows = Export.objects.filter(owner=user, created_at__date__gte=since).order_by("-created_at")
    return [
        Line(
            timezone.localtime(one.created_at).date(),
            one.file_name,
            note=f"{formats.number(one.rows or one.total)} · {one.get_status_display()}",
        )
        for one in rows[:MOST]
    ]


TRAIL = Trail("exports", _("Exports"), _lines)
