"""How many clients one may have, and since when he has had each."""

from collections import Counter
from collections.abc import Iterable, Mapping

from django.core.exceptions import ValidationError
from django.db.models import Count
from django.utils.translation import gettext as _

from orbita.accounts.models import User
from orbita.clients.models import Client, ClientWork
from orbita.clients.search import index_texts
from orbita.clients.work.contacting import work_rules
from orbita.core.bulk import upsert_rows
from orbita.core.models import Company

KEPT = ("assigned_on", "warned_on", "released_on", "released_from_id", "reason")


def counts_of(user_ids: Iterable[int]) -> Counter[int]:
    """How many clients each has, those in the recycle bin left out."""
    rows = (
        Client.objects.alive()
        .filter(responsible__in=list(user_ids))
        .order_by()
        .values_list("responsible")
        .annotate(Count("pk"))
    )
    return Counter(dict(rows))


def require_room(user: User | None, more: int) -> None:
    """Raises `ValidationError` when so many more clients would put the user over the limit."""
    most = work_rules().most
    if user is None or most is None or not more:
        return
    has = counts_of([user.pk])[user.pk]
    if has + more > most:
        raise ValidationError(
            {
                "responsible": [
                    _("%(name)s has %(has)s clients; the limit is %(most)s.")
                    % {"name": user.display_name, "has": has, "most": most}
                ]
            }
        )


def note_given(
    client_ids: Iterable[int],
    *,
    reason: str = "",
    released_from: Mapping[int, int | None] | None = None,
) -> None:
    """Starts the clock of these clients anew, in the transaction that changed their responsible.

    The reason is what the person who handed them over wrote; the search finds its words.
    """
    today, ids = Company.current().business_date(), list(client_ids)
    had = ClientWork.objects.filter(client_id__in=ids).exclude(reason="")
    worded = ids if reason else list(had.values_list("client_id", flat=True))
    upsert_rows(
        ClientWork,
        ("client_id", *KEPT),
        (
            (pk, None, None, today, released_from[pk], reason)
            if released_from is not None
            else (pk, today, None, None, None, reason)
            for pk in ids
        ),
        key="client_id",
        update=KEPT,
    )
    index_texts(worded)
