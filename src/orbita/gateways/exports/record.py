"""That data left is on record: who took what, by which filter, how much of it."""

from collections.abc import Sequence

from django.db import transaction

from orbita.core.events import Actor, emit


def made(
    *,
    actor: Actor | None,
    name: str,
    format: str,
    filter: str,
    count: int,
    columns: Sequence[str],
    kind: str = "export.made",
) -> None:
    """Writes the event. `filter` is in words or as a rule, "" for everything."""
    with transaction.atomic():
        emit(
            kind,
            actor=actor,
            subject_type="export",
            data={
                "list": name,
                "format": format,
                "filter": filter,
                "count": count,
                "columns": list(columns),
            },
        )
