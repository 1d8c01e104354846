"""That data left is on record: who took what, by which filter, how much of it."""

from collections.abc import Sequence

from django.db import transaction

from orbita.core.events import Actor, emit
from orbita.gateways.exports.models import Export


def made(
    *,
    actor: Actor | None,
    name: str,
    format: str,
    filter: str,
    count: int,
    columns: Sequence[str],
    export: int | None = None,
    kind: str = "export.made",
) -> None:
    """Writes the event. `filter` is in words or as a rule, "" for everything."""
    with transaction.atomic():
        emit(
            kind,
            actor=actor,
            subject_type="export",
            subject_id=export,
            data={
                "list": name,
                "format": format,
                "filter": filter,
                "count": count,
                "columns": list(columns),
            },
        )


def decided(*, actor: Actor, export: Export, kind: str) -> None:
    """Writes that a table was let out or not, whose it is and why it was wanted."""
    emit(
        kind,
        actor=actor,
        subject_type="export",
        subject_id=export.pk,
        data={
            "user": export.owner.display_name,
            "list": export.list_name,
            "filter": export.filter_text,
            "count": export.total,
            "reason": export.error or export.reason,
        },
    )
