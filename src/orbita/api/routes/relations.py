"""Who is what to whom: relations of clients, people of companies."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Router

from orbita.accounts.models import User
from orbita.api.auth import actor
from orbita.api.idempotency import once
from orbita.api.paging import json_response
from orbita.api.problems import COMMON, WRITING
from orbita.api.related import MOST, relation_json, relations_seen
from orbita.api.routes.clients import visible
from orbita.api.schemas import Place, PlaceIn, RelationIn, RelationRow, RowId
from orbita.clients import actions
from orbita.clients.actions.relations import between
from orbita.clients.models import Client, CompanyPerson
from orbita.clients.querysets import client_is_seen
from orbita.clients.relations import SIDES, other_id, relations_of

router = Router(tags=["clients"])


@router.get(
    "/{client_id}/relations", response={200: list[RelationRow], **COMMON}, summary="List relations"
)
def list_relations(request: HttpRequest, client_id: RowId) -> HttpResponse:
    """Family, head office and branches, recommendations. Clients that one may not see are left out."""
    user = actor(request)
    return json_response(relations_seen(user, visible(user, client_id)))


@router.post(
    "/{client_id}/relations", response={201: RelationRow, **WRITING}, summary="Add a relation"
)
@once
def add_relation(request: HttpRequest, client_id: RowId, data: RelationIn) -> tuple[int, Any]:
    """`relation` is what the client of the body is to that of the address. A known one gets the note."""
    user = actor(request)
    client, other = visible(user, client_id), visible(user, data.client_id)
    actions.relate(actor=user, client=client, other=other, side=data.relation, note=data.note)
    row = between(SIDES[data.relation][0].name, client.pk, other.pk)
    if row is None:
        raise Http404
    return 201, relation_json(row, client, other.name)


@router.delete(
    "/{client_id}/relations/{relation_id}",
    response={204: None, **WRITING},
    summary="Remove a relation",
)
def remove_relation(request: HttpRequest, client_id: RowId, relation_id: RowId) -> HttpResponse:
    user = actor(request)
    client = visible(user, client_id)
    rows = relations_of(client.pk).select_related("client", "other")
    row = get_object_or_404(rows, pk=relation_id)
    visible(user, other_id(row, client.pk))
    actions.unrelate(actor=user, client=client, relation=row)
    return HttpResponse(status=204)


@router.get("/{client_id}/people", response={200: list[Place], **COMMON}, summary="List people")
def list_people(request: HttpRequest, client_id: RowId) -> HttpResponse:
    """The people of a company, or the companies of a person; those who have left have `until`."""
    user = actor(request)
    return json_response(_places(user, visible(user, client_id)))


@router.put(
    "/{client_id}/people/{person_id}",
    response={200: list[Place], **WRITING},
    summary="Put a person into a company",
)
def put_person(
    request: HttpRequest, client_id: RowId, person_id: RowId, data: PlaceIn
) -> HttpResponse:
    """Sets the whole of the person's place. With `until` the person has left and stays as history."""
    user = actor(request)
    company, person = visible(user, client_id), visible(user, person_id)
    actions.link_person(actor=user, company=company, person=person, **data.dict())
    return json_response(_places(user, company))


@router.delete(
    "/{client_id}/people/{person_id}",
    response={204: None, **WRITING},
    summary="Take a person out of a company",
)
def remove_person(request: HttpRequest, client_id: RowId, person_id: RowId) -> HttpResponse:
    """As if the person had never been there; one who has left is given `until` instead."""
    user = actor(request)
    company, person = visible(user, client_id), visible(user, person_id)
    actions.unlink_person(actor=user, company=company, person=person)
    return HttpResponse(status=204)


def _places(user: User, client: Client) -> list[dict[str, Any]]:
    mine, other = ("company", "person") if client.is_company else ("person", "company")
    rows = CompanyPerson.objects.filter(client_is_seen(user, f"{other}_id"), **{mine: client})
    rows = rows.select_related(other)
    return [
        {
            "client_id": getattr(row, other).pk,
            "name": getattr(row, other).name,
            "role": row.role,
            "position": row.position,
            "since": row.since,
            "until": row.until,
        }
        for row in rows.order_by("pk")[:MOST]
    ]
