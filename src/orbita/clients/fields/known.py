"""The definitions there are now: read once after a change, not for every page."""

from collections.abc import Sequence
from typing import Any

from orbita.clients.models.fields import FieldDefinition
from orbita.core.models import Company

PREFIX = "own_"
# The newest reading of this process: the stamp of the company it goes with, and the fields.
_newest: tuple[str, dict[str, FieldDefinition]] = ("", {})


def _all() -> dict[str, FieldDefinition]:
    """Every definition by subject and name, in their order on the card."""
    global _newest
    stamp = Company.current().fields_stamp
    if not stamp:
        return {}
    if _newest[0] != stamp:
        rows = FieldDefinition.objects.select_related("required_segment")
        _newest = (stamp, {f"{row.subject}.{row.name}": row for row in rows})
    return _newest[1]


def is_own(name: str) -> bool:
    """Whether this is what an own field is called among the other fields."""
    return name.startswith(PREFIX)


def own_field(subject: str, name: str) -> FieldDefinition | None:
    """The field of this name, archived ones too; None when there never was one."""
    return _all().get(f"{subject}.{name}") if is_own(name) else None


def active(subject: str, kind: str = "") -> list[FieldDefinition]:
    """The fields in use of a subject, of clients of a kind when it is given, in their order."""
    return [
        field
        for field in _all().values()
        if field.subject == subject and field.is_active and field.suits(kind)
    ]


def seen(subject: str, actor: Any, kind: str = "") -> list[FieldDefinition]:
    """Those of them that the actor may see."""
    return [field for field in active(subject, kind) if field.is_seen_by(actor)]


def hidden_from(subject: str, actor: Any) -> frozenset[str]:
    """The names of fields, archived ones too, whose values the actor must not learn."""
    return frozenset(
        field.name
        for field in _all().values()
        if field.subject == subject and not field.is_seen_by(actor)
    )


def changed_by(fields: Sequence[FieldDefinition], actor: Any) -> list[FieldDefinition]:
    return [field for field in fields if field.is_changed_by(actor)]


def grouped(fields: Sequence[FieldDefinition]) -> list[tuple[str, list[FieldDefinition]]]:
    """The fields by the names of their groups, groups in the order of their first field."""
    found: dict[str, list[FieldDefinition]] = {}
    for field in fields:
        found.setdefault(field.group, []).append(field)
    return list(found.items())
