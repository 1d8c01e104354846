"""The register of purposes in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from orbita.clients.models import ProcessingPurpose
from orbita.clients.privacy.purposes.actions import TEXTS

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """A row with the labels of what is filled."""

    row: ProcessingPurpose
    parts: Sequence[tuple[str, str]]


def lines() -> list[Line]:
    """The register in its order."""
    rows = ProcessingPurpose.objects.filter(archived_at=None)
    return [Line(row, _parts(row)) for row in rows]


def _parts(row: ProcessingPurpose) -> list[tuple[str, str]]:
    found = []
    for name in TEXTS:
        field: Any = ProcessingPurpose._meta.get_field(name)
        label = str(field.verbose_name)
        if value := getattr(row, name):
            found.append((label[:1].upper() + label[1:], value))
    return found


def saved(data: Payload) -> str:
    return _("Purpose of processing saved: %(name)s") % {"name": data.get("purpose", "")}


def archived(data: Payload) -> str:
    return _("Purpose of processing taken out: %(name)s") % {"name": data.get("purpose", "")}


def restored(data: Payload) -> str:
    return _("Purpose of processing brought back: %(name)s") % {"name": data.get("purpose", "")}
