"""A few clients to choose one from while somebody types."""

from orbita.accounts import watching
from orbita.accounts.models import User
from orbita.clients.guarding import sight
from orbita.clients.models import Client
from orbita.clients.querysets import ClientQuerySet
from orbita.clients.search.conditions import text_condition
from orbita.core.models import Company
from orbita.core.text import normalise

MOST_FOUND = 8
LONGEST = 200


def clients_like(
    actor: User, typed: str, among: "ClientQuerySet[Client] | None" = None
) -> list[Client]:
    """At most eight visible clients found by name, phone, e-mail or number, first those whose name
    begins so; none for a single letter.
    """
    text = typed.replace("\0", "").strip()[:LONGEST]
    seen = sight(actor)
    condition = text_condition(text, seen, region=Company.current().phone_region)
    if condition is None or (len(text) < 2 and not text.isdecimal()):
        return []
    watching.note(actor, watching.SEARCH)
    clients = Client.objects.all() if among is None else among
    found = clients.visible_to(actor).filter(condition).order_by("name_key", "pk")
    begun = list(found.filter(name_key__prefix=normalise(text))[:MOST_FOUND])
    others = found.exclude(pk__in=[one.pk for one in begun])
    clients_found = begun + list(others[: MOST_FOUND - len(begun)])
    if seen.hides("addresses"):
        for one in clients_found:
            one.city = ""
    return clients_found
