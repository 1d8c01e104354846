"""The people and the relations of a card, as events tell them."""

from typing import Any

from django.db.models import Q

from orbita.clients.actions.people import entry_of as place_of
from orbita.clients.actions.relations import entry_of as relation_of
from orbita.clients.models import CompanyPerson
from orbita.clients.relations import relations_of

PEOPLE, RELATIONS = "people", "relations"


def ties_of(client_id: int) -> dict[str, list[dict[str, Any]]]:
    """Both by their names; two reads."""
    own = Q(company=client_id) | Q(person=client_id)
    places = CompanyPerson.objects.filter(own).select_related("company", "person")
    relations = relations_of(client_id).select_related("client", "other")
    return {
        PEOPLE: [place_of(row) for row in places.order_by("pk")],
        RELATIONS: [relation_of(row) for row in relations.order_by("pk")],
    }
