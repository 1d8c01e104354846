"""The settings of an import as a page posts them."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _

from orbita.gateways.files.fields import KINDS
from orbita.gateways.models import Import

COLUMN = "column-"
MOST_COLUMNS = 1000


def is_posted(data: QueryDict) -> bool:
    """Whether the form carries settings at all, or only a button."""
    return "kind" in data


def settings_of(data: QueryDict, row: Import) -> dict[str, Any]:
    """What `configure_import` is to be told. Raises `ValidationError`.

    Another kind, sheet or saved set of columns has the columns recognised anew: those of the form
    were of the old one.
    """
    known = row.mapping or {}
    kind, sheet = data.get("kind", ""), data.get("sheet", known.get("sheet", ""))
    if kind not in KINDS:
        raise ValidationError(_("There is no such kind of file."))
    mapping: dict[str, Any] = {"kind": kind, "sheet": sheet}
    header = _header_row(data.get("header_row", ""), known)
    if (kind, sheet) == (known.get("kind"), known.get("sheet")):
        mapping["header_row"] = header
        mapping["columns"] = _columns(data)
        if header == known.get("header_row"):
            # Headings tell columns of the same name apart from numbers.
            mapping["labels"] = known.get("labels", {})
            mapping["date_orders"] = known.get("date_orders", {})
    return {
        "mapping": mapping,
        "match": [*data.getlist("match"), *(("phone", "email") if "know" in data else ())],
        "on_match": data.get("on_match", row.on_match),
        "source": data.get("source", row.source),
    }


def _header_row(text: str, known: dict[str, Any]) -> int:
    text = text.strip()
    if not text:
        return int(known.get("header_row", 0))
    if not text.isdecimal() or len(text) > 7:
        raise ValidationError(_("The row of headings is a number, 0 when there is none."))
    return int(text)


def _columns(data: QueryDict) -> dict[str, str]:
    found = {}
    for name, value in data.items():
        index = name.removeprefix(COLUMN)
        if name.startswith(COLUMN) and index.isdecimal() and len(index) < 5:
            found[index] = str(value)
    return dict(sorted(found.items(), key=lambda item: int(item[0]))[:MOST_COLUMNS])
