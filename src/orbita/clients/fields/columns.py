"""Own fields as columns of lists."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from orbita.clients.fields import kinds
from orbita.clients.fields.column import path
from orbita.clients.fields.known import active
from orbita.clients.fields.values import names_of, stored
from orbita.clients.models import Client
from orbita.clients.models.fields import FieldDefinition
from orbita.ui import icons
from orbita.ui.lists import Column, Look, SortKey

Kind = FieldDefinition.Kind
NUMERIC = (Kind.NUMBER, Kind.MONEY)


def columns_of(subject: str) -> list[Column]:
    """A column for each field in use: none of them is shown until somebody chooses it."""
    return [_column(field) for field in active(subject)]


def _column(field: FieldDefinition) -> Column:
    return Column(
        field.name,
        field.label,
        _cell(field),
        sort=_sort(field),
        numeric=field.kind in NUMERIC,
        css="c-cut",
        default=False,
        load=_names(field) if field.kind in kinds.REFERENCES else None,
        value=lambda record, look: kinds.cell(field, _plain(record, field, look)),
        open_to=field.is_seen_by,
    )


def _sort(field: FieldDefinition) -> SortKey | None:
    """Sorted only where an index keeps the order: a million rows are not sorted for a page."""
    ready = field.index_state == FieldDefinition.IndexState.READY
    if field.kind not in kinds.SORTED or not ready:
        return None
    return SortKey(
        path(kinds.TYPES[field.kind].how, field.key),
        nullable=True,
        descending_first=field.kind in (*NUMERIC, Kind.DATE, Kind.FLAG),
    )


def _plain(record: Any, field: FieldDefinition, look: Look) -> Any:
    value = kinds.plain(field, stored(record, field))
    if value is not None and field.kind in kinds.REFERENCES:
        return {"id": value, "name": (look.loaded_for(field.name, record) or {}).get("name", "")}
    return value


def _cell(field: FieldDefinition) -> Callable[[Any, Look], SafeString | str]:
    def cell(record: Any, look: Look) -> SafeString | str:
        value = _plain(record, field, look)
        return shown(field, value) if value is not None else ""

    return cell


def shown(field: FieldDefinition, value: Any) -> SafeString | str:
    """A plain value as lists and cards show it."""
    if field.kind in (Kind.CHOICE, Kind.CHOICES):
        keys = value if isinstance(value, list) else [value]
        return format_html_join(mark_safe(" "), "{}", ((badge(field, key),) for key in keys))
    if field.kind == Kind.LINK:
        return format_html(
            '<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>', value, bare(value)
        )
    if field.kind == Kind.CLIENT and value.get("name"):
        return format_html(
            '<a href="{}">{}</a>', reverse("clients:card", args=[value["id"]]), value["name"]
        )
    if field.kind == Kind.FILE:
        return format_html(
            '<a href="{}">{}</a>', reverse("clients:file", args=[value["id"]]), value["name"]
        )
    return kinds.words(field, value)


def opening(field: FieldDefinition, value: Any) -> SafeString | str:
    """A small link beside a value that leads somewhere: the value itself opens its form."""
    if field.kind == Kind.LINK:
        url, outside = value, SafeString(' target="_blank" rel="noopener noreferrer"')
    elif field.kind == Kind.CLIENT and value.get("name"):
        url, outside = reverse("clients:card", args=[value["id"]]), SafeString("")
    elif field.kind == Kind.FILE and value.get("name"):
        url, outside = reverse("clients:file", args=[value["id"]]), SafeString("")
    else:
        return ""
    label = _("Open: %(what)s") % {"what": kinds.words(field, value)}
    return format_html(
        '<a class="o-open" href="{}"{} aria-label="{}">{}</a>',
        url,
        outside,
        label,
        icons.icon("external"),
    )


def badge(field: FieldDefinition, key: str) -> SafeString | str:
    """A choice in its colour; without one, its word."""
    option = field.option(key)
    if not option.get("colour"):
        return format_html('<span class="o-opt">{}</span>', option["label"])
    return format_html('<span class="o-rfm g-{}">{}</span>', option["colour"], option["label"])


def bare(link: str) -> str:
    """An address without what every address has."""
    return link.split("://", 1)[-1].removeprefix("www.").rstrip("/")[:60]


def _names(field: FieldDefinition) -> Callable[[Sequence[int], Any], Mapping[int, Any]]:
    """What the clients or files of a page are called; a hidden client only has a number."""

    def load(ids: Sequence[int], actor: Any) -> Mapping[int, Any]:
        from orbita.clients.fields.subjects import model_of

        where = path(kinds.TYPES[field.kind].how, field.key)
        rows = model_of(field.subject)._default_manager.filter(pk__in=ids)
        targets = {pk: target for pk, target in rows.values_list("pk", where) if target}
        wanted: Any = set(targets.values())
        if field.kind == Kind.CLIENT:
            seen = Client.objects.visible_to(actor).filter(pk__in=wanted)
            names = dict(seen.values_list("pk", "name"))
        else:
            names = names_of(field.kind, wanted)
        return {pk: {"id": one, "name": names.get(one, "")} for pk, one in targets.items()}

    return load
