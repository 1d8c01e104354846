"""What this room itself knows for the facts row: the city and the last contact."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Max

from orbita.clients.facts import Recorder
from orbita.clients.models import Client, Note
from orbita.core.text import normalise


def _cities(client_ids: Sequence[int]) -> Mapping[int, Mapping[str, Any]]:
    rows = Client.objects.filter(pk__in=client_ids).exclude(city="").values_list("pk", "city")
    return {pk: {"city_key": normalise(city)[:100]} for pk, city in rows}


def _talks(client_ids: Sequence[int]) -> Mapping[int, Mapping[str, Any]]:
    talks = Note.objects.filter(client_id__in=client_ids, deleted_at=None).exclude(
        kind__in=(Note.Kind.NOTE, Note.Kind.COMPLAINT)
    )
    rows = talks.order_by().values("client_id").annotate(last=Max("happened_at"))
    return {row["client_id"]: {"last_contact_at": row["last"]} for row in rows}


PLACE = Recorder("place", ("city_key",), _cities)
TALKS = Recorder("talks", ("last_contact_at",), _talks)
