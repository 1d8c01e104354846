"""What rules may ask of what files brought."""

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orbita.core.rules import Fact
from orbita.gateways.models import Import, ImportChange
from orbita.ui import formats

SHOWN = 50


def _brought(op: str, value: Any) -> Q:
    """Clients that an import made or changed, by their card or by their totals."""
    changes = ImportChange.objects.filter(subject__in=("client", "balance"))
    if op in ("in", "eq", "not_in", "ne"):
        numbers = value if isinstance(value, list) else [value]
        found = Q(pk__in=changes.filter(batch_id__in=numbers).values("subject_id"))
        return found if op in ("in", "eq") else ~found
    found = Q(pk__in=changes.values("subject_id"))
    return found if op == "filled" else ~found


def _imports(actor: Any) -> list[tuple[int, str]]:
    rows = Import.objects.visible_to(actor).exclude(started_at=None)[:SHOWN]
    return [
        (row.pk, f"{row.file_name}, {formats.short_day(row.created_at.date())}") for row in rows
    ]


IMPORT = Fact(
    "import",
    _("Loaded from a file"),
    "ref",
    _brought,
    group=_("Card"),
    choices=_imports,
    permission="clients.import",
)
