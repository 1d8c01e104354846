"""Who is what to a client, as the API tells it."""

from typing import Any

from orbita.accounts.models import User
from orbita.clients.models import Client, Relation
from orbita.clients.relations import other_id, relations_of, side_of

MOST = 1000


def relations_seen(user: User, client: Client) -> list[dict[str, Any]]:
    """The client's relations to those whom the user may see."""
    rows = list(relations_of(client.pk).order_by("pk")[:MOST])
    if not rows:
        return []
    seen = Client.objects.visible_to(user).filter(pk__in=[other_id(row, client.pk) for row in rows])
    names = dict(seen.values_list("pk", "name"))
    return [
        relation_json(row, client, names[pk])
        for row in rows
        if (pk := other_id(row, client.pk)) in names
    ]


def relation_json(row: Relation, client: Client, name: str) -> dict[str, Any]:
    return {
        "id": row.pk,
        "relation": side_of(row, client.pk).name,
        "client_id": other_id(row, client.pk),
        "name": name,
        "note": row.note,
    }
